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
	eventID   string
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
	if c.in.bool("DryRun") {
		return nil, errDryRun()
	}
	alg := c.in.str("MacAlgorithm")
	c.used(k)
	return reply{"KeyId": k.arn, "Mac": computeTag(alg, m.secret, c.in.bytes("Message")), "MacAlgorithm": alg}, nil
}

// verifyMac is VerifyMac. A tag that does not fit is an error without a text,
// never MacValid false (rows VM-07, VM-08). Inferred: a dry run with a wrong
// tag says that the tag is wrong (row VM-31).
func verifyMac(c *call) (reply, error) {
	k, m, err := c.macKey()
	if err != nil {
		return nil, err
	}
	alg := c.in.str("MacAlgorithm")
	if !hmac.Equal(computeTag(alg, m.secret, c.in.bytes("Message")), c.in.bytes("Mac")) {
		return nil, fault("KMSInvalidMacException", "")
	}
	if c.in.bool("DryRun") {
		return nil, errDryRun()
	}
	c.used(k)
	return reply{"KeyId": k.arn, "MacAlgorithm": alg, "MacValid": true}, nil
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
	if err := usableStates.check(k, s.state); err != nil {
		return nil, nil, err
	}
	if k.usage != usage {
		return nil, nil, errUsage(k.arn, k.usage, c.op.name)
	}
	return k, s.material, nil
}

// algorithm checks that alg fits the key spec (rows GM-18, VM-16).
func (c *call) algorithm(k *key, alg string) error {
	if _, list := k.algorithms(); !slices.Contains(list, alg) {
		return errAlgorithm(alg, k.spec)
	}
	return nil
}

func computeTag(alg string, secret, message []byte) []byte {
	h := hmac.New(macHashes[alg], secret)
	h.Write(message)
	return h.Sum(nil)
}

// used remembers the last successful use (row OB-04).
func (c *call) used(k *key) {
	k.lastUse.Store(&keyUse{c.op.name, c.now, c.requestID, newUUID()})
}
