package kmsemu

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"sync"
	"sync/atomic"
)

// keyPair is the private key of an asymmetric KMS key. It is made when it is
// first needed: an RSA key costs up to seconds, and most tests want only the
// refusal of the wrong operation.
type keyPair struct {
	spec string
	once sync.Once
	made atomic.Pointer[pairKey] // nil until it was made
	kept atomic.Bool             // made was committed
	err  error
}

// pairKey is a private key with its SubjectPublicKeyInfo.
type pairKey struct {
	private crypto.Signer // *rsa.PrivateKey or *ecdsa.PrivateKey
	spki    []byte
}

// newPairKey makes a private key of a spec.
func newPairKey(spec string) (*pairKey, error) {
	private, err := generatePrivate(spec)
	if err != nil {
		return nil, err
	}
	spki, err := x509.MarshalPKIXPublicKey(private.Public())
	return &pairKey{private, spki}, err
}

func generatePrivate(spec string) (crypto.Signer, error) {
	switch spec {
	case "RSA_2048":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "RSA_3072":
		return rsa.GenerateKey(rand.Reader, 3072)
	case "RSA_4096":
		return rsa.GenerateKey(rand.Reader, 4096)
	case "ECC_NIST_P256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ECC_NIST_P384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ECC_NIST_P521":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	}
	return nil, fmt.Errorf("kmsemu: no key pairs of spec %q", spec)
}

// pair returns the private key of k, made now if need be; what is made is
// committed before it is used.
func (c *call) pair(k *key, m *material) (*pairKey, error) {
	m.pair.once.Do(func() {
		if m.pair.made.Load() != nil {
			return
		}
		made, err := newPairKey(m.pair.spec)
		if err != nil {
			m.pair.err = err
			return
		}
		m.pair.made.Store(made)
	})
	if m.pair.err != nil || m.pair.kept.Load() {
		return m.pair.made.Load(), m.pair.err
	}
	if err := c.keepPair(k); err != nil {
		return nil, err // the next call tries again
	}
	m.pair.kept.Store(true)
	return m.pair.made.Load(), nil
}

// keepPair commits every key that has the pair of k: replicas share the
// material.
func (c *call) keepPair(k *key) error {
	return c.e.change(c.now, func(t *tx) error {
		share := []*key{k}
		if multi := k.latest().multi; multi != nil {
			share = nil
			t.siblings(k, multi, func(o *key) { share = append(share, o) })
		}
		for _, o := range share {
			if o.alive() {
				t.putKey(o, o.latest().copy())
			}
		}
		return nil
	})
}
