package kmsemu

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"time"
)

// objectID is where an object is stored.
type objectID struct {
	bucket string
	seq    uint64
}

// object says which object the change is about.
func (c change) object() objectID {
	switch {
	case c.key != nil:
		return objectID{bucketKeys, c.key.seq}
	case c.alias != nil:
		return objectID{bucketAliases, c.alias.seq}
	}
	return objectID{bucketGrants, c.grant.seq}
}

// record is the object as it is stored.
func (c change) record() any {
	switch {
	case c.key != nil:
		return recordKey(c.key, c.state)
	case c.alias != nil:
		return aliasRecord{Account: c.realm.account, Region: c.realm.region, Name: c.alias.name, Created: c.alias.created,
			TargetID: c.to.key.id, Updated: c.to.updated}
	}
	return recordGrant(c.grant)
}

// keyRecord is a key with its state. Members are added, never changed.
type keyRecord struct {
	Account     string    `json:"account"`
	Region      string    `json:"region"`
	ID          string    `json:"id"`
	Spec        string    `json:"spec"`
	Usage       string    `json:"usage"`
	Origin      string    `json:"origin"`
	MultiRegion bool      `json:"multiRegion,omitempty"`
	Created     time.Time `json:"created"`

	State        string          `json:"state"`
	Description  string          `json:"description,omitempty"`
	Policy       string          `json:"policy,omitempty"` // none: the default
	Tags         [][2]string     `json:"tags,omitempty"`
	Material     *materialRecord `json:"material,omitempty"`
	Imported     *importedRecord `json:"imported,omitempty"`
	DeletionDate time.Time       `json:"deletionDate,omitzero"`
	Window       int             `json:"window,omitempty"`
	ReadyAt      time.Time       `json:"readyAt,omitzero"`
	Before       string          `json:"before,omitempty"`
	WasDisabled  bool            `json:"wasDisabled,omitempty"`
	Primary      string          `json:"primary,omitempty"`
	Replicas     []string        `json:"replicas,omitempty"`
	Rotation     rotationRecord  `json:"rotation,omitzero"`
	LastUse      *useRecord      `json:"lastUse,omitempty"`
}

type materialRecord struct {
	ID     string          `json:"id"`
	Secret []byte          `json:"secret,omitempty"`
	Pair   string          `json:"pair,omitempty"`    // key spec of the pair
	Key    []byte          `json:"private,omitempty"` // PKCS #8; none: not made yet
	Older  *materialRecord `json:"older,omitempty"`
}

type importedRecord struct {
	Digest  []byte    `json:"digest"`
	ID      string    `json:"id"`
	Model   string    `json:"model"`
	ValidTo time.Time `json:"validTo,omitzero"`
	Forever bool      `json:"forever,omitempty"`
}

type rotationRecord struct {
	Period int         `json:"period,omitempty"`
	Since  time.Time   `json:"since,omitzero"`
	Done   []time.Time `json:"done,omitempty"`
}

// IsZero makes an unrotated key's record short.
func (r rotationRecord) IsZero() bool { return r.Period == 0 && r.Since.IsZero() && r.Done == nil }

type useRecord struct {
	Operation string    `json:"operation"`
	At        time.Time `json:"at"`
	RequestID string    `json:"requestId"`
}

type aliasRecord struct {
	Account  string    `json:"account"`
	Region   string    `json:"region"`
	Name     string    `json:"name"`
	Created  time.Time `json:"created"`
	TargetID string    `json:"targetKeyId"`
	Updated  time.Time `json:"updated"`
}

type grantRecord struct {
	Account         string            `json:"account"`
	Region          string            `json:"region"`
	ID              string            `json:"id"`
	KeyID           string            `json:"keyId"`
	Created         time.Time         `json:"created"`
	Name            string            `json:"name,omitempty"`
	Grantee         string            `json:"grantee,omitempty"`
	GranteeService  string            `json:"granteeService,omitempty"`
	Retiring        string            `json:"retiring,omitempty"`
	RetiringService string            `json:"retiringService,omitempty"`
	Operations      []string          `json:"operations"`
	SourceARN       string            `json:"sourceArn,omitempty"`
	ContextEquals   map[string]string `json:"contextEquals"`
	ContextSubset   map[string]string `json:"contextSubset"`
}

