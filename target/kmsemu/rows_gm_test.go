package kmsemu

import (
	"bytes"
	"strings"
	"time"
)

const dryRunText = "The request would have succeeded, but the DryRun option is set."

// generates is a row about the tag of one spec: members, length, value. The
// value is compared with an independent computation, through import.
func generates(id, spec string, size int) row {
	return row{id: id, test: func(c *client) {
		message := []byte("some important message")
		a := c.call("GenerateMac", macWith(c.key(create(spec)), spec, message)).ok().members("", "KeyId", "Mac", "MacAlgorithm")
		if got := a.bytes("Mac"); len(got) != size {
			c.t.Fatalf("tag: got %d bytes, want %d", len(got), size)
		}
		a.wants("MacAlgorithm", "HMAC_SHA_"+spec[5:])
		secret := secretOf(size)
		b := c.call("GenerateMac", macWith(c.imported(spec, secret), spec, message)).ok()
		if got, want := b.bytes("Mac"), hmacOf(spec, secret, message); !bytes.Equal(got, want) {
			c.t.Fatalf("tag of %s: got %x, want %x", spec, got, want)
		}
	}}
}

// refused is a row in which a MAC operation gives an error on a key.
func refused(id, op string, prepare func(c *client) string, code string, pattern func(key string) string) row {
	return row{id: id, opt: slowReplicas, test: func(c *client) {
		key := prepare(c)
		req := mac(key)
		if op == "VerifyMac" {
			req["Mac"] = b64(make([]byte, 32))
		}
		c.call(op, req).fails(code, pattern(arnOf("us-east-1", key)))
	}}
}

func is(what string) func(string) string {
	return func(arn string) string { return re("%s is %s.", arn, what) }
}

func disabledKey(c *client) string {
	id := c.hmacKey()
	c.call("DisableKey", in{"KeyId": id}).empty()
	return id
}

func pendingDeletionKey(c *client) string {
	id := c.hmacKey()
	c.call("ScheduleKeyDeletion", in{"KeyId": id}).ok()
	return id
}

func pendingImportKey(c *client) string { return c.external("HMAC_256") }

func (c *client) ofUsage(usage string) string {
	c.t.Helper()
	switch usage {
	case "ENCRYPT_DECRYPT":
		return c.key(in{})
	case "SIGN_VERIFY", "KEY_AGREEMENT":
		return c.key(in{"KeySpec": "ECC_NIST_P256", "KeyUsage": usage})
	}
	return c.hmacKey()
}

// wrongUsage demands the usage error of op on keys of the usages.
func (c *client) wrongUsage(op string, req in, usages ...string) {
	c.t.Helper()
	for _, usage := range usages {
		id := c.ofUsage(usage)
		c.call(op, req.with("KeyId", id)).fails("InvalidKeyUsageException",
			re("%s key usage is %s which is not valid for %s.", arnOf("us-east-1", id), usage, op))
	}
}

// invalidMessages demands the texts for messages of wrong length.
func (c *client) invalidMessages(op string, req in) {
	c.t.Helper()
	const at = "1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length "
	c.call(op, req.with("Message", b64(make([]byte, 4097)))).fails("ValidationException", re(at+"less than or equal to 4096"))
	c.call(op, req.with("Message", "")).fails("ValidationException", re(at+"greater than or equal to 1"))
}

func simple(id string, f func(c *client)) row { return row{id: id, test: f} }

