package inproc

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// key is one entry of the table. Its fields are guarded by Target.mu.
type key struct {
	alg     engine.Algorithm
	makeKey func(alg engine.Algorithm, secret []byte) (*engine.Key, error)
	meta    target.KeyMetadata // State and Enabled are derived, by metadata
	tags    []target.ResourceTag
	engine  *engine.Key // nil until material is there
	enabled bool
	delete  time.Time // zero unless deletion is scheduled
}

// probeMessage tells two materials apart without keeping either.
const probeMessage = "kmsmac/inproc: is it the same material?"

// state is KMS's name for what the key can do now.
func (k *key) state() string {
	switch {
	case !k.delete.IsZero():
		return target.StatePendingDeletion
	case k.engine == nil:
		return target.StatePendingImport
	case !k.enabled:
		return target.StateDisabled
	}
	return target.StateEnabled
}

func (k *key) metadata() target.KeyMetadata {
	m := k.meta
	m.State = k.state()
	m.Enabled = m.State == target.StateEnabled
	m.DeletionDate = k.delete
	m.MacAlgorithms = []string{k.alg.String()}
	return m
}

// mustBe refuses unless the key is in one of the states.
func (k *key) mustBe(op string, states ...string) error {
	now := k.state()
	for _, s := range states {
		if s == now {
			return nil
		}
	}
	switch now {
	case target.StateDisabled:
		return refuse(op, target.Disabled, "DisabledException", k.meta.ARN+" is disabled.")
	case target.StatePendingDeletion:
		return refuse(op, target.InvalidState, "KMSInvalidStateException", k.meta.ARN+" is pending deletion.")
	case target.StatePendingImport:
		return refuse(op, target.InvalidState, "KMSInvalidStateException", k.meta.ARN+" is pending import.")
	}
	return refuse(op, target.InvalidState, "KMSInvalidStateException", k.meta.ARN+" is "+now+".")
}

// setMaterial makes the engine's key. The secret is not kept.
func (k *key) setMaterial(op string, secret []byte) error {
	made, err := k.makeKey(k.alg, secret)
	if err != nil {
		return &target.Error{Kind: target.NotSent, Operation: op, Err: err}
	}
	probe := made.Sum(nil, []byte(probeMessage))
	if k.engine != nil {
		same := k.engine.Verify([]byte(probeMessage), probe)
		made.Destroy()
		if !same {
			return refuse(op, target.Import, "IncorrectKeyMaterialException", "")
		}
		return nil
	}
	k.engine, k.enabled = made, true
	return nil
}

func (k *key) wipe() {
	if k.engine != nil {
		k.engine.Destroy()
		k.engine = nil
	}
}

func newKey(req target.CreateKeyRequest, alg engine.Algorithm, arnPrefix string) *key {
	id := newID()
	return &key{
		alg:     alg,
		enabled: true,
		tags:    append([]target.ResourceTag(nil), req.Tags...),
		meta: target.KeyMetadata{
			KeyID: id, ARN: arnPrefix + "key/" + id,
			KeySpec: req.KeySpec, KeyUsage: target.KeyUsageMAC, Origin: req.Origin,
			Description: req.Description, Created: time.Now(),
		},
	}
}

// newID is a random UUID (RFC 9562, version 4).
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// find looks a key up by id, ARN and, where byAlias, alias name and alias ARN.
// A key whose deletion date has passed is gone. t.mu is held.
func (t *Target) find(op, keyID string, byAlias bool) (*key, error) {
	if keyID == "" {
		return nil, invalid(op, "keyId", "Member must have length greater than or equal to 1")
	}
	id := t.bareID(keyID)
	if byAlias && strings.HasPrefix(id, "alias/") {
		to, ok := t.aliases[id]
		if !ok {
			return nil, notFound(op, "Alias "+t.arnPrefix()+id+" is not found.")
		}
		id = to
	}
	k, ok := t.keys[id]
	switch {
	case ok && (k.delete.IsZero() || time.Now().Before(k.delete)):
		return k, nil
	case isUUID(id):
		return nil, notFound(op, "Key '"+t.arnPrefix()+"key/"+id+"' does not exist")
	}
	return nil, notFound(op, "Invalid keyId '"+keyID+"'")
}

// bareID is a key id or an alias name, taken out of an ARN if it is in one. An
// ARN of anything else stays as it is, and is no key.
func (t *Target) bareID(keyID string) string {
	resource, ok := strings.CutPrefix(keyID, t.arnPrefix())
	if !ok {
		return keyID
	}
	if id, ok := strings.CutPrefix(resource, "key/"); ok && isUUID(id) {
		return id
	}
	if strings.HasPrefix(resource, "alias/") {
		return resource
	}
	return keyID
}

func (t *Target) arnPrefix() string { return "arn:aws:kms:" + t.info.Region + ":" + account + ":" }

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, r := range s {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (r == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", r) {
			return false
		}
	}
	return true
}

// purge removes the keys whose deletion date has passed. t.mu is held for
// writing.
func (t *Target) purge() {
	now := time.Now()
	kept := t.order[:0]
	for _, k := range t.order {
		if k.delete.IsZero() || now.Before(k.delete) {
			kept = append(kept, k)
			continue
		}
		k.wipe()
		delete(t.keys, k.meta.KeyID)
		for name, id := range t.aliases {
			if id == k.meta.KeyID {
				delete(t.aliases, name)
			}
		}
	}
	clear(t.order[len(kept):])
	t.order = kept
}
