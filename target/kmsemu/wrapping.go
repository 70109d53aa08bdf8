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
	from  *WrappingKeys            // makes the keys; nil: they are made here
}

type wrappingSize struct {
	bits int
	next atomic.Uint32
	slot [poolSize]wrappingSlot
}

type wrappingSlot struct {
	once sync.Once
	key  *rsa.PrivateKey
	spki []byte
	err  error
}

// NewWrappingKeys returns a pool in which no key has been made yet.
func NewWrappingKeys() *WrappingKeys {
	return &WrappingKeys{sizes: map[string]*wrappingSize{"RSA_2048": {bits: 2048}, "RSA_3072": {bits: 3072}, "RSA_4096": {bits: 4096}}}
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
		if w.from != nil {
			s.key, s.spki, s.err = w.from.key(spec, slot)
			return
		}
		var made *rsa.PrivateKey
		if made, s.err = rsa.GenerateKey(rand.Reader, size.bits); s.err == nil {
			s.err = w.set(s, made)
		}
	})
	return s.key, s.spki, s.err
}

func (w *WrappingKeys) set(s *wrappingSlot, key *rsa.PrivateKey) (err error) {
	s.key = key
	s.spki, err = x509.MarshalPKIXPublicKey(&key.PublicKey)
	return err
}

// load puts a key that was stored into its slot; nobody may use the pool yet.
func (w *WrappingKeys) load(id string, key *rsa.PrivateKey) error {
	for spec, size := range w.sizes {
		for slot := range size.slot {
			if s := &size.slot[slot]; wrappingID(spec, slot) == id && key.N.BitLen() == size.bits {
				var err error
				s.once.Do(func() { err = w.set(s, key) })
				return err
			}
		}
	}
	return fmt.Errorf("no slot for wrapping key %q", id)
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
