package kmsemu

import (
	"strings"
	"time"
)

const userARN = "arn:aws:iam::000000000000:user/u"

// grantsOf returns the number of grants of a key.
func (c *client) grantsOf(id string, want int) *answer {
	c.t.Helper()
	a := c.call("ListGrants", in{"KeyId": id}).ok()
	if got := len(a.list("Grants")); got != want {
		c.t.Fatalf("grants: got %d, want %d", got, want)
	}
	return a
}

// withUser has a user who may do nothing but by key policy or grant.
func withUser(more Options) Options {
	more.Credentials = []Credential{
		{AccessKeyID: "test", SecretAccessKey: "test"},
		{AccessKeyID: "USER", SecretAccessKey: "user-secret", Principal: userARN, Policy: `{"Statement":[]}`},
	}
	return more
}

func (c *client) user() *client { return c.as("USER", "user-secret") }

var rowsGR = []row{
	simple("GR-01", func(c *client) {
		c.call("CreateGrant", grantReq.with("KeyId", "invalid")).fails("NotFoundException", "Invalid keyId 'invalid'")
	}),
	simple("GR-02", func(c *client) {
		c.call("ListGrants", in{"KeyId": "invalid"}).fails("NotFoundException", "Invalid keyId 'invalid'")
	}),
	simple("GR-03", func(c *client) {
		a := c.call("CreateGrant", grantReq.with("KeyId", c.hmacKey())).ok().members("", "GrantId", "GrantToken")
		if len(unhex(a.str("GrantId"))) != 32 || len(a.str("GrantToken")) < 1 {
			c.t.Fatalf("grant: got %s", a.body)
		}
	}),
	simple("GR-04", func(c *client) {
		ops := []string{"GenerateMac", "VerifyMac", "DescribeKey", "CreateGrant", "RetireGrant"}
		c.call("CreateGrant", grantReq.with("KeyId", c.hmacKey()).with("Operations", ops)).ok()
	}),
	badGrant("GR-05", create("HMAC_256"), in{"Operations": []string{"Encrypt"}}),
	badGrant("GR-06", in{}, in{"Operations": []string{"GenerateMac"}}),
	badGrant("GR-07", create("HMAC_256"), in{"Constraints": in{"EncryptionContextEquals": in{"a": "b"}}}),
	simple("GR-08", func(c *client) {
		c.call("CreateGrant", grantReq.with("KeyId", c.hmacKey()).with("Constraints", in{"SourceArn": "arn:aws:s3:::000000000000:bucket"})).fails("ValidationException", ".*sourceArn.*")
		c.call("CreateGrant", grantReq.with("KeyId", c.hmacKey()).with("Constraints", in{"SourceArn": "arn:aws:lambda:us-east-1:000000000000:function:f"})).ok()
	}),
	simple("GR-09", func(c *client) {
		c.call("CreateGrant", grantReq.with("KeyId", c.hmacKey()).with("Operations", []string{"Bogus"})).fails("ValidationException",
			re("1 validation error detected: Value '[Bogus]' at 'operations' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [")+`.*\]\]`)
	}),
	simple("GR-10", func(c *client) {
		c.call("CreateGrant", grantReq.with("KeyId", c.hmacKey()).without("GranteePrincipal")).fails("ValidationException", ".+")
	}),
	simple("GR-11", func(c *client) {
		id := c.hmacKey()
		req := grantReq.with("KeyId", id).with("Name", "n")
		a, b := c.call("CreateGrant", req).ok(), c.call("CreateGrant", req).ok()
		if a.str("GrantId") != b.str("GrantId") || a.str("GrantToken") == b.str("GrantToken") {
			c.t.Fatalf("the same grant again: got %s and %s, want one id and two tokens", a.body, b.body)
		}
		other := c.call("CreateGrant", req.with("RetiringPrincipal", userARN)).ok()
		if a.str("GrantId") == other.str("GrantId") {
			c.t.Fatalf("other terms under the same name: got the same grant")
		}
		c.grantsOf(id, 2)
	}),
	simple("GR-12", func(c *client) {
		a, b := c.hmacKey(), c.hmacKey()
		x := c.call("CreateGrant", grantReq.with("KeyId", a).with("Name", "n")).ok()
		if y := c.call("CreateGrant", grantReq.with("KeyId", b).with("Name", "n")).ok(); x.str("GrantId") == y.str("GrantId") {
			c.t.Fatalf("one grant on two keys")
		}
		c.grantsOf(a, 1)
		c.grantsOf(b, 1)
	}),
	simple("GR-13", func(c *client) {
		id := c.hmacKey()
		g := c.call("CreateGrant", grantReq.with("KeyId", id)).ok()
		e := &answer{t: c.t, op: "ListGrants", json: c.grantsOf(id, 1).list("Grants")[0].(map[string]any)}
		e.members("", "CreationDate", "GrantId", "GranteePrincipal", "IssuingAccount", "KeyId", "Name", "Operations").
			wants("KeyId", arnOf("us-east-1", id)).wants("Name", "").wants("GrantId", g.str("GrantId")).
			wants("GranteePrincipal", userARN).wants("Operations", []string{"GenerateMac"})
	}),
	simple("GR-14", func(c *client) {
		id := c.hmacKey()
		g := c.call("CreateGrant", grantReq.with("KeyId", id)).ok().str("GrantId")
		c.call("RevokeGrant", in{"KeyId": id, "GrantId": g}).empty()
		c.grantsOf(id, 0)
	}),
	simple("GR-15", func(c *client) {
		id := c.hmacKey()
		g := c.call("CreateGrant", grantReq.with("KeyId", id)).ok().str("GrantToken")
		c.call("RetireGrant", in{"GrantToken": g}).empty()
		c.grantsOf(id, 0)
		c.call("RetireGrant", in{"GrantToken": g}).fails("InvalidGrantTokenException", ".*")
	}),
	simple("GR-16", func(c *client) {
		id := c.hmacKey()
		g := c.call("CreateGrant", grantReq.with("KeyId", id)).ok().str("GrantId")
		c.call("RetireGrant", in{"GrantId": g}).fails("ValidationException", ".+")
		c.call("RetireGrant", in{"KeyId": arnOf("us-east-1", id), "GrantId": g}).empty()
		c.grantsOf(id, 0)
	}),
	simple("GR-17", func(c *client) {
		c.call("RevokeGrant", in{"KeyId": c.hmacKey(), "GrantId": strings.Repeat("a", 64)}).fails("NotFoundException", ".*")
	}),
	{"GR-18", withUser(Options{Consistency: 5 * time.Minute}), func(c *client) {
		id := c.hmacKey()
		c.clock.advance(5 * time.Minute)
		c.call("CreateGrant", grantReq.with("KeyId", id)).ok()
		c.user().call("GenerateMac", mac(id)).fails("AccessDeniedException", ".*")
		c.clock.advance(5 * time.Minute)
		c.user().tagOf(mac(id))
		c.user().call("VerifyMac", mac(id).with("Mac", msg("x"))).fails("AccessDeniedException", ".*")
	}},
	{"GR-19", withUser(Options{Consistency: 5 * time.Minute}), func(c *client) {
		id := c.hmacKey()
		c.clock.advance(5 * time.Minute)
		token := c.call("CreateGrant", grantReq.with("KeyId", id)).ok().str("GrantToken")
		c.user().tagOf(mac(id).with("GrantTokens", []string{token}))
	}},
	simple("GR-20", func(c *client) {
		id := c.hmacKey()
		e := c.handler.(*Emulator)
		if e.grantLimit != 50_000 {
			c.t.Fatalf("grants of a key: limit %d, want 50,000", e.grantLimit)
		}
		e.grantLimit = 1 // 50,000 requests would take long
		c.call("CreateGrant", grantReq.with("KeyId", id)).ok()
		c.call("CreateGrant", grantReq.with("KeyId", id)).fails("LimitExceededException", ".*")
	}),
	simple("GR-21", func(c *client) {
		c.call("CreateGrant", grantReq.with("KeyId", c.alias("alias/g", c.hmacKey()))).fails("NotFoundException", "Invalid keyId .*")
	}),
	simple("GR-22", func(c *client) {
		id := c.hmacKey()
		c.call("CreateGrant", grantReq.with("KeyId", id).with("DryRun", true)).fails("DryRunOperationException", re(dryRunText))
		c.grantsOf(id, 0)
		g := c.call("CreateGrant", grantReq.with("KeyId", id)).ok()
		c.call("RetireGrant", in{"GrantToken": g.str("GrantToken"), "DryRun": true}).fails("DryRunOperationException", re(dryRunText))
		c.call("RevokeGrant", in{"KeyId": id, "GrantId": g.str("GrantId"), "DryRun": true}).fails("DryRunOperationException", re(dryRunText))
		c.grantsOf(id, 1)
	}),
}

