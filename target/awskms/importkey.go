package awskms

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/kmsmac/kmsmac/target"
)

// ImportKey sends GetParametersForImport, wraps the secret for the key that came
// back, and sends ImportKeyMaterial. The secret leaves this process only
// wrapped; no copy of it is made, so none is left behind.
func (c *Client) ImportKey(ctx context.Context, keyID string, secret []byte) error {
	f := &flight{operation: "GetParametersForImport"}
	params, err := invoke(ctx, c, f, (*kms.Client).GetParametersForImport, &kms.GetParametersForImportInput{
		KeyId:             &keyID,
		WrappingAlgorithm: types.AlgorithmSpecRsaesOaepSha256,
		WrappingKeySpec:   types.WrappingKeySpecRsa2048,
	})
	if err != nil {
		return err
	}
	if len(params.ImportToken) == 0 {
		return f.missing("ImportToken")
	}
	wrapped, err := f.wrap(params.PublicKey, secret)
	if err != nil {
		return err
	}
	_, err = invoke(ctx, c, &flight{operation: "ImportKeyMaterial"}, (*kms.Client).ImportKeyMaterial,
		&kms.ImportKeyMaterialInput{
			KeyId:                &keyID,
			ImportToken:          params.ImportToken,
			EncryptedKeyMaterial: wrapped,
			ExpirationModel:      types.ExpirationModelTypeKeyMaterialDoesNotExpire,
		})
	return err
}

// wrap encrypts secret with RSAES_OAEP_SHA_256 (RFC 8017, section 7.1) under a
// public key in DER, as GetParametersForImport gives it.
func (f *flight) wrap(der, secret []byte) ([]byte, error) {
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, f.missing("PublicKey in DER")
	}
	public, ok := parsed.(*rsa.PublicKey)
	if !ok || public.Size() != 2048/8 {
		return nil, f.missing("RSA_2048 PublicKey")
	}
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public, secret, nil)
	if err != nil {
		return nil, f.finish(&target.Error{
			Kind: target.NotSent, Operation: "ImportKeyMaterial",
			Err: errors.New("the secret is too long to be wrapped with RSAES_OAEP_SHA_256 and RSA_2048"),
		})
	}
	return wrapped, nil
}
