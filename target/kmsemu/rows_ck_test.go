package kmsemu

import (
	"strings"
)

const usageRule = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."

func create(spec string) in { return in{"KeySpec": spec, "KeyUsage": "GENERATE_VERIFY_MAC"} }

func rowCK(id string, f func(c *client)) row { return row{id: id, test: f} }

// incompatible is the row of a usage that does not fit a spec.
func incompatible(id, spec, usage string) row {
	return row{id: id, test: func(c *client) {
		req := in{"KeyUsage": usage}
		if spec != "SYMMETRIC_DEFAULT" {
			req["KeySpec"] = spec
		}
		c.call("CreateKey", req).fails("ValidationException", re("KeyUsage %s is not compatible with KeySpec %s", usage, spec))
	}}
}

func macAlgorithms1(id, spec, alg string) row {
	return row{id: id, test: func(c *client) {
		c.call("CreateKey", create(spec)).ok().wants("KeyMetadata.MacAlgorithms", []string{alg})
	}}
}

func tags(pairs ...string) []in {
	var out []in
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, in{"TagKey": pairs[i], "TagValue": pairs[i+1]})
	}
	return out
}

func manyTags(n int) []in {
	var out []in
	for i := range n {
		out = append(out, in{"TagKey": "k" + strings.Repeat("x", i), "TagValue": "v"})
	}
	return out
}

const lockedOut = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:user/other"},"Action":"kms:DescribeKey","Resource":"*"}]}`

