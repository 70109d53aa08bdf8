package engine

import (
	"hash"
	"sync"
	"sync/atomic"
)

// hasher computes tags of one algorithm with one hash.Hash whose state can be
// set: the midstates are put back instead of hashing the padded keys again. Its
// states are pooled; a pooled state holds nothing of a key or a message.
type hasher struct {
	fresh   func() hash.Hash
	initial []byte // marshalled state after no input; putting it back wipes
	pool    sync.Pool
}

// hashState is one pooled state. uses counts the releases, so that a Stream can
// tell that it was released even after the state went to another one.
type hashState struct {
	marshalableHash
	tag  [maxSize]byte
	uses atomic.Uint64
}

// newHasher returns nil if fresh's hash cannot give and take its state.
func newHasher(fresh func() hash.Hash) *hasher {
	m, ok := fresh().(marshalableHash)
	if !ok {
		return nil
	}
	initial, err := m.MarshalBinary()
	if err != nil {
		return nil
	}
	return &hasher{fresh: fresh, initial: initial}
}

func (h *hasher) get() *hashState {
	if s, ok := h.pool.Get().(*hashState); ok {
		return s
	}
	return &hashState{marshalableHash: h.fresh().(marshalableHash)}
}

// put wipes s and pools it.
func (h *hasher) put(s *hashState) {
	s.restore(h.initial)
	clear(s.tag[:])
	s.uses.Add(1)
	h.pool.Put(s)
}

// restore sets the whole state, buffered bytes included.
func (s *hashState) restore(state []byte) {
	if err := s.UnmarshalBinary(state); err != nil {
		panic("engine: hash refused its own state: " + err.Error())
	}
}

// finish turns a state that has seen the inner block and the message into the
// tag, which lies in s until s is put back.
func (s *hashState) finish(m *midstates) []byte {
	inner := s.Sum(s.tag[:0])
	s.restore(m.outer)
	s.Write(inner)
	return s.Sum(s.tag[:0])
}

// start returns a state that has seen the inner block.
func (h *hasher) start(m *midstates) *hashState {
	s := h.get()
	s.restore(m.inner)
	return s
}

// sum appends the tag of msg to dst.
func (h *hasher) sum(m *midstates, dst, msg []byte) []byte {
	s := h.start(m)
	s.Write(unescaped(msg))
	dst = append(dst, s.finish(m)...)
	h.put(s)
	return dst
}
