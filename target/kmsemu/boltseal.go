package kmsemu

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// Passphrase seals a data directory. It is secret, and prints as nothing.
type Passphrase []byte

// String hides the passphrase.
func (Passphrase) String() string { return "kmsemu.Passphrase{}" }

// GoString hides the passphrase.
func (p Passphrase) GoString() string { return p.String() }

// Format hides the passphrase from every verb.
func (p Passphrase) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.String()) }

const (
	dataFormat = 1 // of the file; a newer one is refused

	// iterations of PBKDF2-HMAC-SHA-256, as OWASP's Password Storage Cheat
	// Sheet advises.
	iterations    = 600_000
	mostIteration = 100_000_000 // more in a file would hang the start
)

var (
	keyHeader = []byte("header")
	keyCheck  = []byte("check")
	keySealer = []byte("sealer")
)

// recordHeader says how the file is written. It is not secret.
type recordHeader struct {
	Format     int    `json:"format"`
	Sealed     bool   `json:"sealed"`
	KDF        string `json:"kdf,omitempty"`
	Iterations int    `json:"iterations,omitempty"`
	Salt       []byte `json:"salt,omitempty"`
}

// recordSealer writes and reads the values of the file: JSON, sealed with
// AES-256-GCM when there is a passphrase. Bucket and key are authenticated
// with the value, so values cannot be exchanged.
type recordSealer struct {
	aead   cipher.AEAD // nil: not sealed
	tokens []byte      // secret of the emulator's sealer, so that grant and import tokens outlive a restart
}

// openRecords reads the header, or writes one to a new file.
func openRecords(meta *bbolt.Bucket, key Passphrase) (*recordSealer, error) {
	raw := meta.Get(keyHeader)
	if raw == nil {
		return newRecords(meta, key)
	}
	var h recordHeader
	if err := json.Unmarshal(raw, &h); err != nil {
		return nil, errors.New("the header is damaged")
	}
	switch {
	case h.Format != dataFormat:
		return nil, fmt.Errorf("format %d is not known to this version", h.Format)
	case h.Sealed && len(key) == 0:
		return nil, errors.New("it is sealed: its passphrase or key file is needed")
	case !h.Sealed && len(key) > 0:
		return nil, errors.New("it is not sealed: a passphrase or key file can only be given to a new data directory")
	}
	r := &recordSealer{}
	if err := r.unlock(h, key); err != nil {
		return nil, err
	}
	var check string
	if err := r.decode(bucketMeta, keyCheck, meta.Get(keyCheck), &check); err != nil {
		return nil, errors.New("wrong passphrase or key file")
	}
	return r, r.decode(bucketMeta, keySealer, meta.Get(keySealer), &r.tokens)
}

func newRecords(meta *bbolt.Bucket, key Passphrase) (*recordSealer, error) {
	h := recordHeader{Format: dataFormat}
	if len(key) > 0 {
		h.Sealed, h.KDF, h.Iterations, h.Salt = true, "PBKDF2-HMAC-SHA-256", iterations, randomSecret(32)
	}
	r := &recordSealer{tokens: randomSecret(32)}
	if err := r.unlock(h, key); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	check, err1 := r.encode(bucketMeta, keyCheck, "kmsemu")
	tokens, err2 := r.encode(bucketMeta, keySealer, r.tokens)
	return r, errors.Join(err1, err2, meta.Put(keyHeader, raw), meta.Put(keyCheck, check), meta.Put(keySealer, tokens))
}

// unlock derives the key of a sealed file.
func (r *recordSealer) unlock(h recordHeader, key Passphrase) error {
	if !h.Sealed {
		return nil
	}
	if h.Iterations < 1 || h.Iterations > mostIteration {
		return errors.New("the header is damaged")
	}
	derived, err := pbkdf2.Key(sha256.New, string(key), h.Salt, h.Iterations, 32)
	if err != nil {
		return err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return err
	}
	r.aead, err = cipher.NewGCMWithRandomNonce(block)
	return err
}

// encode returns the value of v under a key of a bucket.
func (r *recordSealer) encode(bucket string, key []byte, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil || r.aead == nil {
		return plain, err
	}
	return r.aead.Seal(nil, nil, plain, place(bucket, key)), nil
}

// decode fills v. Its errors never quote the value.
func (r *recordSealer) decode(bucket string, key, value []byte, v any) error {
	if r.aead != nil {
		plain, err := r.aead.Open(nil, nil, value, place(bucket, key))
		if err != nil {
			return fmt.Errorf("%s/%x is damaged", bucket, key)
		}
		value = plain
	}
	d := json.NewDecoder(bytes.NewReader(value))
	if d.Decode(v) != nil {
		return fmt.Errorf("%s/%x is damaged", bucket, key)
	}
	return nil
}

func place(bucket string, key []byte) []byte { return append([]byte(bucket+"/"), key...) }