var rowsCK = []row{
	rowCK("CK-01", func(c *client) {
		c.call("CreateKey", create("HMAC_256").with("Description", "test key")).ok().members("", "KeyMetadata").members("KeyMetadata",
			"AWSAccountId", "Arn", "CreationDate", "CustomerMasterKeySpec", "Description", "Enabled", "KeyId", "KeyManager", "KeySpec",
			"KeyState", "KeyUsage", "MacAlgorithms", "MultiRegion", "Origin").wants("KeyMetadata.Description", "test key").
			wants("KeyMetadata.KeyUsage", "GENERATE_VERIFY_MAC").wants("KeyMetadata.KeySpec", "HMAC_256").wants("KeyMetadata.AWSAccountId", "000000000000")
	}),
	rowCK("CK-02", func(c *client) {
		a := c.call("CreateKey", create("HMAC_256")).ok()
		for _, absent := range []string{"CurrentKeyMaterialId", "EncryptionAlgorithms", "SigningAlgorithms", "KeyAgreementAlgorithms",
			"ExpirationModel", "ValidTo", "DeletionDate", "MultiRegionConfiguration", "CustomKeyStoreId", "CloudHsmClusterId",
			"XksKeyConfiguration", "PendingDeletionWindowInDays"} {
			if strings.Contains(string(a.body), absent) {
				c.t.Fatalf("member %s: got %s, want it absent", absent, a.body)
			}
		}
		if id := c.call("CreateKey", in{}).ok().str("KeyMetadata.CurrentKeyMaterialId"); len(id) != 64 {
			c.t.Fatalf("CurrentKeyMaterialId of a symmetric key: got %q, want 64 digits", id)
		}
	}),
	macAlgorithms1("CK-03", "HMAC_224", "HMAC_SHA_224"),
	macAlgorithms1("CK-04", "HMAC_256", "HMAC_SHA_256"),
	macAlgorithms1("CK-05", "HMAC_384", "HMAC_SHA_384"),
	macAlgorithms1("CK-06", "HMAC_512", "HMAC_SHA_512"),
	rowCK("CK-07", func(c *client) {
		for _, spec := range hmacSpecs {
			c.call("CreateKey", create(spec)).ok().wants("KeyMetadata.CustomerMasterKeySpec", spec)
		}
	}),
	rowCK("CK-08", func(c *client) {
		a := c.call("CreateKey", create("HMAC_256")).ok()
		id := a.str("KeyMetadata.KeyId")
		if !headerUUID.MatchString(id) {
			c.t.Fatalf("KeyId: got %q, want a lower-case UUID", id)
		}
		a.wants("KeyMetadata.Arn", arnOf("us-east-1", id))
		china := c.in("cn-north-1").call("CreateKey", create("HMAC_256")).ok()
		china.wants("KeyMetadata.Arn", "arn:aws-cn:kms:cn-north-1:000000000000:key/"+china.str("KeyMetadata.KeyId"))
	}),
	rowCK("CK-09", func(c *client) { c.call("CreateKey", create("HMAC_256")).ok().wants("KeyMetadata.Description", "") }),
	rowCK("CK-10", func(c *client) { c.call("CreateKey", create("HMAC_256")).ok().wants("KeyMetadata.Origin", "AWS_KMS") }),
	rowCK("CK-11", func(c *client) {
		c.call("CreateKey", create("HMAC_256")).ok().wants("KeyMetadata.MultiRegion", false).wants("KeyMetadata.MultiRegionConfiguration", nil)
	}),
	rowCK("CK-12", func(c *client) {
		c.call("CreateKey", create("HMAC_256")).ok().wants("KeyMetadata.Enabled", true).wants("KeyMetadata.KeyState", "Enabled")
	}),
	rowCK("CK-13", func(c *client) {
		c.call("CreateKey", create("HMAC_256")).ok().wants("KeyMetadata.KeyManager", "CUSTOMER")
	}),
	rowCK("CK-14", func(c *client) {
		got := c.call("CreateKey", create("HMAC_256")).ok().number("KeyMetadata.CreationDate")
		if want := float64(c.clock.now().Unix()); got != want {
			c.t.Fatalf("CreationDate: got %v, want %v", got, want)
		}
	}),
	rowCK("CK-15", func(c *client) {
		for _, spec := range hmacSpecs {
			c.call("CreateKey", in{"KeySpec": spec}).fails("ValidationException", re(usageRule))
		}
	}),
	rowCK("CK-16", func(c *client) {
		c.call("CreateKey", in{"KeySpec": "HMAC_random"}).fails("ValidationException",
			re("1 validation error detected: Value 'HMAC_random' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: [")+`.*HMAC_224.*HMAC_256.*HMAC_384.*HMAC_512.*\]`)
	}),
	rowCK("CK-17", func(c *client) {
		c.call("CreateKey", in{"KeySpec": "HMAC_256", "KeyUsage": "RANDOM"}).fails("ValidationException",
			re("1 validation error detected: Value 'RANDOM' at 'keyUsage' failed to satisfy constraint: Member must satisfy enum value set: [")+`.*GENERATE_VERIFY_MAC.*\]`)
	}),
	rowCK("CK-18", func(c *client) {
		c.call("CreateKey", in{"KeySpec": "HMAC_1"}).fails("ValidationException", `1 validation error detected: .* at 'keySpec' .*`)
	}),
	incompatible("CK-19", "RSA_2048", "KEY_AGREEMENT"),
	incompatible("CK-20", "HMAC_256", "ENCRYPT_DECRYPT"),
	incompatible("CK-21", "HMAC_256", "SIGN_VERIFY"),
	incompatible("CK-22", "HMAC_512", "KEY_AGREEMENT"),
	incompatible("CK-23", "SYMMETRIC_DEFAULT", "GENERATE_VERIFY_MAC"),
	rowCK("CK-24", func(c *client) {
		for _, spec := range []string{"RSA_2048", "ECC_NIST_P256"} {
			c.call("CreateKey", create(spec)).fails("ValidationException", re("KeyUsage GENERATE_VERIFY_MAC is not compatible with KeySpec %s", spec))
		}
	}),
	rowCK("CK-25", func(c *client) {
		c.call("CreateKey", in{"CustomerMasterKeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}).ok().
			wants("KeyMetadata.KeySpec", "HMAC_256").wants("KeyMetadata.MacAlgorithms", []string{"HMAC_SHA_256"})
	}),
	rowCK("CK-26", func(c *client) {
		c.call("CreateKey", create("HMAC_256").with("CustomerMasterKeySpec", "HMAC_256")).fails("ValidationException", ".+")
	}),
	rowCK("CK-27", func(c *client) {
		c.call("CreateKey", create("hmac_256")).fails("ValidationException", `1 validation error detected: Value 'hmac_256' at 'keySpec' .*enum value set.*`)
	}),
	rowCK("CK-28", func(c *client) {
		c.call("CreateKey", create("HMAC_256").with("Description", strings.Repeat("é", 8192))).ok()
		c.call("CreateKey", create("HMAC_256").with("Description", strings.Repeat("é", 8193))).
			fails("ValidationException", `1 validation error detected: Value .*at 'description' failed to satisfy constraint: Member must have length less than or equal to 8192`)
	}),
	rowCK("CK-29", func(c *client) {
		doc := c.policyOf(c.hmacKey())
		want := `{"Id":"key-default-1","Statement":[{"Action":"kms:*","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Resource":"*","Sid":"Enable IAM User Permissions"}],"Version":"2012-10-17"}`
		if doc != want {
			c.t.Fatalf("default policy: got %s, want %s", doc, want)
		}
	}),
	rowCK("CK-30", func(c *client) {
		c.call("CreateKey", create("HMAC_256").with("Policy", lockedOut)).fails("MalformedPolicyDocumentException",
			re("The new key policy will not allow you to update the key policy in the future."))
	}),
	rowCK("CK-31", func(c *client) {
		c.call("CreateKey", create("HMAC_256").with("Policy", lockedOut).with("BypassPolicyLockoutSafetyCheck", true)).ok()
	}),
	{"CK-32", Options{Credentials: []Credential{{AccessKeyID: "test", SecretAccessKey: "test"}}}, func(c *client) {
		doc := strings.Replace(lockedOut, `"Statement":[`, `"Statement":[{"Effect":"Allow","Principal":{"AWS":"000000000000"},"Action":"kms:*","Resource":"*"},`, 1)
		c.call("CreateKey", create("HMAC_256").with("Policy", doc)).fails("MalformedPolicyDocumentException", ".+")
	}},
	rowCK("CK-33", func(c *client) {
		pad := func(n int) string {
			doc := `{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}`
			return strings.Repeat(" ", n-len(doc)) + doc
		}
		c.call("CreateKey", create("HMAC_256").with("Policy", pad(32768))).ok()
		c.call("CreateKey", create("HMAC_256").with("Policy", pad(32769))).fails("LimitExceededException", "-")
		c.call("CreateKey", create("HMAC_256").with("Policy", pad(131073))).fails("ValidationException", `1 validation error detected: .*at 'policy'.*131072`)
	}),
	rowCK("CK-34", func(c *client) {
		list := tags("tag1", "v1", "tag2", "v2", "tag3", "v3")
		c.call("ListResourceTags", in{"KeyId": c.key(create("HMAC_256").with("Tags", list))}).ok().wants("Tags", list)
	}),
	rowCK("CK-35", func(c *client) {
		c.call("CreateKey", create("HMAC_256").with("Tags", manyTags(50))).ok()
		c.call("CreateKey", create("HMAC_256").with("Tags", manyTags(51))).fails("TagException", "Too many tags")
	}),
	rowCK("CK-36", func(c *client) {
		for _, prefix := range []string{"aws:", "AWS:"} {
			c.call("CreateKey", create("HMAC_256").with("Tags", tags(prefix+"x", "v"))).fails("TagException", "Tags beginning with aws: are reserved")
		}
	}),
	rowCK("CK-37", func(c *client) {
		name := strings.Repeat("k", 129)
		c.call("CreateKey", create("HMAC_256").with("Tags", tags(name, "v"))).fails("ValidationException",
			re("1 validation error detected: Value '%s' at 'tags.1.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 128", name))
	}),
	rowCK("CK-38", func(c *client) {
		value := strings.Repeat("v", 257)
		c.call("CreateKey", create("HMAC_256").with("Tags", tags("k", value))).fails("ValidationException",
			re("1 validation error detected: Value '%s' at 'tags.1.member.tagValue' failed to satisfy constraint: Member must have length less than or equal to 256", value))
	}),
	rowCK("CK-39", func(c *client) {
		c.call("CreateKey", create("HMAC_256").with("Origin", "EXTERNAL")).ok().wants("KeyMetadata.KeyState", "PendingImport").
			wants("KeyMetadata.Enabled", false).wants("KeyMetadata.MacAlgorithms", []string{"HMAC_SHA_256"}).wants("KeyMetadata.ExpirationModel", nil)
	}),
	rowCK("CK-40", func(c *client) {
		for _, origin := range []string{"AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"} {
			c.call("CreateKey", create("HMAC_256").with("Origin", origin)).fails("UnsupportedOperationException", ".*")
		}
	}),
	rowCK("CK-42", func(c *client) {
		id := c.key(create("HMAC_256").with("AliasName", "alias/x").with("Alias", "alias/x"))
		c.call("ListAliases", in{"KeyId": id}).ok().wants("Aliases", []any{})
	}),
	rowCK("CK-43", func(c *client) {
		for _, op := range []string{"UpdateKey", "UpdateKeySpec", "PutKeyUsage", "UpdateKeyUsage"} {
			c.call(op, in{"KeyId": c.hmacKey()}).fails("UnknownOperationException", "-")
		}
	}),
	rowCK("CK-44", func(c *client) {
		if a, b := c.hmacKey(), c.hmacKey(); a == b {
			c.t.Fatalf("two keys with the id %s", a)
		}
	}),
	{"CK-45", Options{MaxKeys: 2}, func(c *client) {
		c.hmacKey()
		c.hmacKey()
		c.call("CreateKey", create("HMAC_256")).fails("LimitExceededException", ".*")
		c.in("eu-west-1").hmacKey()
	}},
	rowCK("CK-46", func(c *client) { // a sample of the declared errors, each reachable
		c.call("CreateKey", in{"CustomKeyStoreId": "cks-1"}).fails("CustomKeyStoreNotFoundException", "-")
		c.call("CreateKey", in{"Policy": "{"}).fails("MalformedPolicyDocumentException", ".*")
		c.call("CreateKey", in{"Tags": tags("a", "", "a", "")}).fails("TagException", ".*")
	}),
}
