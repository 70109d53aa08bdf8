package kmsemu

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"slices"
	"time"
)

// keyUse is the last successful cryptographic use of a key.
type keyUse struct {
	operation string
	at        time.Time
	requestID string
}

// macHashes are the hashes of the algorithms (RFC 2104 over FIPS 180-4). Tags
// are made with the standard library, so that the emulator can judge others.
var macHashes = map[string]func() hash.Hash{
	"HMAC_SHA_224": sha256.New224,
	"HMAC_SHA_256": sha256.New,
	"HMAC_SHA_384": sha512.New384,
	"HMAC_SHA_512": sha512.New,
}

// generateMac is GenerateMac. Inferred: the state of the key is checked before
// its usage (section 2 of the behaviour table, steps 6 and 7).
func generateMac(c *call) (reply, error) {
	k, m, err := c.macKey()
	if err != nil {
		return nil, err
	}
	if c.dryRun() {
		return nil, errDryRun()
	}
	alg := c.in.str("MacAlgorithm")
	c.used(k)
	return reply{"KeyId": k.arn, "Mac": c.tag(k, m), "MacAlgorithm": alg}, nil
}

// verifyMac is VerifyMac. A tag that does not fit is an error without a text,
// never MacValid false (rows VM-07, VM-08). Inferred: a dry run with a wrong
// tag says that the tag is wrong (row VM-31).
func verifyMac(c *call) (reply, error) {
	k, m, err := c.macKey()
	if err != nil {
		return nil, err
	}
	if !hmac.Equal(c.tag(k, m), c.in.bytes("Mac")) {
		return nil, fault("KMSInvalidMacException", "")
	}
	if c.dryRun() {
		return nil, errDryRun()
	}
	c.used(k)
	return reply{"KeyId": k.arn, "MacAlgorithm": c.in.str("MacAlgorithm"), "MacValid": true}, nil
}

// macKey finds the key of a MAC operation and checks it.
func (c *call) macKey() (*key, *material, error) {
	k, m, err := c.cryptoKey("KeyId", usageMAC)
	if err != nil {
		return nil, nil, err
	}
	if err := c.algorithm(k, c.in.str("MacAlgorithm")); err != nil {
		return nil, nil, err
	}
	return k, m, nil
}

// cryptoKey finds the key that the member names and checks that it can be
// used: state, then usage. Order as in section 2 of the behaviour table.
func (c *call) cryptoKey(memberName, usage string) (*key, *material, error) {
	k, s, err := c.find(c.in.str(memberName), keyOrAlias)
	if err != nil {
		return nil, nil, err
	}
	if err := c.usable(k, s); err != nil {
		return nil, nil, err
	}
	if k.usage != usage && !(c.wrong(usageNotChecked) && usage == usageMAC && k.spec == symmetricDefault) {
		return nil, nil, errUsage(k.arn, k.usage, c.op.name)
	}
	if s.material == nil && usage != usageMAC { // under a deviation; MACs then have a key of zeros
		return nil, nil, usableStates.check(k, pendingImport)
	}
	return k, s.material, nil
}

// usable checks the state of a key for cryptography.
func (c *call) usable(k *key, s *keyState) error {
	isMAC := c.op.name == "GenerateMac" || c.op.name == "VerifyMac"
	switch {
	case s.state == disabled && isMAC && (c.wrong(disabledStillMACs) || c.wrong(disabledStillVerifies) && c.op.name == "VerifyMac"):
		return nil
	case s.state == pendingDeletion && isMAC && c.wrong(pendingDeletionStillMACs) && s.material != nil:
		return nil
	case s.state == pendingImport && isMAC && c.wrong(pendingImportStillMACs):
		return nil
	case s.state == pendingDeletion && c.wrong(disabledBeforePending) && s.wasDisabled:
		return errDisabled(k.arn)
	}
	return usableStates.check(k, s.state)
}

// algorithm checks that alg fits the key spec (rows GM-18, VM-16).
func (c *call) algorithm(k *key, alg string) error {
	if c.wrong(algorithmNotChecked) || c.wrong(usageNotChecked) && !k.isMAC() {
		return nil
	}
	if c.wrong(anyAlgorithm) && macHashes[alg] == nil && k.isMAC() {
		return fault("InvalidKeyUsageException", "The MAC algorithm %s is not supported.", alg)
	}
	if _, list := k.algorithms(); !slices.Contains(list, alg) {
		return errAlgorithm(alg, k.spec)
	}
	return nil
}

// tag computes the tag of the message. Under a deviation a key may have no
// material: then it is a key of zeros.
func (c *call) tag(k *key, m *material) []byte {
	var secret []byte
	if m != nil {
		secret = m.secret
	}
	if c.wrong(fakeTag) {
		secret = []byte(k.id)
	}
	h := hmac.New(macHashes[c.in.str("MacAlgorithm")], secret)
	h.Write(c.in.bytes("Message"))
	return h.Sum(nil)
}

// used remembers the last successful use (row OB-04).
func (c *call) used(k *key) {
	k.lastUse.Store(&keyUse{c.op.name, c.now, c.requestID})
}

// dryRun reports whether the request is a dry run.
func (c *call) dryRun() bool { return c.in.bool("DryRun") && !c.wrong(dryRunIgnored) }
