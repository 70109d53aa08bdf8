package engine

import "encoding/binary"

// equalTags reports whether a and b are the same. The time depends on the
// lengths only; tags of different length are different. It compares words, as
// a byte loop costs a fifth of a MAC.
func equalTags(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	var diff uint64
	for len(a) >= 8 && len(b) >= 8 {
		diff |= binary.LittleEndian.Uint64(a) ^ binary.LittleEndian.Uint64(b)
		a, b = a[8:], b[8:]
	}
	for i := range a {
		diff |= uint64(a[i] ^ b[i])
	}
	return diff == 0
}
