package engine

import (
	"crypto/fips140"
	"crypto/hmac"
	"fmt"
	"hash"
	"sync"
	"sync/atomic"
)

// minApprovedSecret is 112 bits, the shortest HMAC key that SP 800-131A allows.
const minApprovedSecret = 14

// approvedKey computes tags with crypto/hmac alone, as a program in Go's
// FIPS 140 mode must. The states of crypto/hmac cannot be wiped; they are
// dropped with the key, for the garbage collector.
type approvedKey struct {
	clean hash.Cloner // the key before any message; only ever cloned
	pool  sync.Pool   // of *approvedState
}

type approvedState struct {
	hash.Hash
	owner *approvedKey
	tag   [maxSize]byte
	uses  atomic.Uint64 // as in hashState
}

// newApprovedKey fails if this build's crypto/hmac cannot be cloned, in which
// case it is not the standard library's own.
func newApprovedKey(fresh func() hash.Hash, secret []byte) (*approvedKey, error) {
	h := hmac.New(fresh, secret)
	h.Reset() // caches both midstates, which the clones share
	clean, ok := h.(hash.Cloner)
	if !ok {
		return nil, fmt.Errorf("%w: crypto/hmac cannot be cloned", ErrUnavailable)
	}
	return &approvedKey{clean: clean}, nil
}

// start returns a state that has seen no message.
func (k *approvedKey) start() *approvedState {
	if s, ok := k.pool.Get().(*approvedState); ok {
		return s
	}
	h, err := k.clean.Clone()
	if err != nil {
		panic("engine: crypto/hmac refused to clone: " + err.Error())
	}
	return &approvedState{Hash: h, owner: k}
}

// release wipes what a state can wipe of the message and pools it.
func (s *approvedState) release() {
	s.Reset()
	clear(s.tag[:])
	s.uses.Add(1)
	s.owner.pool.Put(s)
}

// sum appends the tag of msg to dst.
func (k *approvedKey) sum(dst, msg []byte) []byte {
	s := k.start()
	s.Write(unescaped(msg))
	dst = append(dst, s.Sum(s.tag[:0])...)
	s.release()
	return dst
}

// approvedOnly reports whether only crypto/hmac over standard hashes may be
// used. It does not change while a program runs.
func approvedOnly() bool { return fips140.Enabled() }

// checkApproved is the rule for secrets where enforcement is on.
func checkApproved(secret []byte) error {
	if fips140.Enforced() && len(secret) < minApprovedSecret {
		return ErrNotApproved
	}
	return nil
}
