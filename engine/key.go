package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
)

// Key is a secret made ready for use.
type Key struct {
	alg    Algorithm
	secret []byte
}

// NewKey copies the secret.
func NewKey(alg Algorithm, secret []byte) (*Key, error) {
	if !alg.Valid() {
		return nil, fmt.Errorf("engine: unknown algorithm %d", uint8(alg))
	}
	if len(secret) == 0 {
		return nil, errors.New("engine: secret is empty")
	}
	return &Key{alg, append([]byte(nil), secret...)}, nil
}

// Algorithm of the key.
func (k *Key) Algorithm() Algorithm { return k.alg }

func (k *Key) hash() hash.Hash {
	switch k.alg {
	case HMACSHA224:
		return hmac.New(sha256.New224, k.secret)
	case HMACSHA256:
		return hmac.New(sha256.New, k.secret)
	case HMACSHA384:
		return hmac.New(sha512.New384, k.secret)
	}
	return hmac.New(sha512.New, k.secret)
}

// Sum appends the tag of msg to dst.
func (k *Key) Sum(dst, msg []byte) []byte {
	h := k.hash()
	h.Write(msg)
	return h.Sum(dst)
}

// Verify reports whether tag is the tag of msg.
func (k *Key) Verify(msg, tag []byte) bool { return hmac.Equal(k.Sum(nil, msg), tag) }

// Destroy wipes the key.
func (k *Key) Destroy() { clear(k.secret) }
