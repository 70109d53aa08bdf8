package kmsemu

import (
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// realm is one account in one Region: the world that a request sees.
type realm struct {
	account   string
	region    string
	partition string
	root      string     // ARN of the account's root
	policy    *keyPolicy // the default

	keys    sync.Map // key id → *key
	aliases sync.Map // alias name → *alias
	grants  sync.Map // grant id → *grant

	// Guarded by Emulator.mu, in order of creation.
	order      []*key
	aliasOrder []*alias
}

// realmID names a realm.
type realmID struct{ account, region string }

func (r *realm) keyARN(id string) string { return r.arn("key/" + id) }

func (r *realm) arn(resource string) string {
	return "arn:" + r.partition + ":kms:" + r.region + ":" + r.account + ":" + resource
}

// rootARN is the root of the account.
func (r *realm) rootARN() string { return r.root }

// key returns the key with a bare id.
func (r *realm) key(id string) *key {
	if k, ok := r.keys.Load(id); ok {
		return k.(*key)
	}
	return nil
}

// alias returns the alias with a name that begins with "alias/".
func (r *realm) alias(name string) *alias {
	if a, ok := r.aliases.Load(name); ok {
		return a.(*alias)
	}
	return nil
}

// forget takes k out of the order.
func (r *realm) forget(k *key) {
	i := sort.Search(len(r.order), func(i int) bool { return r.order[i].seq >= k.seq })
	if i < len(r.order) && r.order[i] == k {
		r.order = slices.Delete(r.order, i, i+1)
	}
}

// key is what never changes about a KMS key, and where its states are.
type key struct {
	realm       *realm
	id, arn     string
	spec, usage string
	origin      string
	multiRegion bool
	created     time.Time
	seq         uint64 // order of creation in the emulator

	state   atomic.Pointer[keyState]
	lastUse atomic.Pointer[keyUse]

	// Guarded by Emulator.mu.
	aliases   []*alias
	grants    grantSet
	storedUse *keyUse // the lastUse that the store holds
}

// keyState is everything that can change about a key. A state that was
// published is never modified: changes copy it.
type keyState struct {
	state       string // a KeyState of the service
	description string
	policy      *keyPolicy
	tags        []tag
	material    *material // nil: nothing imported
	imported    *imported // of an EXTERNAL key, once something was imported

	deletionDate time.Time // zero unless PendingDeletion
	window       int       // PendingWindowInDays while deletion is scheduled
	readyAt      time.Time // end of Creating and Updating
	before       string    // state after Creating and Updating
	wasDisabled  bool      // before deletion was scheduled

	multi    *multiRegion // nil for a single-Region key
	rotation rotation

	// While changes take time to be seen: the state before this one, and from
	// when on this one is seen.
	previous  *keyState
	visibleAt time.Time
}

// The values of KeyState that the emulator uses.
const (
	enabled                = "Enabled"
	disabled               = "Disabled"
	creating               = "Creating"
	updating               = "Updating"
	pendingImport          = "PendingImport"
	pendingDeletion        = "PendingDeletion"
	pendingReplicaDeletion = "PendingReplicaDeletion"
)

// tag is a key-value label of a KMS key.
type tag struct{ key, value string }

// latest returns the newest state, the one that changes start from.
func (k *key) latest() *keyState { return k.state.Load() }

// at returns the state that a reader sees; nil when the key cannot be seen
// yet.
func (k *key) at(now time.Time) *keyState {
	s := k.state.Load()
	for s != nil && !s.visibleAt.IsZero() && now.Before(s.visibleAt) {
		s = s.previous
	}
	return s
}

// publish makes s the newest state, seen after delay.
func (k *key) publish(s *keyState, now time.Time, delay time.Duration) {
	s.previous, s.visibleAt = nil, time.Time{}
	if delay > 0 {
		s.previous, s.visibleAt = k.trimmed(now), now.Add(delay)
	}
	k.state.Store(s)
}

// trimmed returns the newest state without the ones that nobody sees any more.
func (k *key) trimmed(now time.Time) *keyState {
	newest := k.state.Load()
	for s := newest; s != nil; s = s.previous {
		if !now.Before(s.visibleAt) {
			if s.previous != nil {
				return newest.cut(s)
			}
			break
		}
	}
	return newest
}

// cut returns the chain from s up to and including last, copied where it has
// to change.
func (s *keyState) cut(last *keyState) *keyState {
	c := *s
	if s == last {
		c.previous = nil
		return &c
	}
	c.previous = s.previous.cut(last)
	return &c
}

// alive reports whether the key still exists.
func (k *key) alive() bool { return k.realm.key(k.id) == k }

// copy returns a state to change.
func (s *keyState) copy() *keyState { c := *s; return &c }

// nextEvent is when the state changes by itself; zero means never.
func (s *keyState) nextEvent() time.Time {
	var next time.Time
	for _, t := range []time.Time{s.readyAt, s.deletionDate, s.expiry()} {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}

// expiry is when the imported material is deleted; zero means never.
func (s *keyState) expiry() time.Time {
	if s.imported == nil || s.material == nil || s.imported.forever {
		return time.Time{}
	}
	return s.imported.validTo
}

// elapse carries out the event of k that is due at t.now.
func (t *tx) elapse(k *key, s *keyState) {
	due := func(at time.Time) bool { return !at.IsZero() && !at.After(t.now) }
	if due(s.deletionDate) {
		t.deleteKey(k)
		return
	}
	n := s.copy()
	if due(s.expiry()) { // row IM-36
		n.dropMaterial()
	}
	if due(s.readyAt) {
		n.state, n.readyAt, n.before = s.before, time.Time{}, ""
		if n.state == enabled && n.material == nil {
			n.state = pendingImport
		}
	}
	t.putKey(k, n)
}

// dropMaterial deletes imported material. A key that is on its way out stays
// in its state (row KS-29).
func (s *keyState) dropMaterial() {
	s.material = nil
	switch s.state {
	case enabled, disabled:
		s.state = pendingImport
	}
}