func badGrant(id string, key, change in) row {
	return row{id: id, test: func(c *client) {
		c.call("CreateGrant", grantReq.with("KeyId", c.key(key)).merged(change)).fails("ValidationException", ".+")
	}}
}

const macPolicy = `{"Statement":[
	{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"kms:*","Resource":"*"},
	{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:user/u"},"Action":["kms:GenerateMac","kms:VerifyMac"],"Resource":"*",
	 "Condition":{"StringEquals":{"kms:MacAlgorithm":"HMAC_SHA_256"}}}]}`

// createPolicy is an identity policy with conditions on new keys.
const createPolicy = `{"Statement":{"Effect":"Allow","Action":"kms:CreateKey","Resource":"*","Condition":{
	"StringEquals":{"kms:KeySpec":"HMAC_256","kms:KeyUsage":"GENERATE_VERIFY_MAC"},"StringNotEquals":{"kms:KeyOrigin":"EXTERNAL"},"Bool":{"kms:MultiRegion":"false"}}}}`

var rowsPO = []row{
	simple("PO-01", func(c *client) {
		c.call("ListKeyPolicies", in{"KeyId": c.hmacKey()}).ok().wants("PolicyNames", []string{"default"}).wants("Truncated", false)
	}),
	simple("PO-02", func(c *client) {
		doc := `{"Version":"2012-10-17","Statement":[{"Sid":"s","Effect":"Allow","Principal":"*","Action":["kms:*"],"Resource":"*"}]}`
		got := c.call("GetKeyPolicy", in{"KeyId": c.key(create("HMAC_256").with("Policy", doc)), "PolicyName": "default"}).ok().
			members("", "Policy", "PolicyName").str("Policy")
		want := "{\n  \"Version\" : \"2012-10-17\",\n  \"Statement\" : [ {\n    \"Sid\" : \"s\",\n    \"Effect\" : \"Allow\",\n    \"Principal\" : \"*\",\n    \"Action\" : [ \"kms:*\" ],\n    \"Resource\" : \"*\"\n  } ]\n}"
		if got != want {
			c.t.Fatalf("policy: got %q, want %q", got, want)
		}
	}),
	simple("PO-03", func(c *client) { c.call("GetKeyPolicy", in{"KeyId": c.hmacKey()}).ok().wants("PolicyName", "default") }),
	simple("PO-04", func(c *client) {
		c.call("GetKeyPolicy", in{"KeyId": c.hmacKey(), "PolicyName": "other"}).fails("NotFoundException", "No such policy exists")
	}),
	simple("PO-05", func(c *client) {
		id := c.hmacKey()
		c.call("PutKeyPolicy", in{"KeyId": id, "Policy": openPolicy}).empty()
		if got := c.policyOf(id); got != `{"Statement":[{"Action":"kms:*","Effect":"Allow","Principal":"*","Resource":"*"}]}` {
			c.t.Fatalf("policy: got %s", got)
		}
	}),
	simple("PO-06", func(c *client) {
		id := c.hmacKey()
		c.call("PutKeyPolicy", in{"KeyId": id, "Policy": lockedOut}).fails("MalformedPolicyDocumentException", re("The new key policy will not allow you to update the key policy in the future."))
		c.call("PutKeyPolicy", in{"KeyId": id, "Policy": lockedOut, "BypassPolicyLockoutSafetyCheck": true}).empty()
	}),
	simple("PO-07", func(c *client) {
		for _, doc := range []string{"{", "[]", `{"Statement":[{"Effect":"Maybe"}]}`, `{"Version":"2012-10-17"}`} {
			c.call("PutKeyPolicy", in{"KeyId": c.hmacKey(), "Policy": doc}).fails("MalformedPolicyDocumentException", ".*")
		}
	}),
	{"PO-08", withUser(Options{}), func(c *client) {
		a, b := c.key(create("HMAC_256").with("Policy", macPolicy)), c.key(create("HMAC_512").with("Policy", macPolicy))
		c.user().verifies(mac(a), c.user().tagOf(mac(a)))
		c.user().call("GenerateMac", macWith(b, "HMAC_512", []byte("m"))).fails("AccessDeniedException", ".*kms:GenerateMac.*")
	}},
	{"PO-09", Options{Credentials: []Credential{{AccessKeyID: "test", SecretAccessKey: "test", Principal: userARN, Policy: createPolicy}}}, func(c *client) {
		c.hmacKey()
		for _, req := range []in{create("HMAC_512"), create("HMAC_256").with("Origin", "EXTERNAL"), create("HMAC_256").with("MultiRegion", true), {}} {
			c.call("CreateKey", req).fails("AccessDeniedException", re("User: %s is not authorized to perform: kms:CreateKey because no identity-based policy allows the kms:CreateKey action", userARN))
		}
	}},
	{"PO-10", withUser(Options{}), func(c *client) {
		id := c.hmacKey()
		c.user().call("GenerateMac", mac(id)).fails("AccessDeniedException",
			re("User: %s is not authorized to perform: kms:GenerateMac on resource: %s because no identity-based policy allows the kms:GenerateMac action", userARN, arnOf("us-east-1", id)))
	}},
	{"PO-11", withUser(Options{}), func(c *client) {
		doc := strings.Replace(macPolicy, "kms:MacAlgorithm", "kms:EncryptionContext:a", 1)
		c.user().call("GenerateMac", mac(c.key(create("HMAC_256").with("Policy", doc))).with("EncryptionContext", in{"a": "HMAC_SHA_256"})).
			fails("AccessDeniedException", ".*")
	}},
}

