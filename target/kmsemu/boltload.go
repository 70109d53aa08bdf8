package kmsemu

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// loader reads a file into an emulator that nobody uses yet.
type loader struct {
	e         *Emulator
	s         *boltStore
	materials map[string]*material // by key id and material id
}

// load reads everything. Events that came due meanwhile happen at the first
// request.
func (s *boltStore) load() error {
	l := &loader{s.e, s, map[string]*material{}}
	pool := NewWrappingKeys()
	pool.from, s.e.opt.WrappingKeys = s.e.opt.WrappingKeys, pool
	return s.db.View(func(tx *bbolt.Tx) error {
		for _, read := range []func(*bbolt.Tx) error{func(tx *bbolt.Tx) error { return l.wrapping(tx, pool) }, l.keys, l.aliases, l.grants} {
			if err := read(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *loader) wrapping(tx *bbolt.Tx, pool *WrappingKeys) error {
	return tx.Bucket([]byte(bucketWrapping)).ForEach(func(id, value []byte) error {
		var der []byte
		if err := l.s.records.decode(bucketWrapping, id, value, &der); err != nil {
			return err
		}
		key, err := x509.ParsePKCS1PrivateKey(der)
		if err != nil {
			return fmt.Errorf("wrapping key %q is damaged", id)
		}
		l.s.wrapping[string(id)] = true
		return pool.load(string(id), key)
	})
}

// each decodes every object of a bucket, in order of creation.
func each[R any](l *loader, tx *bbolt.Tx, bucket string, add func(seq uint64, r *R) error) error {
	b := tx.Bucket([]byte(bucket))
	l.e.seq = max(l.e.seq, b.Sequence())
	return b.ForEach(func(id, value []byte) error {
		r := new(R)
		if len(id) != 8 {
			return fmt.Errorf("%s/%x is damaged", bucket, id)
		}
		if err := l.s.records.decode(bucket, id, value, r); err != nil {
			return err
		}
		if err := add(binary.BigEndian.Uint64(id), r); err != nil {
			return fmt.Errorf("%s/%x: %w", bucket, id, err)
		}
		return nil
	})
}

// realm finds the realm of an object. Objects of one that is not served are
// an error: nobody shall think that they are lost.
func (l *loader) realm(account, region string) (*realm, error) {
	r := l.e.realms[realmID{account, region}]
	if r == nil {
		return nil, fmt.Errorf("it belongs to account %s in %s, which is not served", account, region)
	}
	return r, nil
}

func (l *loader) keys(tx *bbolt.Tx) error {
	return each(l, tx, bucketKeys, func(seq uint64, r *keyRecord) error {
		realm, err := l.realm(r.Account, r.Region)
		if err != nil {
			return err
		}
		k := &key{realm: realm, id: r.ID, arn: realm.keyARN(r.ID), spec: r.Spec, usage: r.Usage, origin: r.Origin,
			multiRegion: r.MultiRegion, created: r.Created, seq: seq}
		s, err := l.state(realm, r)
		if err != nil {
			return err
		}
		if u := r.LastUse; u != nil {
			k.storedUse = &keyUse{u.Operation, u.At, u.RequestID}
			k.lastUse.Store(k.storedUse)
		}
		k.state.Store(s)
		l.e.schedule(k, s)
		realm.keys.Store(k.id, k)
		realm.order = append(realm.order, k)
		return nil
	})
}

func (l *loader) state(realm *realm, r *keyRecord) (*keyState, error) {
	s := &keyState{state: r.State, description: r.Description, policy: realm.policy, deletionDate: r.DeletionDate, window: r.Window,
		readyAt: r.ReadyAt, before: r.Before, wasDisabled: r.WasDisabled,
		rotation: rotation{r.Rotation.Period, r.Rotation.Since, r.Rotation.Done}}
	var err error
	if r.Policy != "" {
		if s.policy, err = newKeyPolicy(r.Policy); err != nil {
			return nil, errors.New("its policy is damaged")
		}
	}
	for _, t := range r.Tags {
		s.tags = append(s.tags, tag{t[0], t[1]})
	}
	if i := r.Imported; i != nil {
		if len(i.Digest) != sha256.Size {
			return nil, errors.New("its imported material is damaged")
		}
		s.imported = &imported{[sha256.Size]byte(i.Digest), i.ID, i.Model, i.ValidTo, i.Forever}
	}
	if r.Primary != "" {
		s.multi = &multiRegion{r.Primary, r.Replicas}
	}
	s.material, err = l.material(r.ID, r.Material)
	return s, err
}

func (l *loader) key(account, region, id string) (*key, error) {
	r, err := l.realm(account, region)
	if err != nil {
		return nil, err
	}
	if k := r.key(id); k != nil {
		return k, nil
	}
	return nil, errors.New("its key is missing")
}

func (l *loader) aliases(tx *bbolt.Tx) error {
	return each(l, tx, bucketAliases, func(seq uint64, r *aliasRecord) error {
		k, err := l.key(r.Account, r.Region, r.TargetID)
		if err != nil {
			return err
		}
		a := &alias{realm: k.realm, name: r.Name, created: r.Created, seq: seq}
		a.target.Store(&aliasTarget{key: k, updated: r.Updated})
		k.realm.aliases.Store(a.name, a)
		k.realm.aliasOrder = append(k.realm.aliasOrder, a)
		k.aliases = append(k.aliases, a)
		return nil
	})
}

func (l *loader) grants(tx *bbolt.Tx) error {
	return each(l, tx, bucketGrants, func(seq uint64, r *grantRecord) error {
		k, err := l.key(r.Account, r.Region, r.KeyID)
		if err != nil {
			return err
		}
		g := &grant{id: r.ID, key: k, created: r.Created, seq: seq, grantTerms: r.terms()}
		k.grants.insert(g)
		k.realm.grants.Store(g.id, g)
		return nil
	})
}
