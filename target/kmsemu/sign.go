package kmsemu

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of the signing algorithms
	_ "crypto/sha512"
	"crypto/x509"
	"strings"
)

// sign is Sign.
func sign(c *call) (reply, error) {
	k, pair, digest, opts, err := c.signing()
	if err != nil {
		return nil, err
	}
	if c.dryRun() {
		return nil, errDryRun()
	}
	signature, err := pair.private.Sign(rand.Reader, digest, opts)
	if err != nil {
		return nil, err
	}
	c.used(k)
	return reply{"KeyId": k.arn, "Signature": signature, "SigningAlgorithm": c.in.str("SigningAlgorithm")}, nil
}

// verify is Verify.
func verify(c *call) (reply, error) {
	k, pair, digest, opts, err := c.signing()
	if err != nil {
		return nil, err
	}
	if !verified(pair.private.Public(), digest, c.in.bytes("Signature"), opts) {
		return nil, fault("KMSInvalidSignatureException", "")
	}
	if c.dryRun() {
		return nil, errDryRun()
	}
	c.used(k)
	return reply{"KeyId": k.arn, "SignatureValid": true, "SigningAlgorithm": c.in.str("SigningAlgorithm")}, nil
}

// signing finds the key of Sign and Verify and the digest of the message.
func (c *call) signing() (*key, *pairKey, []byte, crypto.SignerOpts, error) {
	k, m, err := c.cryptoKey("KeyId", usageSign)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	alg := c.in.str("SigningAlgorithm")
	if err := c.algorithm(k, alg); err != nil {
		return nil, nil, nil, nil, err
	}
	hash := signingHash(alg)
	digest := c.in.bytes("Message")
	switch c.in.str("MessageType") {
	case "DIGEST":
		if len(digest) != hash.Size() {
			return nil, nil, nil, nil, errValidation("Digest is invalid length for algorithm " + alg + ".")
		}
	case "EXTERNAL_MU":
		return nil, nil, nil, nil, errValidation("MessageType EXTERNAL_MU is not valid for algorithm " + alg + ".")
	default:
		h := hash.New()
		h.Write(digest)
		digest = h.Sum(nil)
	}
	pair, err := c.pair(k, m)
	var opts crypto.SignerOpts = hash
	if strings.Contains(alg, "_PSS_") {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
	}
	return k, pair, digest, opts, err
}

func signingHash(alg string) crypto.Hash {
	switch {
	case strings.HasSuffix(alg, "_384"):
		return crypto.SHA384
	case strings.HasSuffix(alg, "_512"):
		return crypto.SHA512
	}
	return crypto.SHA256
}

func verified(public crypto.PublicKey, digest, signature []byte, opts crypto.SignerOpts) bool {
	switch p := public.(type) {
	case *rsa.PublicKey:
		if pss, ok := opts.(*rsa.PSSOptions); ok {
			return rsa.VerifyPSS(p, pss.Hash, digest, signature, pss) == nil
		}
		return rsa.VerifyPKCS1v15(p, opts.HashFunc(), digest, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(p, digest, signature)
	}
	return false
}

// getPublicKey is GetPublicKey. A key without a public key is
// UnsupportedOperationException without a text (inferred, row KU-14).
func getPublicKey(c *call) (reply, error) {
	k, s, err := c.find(c.in.str("KeyId"), keyOrAlias)
	if err != nil {
		return nil, err
	}
	if err := usableStates.check(k, s.state); err != nil {
		return nil, err
	}
	if specs[k.spec].size > 0 {
		return nil, fault("UnsupportedOperationException", "")
	}
	pair, err := c.pair(k, s.material)
	if err != nil {
		return nil, err
	}
	out := reply{"KeyId": k.arn, "PublicKey": pair.spki, "CustomerMasterKeySpec": k.spec, "KeySpec": k.spec, "KeyUsage": k.usage}
	name, list := k.algorithms()
	out[name] = list
	return out, nil
}

// deriveSharedSecret is DeriveSharedSecret.
func deriveSharedSecret(c *call) (reply, error) {
	if err := c.noRecipient(); err != nil {
		return nil, err
	}
	k, m, err := c.cryptoKey("KeyId", usageAgree)
	if err != nil {
		return nil, err
	}
	pair, err := c.pair(k, m)
	if err != nil {
		return nil, err
	}
	secret, ok := agree(pair.private, c.in.bytes("PublicKey"))
	if !ok {
		return nil, errValidation("The public key is not valid for key spec " + k.spec + ".")
	}
	if c.dryRun() {
		return nil, errDryRun()
	}
	c.used(k)
	return reply{"KeyId": k.arn, "SharedSecret": secret, "KeyAgreementAlgorithm": "ECDH", "KeyOrigin": k.origin}, nil
}

func agree(private crypto.Signer, spki []byte) ([]byte, bool) {
	public, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, false
	}
	peer, ok := public.(*ecdsa.PublicKey)
	own, mine := private.(*ecdsa.PrivateKey)
	if !ok || !mine {
		return nil, false
	}
	a, err := own.ECDH()
	if err != nil {
		return nil, false
	}
	b, err := peer.ECDH()
	if err != nil {
		return nil, false
	}
	secret, err := a.ECDH(b)
	return secret, err == nil
}