var rowsDR = []row{
	dryRun("DR-01", in{}, "GenerateDataKeyPair", in{"KeyPairSpec": "ECC_NIST_P256"}),
	dryRun("DR-02", in{}, "GenerateDataKeyPairWithoutPlaintext", in{"KeyPairSpec": "ECC_NIST_P256"}),
	dryRun("DR-03", create("HMAC_256"), "GenerateMac", mac("")),
	{"DR-04", withUser(Options{}), func(c *client) {
		c.user().call("GenerateMac", mac(c.hmacKey()).with("DryRun", true)).fails("AccessDeniedException", ".*")
	}},
	simple("DR-05", func(c *client) {
		c.call("GenerateMac", mac(c.hmacKey()).with("DryRun", true).with("MacAlgorithm", "X")).fails("ValidationException", ".*")
	}),
	simple("DR-06", func(c *client) {
		c.call("GenerateMac", mac(disabledKey(c)).with("DryRun", true)).fails("DisabledException", ".*")
	}),
	simple("DR-07", func(c *client) {
		c.call("GenerateMac", macWith(c.hmacKey(), "HMAC_512", []byte("m")).with("DryRun", true)).fails("InvalidKeyUsageException", ".*")
	}),
	simple("DR-08", func(c *client) {
		id := c.hmacKey()
		c.verifies(mac(id), c.tagOf(mac(id).with("DryRun", false))).wants("KeyId", arnOf("us-east-1", id))
	}),
	simple("DR-09", func(c *client) {
		for op, req := range map[string]in{"GenerateMac": mac(c.hmacKey()), "Encrypt": {"KeyId": c.key(in{}), "Plaintext": msg("p")},
			"GenerateDataKey": {"KeyId": c.key(in{}), "KeySpec": "AES_256"}, "Sign": {"KeyId": c.ofUsage("SIGN_VERIFY"), "Message": msg("m"), "SigningAlgorithm": "ECDSA_SHA_256"}} {
			c.call(op, req.with("DryRun", true)).fails("DryRunOperationException", re(dryRunText))
		}
	}),
	{"DR-10", Options{Quota: "us-east-1"}, func(c *client) { // the same bucket as without it
		id := c.hmacKey()
		c.drain("GenerateMac", 100_000)
		c.call("GenerateMac", mac(id).with("DryRun", true)).fails("ThrottlingException", ".*")
	}},
	simple("DR-11", func(c *client) {
		id := c.key(create("HMAC_256").with("DryRun", true))
		c.call("DescribeKey", in{"KeyId": id, "DryRun": true}).ok()
		c.call("DisableKey", in{"KeyId": id, "DryRun": true}).empty()
		c.state(id, "Disabled")
	}),
}

func dryRun(id string, key in, op string, req in) row {
	return row{id: id, test: func(c *client) {
		c.call(op, req.with("KeyId", c.key(key)).with("DryRun", true)).fails("DryRunOperationException", re(dryRunText))
	}}
}
