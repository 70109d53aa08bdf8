package lanes

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"hash"
	"math/rand/v2"
	"testing"
)

// hash256 is one of the two hashes of this family and its oracle.
type hash256 struct {
	name string
	size int
	new  func() hash.Hash
	set  func(m *Mid256, inner, outer *[8]uint32)
}

var hashes256 = []hash256{
	{"SHA-256", 32, sha256.New, (*Mid256).SetSHA256},
	{"SHA-224", 28, sha256.New224, (*Mid256).SetSHA224},
}

// mid makes a key's midstates from the standard library's own state encoding.
func (h hash256) mid(t testing.TB, secret []byte) *Mid256 {
	t.Helper()
	if len(secret) > 64 {
		d := h.new()
		d.Write(secret)
		secret = d.Sum(nil)
	}
	var states [2][8]uint32
	for i, pad := range []byte{0x36, 0x5c} {
		var block [64]byte
		copy(block[:], secret)
		for j := range block {
			block[j] ^= pad
		}
		d := h.new()
		d.Write(block[:])
		enc, err := d.(encoding.BinaryMarshaler).MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		for j := range states[i] {
			states[i][j] = binary.BigEndian.Uint32(enc[4+4*j:])
		}
	}
	m := new(Mid256)
	h.set(m, &states[0], &states[1])
	return m
}

func (h hash256) want(secret, msg []byte) []byte {
	d := hmac.New(h.new, secret)
	d.Write(msg)
	return d.Sum(nil)
}

// bytesFrom is n reproducible random bytes.
func bytesFrom(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func rngFor(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(len(t.Name()))
	return rand.New(rand.NewPCG(seed, 256))
}
