package conformance

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // RSAES_OAEP_SHA_1 is one of KMS's wrapping algorithms
	"crypto/sha256"
	"crypto/x509"
	"hash"
)

// Wrapping is how material travels: KMS's names of algorithm and key spec.
type Wrapping struct{ Algorithm, KeySpec string }

// The wrapping that cases use where their row names no other.
var defaultWrapping = Wrapping{"RSAES_OAEP_SHA_256", "RSA_2048"}

// Parcel is material made ready for one ImportKeyMaterial.
type Parcel struct{ Token, Wrapped []byte }

// Import gives the EXTERNAL key its material, without expiry; anything but
// success ends the case without a verdict on the target.
func (p *Probe) Import(k Key, secret []byte) {
	p.Do("ImportKeyMaterial", p.Parcel(k, secret, defaultWrapping).params(k))
}

// Parcel fetches parameters for the key and wraps secret.
func (p *Probe) Parcel(k Key, secret []byte, w Wrapping) Parcel {
	a := p.Do("GetParametersForImport", Params{"KeyId": k.ID, "WrappingAlgorithm": w.Algorithm, "WrappingKeySpec": w.KeySpec})
	if a.planned {
		return Parcel{Token: []byte("token"), Wrapped: []byte("wrapped")}
	}
	return Parcel{Token: a.Bytes("ImportToken"), Wrapped: p.Wrap(a.Bytes("PublicKey"), secret, w)}
}

// Wrap encrypts secret under the DER public key.
func (p *Probe) Wrap(der, secret []byte, w Wrapping) []byte {
	if p.run.s.plan != nil {
		return []byte("wrapped")
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		p.Inconclusive("the wrapping key cannot be read: %v", err)
	}
	public, isRSA := parsed.(*rsa.PublicKey)
	if !isRSA {
		p.Inconclusive("the wrapping key is no RSA key but %T", parsed)
	}
	var h hash.Hash = sha256.New()
	if w.Algorithm == "RSAES_OAEP_SHA_1" {
		h = sha1.New()
	}
	wrapped, err := rsa.EncryptOAEP(h, rand.Reader, public, secret, nil)
	if err != nil {
		p.Inconclusive("the material cannot be wrapped: %v", err)
	}
	return wrapped
}

// params are the members of ImportKeyMaterial without expiry.
func (c Parcel) params(k Key) Params {
	return Params{
		"KeyId": k.ID, "ImportToken": c.Token, "EncryptedKeyMaterial": c.Wrapped,
		"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
	}
}
