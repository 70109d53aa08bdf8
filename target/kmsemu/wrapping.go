package kmsemu

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// poolSize is the number of wrapping keys of each size. Two in turn, so that
// two calls of GetParametersForImport in a row give two public keys.
const poolSize = 2

// WrappingKeys is a pool of the RSA keys of GetParametersForImport. AWS makes
// a new key for every call; an RSA key costs up to seconds of CPU, so the
// emulator takes them in turn from a few that are made on first use: a
// documented difference. The zero value is not usable; all methods may be
// called concurrently. The keys are secret.
type WrappingKeys struct {
	sizes map[string]*wrappingSize // never changes
}

type wrappingSize struct {
	bits int
	next atomic.Uint32
	slot [poolSize]struct {
		once sync.Once
		key  *rsa.PrivateKey
		spki []byte
		err  error
	}
}

// NewWrappingKeys returns a pool in which no key has been made yet.
func NewWrappingKeys() *WrappingKeys {
	return &WrappingKeys{map[string]*wrappingSize{"RSA_2048": {bits: 2048}, "RSA_3072": {bits: 3072}, "RSA_4096": {bits: 4096}}}
}

// take returns the next key of a size: its slot and its SubjectPublicKeyInfo.
func (w *WrappingKeys) take(spec string) (slot int, spki []byte, err error) {
	size := w.sizes[spec]
	slot = int(size.next.Add(1) % poolSize)
	_, spki, err = w.key(spec, slot)
	return slot, spki, err
}

func (w *WrappingKeys) key(spec string, slot int) (*rsa.PrivateKey, []byte, error) {
	size, ok := w.sizes[spec]
	if !ok || slot < 0 || slot >= poolSize {
		return nil, nil, fmt.Errorf("kmsemu: no wrapping key %s/%d", spec, slot)
	}
	s := &size.slot[slot]
	s.once.Do(func() {
		if s.key, s.err = rsa.GenerateKey(rand.Reader, size.bits); s.err == nil {
			s.spki, s.err = x509.MarshalPKIXPublicKey(&s.key.PublicKey)
		}
	})
	return s.key, s.spki, s.err
}

// unwrap decrypts what was wrapped under a key of the pool.
func (w *WrappingKeys) unwrap(t *importToken, wrapped []byte) ([]byte, error) {
	k, _, err := w.key(t.Spec, t.Slot)
	if err != nil {
		return nil, err
	}
	hash := crypto.SHA256
	if t.Algorithm == "RSAES_OAEP_SHA_1" {
		hash = crypto.SHA1
	}
	return k.Decrypt(nil, wrapped, &rsa.OAEPOptions{Hash: hash})
}

// importToken is what an ImportToken says, sealed so that it cannot be made or
// changed by clients.
type importToken struct {
	KeyARN    string
	Spec      string
	Slot      int
	Algorithm string
	ValidTo   time.Time
}
