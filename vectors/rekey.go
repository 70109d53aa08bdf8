package vectors

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
)

// hashFacts are those of FIPS 180-4, figure 1.
type hashFacts struct {
	name        string // in vector IDs
	size, block int    // bytes
	sum         func([]byte) []byte
}

// hashes by KMS's spelling of the algorithm.
var hashes = map[string]hashFacts{
	"HMAC_SHA_224": {"sha224", 28, 64, func(b []byte) []byte { s := sha256.Sum224(b); return s[:] }},
	"HMAC_SHA_256": {"sha256", 32, 64, func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }},
	"HMAC_SHA_384": {"sha384", 48, 128, func(b []byte) []byte { s := sha512.Sum384(b); return s[:] }},
	"HMAC_SHA_512": {"sha512", 64, 128, func(b []byte) []byte { s := sha512.Sum512(b); return s[:] }},
}

// Rekeyed returns the key that has exactly the algorithm's tag length (28, 32,
// 48 or 64 bytes, the lengths that AWS KMS is known to import) and the same
// tags as v.Key for every message. It follows from RFC 2104, section 2: a key
// longer than a block is replaced by its hash, and every key is filled with
// zeros to a block.
//
// There is no such key, and the result is nil, when v.Key fits into a block but
// is longer than the tag, or when the algorithm is unknown. Every RFC 4231
// vector has one.
func Rekeyed(v Vector) []byte {
	h, ok := hashes[v.Algorithm]
	if !ok {
		return nil
	}
	if len(v.Key) > h.block {
		return h.sum(v.Key)
	}
	significant := bytes.TrimRight(v.Key, "\x00")
	if len(significant) > h.size {
		return nil
	}
	key := make([]byte, h.size)
	copy(key, significant)
	return key
}