func recordKey(k *key, s *keyState) keyRecord {
	r := keyRecord{Account: k.realm.account, Region: k.realm.region, ID: k.id, Spec: k.spec, Usage: k.usage, Origin: k.origin,
		MultiRegion: k.multiRegion, Created: k.created, State: s.state, Description: s.description, Material: recordMaterial(s.material),
		DeletionDate: s.deletionDate, Window: s.window, ReadyAt: s.readyAt, Before: s.before, WasDisabled: s.wasDisabled,
		Rotation: rotationRecord{s.rotation.period, s.rotation.since, s.rotation.done}}
	if !s.policy.plain {
		r.Policy = s.policy.text
	}
	for _, t := range s.tags {
		r.Tags = append(r.Tags, [2]string{t.key, t.value})
	}
	if i := s.imported; i != nil {
		r.Imported = &importedRecord{i.digest[:], i.id, i.model, i.validTo, i.forever}
	}
	if s.multi != nil {
		r.Primary, r.Replicas = s.multi.primary, s.multi.replicas
	}
	if u := k.lastUse.Load(); u != nil {
		r.LastUse = &useRecord{u.operation, u.at, u.requestID}
	}
	return r
}

func recordMaterial(m *material) *materialRecord {
	if m == nil {
		return nil
	}
	r := &materialRecord{ID: m.id, Secret: m.secret, Older: recordMaterial(m.older)}
	if m.pair == nil {
		return r
	}
	r.Pair = m.pair.spec
	if made := m.pair.made.Load(); made != nil {
		r.Key, _ = x509.MarshalPKCS8PrivateKey(made.private) // RSA and the NIST curves always marshal
	}
	return r
}

func recordGrant(g *grant) grantRecord {
	r := g.key.realm
	return grantRecord{Account: r.account, Region: r.region, ID: g.id, KeyID: g.key.id, Created: g.created, Name: g.name,
		Grantee: g.grantee, GranteeService: g.granteeService, Retiring: g.retiring, RetiringService: g.retiringService,
		Operations: g.operations, SourceARN: g.sourceARN, ContextEquals: g.contextEquals, ContextSubset: g.contextSubset}
}

func (r *grantRecord) terms() grantTerms {
	return grantTerms{name: r.Name, grantee: r.Grantee, granteeService: r.GranteeService, retiring: r.Retiring,
		retiringService: r.RetiringService, operations: r.Operations, sourceARN: r.SourceARN,
		contextEquals: r.ContextEquals, contextSubset: r.ContextSubset}
}

// material is the material again; that which replicas share is shared again.
func (l *loader) material(keyID string, r *materialRecord) (*material, error) {
	if r == nil {
		return nil, nil
	}
	at := keyID + "/" + r.ID
	if m := l.materials[at]; m != nil {
		return m, nil
	}
	older, err := l.material(keyID, r.Older)
	if err != nil {
		return nil, err
	}
	m := &material{id: r.ID, secret: r.Secret, older: older}
	if r.Pair != "" {
		if m.pair, err = loadPair(r); err != nil {
			return nil, err
		}
	}
	l.materials[at] = m
	return m, nil
}

func loadPair(r *materialRecord) (*keyPair, error) {
	p := &keyPair{spec: r.Pair}
	if r.Key == nil {
		return p, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(r.Key)
	if err != nil {
		return nil, errors.New("a private key is damaged")
	}
	made := &pairKey{}
	switch private := parsed.(type) {
	case *rsa.PrivateKey:
		made.private = private
	case *ecdsa.PrivateKey:
		made.private = private
	default:
		return nil, errors.New("a private key is of an unknown kind")
	}
	if made.spki, err = x509.MarshalPKIXPublicKey(made.private.Public()); err != nil {
		return nil, err
	}
	p.made.Store(made)
	p.kept.Store(true)
	return p, nil
}
