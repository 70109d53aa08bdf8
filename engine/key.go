package engine

import (
	"fmt"
	"sync/atomic"

	"github.com/kmsmac/kmsmac/engine/internal/lanes"
)

// Key is a secret made ready for use by one implementation. Make it with NewKey
// or Impl.NewKey. Any number of goroutines may use it at once; only Destroy
// must not overlap with other calls.
//
// Sum, Verify and Stream panic on a nil Key with the text
// "engine: Key.Sum: key is nil", and on one that was destroyed or never made
// with "engine: Key.Sum: key is destroyed" (with the method's own name).
type Key struct {
	live     atomic.Bool
	alg      Algorithm
	impl     *implementation
	team     *hasher // the same in keys that one gang can serve together
	kernels  kernels
	hasher   *hasher      // nil exactly in Go's FIPS 140 mode
	mid      *midstates   // nil exactly when hasher is
	narrow   lanes.Mid256 // the 32-bit kernels' form of mid
	wide     lanes.Mid512 // the 64-bit kernels' form of mid
	approved atomic.Pointer[approvedKey]
}

// NewKey makes a key for the default implementation, Default(alg). It does not
// keep secret, which may have any length from one byte. The error is
// ErrUnknownAlgorithm, ErrEmptySecret or ErrNotApproved.
func NewKey(alg Algorithm, secret []byte) (*Key, error) {
	if !alg.Valid() {
		return nil, fmt.Errorf("%w %d", ErrUnknownAlgorithm, uint8(alg))
	}
	return Default(alg).NewKey(alg, secret)
}

// Algorithm of the key. It stays known after Destroy.
func (k *Key) Algorithm() Algorithm { return k.alg }

// Impl is the implementation that computes the key's tags.
func (k *Key) Impl() Impl { return Impl{k.impl} }

// Sum appends the tag of msg to dst and returns the longer slice. It allocates
// only when dst has no room. A nil msg is the empty message; msg and the room
// behind dst may overlap.
func (k *Key) Sum(dst, msg []byte) []byte {
	k.check("Key.Sum: key")
	dst = k.sum(dst, msg)
	k.check("Key.Sum: key")
	return dst
}

// Verify reports whether tag is the whole tag of msg. A tag that was shortened
// is not. The time taken depends on the lengths alone.
func (k *Key) Verify(msg, tag []byte) bool {
	k.check("Key.Verify: key")
	ok := k.verify(msg, tag)
	k.check("Key.Verify: key")
	return ok
}

// Destroy wipes the midstates. In Go's FIPS 140 mode, where crypto/hmac holds
// them, it drops them instead. Only Algorithm, Impl and Destroy itself may be
// called afterwards; a nil Key has nothing to destroy.
func (k *Key) Destroy() {
	if k == nil || !k.live.Swap(false) {
		return
	}
	k.approved.Store(nil)
	if k.mid != nil {
		k.mid.wipe()
	}
	k.narrow.Wipe()
	k.wide.Wipe()
}

// sum is Sum without the checks. The caller checks the key before, and again
// after: should Destroy have overlapped, the tag of wiped midstates must not
// leave the engine. A kernel writes straight into dst when the tag is as long as
// what it writes and there is room.
func (k *Key) sum(dst, msg []byte) []byte {
	n := len(dst)
	switch {
	case k.kernels.single256 != 0:
		if k.alg == HMACSHA256 && cap(dst)-n >= 32 {
			dst = dst[:n+32]
			k.kernels.single256.Sum(&k.narrow, msg, (*[32]byte)(dst[n:]))
			return dst
		}
		var tag [32]byte
		k.kernels.single256.Sum(&k.narrow, msg, &tag)
		return append(dst, tag[:k.alg.Size()]...)
	case k.kernels.single512 != 0:
		if k.alg == HMACSHA512 && cap(dst)-n >= 64 {
			dst = dst[:n+64]
			k.kernels.single512.Sum(&k.wide, msg, (*[64]byte)(dst[n:]))
			return dst
		}
		var tag [64]byte
		k.kernels.single512.Sum(&k.wide, msg, &tag)
		return append(dst, tag[:k.alg.Size()]...)
	case k.hasher != nil:
		return k.hasher.sum(k.mid, dst, msg)
	}
	if a := k.approved.Load(); a != nil {
		return a.sum(dst, msg)
	}
	return dst // destroyed meanwhile, as the caller's check finds
}

// verify is Verify without the checks, as sum is Sum.
func (k *Key) verify(msg, tag []byte) bool {
	switch {
	case k.kernels.single256 != 0:
		return k.kernels.single256.Verify(&k.narrow, msg, tag)
	case k.kernels.single512 != 0:
		return k.kernels.single512.Verify(&k.wide, msg, tag)
	}
	var want [maxSize]byte
	ok := equalTags(k.sum(want[:0], msg), tag)
	clear(want[:])
	return ok
}

// alive reports whether k can be used; k may be nil.
func (k *Key) alive() bool { return k != nil && k.live.Load() }

// check panics unless k can be used; subject is how the caller knows it.
func (k *Key) check(subject string) {
	if !k.alive() {
		k.refuse(subject)
	}
}

//go:noinline
func (k *Key) refuse(subject string) {
	if k == nil {
		panic("engine: " + subject + " is nil")
	}
	panic("engine: " + subject + " is destroyed")
}
