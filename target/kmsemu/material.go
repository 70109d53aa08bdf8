package kmsemu

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// material is the secret of a key. It is never modified after publication.
type material struct {
	id     string    // KeyMaterialId: 64 hexadecimal digits
	secret []byte    // of an HMAC or symmetric key
	pair   *keyPair  // of any other key
	older  *material // before the last rotation; symmetric keys only
}

// imported is what is remembered of imported material, even after it was
// deleted (row IM-26).
type imported struct {
	digest  [sha256.Size]byte // of the only material that will ever be accepted
	id      string
	model   string    // ExpirationModel
	validTo time.Time // zero: does not expire
	forever bool      // does not expire, whatever validTo says; only under a deviation
}

// materialID is CurrentKeyMaterialId: of symmetric keys only (rows CK-02,
// DK-17); imported symmetric material keeps its id after deletion.
func (s *keyState) materialID(k *key) string {
	switch {
	case k.spec != symmetricDefault:
		return ""
	case s.material != nil:
		return s.material.id
	case s.imported != nil:
		return s.imported.id
	}
	return ""
}

func materialIDOf(secret []byte) string {
	sum := sha256.Sum256(append([]byte("key material id"), secret...))
	return hex.EncodeToString(sum[:])
}