var rowsGM = []row{
	generates("GM-01", "HMAC_224", 28),
	generates("GM-02", "HMAC_256", 32),
	generates("GM-03", "HMAC_384", 48),
	generates("GM-04", "HMAC_512", 64),
	simple("GM-05", func(c *client) {
		id := c.hmacKey()
		c.call("GenerateMac", mac(id)).ok().wants("KeyId", arnOf("us-east-1", id))
	}),
	simple("GM-06", func(c *client) {
		id := c.hmacKey()
		name := c.alias("alias/mac", id)
		for _, n := range []string{name, aliasARN(name)} {
			c.call("GenerateMac", mac(n)).ok().wants("KeyId", arnOf("us-east-1", id))
		}
	}),
	simple("GM-07", func(c *client) {
		id := c.hmacKey()
		if a, b := c.tagOf(mac(id)), c.tagOf(mac(id)); a != b {
			c.t.Fatalf("two tags of one message: %s and %s", a, b)
		}
	}),
	simple("GM-08", func(c *client) {
		id := c.hmacKey()
		if a, b := c.tagOf(macWith(id, "HMAC_256", []byte{0})), c.tagOf(macWith(id, "HMAC_256", []byte{1})); a == b {
			c.t.Fatalf("one tag of two messages: %s", a)
		}
	}),
	simple("GM-09", func(c *client) {
		if a, b := c.tagOf(mac(c.hmacKey())), c.tagOf(mac(c.hmacKey())); a == b {
			c.t.Fatalf("one tag under two keys: %s", a)
		}
	}),
	simple("GM-10", func(c *client) { c.tagOf(macWith(c.hmacKey(), "HMAC_256", []byte{0})) }),
	simple("GM-11", func(c *client) { c.tagOf(macWith(c.hmacKey(), "HMAC_256", make([]byte, 4096))) }),
	simple("GM-12", func(c *client) {
		c.call("GenerateMac", mac(c.hmacKey()).with("Message", b64(make([]byte, 4097)))).fails("ValidationException",
			re("1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length less than or equal to 4096"))
	}),
	simple("GM-13", func(c *client) {
		c.call("GenerateMac", mac(c.hmacKey()).with("Message", "")).fails("ValidationException",
			re("1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length greater than or equal to 1"))
	}),
	simple("GM-14", func(c *client) {
		c.call("GenerateMac", mac(c.hmacKey()).without("Message")).fails("ValidationException", "1 validation error detected: .*at 'message'.*Member must not be null")
	}),
	simple("GM-15", func(c *client) {
		c.call("GenerateMac", mac(c.hmacKey()).with("MacAlgorithm", "INVALID")).fails("ValidationException",
			re("1 validation error detected: Value 'INVALID' at 'macAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512]"))
	}),
	simple("GM-16", func(c *client) {
		c.call("GenerateMac", mac(c.hmacKey()).without("MacAlgorithm")).fails("ValidationException", "1 validation error detected: .*at 'macAlgorithm'.*Member must not be null")
	}),
	simple("GM-17", func(c *client) {
		c.call("GenerateMac", mac(c.hmacKey()).with("MacAlgorithm", "hmac_sha_256")).fails("ValidationException", ".*'hmac_sha_256' at 'macAlgorithm'.*enum value set.*")
	}),
	simple("GM-18", func(c *client) {
		c.call("GenerateMac", mac(c.key(create("HMAC_224")))).fails("InvalidKeyUsageException", re("Algorithm HMAC_SHA_256 is incompatible with key spec HMAC_224."))
	}),
	simple("GM-19", func(c *client) {
		for _, spec := range hmacSpecs {
			id := c.key(create(spec))
			for _, other := range hmacSpecs {
				if req := macWith(id, other, []byte("m")); other != spec {
					c.call("GenerateMac", req).fails("InvalidKeyUsageException", re("Algorithm %s is incompatible with key spec %s.", req["MacAlgorithm"], spec))
				}
			}
		}
	}),
	simple("GM-20", func(c *client) {
		c.call("GenerateMac", mac("key_id")).fails("NotFoundException", re("Invalid keyId 'key_id'"))
	}),
	simple("GM-21", func(c *client) { c.call("GenerateMac", mac(noUUID)).noKey(arnOf("us-east-1", noUUID)) }),
	simple("GM-22", func(c *client) { c.wrongUsage("GenerateMac", mac(""), "ENCRYPT_DECRYPT") }),
	simple("GM-23", func(c *client) { c.wrongUsage("GenerateMac", mac(""), "SIGN_VERIFY", "KEY_AGREEMENT") }),
	simple("GM-24", func(c *client) {
		c.wrongUsage("GenerateMac", mac("").with("MacAlgorithm", "HMAC_SHA_224"), "ENCRYPT_DECRYPT")
	}),
	refused("GM-25", "GenerateMac", disabledKey, "DisabledException", is("disabled")),
	refused("GM-26", "GenerateMac", pendingDeletionKey, "KMSInvalidStateException", is("pending deletion")),
	refused("GM-27", "GenerateMac", func(c *client) string {
		id := c.replica(nil)
		c.call("ScheduleKeyDeletion", in{"KeyId": id}).ok()
		return id
	}, "KMSInvalidStateException", is("pending replica deletion")),
	refused("GM-28", "GenerateMac", pendingImportKey, "KMSInvalidStateException", is("pending import")),
	simple("GM-29", func(c *client) {
		deleted, expired := c.imported("HMAC_256", secretOf(32)), c.external("HMAC_256")
		c.importInto(expired, secretOf(32), in{"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": c.clock.now().Add(time.Hour).Unix()}).ok()
		c.call("DeleteImportedKeyMaterial", in{"KeyId": deleted}).ok()
		c.tagOf(mac(expired))
		c.clock.advance(time.Hour)
		for _, id := range []string{deleted, expired} {
			c.call("GenerateMac", mac(id)).fails("KMSInvalidStateException", is("pending import")(arnOf("us-east-1", id)))
		}
	}),
	{"GM-30", slowReplicas, func(c *client) {
		id := c.replica(nil)
		c.in("us-west-2").call("GenerateMac", mac(id)).fails("KMSInvalidStateException", is("creating")(arnOf("us-west-2", id)))
	}},
	{"GM-31", slowReplicas, func(c *client) {
		id := c.replica(nil)
		c.clock.advance(time.Minute)
		c.call("UpdatePrimaryRegion", in{"KeyId": id, "PrimaryRegion": "us-west-2"}).empty()
		c.call("DescribeKey", in{"KeyId": id}).ok().wants("KeyMetadata.KeyState", "Updating")
		c.tagOf(mac(id))
	}},
	simple("GM-32", func(c *client) {
		c.call("GenerateMac", mac(c.hmacKey()).with("GrantTokens", []string{"garbage"})).fails("InvalidGrantTokenException", ".*")
	}),
	simple("GM-33", func(c *client) {
		c.call("GenerateMac", mac(c.hmacKey()).with("GrantTokens", make11())).fails("ValidationException", "1 validation error detected: .*at 'grantTokens'.*less than or equal to 10")
	}),
	simple("GM-34", func(c *client) { c.tagOf(mac(c.hmacKey()).with("MessageType", "RAW").with("Nonsense", 1)) }),
	simple("GM-35", func(c *client) {
		id := c.hmacKey()
		if a, b := c.tagOf(mac(id)), c.tagOf(mac(id).with("EncryptionContext", in{"a": "b"})); a != b {
			c.t.Fatalf("tag with an encryption context: got %s, want %s", b, a)
		}
	}),
	simple("GM-36", func(c *client) {
		secret, digest := secretOf(32), hmacOf("HMAC_256", nil, nil)
		a := c.call("GenerateMac", macWith(c.imported("HMAC_256", secret), "HMAC_256", digest).with("MessageType", "DIGEST")).ok()
		if want := hmacOf("HMAC_256", secret, digest); !bytes.Equal(a.bytes("Mac"), want) {
			c.t.Fatalf("tag of a digest: got %x, want %x", a.bytes("Mac"), want)
		}
	}),
	simple("GM-37", func(c *client) {
		message := []byte{0, 0xff, 0xfe, 0x80}
		a := c.call("GenerateMac", macWith(c.imported("HMAC_256", secretOf(32)), "HMAC_256", message)).ok()
		if want := hmacOf("HMAC_256", secretOf(32), message); !bytes.Equal(a.bytes("Mac"), want) {
			c.t.Fatalf("tag of a binary message: got %x, want %x", a.bytes("Mac"), want)
		}
	}),
	simple("GM-38", func(c *client) { // RFC 4231, section 4.2 and 4.3
		id := c.imported("HMAC_256", append(bytes.Repeat([]byte{0x0b}, 20), make([]byte, 12)...))
		c.call("GenerateMac", macWith(id, "HMAC_256", []byte("Hi There"))).ok().wants("Mac", b64(unhex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")))
		id = c.imported("HMAC_512", append([]byte("Jefe"), make([]byte, 60)...))
		c.call("GenerateMac", macWith(id, "HMAC_512", []byte("what do ya want for nothing?"))).ok().
			wants("Mac", b64(unhex("164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737")))
	}),
	{"GM-39", twoAccounts, func(c *client) {
		open := `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}`
		id := c.key(create("HMAC_256").with("Policy", open))
		name := c.alias("alias/shared", id)
		other := c.as("OTHER", "other-secret")
		for _, n := range []string{arnOf("us-east-1", id), aliasARN(name)} {
			other.call("GenerateMac", mac(n)).ok().wants("KeyId", arnOf("us-east-1", id))
		}
		other.call("GenerateMac", mac(id)).noKey("arn:aws:kms:us-east-1:111111111111:key/" + id)
		other.call("GenerateMac", mac(name)).fails("NotFoundException", re("Alias arn:aws:kms:us-east-1:111111111111:alias/shared is not found."))
	}},
	{"GM-40", Options{Faults: "KeyUnavailableException=1"}, func(c *client) {
		c.call("GenerateMac", mac(noUUID)).failsWith(500, "KeyUnavailableException", ".*")
	}},
	simple("GM-41", func(c *client) { // declared errors that are nowhere else in this group
		c.call("GenerateMac", mac("arn:aws:kms:us-east-1")).fails("NotFoundException", "Invalid arn .*")
		c.call("GenerateMac", mac(c.hmacKey()).with("DryRun", true)).fails("DryRunOperationException", re(dryRunText))
	}),
}

// twoAccounts has a second account with one caller.
var twoAccounts = Options{Credentials: []Credential{
	{AccessKeyID: "test", SecretAccessKey: "test"},
	{AccessKeyID: "OTHER", SecretAccessKey: "other-secret", AccountID: "111111111111"},
}}

// as returns the same client with other credentials.
func (c *client) as(id, secret string) *client {
	d := *c
	d.id, d.secret = id, secret
	return &d
}

var rowsVM = []row{
	verifiesRow("VM-01", "HMAC_224"), verifiesRow("VM-02", "HMAC_256"), verifiesRow("VM-03", "HMAC_384"), verifiesRow("VM-04", "HMAC_512"),
	simple("VM-05", func(c *client) {
		id := c.hmacKey()
		c.verifies(mac(id), c.tagOf(mac(id))).wants("KeyId", arnOf("us-east-1", id))
	}),
	simple("VM-06", func(c *client) {
		id := c.hmacKey()
		c.call("VerifyMac", mac(id).with("Mac", c.tagOf(mac(id))).with("Message", msg("some different important message"))).fails("KMSInvalidMacException", "-")
	}),
	simple("VM-07", func(c *client) {
		a := c.call("VerifyMac", mac(c.hmacKey()).with("Mac", b64(make([]byte, 32)))).fails("KMSInvalidMacException", "-")
		if len(a.json) != 1 {
			c.t.Fatalf("body: got %s, want only __type", a.body)
		}
	}),
	simple("VM-08", func(c *client) {
		id := c.hmacKey()
		for _, tag := range []string{msg("x"), b64(make([]byte, 32)), b64(make([]byte, 64))} {
			a := c.call("VerifyMac", mac(id).with("Mac", tag))
			if a.status == 200 || a.at("MacValid") != nil {
				c.t.Fatalf("VerifyMac of a wrong tag: got %d %s, want an error", a.status, a.body)
			}
		}
	}),
	simple("VM-09", func(c *client) {
		id := c.hmacKey()
		tag := c.call("GenerateMac", mac(id)).ok().bytes("Mac")
		for i := range len(tag) * 8 {
			bad := bytes.Clone(tag)
			bad[i/8] ^= 1 << (i % 8)
			c.call("VerifyMac", mac(id).with("Mac", b64(bad))).fails("KMSInvalidMacException", ".*")
		}
	}),
	wrongTagRow("VM-10", func(tag []byte) [][]byte { return [][]byte{tag[:len(tag)-1], tag[:16]} }),
	wrongTagRow("VM-11", func(tag []byte) [][]byte { return [][]byte{append(bytes.Clone(tag), 0)} }),
	wrongTagRow("VM-12", func(tag []byte) [][]byte { return [][]byte{tag[:1], make([]byte, 6144)} }),
	simple("VM-13", func(c *client) {
		c.call("VerifyMac", mac(c.hmacKey()).with("Mac", b64(make([]byte, 6145)))).fails("ValidationException", "1 validation error detected: Value.* at 'mac'.*less than or equal to 6144")
	}),
	simple("VM-14", func(c *client) {
		c.call("VerifyMac", mac(c.hmacKey()).with("Mac", "")).fails("ValidationException", "1 validation error detected: Value.* at 'mac'.*greater than or equal to 1")
	}),
	simple("VM-15", func(c *client) {
		c.call("VerifyMac", mac(c.hmacKey())).fails("ValidationException", "1 validation error detected: .*at 'mac'.*must not be null")
	}),
	simple("VM-16", func(c *client) {
		id := c.hmacKey()
		c.call("VerifyMac", mac(id).with("Mac", c.tagOf(mac(id))).with("MacAlgorithm", "HMAC_SHA_512")).
			fails("InvalidKeyUsageException", re("Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256."))
	}),
	simple("VM-17", func(c *client) {
		c.call("VerifyMac", mac(c.hmacKey()).with("Mac", msg("x")).with("MacAlgorithm", "INVALID")).fails("ValidationException",
			re("1 validation error detected: Value 'INVALID' at 'macAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [")+`.*\]`)
	}),
	simple("VM-18", func(c *client) {
		c.call("VerifyMac", mac("key_id").with("Mac", msg("x"))).fails("NotFoundException", re("Invalid keyId 'key_id'"))
	}),
	simple("VM-19", func(c *client) {
		c.call("VerifyMac", mac(c.hmacKey()).with("Mac", c.tagOf(mac(c.hmacKey())))).fails("KMSInvalidMacException", ".*")
	}),
	simple("VM-20", func(c *client) { c.wrongUsage("VerifyMac", mac("").with("Mac", msg("x")), "ENCRYPT_DECRYPT") }),
	simple("VM-21", func(c *client) {
		id := c.hmacKey()
		tag := c.tagOf(mac(id))
		c.call("DisableKey", in{"KeyId": id}).empty()
		c.call("VerifyMac", mac(id).with("Mac", tag)).fails("DisabledException", is("disabled")(arnOf("us-east-1", id)))
	}),
	refused("VM-22", "VerifyMac", disabledKey, "DisabledException", is("disabled")),
	refused("VM-23", "VerifyMac", pendingDeletionKey, "KMSInvalidStateException", is("pending deletion")),
	refused("VM-24", "VerifyMac", pendingImportKey, "KMSInvalidStateException", is("pending import")),
	{"VM-25", slowReplicas, func(c *client) {
		id := c.replica(nil)
		west := c.in("us-west-2")
		tag := c.tagOf(mac(id))
		west.call("VerifyMac", mac(id).with("Mac", tag)).fails("KMSInvalidStateException", is("creating")(arnOf("us-west-2", id)))
		c.clock.advance(time.Minute)
		c.call("UpdatePrimaryRegion", in{"KeyId": id, "PrimaryRegion": "us-west-2"}).empty()
		c.verifies(mac(id), tag)
		west.verifies(mac(id), tag)
	}},
	simple("VM-26", func(c *client) { c.invalidMessages("VerifyMac", mac(c.hmacKey()).with("Mac", msg("x"))) }),
	simple("VM-27", func(c *client) {
		id := c.hmacKey()
		name := c.alias("alias/v", id)
		tag := c.tagOf(mac(id))
		for _, n := range []string{id, arnOf("us-east-1", id), name, aliasARN(name)} {
			c.verifies(mac(n), tag)
		}
	}),
	simple("VM-28", func(c *client) {
		a, b := c.hmacKey(), c.hmacKey()
		name := c.alias("alias/v", a)
		tag := c.tagOf(mac(name))
		c.call("UpdateAlias", in{"AliasName": name, "TargetKeyId": b}).empty()
		c.call("VerifyMac", mac(name).with("Mac", tag)).fails("KMSInvalidMacException", ".*")
	}),
	simple("VM-29", func(c *client) {
		a, b := c.imported("HMAC_256", secretOf(32)), c.imported("HMAC_256", secretOf(32))
		c.verifies(mac(b), c.tagOf(mac(a)))
	}),
	simple("VM-30", func(c *client) {
		id := c.hmacKey()
		c.call("VerifyMac", mac(id).with("Mac", c.tagOf(mac(id))).with("DryRun", true)).fails("DryRunOperationException", re(dryRunText))
	}),
	simple("VM-31", func(c *client) {
		c.call("VerifyMac", mac(c.hmacKey()).with("Mac", msg("x")).with("DryRun", true)).fails("KMSInvalidMacException", ".*")
	}),
	simple("VM-32", func(c *client) {
		c.call("VerifyMac", mac(c.hmacKey()).with("Mac", msg("x")).with("GrantTokens", []string{"garbage"})).fails("InvalidGrantTokenException", ".*")
	}),
}

func verifiesRow(id, spec string) row {
	return row{id: id, test: func(c *client) {
		req := macWith(c.key(create(spec)), spec, []byte("some important message"))
		c.verifies(req, c.tagOf(req)).members("", "KeyId", "MacAlgorithm", "MacValid").wants("MacAlgorithm", req["MacAlgorithm"])
	}}
}

func wrongTagRow(id string, change func(tag []byte) [][]byte) row {
	return row{id: id, test: func(c *client) {
		req := mac(c.hmacKey())
		for _, bad := range change(c.call("GenerateMac", req).ok().bytes("Mac")) {
			c.call("VerifyMac", req.with("Mac", b64(bad))).fails("KMSInvalidMacException", ".*")
		}
	}}
}

var rowsID = []row{
	simple("ID-01", func(c *client) {
		id := c.hmacKey()
		name := c.alias("alias/i", id)
		for _, n := range []string{id, arnOf("us-east-1", id), name, aliasARN(name)} {
			c.verifies(mac(n), c.tagOf(mac(n)))
		}
	}),
	simple("ID-02", func(c *client) {
		c.call("GenerateMac", mac("alias/none")).fails("NotFoundException", re("Alias %s is not found.", aliasARN("alias/none")))
	}),
	simple("ID-03", func(c *client) {
		c.call("DescribeKey", in{"KeyId": arnOf("us-east-1", "alias/aws/sqs")}).fails("NotFoundException", "Invalid keyId alias/aws/sqs")
	}),
	simple("ID-04", func(c *client) {
		c.in("eu-west-1").call("GenerateMac", mac(arnOf("us-east-1", c.hmacKey()))).fails("NotFoundException", "Invalid arn us-east-1")
	}),
	simple("ID-05", func(c *client) {
		name := c.alias("alias/i", c.hmacKey())
		c.in("eu-west-1").call("GenerateMac", mac(aliasARN(name))).fails("NotFoundException", "Invalid arn us-east-1")
	}),
	{"ID-06", twoAccounts, func(c *client) {
		id := arnOf("us-east-1", c.hmacKey())
		other := c.as("OTHER", "other-secret")
		for _, arn := range []string{id, arnOf("us-east-1", noUUID), "arn:aws:kms:us-east-1:999999999999:key/" + noUUID} {
			other.call("GenerateMac", mac(arn)).fails("AccessDeniedException",
				".*because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access")
		}
	}},
	simple("ID-07", func(c *client) {
		for _, arn := range []string{"arn:", "arn:aws:kms:us-east-1:000000000000", "arn:aws:s3:us-east-1:000000000000:key/" + noUUID, "arn:aws:kms:us-east-1:000000000000:nonsense/x"} {
			c.call("GenerateMac", mac(arn)).fails("NotFoundException", re("Invalid arn %s", arn))
		}
		c.call("GenerateMac", mac("arn:aws-cn:kms:us-east-1:000000000000:key/"+noUUID)).fails("NotFoundException", "Invalid arn aws-cn")
	}),
	simple("ID-08", func(c *client) {
		id := strings.ToUpper(c.hmacKey())
		c.call("GenerateMac", mac(id)).noKey(arnOf("us-east-1", id))
	}),
	simple("ID-09", func(c *client) {
		name := c.alias("alias/i", c.hmacKey())
		for _, op := range []string{"EnableKey", "DisableKey", "ScheduleKeyDeletion", "CancelKeyDeletion", "EnableKeyRotation", "GetKeyRotationStatus",
			"DeleteImportedKeyMaterial", "GetKeyPolicy", "ListResourceTags", "ListGrants"} {
			for _, n := range []string{name, aliasARN(name)} {
				c.call(op, in{"KeyId": n}).fails("NotFoundException", re("Invalid keyId '%s'", n))
			}
		}
	}),
	simple("ID-10", func(c *client) {
		c.call("GetKeyLastUsage", in{"KeyId": c.alias("alias/i", c.hmacKey())}).fails("NotFoundException", "Invalid keyId .*")
	}),
	simple("ID-11", func(c *client) { // today's text, with quotes
		c.call("VerifyMac", mac("key_id").with("Mac", msg("x"))).fails("NotFoundException", "Invalid keyId 'key_id'")
	}),
	simple("ID-12", func(c *client) {
		for _, req := range []in{mac("").without("KeyId"), mac("").with("KeyId", nil)} {
			c.call("GenerateMac", req).fails("ValidationException", "1 validation error detected: .*at 'keyId'.*must not be null")
		}
	}),
}
