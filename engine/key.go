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
	k.check("Key.Sum")
	if k.kernels.single256 != 0 {
		return k.sumNarrow(dst, msg)
	}
	if k.kernels.single512 != 0 {
		return k.sumWide(dst, msg)
	}
	var tag [maxSize]byte
	t := tag[:k.alg.Size()]
	k.sum(t, msg)
	k.check("Key.Sum")
	dst = append(dst, t...)
	clear(t)
	return dst
}

// sumNarrow is Sum with a kernel, which writes 32 bytes: straight into dst when
// the tag has as many and there is room.
func (k *Key) sumNarrow(dst, msg []byte) []byte {
	n := len(dst)
	if k.alg == HMACSHA256 && cap(dst)-n >= 32 {
		dst = dst[:n+32]
		k.kernels.single256.Sum(&k.narrow, msg, (*[32]byte)(dst[n:]))
	} else {
		var tag [32]byte
		k.kernels.single256.Sum(&k.narrow, msg, &tag)
		dst = append(dst, tag[:k.alg.Size()]...)
	}
	k.check("Key.Sum")
	return dst
}

// sumWide is sumNarrow for the 64-bit kernels.
func (k *Key) sumWide(dst, msg []byte) []byte {
	n := len(dst)
	if k.alg == HMACSHA512 && cap(dst)-n >= 64 {
		dst = dst[:n+64]
		k.kernels.single512.Sum(&k.wide, msg, (*[64]byte)(dst[n:]))
	} else {
		var tag [64]byte
		k.kernels.single512.Sum(&k.wide, msg, &tag)
		dst = append(dst, tag[:k.alg.Size()]...)
	}
	k.check("Key.Sum")
	return dst
}

// Verify reports whether tag is the whole tag of msg. A tag that was shortened
// is not. The time taken depends on the lengths alone.
func (k *Key) Verify(msg, tag []byte) bool {
	k.check("Key.Verify")
	if k.kernels.single256 != 0 {
		ok := k.kernels.single256.Verify(&k.narrow, msg, tag)
		k.check("Key.Verify")
		return ok
	}
	if k.kernels.single512 != 0 {
		ok := k.kernels.single512.Verify(&k.wide, msg, tag)
		k.check("Key.Verify")
		return ok
	}
	var want [maxSize]byte
	t := want[:k.alg.Size()]
	k.sum(t, msg)
	k.check("Key.Verify")
	ok := equalTags(t, tag)
	clear(t)
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

// sum puts the tag of msg into tag. The caller checks the key before, and again
// after: should Destroy have overlapped, the tag of wiped midstates must not
// leave the engine.
func (k *Key) sum(tag, msg []byte) {
	switch {
	case k.kernels.single256 != 0:
		var t [32]byte
		k.kernels.single256.Sum(&k.narrow, msg, &t)
		copy(tag, t[:])
	case k.kernels.single512 != 0:
		var t [64]byte
		k.kernels.single512.Sum(&k.wide, msg, &t)
		copy(tag, t[:])
	case k.hasher != nil:
		k.hasher.sum(k.mid, tag, msg)
	default:
		if a := k.approved.Load(); a != nil {
			a.sum(tag, msg)
		}
	}
}

// check panics unless k can be used; caller is in the text.
func (k *Key) check(caller string) {
	if k == nil || !k.live.Load() {
		k.refuse(caller + ": key")
	}
}

//go:noinline
func (k *Key) refuse(subject string) {
	if k == nil {
		panic("engine: " + subject + " is nil")
	}
	panic("engine: " + subject + " is destroyed")
}
