package awskms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/target"
)

func TestImportKey(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der := publicDER(t, &private.PublicKey)
	var unwrapped []byte
	c := openOn(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			KeyID                string `json:"KeyId"`
			WrappingAlgorithm    string
			WrappingKeySpec      string
			ImportToken          []byte
			EncryptedKeyMaterial []byte
			ExpirationModel      string
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.KeyID != "k" {
			t.Errorf("input %+v: %v", in, err)
		}
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetParametersForImport") {
			if in.WrappingAlgorithm != "RSAES_OAEP_SHA_256" || in.WrappingKeySpec != "RSA_2048" {
				t.Errorf("asked for %s, %s", in.WrappingAlgorithm, in.WrappingKeySpec)
			}
			answer{200, nil, parameters(der, []byte("token"))}.ServeHTTP(w, r)
			return
		}
		if string(in.ImportToken) != "token" || in.ExpirationModel != "KEY_MATERIAL_DOES_NOT_EXPIRE" {
			t.Errorf("token %q, model %s", in.ImportToken, in.ExpirationModel)
		}
		var err error
		if unwrapped, err = rsa.DecryptOAEP(sha256.New(), nil, private, in.EncryptedKeyMaterial, nil); err != nil {
			t.Error(err)
		}
		answer{200, nil, "{}"}.ServeHTTP(w, r)
	}))
	for _, n := range []int{1, 28, 32, 48, 64, 128, 190} {
		secret := bytes.Repeat([]byte{byte(n)}, n)
		if err := c.ImportKey(t.Context(), "k", secret); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		if !bytes.Equal(unwrapped, bytes.Repeat([]byte{byte(n)}, n)) || !bytes.Equal(secret, unwrapped) {
			t.Errorf("%d bytes: arrived as %x, left as %x", n, unwrapped, secret)
		}
	}
	// 190 bytes is what RSA_2048 with OAEP and SHA-256 takes (RFC 8017, 7.1.1).
	if err := c.ImportKey(t.Context(), "k", make([]byte, 191)); target.KindOf(err) != target.NotSent {
		t.Errorf("191 bytes: %v, want kind not_sent", err)
	}
}

func TestImportKeyRefusesOtherKeys(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"1024 bits":      parameters(publicDER(t, &small.PublicKey), []byte("t")),
		"elliptic curve": parameters(publicDER(t, &ec.PublicKey), []byte("t")),
		"no DER":         parameters([]byte("junk"), []byte("t")),
		"no key":         parameters(nil, []byte("t")),
		"no token":       parameters(publicDER(t, &small.PublicKey), nil),
	} {
		c := openOn(t, answer{200, nil, body})
		if err := c.ImportKey(t.Context(), "k", make([]byte, 32)); target.KindOf(err) != target.NotKMS {
			t.Errorf("%s: %v, want kind not_kms", name, err)
		}
		if n := c.Counters().Attempts; n != 1 {
			t.Errorf("%s: %d requests: the secret may have left", name, n)
		}
	}
	c := openOn(t, answer{400, nil, coded("UnsupportedOperationException")})
	if err := c.ImportKey(t.Context(), "k", make([]byte, 32)); target.KindOf(err) != target.Unsupported {
		t.Errorf("refused: %v, want kind unsupported", err)
	}
}

func publicDER(t *testing.T, public crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func parameters(der, token []byte) string {
	return fmt.Sprintf(`{"PublicKey":%q,"ImportToken":%q}`,
		base64.StdEncoding.EncodeToString(der), base64.StdEncoding.EncodeToString(token))
}
