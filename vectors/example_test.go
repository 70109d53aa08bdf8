package vectors_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"

	"github.com/kmsmac/kmsmac/vectors"
)

func Example() {
	tried, failed := 0, 0
	for _, v := range vectors.All() {
		if v.Algorithm != "HMAC_SHA_256" {
			continue
		}
		m := hmac.New(sha256.New, v.Key)
		m.Write(v.Msg)
		tried++
		if err := v.Check(m.Sum(nil)); err != nil {
			failed++
		}
	}
	fmt.Println(tried, "tried,", failed, "failed")
	// Output: 181 tried, 0 failed
}

func ExampleVector_Check() {
	v := vectors.RFC4231()[1]
	wrong := make([]byte, 32)
	fmt.Println(v.Check(wrong))
	// Output: vectors: rfc4231-1-sha256: tag 0000000000000000000000000000000000000000000000000000000000000000, want b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7
}

func ExampleRekeyed() {
	v := vectors.RFC4231()[5] // case 2, SHA-256: the key is "Jefe"
	fmt.Printf("%q\n", vectors.Rekeyed(v)[:6])
	fmt.Println(len(vectors.Rekeyed(v)), "bytes")
	// Output:
	// "Jefe\x00\x00"
	// 32 bytes
}
