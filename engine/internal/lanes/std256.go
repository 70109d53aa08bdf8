package lanes

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"hash"
)

// std256 computes tags by the standard library's hash, set to a midstate through
// its own state encoding. It is for batches on a CPU without SHA-NI.
type std256 struct {
	hash  hash.Hash
	row   uint64
	state [4 + 32 + 64 + 8]byte
	inner [32]byte
}

func (s *std256) sum(mid *Mid256, msg []byte, tag *[32]byte) {
	if s.hash == nil || s.row != mid.row {
		s.hash, s.row = sha256.New(), mid.row
		copy(s.state[:], "sha\x03")
		if mid.row == rowSHA224 {
			s.hash = sha256.New224()
			copy(s.state[:], "sha\x02")
		}
		binary.BigEndian.PutUint64(s.state[100:], 64)
	}
	s.set(&mid.inner)
	s.hash.Write(msg)
	inner := s.hash.Sum(s.inner[:0])
	s.set(&mid.outer)
	s.hash.Write(inner)
	s.hash.Sum(tag[:0])
}

func (s *std256) set(state *[8]uint32) {
	for i, word := range kernelOrder256 {
		binary.BigEndian.PutUint32(s.state[4+4*int(word):], state[i])
	}
	if err := s.hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(s.state[:]); err != nil {
		panic("lanes: " + err.Error()) // the encoding of crypto/sha256 has changed
	}
}

// wipe clears what depends on keys and messages.
func (s *std256) wipe() {
	if s.hash == nil {
		return
	}
	clear(s.state[4:36])
	clear(s.inner[:])
	s.set(new([8]uint32))
}
