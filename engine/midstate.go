package engine

import (
	"encoding"
	"encoding/binary"
	"fmt"
	"hash"
)

// marshalableHash is what every hash below has: its state can be taken out and
// put back. Each state of one hash has the same length.
type marshalableHash interface {
	hash.Hash
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

// midstates holds the two states of a key, inner (after the ipad block) and
// outer (after the opad block), in the marshalled form of the hash that made
// them. They are as secret as the key.
type midstates struct {
	inner, outer []byte
}

// newMidstates follows RFC 2104 section 2 with a fresh h. The secret is hashed
// first when it is longer than a block.
func newMidstates(h marshalableHash, secret []byte) (*midstates, error) {
	var pad [maxBlockSize]byte
	defer clear(pad[:])
	block := pad[:h.BlockSize()]
	if len(secret) > len(block) {
		h.Write(secret)
		h.Sum(block[:0])
	} else {
		copy(block, secret)
	}
	m := new(midstates)
	var err error
	if m.inner, err = afterBlock(h, block, ipad); err != nil {
		return nil, err
	}
	if m.outer, err = afterBlock(h, block, ipad^opad); err != nil {
		return nil, err
	}
	h.Reset()
	return m, nil
}

// The bytes of RFC 2104 that the key block is combined with.
const (
	ipad = 0x36
	opad = 0x5c
)

// afterBlock changes block by mask and returns h's state after just that block.
func afterBlock(h marshalableHash, block []byte, mask byte) ([]byte, error) {
	for i := range block {
		block[i] ^= mask
	}
	h.Reset()
	h.Write(block)
	state, err := h.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("engine: hash state: %w", err)
	}
	return state, nil
}

// setKernelForm derives the kernels' form from the standard library's.
func (k *Key) setKernelForm() error {
	want := 4 + 8*k.alg.BlockSize()/16 + k.alg.BlockSize() + 8
	if len(k.mid.inner) != want || len(k.mid.outer) != want {
		return fmt.Errorf("engine: hash state has %d bytes, want %d", len(k.mid.inner), want)
	}
	switch k.alg {
	case HMACSHA224:
		k.narrow.SetSHA224(words32(k.mid.inner), words32(k.mid.outer))
	case HMACSHA256:
		k.narrow.SetSHA256(words32(k.mid.inner), words32(k.mid.outer))
	case HMACSHA384:
		k.wide.SetSHA384(words64(k.mid.inner), words64(k.mid.outer))
	case HMACSHA512:
		k.wide.SetSHA512(words64(k.mid.inner), words64(k.mid.outer))
	}
	return nil
}

// words32 reads the words out of the standard library's marshalled form: 4
// bytes of mark, 8 words big-endian, an unfinished block (here empty), the
// length. Should the form ever change, the known-answer test that each kernel
// must pass fails.
func words32(state []byte) *[8]uint32 {
	w := new([8]uint32)
	for i := range w {
		w[i] = binary.BigEndian.Uint32(state[4+4*i:])
	}
	return w
}

// words64 is words32 for words of 64 bits.
func words64(state []byte) *[8]uint64 {
	w := new([8]uint64)
	for i := range w {
		w[i] = binary.BigEndian.Uint64(state[4+8*i:])
	}
	return w
}

// wipe overwrites everything a tag could be made with.
func (m *midstates) wipe() {
	clear(m.inner)
	clear(m.outer)
}
