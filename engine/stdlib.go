package engine

import (
	"crypto/sha256"
	"crypto/sha512"
	"hash"
)

// The widest of the four algorithms.
const (
	maxSize      = sha512.Size
	maxBlockSize = sha512.BlockSize
)

// standardHashes are the hashes of the standard library.
var standardHashes = map[Algorithm]func() hash.Hash{
	HMACSHA224: sha256.New224,
	HMACSHA256: sha256.New,
	HMACSHA384: sha512.New384,
	HMACSHA512: sha512.New,
}
