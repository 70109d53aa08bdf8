package lanes

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding"
	"encoding/binary"
	"hash"
	"testing"
)

// hash512 is one of the two hashes of this family and its oracle.
type hash512 struct {
	name string
	size int
	new  func() hash.Hash
	set  func(m *Mid512, inner, outer *[8]uint64)
}

var hashes512 = []hash512{
	{"SHA-512", 64, sha512.New, (*Mid512).SetSHA512},
	{"SHA-384", 48, sha512.New384, (*Mid512).SetSHA384},
}

// mid makes a key's midstates from the standard library's own state encoding.
func (h hash512) mid(t testing.TB, secret []byte) *Mid512 {
	t.Helper()
	return h.midstates(secret)
}

func (h hash512) midstates(secret []byte) *Mid512 {
	if len(secret) > 128 {
		d := h.new()
		d.Write(secret)
		secret = d.Sum(nil)
	}
	var states [2][8]uint64
	for i, pad := range []byte{0x36, 0x5c} {
		var block [128]byte
		copy(block[:], secret)
		for j := range block {
			block[j] ^= pad
		}
		d := h.new()
		d.Write(block[:])
		enc, err := d.(encoding.BinaryMarshaler).MarshalBinary()
		if err != nil {
			panic(err)
		}
		for j := range states[i] {
			states[i][j] = binary.BigEndian.Uint64(enc[4+8*j:])
		}
	}
	m := new(Mid512)
	h.set(m, &states[0], &states[1])
	return m
}

func (h hash512) want(secret, msg []byte) []byte {
	d := hmac.New(h.new, secret)
	d.Write(msg)
	return d.Sum(nil)
}
