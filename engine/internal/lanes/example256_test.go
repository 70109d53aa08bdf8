package lanes

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"fmt"
	"runtime"
)

// midstate hashes one padded key and takes the words out of crypto/sha256.
func midstate(secret []byte, pad byte) (words [8]uint32) {
	block := bytes.Repeat([]byte{pad}, 64)
	for i, b := range secret {
		block[i] ^= b
	}
	h := sha256.New()
	h.Write(block)
	state, _ := h.(encoding.BinaryMarshaler).MarshalBinary()
	for i := range words {
		words[i] = binary.BigEndian.Uint32(state[4+4*i:])
	}
	return words
}

func ExampleBatch256() {
	secret := []byte("a secret of no more than a block")
	inner, outer := midstate(secret, 0x36), midstate(secret, 0x5c)
	mid := new(Mid256)
	mid.SetSHA256(&inner, &outer)

	one, many := SingleNIVL, ManyHybrid
	if !one.Available() || !many.Available() {
		one, many = 0, 0 // the standard library
	}
	msgs := [][]byte{[]byte("one"), []byte("two"), []byte("three")}
	b := NewBatch256()
	for _, msg := range msgs {
		b.Add(mid, msg)
	}
	b.Run(one, many)
	runtime.KeepAlive(mid)
	runtime.KeepAlive(msgs)
	for i, msg := range msgs {
		h := hmac.New(sha256.New, secret)
		h.Write(msg)
		fmt.Println(hmac.Equal(b.Tags()[32*i:][:32], h.Sum(nil)))
	}
	b.Reset()
	// Output:
	// true
	// true
	// true
}
