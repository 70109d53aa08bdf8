package kmsemu

import (
	"crypto/x509"
	"strings"
)

// generateDataKey is GenerateDataKey and GenerateDataKeyWithoutPlaintext.
func generateDataKey(c *call) (reply, error) {
	if err := c.noRecipient(); err != nil {
		return nil, err
	}
	if c.in.has("KeySpec") == c.in.has("NumberOfBytes") {
		return nil, errValidation("Please specify either number of bytes or key spec.")
	}
	k, m, err := c.dataKeyKey()
	if err != nil {
		return nil, err
	}
	size := map[string]int{"AES_128": 16, "AES_256": 32}[c.in.str("KeySpec")]
	plain := randomSecret(c.in.number("NumberOfBytes", size))
	blob, err := k.sealSymmetric(m, plain, c.in.context("EncryptionContext"))
	if err != nil {
		return nil, err
	}
	c.used(k)
	out := reply{"CiphertextBlob": blob, "KeyId": k.arn, "KeyMaterialId": m.id}
	if c.op.name == "GenerateDataKey" {
		out["Plaintext"] = plain
	}
	return out, nil
}

// dataKeyKey finds the symmetric key that wraps data keys and answers dry
// runs.
func (c *call) dataKeyKey() (*key, *material, error) {
	k, m, err := c.encryptionKey("KeyId", symmetricDefault)
	if err != nil {
		return nil, nil, err
	}
	if c.dryRun() {
		return nil, nil, errDryRun()
	}
	return k, m, nil
}

// generateDataKeyPair is GenerateDataKeyPair and
// GenerateDataKeyPairWithoutPlaintext.
func generateDataKeyPair(c *call) (reply, error) {
	if err := c.noRecipient(); err != nil {
		return nil, err
	}
	spec := c.in.str("KeyPairSpec")
	if s, ok := specs[spec]; !ok || s.size > 0 {
		return nil, fault("UnsupportedOperationException", "This emulator does not make key pairs of key pair spec %s.", spec)
	}
	k, m, err := c.dataKeyKey()
	if err != nil {
		return nil, err
	}
	pair, err := newPairKey(spec)
	if err != nil {
		return nil, err
	}
	plain, err := x509.MarshalPKCS8PrivateKey(pair.private)
	if err != nil {
		return nil, err
	}
	blob, err := k.sealSymmetric(m, plain, c.in.context("EncryptionContext"))
	if err != nil {
		return nil, err
	}
	c.used(k)
	out := reply{"PrivateKeyCiphertextBlob": blob, "PublicKey": pair.spki, "KeyId": k.arn, "KeyPairSpec": spec, "KeyMaterialId": m.id}
	if !strings.HasSuffix(c.op.name, "WithoutPlaintext") {
		out["PrivateKeyPlaintext"] = plain
	}
	return out, nil
}

// generateRandom is GenerateRandom. No length is ValidationException
// (inferred).
func generateRandom(c *call) (reply, error) {
	if err := c.authoriseAccount(); err != nil {
		return nil, err
	}
	if err := c.noRecipient(); err != nil {
		return nil, err
	}
	if c.in.has("CustomKeyStoreId") {
		return nil, fault("CustomKeyStoreNotFoundException", "")
	}
	if !c.in.has("NumberOfBytes") {
		return nil, errValidation("NumberOfBytes must be specified.")
	}
	return reply{"Plaintext": randomSecret(c.in.number("NumberOfBytes", 0))}, nil
}
