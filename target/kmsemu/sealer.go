package kmsemu

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
)

// sealer makes the opaque values that clients carry and cannot make or change
// themselves: import tokens and grant tokens. No two seals are equal.
type sealer struct{ aead cipher.AEAD }

// newSealer returns a sealer under a 32-byte secret.
func newSealer(secret []byte) (*sealer, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &sealer{aead}, err
}

func randomSecret(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// seal hides v; what is the kind of value, and only open with the same kind
// opens it.
func (s *sealer) seal(what string, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return s.aead.Seal(nil, nil, plain, []byte(what)), nil
}

// open fills v and reports whether sealed is genuine.
func (s *sealer) open(what string, sealed []byte, v any) bool {
	plain, err := s.aead.Open(nil, nil, sealed, []byte(what))
	return err == nil && json.Unmarshal(plain, v) == nil
}
