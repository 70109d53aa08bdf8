package kmsemu

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"hash"
	"time"
)

// secretOf is n bytes of material.
func secretOf(n int) []byte { return bytes.Repeat([]byte{7}, n) }

// parameters asks for import parameters.
func (c *client) parameters(id, alg, size string) *answer {
	c.t.Helper()
	return c.call("GetParametersForImport", in{"KeyId": id, "WrappingAlgorithm": alg, "WrappingKeySpec": size}).ok()
}

// wrap encrypts material as the parameters say.
func (c *client) wrap(p *answer, alg string, secret []byte) string {
	c.t.Helper()
	public, err := x509.ParsePKIXPublicKey(p.bytes("PublicKey"))
	if err != nil {
		c.t.Fatalf("PublicKey: %v", err)
	}
	var h hash.Hash = sha256.New()
	if alg == "RSAES_OAEP_SHA_1" {
		h = sha1.New()
	}
	wrapped, err := rsa.EncryptOAEP(h, rand.Reader, public.(*rsa.PublicKey), secret, nil)
	if err != nil {
		c.t.Fatalf("wrapping: %v", err)
	}
	return b64(wrapped)
}

// importRequest builds an ImportKeyMaterial request; more replaces the default
// of material that does not expire.
func (c *client) importRequest(id string, secret []byte, more in) in {
	c.t.Helper()
	const alg = "RSAES_OAEP_SHA_256"
	p := c.parameters(id, alg, "RSA_2048")
	req := in{"KeyId": id, "ImportToken": p.str("ImportToken"), "EncryptedKeyMaterial": c.wrap(p, alg, secret),
		"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
	for k, v := range more {
		req[k] = v
		if v == nil {
			delete(req, k)
		}
	}
	return req
}

// importInto imports and returns the answer.
func (c *client) importInto(id string, secret []byte, more in) *answer {
	c.t.Helper()
	return c.call("ImportKeyMaterial", c.importRequest(id, secret, more))
}

// external makes an EXTERNAL key without material.
func (c *client) external(spec string) string {
	c.t.Helper()
	return c.key(create(spec).with("Origin", "EXTERNAL"))
}

// imported makes a key with imported material.
func (c *client) imported(spec string, secret []byte) string {
	c.t.Helper()
	id := c.external(spec)
	c.importInto(id, secret, nil).ok()
	return id
}

// stateKey is a key in a state.
type stateKey struct{ id, state string }

// keyInEveryState makes HMAC keys in all states that a key can be put in
// without waiting. The emulator must have a ReplicaDelay for Creating and
// Updating, which are left out otherwise.
func (c *client) keyInEveryState() []stateKey {
	c.t.Helper()
	off, gone := c.hmacKey(), c.hmacKey()
	c.call("DisableKey", in{"KeyId": off}).empty()
	c.call("ScheduleKeyDeletion", in{"KeyId": gone}).ok()
	primary := c.key(create("HMAC_256").with("MultiRegion", true))
	c.call("ReplicateKey", in{"KeyId": primary, "ReplicaRegion": "us-west-2"}).ok()
	c.call("ScheduleKeyDeletion", in{"KeyId": primary}).ok()
	return []stateKey{{c.hmacKey(), "Enabled"}, {off, "Disabled"}, {gone, "PendingDeletion"},
		{c.external("HMAC_256"), "PendingImport"}, {primary, "PendingReplicaDeletion"}}
}

// replica makes a multi-Region key in us-east-1 with a replica in us-west-2.
func (c *client) replica(more in) string {
	c.t.Helper()
	req := create("HMAC_256").with("MultiRegion", true)
	for k, v := range more {
		req[k] = v
	}
	id := c.key(req)
	c.call("ReplicateKey", in{"KeyId": id, "ReplicaRegion": "us-west-2"}).ok()
	return id
}

// slowReplicas are options under which Creating and Updating last.
var slowReplicas = Options{ReplicaDelay: time.Minute}

var stdHashes = map[string]func() hash.Hash{"HMAC_224": sha256.New224, "HMAC_256": sha256.New, "HMAC_384": sha512.New384, "HMAC_512": sha512.New}

// hmacOf computes a tag without the emulator.
func hmacOf(spec string, secret, message []byte) []byte {
	h := hmac.New(stdHashes[spec], secret)
	h.Write(message)
	return h.Sum(nil)
}

// macWith is a GenerateMac request.
func macWith(id, spec string, message []byte) in {
	return in{"KeyId": id, "Message": b64(message), "MacAlgorithm": "HMAC_SHA_" + spec[len("HMAC_"):]}
}

// verifies demands that VerifyMac takes the tag.
func (c *client) verifies(req in, tag string) *answer {
	c.t.Helper()
	return c.call("VerifyMac", req.with("Mac", tag)).ok().wants("MacValid", true)
}

// tagOf generates a tag and returns it in Base64.
func (c *client) tagOf(req in) string {
	c.t.Helper()
	return c.call("GenerateMac", req).ok().str("Mac")
}
