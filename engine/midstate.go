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
// outer (after the opad block), once in the marshalled form of the hash that
// made them and once as words in natural order for assembly. Only the words of
// the algorithm's own width are set. All of it is as secret as the key.
type midstates struct {
	inner, outer     []byte
	inner32, outer32 [8]uint32
	inner64, outer64 [8]uint64
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

// setWords reads the words out of the standard library's marshalled form:
// 4 bytes of mark, 8 words big-endian, an unfinished block (here empty), the
// length. A form of another size is refused; a changed meaning is caught by the
// known-answer test that each implementation built on words must pass.
func (m *midstates) setWords(alg Algorithm) error {
	word := alg.BlockSize() / 16
	want := 4 + 8*word + alg.BlockSize() + 8
	if len(m.inner) != want || len(m.outer) != want {
		return fmt.Errorf("engine: hash state has %d bytes, want %d", len(m.inner), want)
	}
	for i := range 8 {
		at := 4 + i*word
		if word == 4 {
			m.inner32[i] = binary.BigEndian.Uint32(m.inner[at:])
			m.outer32[i] = binary.BigEndian.Uint32(m.outer[at:])
			continue
		}
		m.inner64[i] = binary.BigEndian.Uint64(m.inner[at:])
		m.outer64[i] = binary.BigEndian.Uint64(m.outer[at:])
	}
	return nil
}

// wipe overwrites everything a tag could be made with.
func (m *midstates) wipe() {
	clear(m.inner)
	clear(m.outer)
	clear(m.inner32[:])
	clear(m.outer32[:])
	clear(m.inner64[:])
	clear(m.outer64[:])
}
