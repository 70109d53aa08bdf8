package kmsemu

import (
	"crypto/rsa"
	"crypto/x509"
	"regexp"
	"strings"
	"time"
)

// imports is a row in which material of the exact length is imported.
func imports(id, spec string, size int) row {
	return row{id: id, test: func(c *client) {
		key := c.external(spec)
		c.importInto(key, secretOf(size), nil).ok().wants("KeyId", arnOf("us-east-1", key))
		c.state(key, "Enabled").wants("KeyMetadata.ExpirationModel", "KEY_MATERIAL_DOES_NOT_EXPIRE")
	}}
}

// wrongLength is a row in which material of other lengths is refused.
func wrongLength(id string, sizes ...int) row {
	return row{id: id, test: func(c *client) {
		key := c.external("HMAC_256")
		for _, n := range sizes {
			c.importInto(key, secretOf(n), nil).fails("IncorrectKeyMaterialException", ".*")
		}
		c.state(key, "PendingImport")
		c.importInto(key, secretOf(32), nil).ok()
	}}
}

// badImport is a row in which one change to a good request is refused, and the
// request without it taken.
func badImport(id, code, pattern string, change func(c *client) in) row {
	return row{id: id, test: func(c *client) {
		key := c.external("HMAC_256")
		req := c.importRequest(key, secretOf(32), nil)
		c.call("ImportKeyMaterial", req.merged(change(c))).fails(code, pattern)
		c.call("ImportKeyMaterial", req).ok()
	}}
}

var rowsIM = []row{
	simple("IM-01", func(c *client) {
		id := c.hmacKey()
		c.call("GetParametersForImport", in{"KeyId": id, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}).
			fails("UnsupportedOperationException", re("%s origin is AWS_KMS which is not valid for this operation.", arnOf("us-east-1", id)))
	}),
	simple("IM-02", func(c *client) {
		id := c.external("HMAC_256")
		c.parameters(id, "RSAES_OAEP_SHA_256", "RSA_4096").members("", "ImportToken", "KeyId", "ParametersValidTo", "PublicKey").
			wants("KeyId", arnOf("us-east-1", id))
	}),
	simple("IM-03", func(c *client) {
		for size, bits := range map[string]int{"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096} {
			public, err := x509.ParsePKIXPublicKey(c.parameters(c.external("HMAC_256"), "RSAES_OAEP_SHA_256", size).bytes("PublicKey"))
			if err != nil {
				c.t.Fatalf("PublicKey: %v", err)
			}
			if got := public.(*rsa.PublicKey).N.BitLen(); got != bits {
				c.t.Fatalf("PublicKey of %s: got %d bits", size, got)
			}
		}
	}),
	simple("IM-04", func(c *client) {
		got := c.parameters(c.external("HMAC_256"), "RSAES_OAEP_SHA_256", "RSA_2048").number("ParametersValidTo")
		if want := float64(c.clock.now().Add(24 * time.Hour).Unix()); got != want {
			c.t.Fatalf("ParametersValidTo: got %v, want %v", got, want)
		}
	}),
	simple("IM-05", func(c *client) {
		for _, size := range []string{"RSA_2048", "RSA_3072"} {
			id := c.external("HMAC_256")
			p := c.parameters(id, "RSAES_OAEP_SHA_1", size)
			c.call("ImportKeyMaterial", in{"KeyId": id, "ImportToken": p.str("ImportToken"), "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
				"EncryptedKeyMaterial": c.wrap(p, "RSAES_OAEP_SHA_1", secretOf(32))}).ok()
		}
	}),
	badWrapping("IM-06", "RSAES_PKCS1_V1_5"),
	badWrapping("IM-07", "RSA_AES_KEY_WRAP_SHA_256"),
	simple("IM-08", func(c *client) {
		name := c.alias("alias/i", c.external("HMAC_256"))
		c.call("GetParametersForImport", in{"KeyId": name, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}).fails("NotFoundException", ".*")
	}),
	simple("IM-09", func(c *client) {
		req := in{"KeyId": c.external("HMAC_256"), "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
		c.call("GetParametersForImport", req.with("WrappingAlgorithm", "X")).fails("ValidationException", "1 validation error detected: Value 'X' at 'wrappingAlgorithm' .*enum value set.*")
		c.call("GetParametersForImport", req.with("WrappingKeySpec", "X")).fails("ValidationException", "1 validation error detected: Value 'X' at 'wrappingKeySpec' .*enum value set.*")
	}),
	{"IM-10", Options{Consistency: time.Second}, func(c *client) {
		id := c.external("HMAC_256")
		req := in{"KeyId": id, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
		c.call("GetParametersForImport", req).noKey(arnOf("us-east-1", id))
		c.clock.advance(time.Second)
		c.call("GetParametersForImport", req).ok()
	}},
	imports("IM-11", "HMAC_224", 28), imports("IM-12", "HMAC_256", 32), imports("IM-13", "HMAC_384", 48), imports("IM-14", "HMAC_512", 64),
	wrongLength("IM-15", 33, 64, 128), wrongLength("IM-16", 1, 20, 31), wrongLength("IM-17", 129, 131),
	simple("IM-18", func(c *client) {
		c.importInto(c.external("HMAC_256"), secretOf(32), in{"ExpirationModel": nil}).
			fails("ValidationException", "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES")
	}),
	simple("IM-19", func(c *client) {
		req := c.importRequest(c.external("HMAC_256"), secretOf(32), nil)
		c.call("ImportKeyMaterial", req.without("ExpirationModel")).fails("ValidationException", ".*")
		c.call("ImportKeyMaterial", req).ok()
	}),
	badImport("IM-20", "ValidationException", ".+", func(c *client) in { return in{"ValidTo": c.clock.now().Add(time.Hour).Unix()} }),
	badImport("IM-21", "ValidationException", ".+", func(c *client) in {
		return in{"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": c.clock.now().Unix()}
	}),
	badImport("IM-22", "ValidationException", ".+", func(c *client) in {
		return in{"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": c.clock.now().Add(365*24*time.Hour + time.Second).Unix()}
	}),
	simple("IM-23", func(c *client) {
		id := c.external("HMAC_256")
		c.importInto(id, secretOf(32), nil).ok().members("", "KeyId").wants("KeyId", arnOf("us-east-1", id))
		sym := c.key(in{"Origin": "EXTERNAL"})
		c.importInto(sym, secretOf(32), nil).ok().members("", "KeyId", "KeyMaterialId")
	}),
	simple("IM-24", func(c *client) {
		for _, more := range []in{{"ImportType": "NEW_KEY_MATERIAL"}, {"KeyMaterialDescription": "d"}, {"KeyMaterialId": strings.Repeat("a", 64)}} {
			c.importInto(c.external("HMAC_256"), secretOf(32), more).fails("UnsupportedOperationException", ".*")
		}
	}),
	simple("IM-25", func(c *client) { c.importInto(c.imported("HMAC_256", secretOf(32)), secretOf(32), nil).ok() }),
	simple("IM-26", func(c *client) {
		id := c.imported("HMAC_256", secretOf(32))
		other := append(secretOf(31), 8)
		c.importInto(id, other, nil).fails("IncorrectKeyMaterialException", ".*")
		c.call("DeleteImportedKeyMaterial", in{"KeyId": id}).ok()
		c.importInto(id, other, nil).fails("IncorrectKeyMaterialException", ".*")
		c.importInto(id, secretOf(32), nil).ok()
	}),
	badImport("IM-27", "InvalidImportTokenException", ".*", func(c *client) in {
		return in{"ImportToken": c.parameters(c.external("HMAC_256"), "RSAES_OAEP_SHA_256", "RSA_2048").str("ImportToken")}
	}),
	simple("IM-28", func(c *client) {
		id := c.external("HMAC_256")
		req := c.importRequest(id, secretOf(32), nil)
		c.clock.advance(24 * time.Hour)
		c.call("ImportKeyMaterial", req).fails("ExpiredImportTokenException", ".*")
		c.importInto(id, secretOf(32), nil).ok()
	}),
	badImport("IM-29", "InvalidCiphertextException", ".*", func(c *client) in {
		other := c.parameters(c.external("HMAC_256"), "RSAES_OAEP_SHA_256", "RSA_3072")
		return in{"EncryptedKeyMaterial": c.wrap(other, "RSAES_OAEP_SHA_256", secretOf(32))}
	}),
	simple("IM-30", func(c *client) {
		id := c.hmacKey()
		c.call("ImportKeyMaterial", in{"KeyId": id, "ImportToken": msg("t"), "EncryptedKeyMaterial": msg("m"), "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}).
			fails("UnsupportedOperationException", re("%s origin is AWS_KMS which is not valid for this operation.", arnOf("us-east-1", id)))
	}),
	simple("IM-31", func(c *client) {
		req := in{"KeyId": c.external("HMAC_256"), "ImportToken": msg("t"), "EncryptedKeyMaterial": msg("m"), "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
		for _, member := range []string{"ImportToken", "EncryptedKeyMaterial"} {
			c.call("ImportKeyMaterial", req.with(member, "")).fails("ValidationException", "1 validation error detected: Value.*"+lowerFirst(member)+".*greater than or equal to 1")
			c.call("ImportKeyMaterial", req.with(member, b64(make([]byte, 6145)))).fails("ValidationException", "1 validation error detected: Value.*"+lowerFirst(member)+".*less than or equal to 6144")
		}
	}),
	simple("IM-33", func(c *client) {
		for spec, n := range map[string]int{"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64} {
			id := c.imported(spec, secretOf(n))
			req := macWith(id, spec, []byte("m"))
			c.call("GenerateMac", req).ok().wants("KeyId", arnOf("us-east-1", id))
			c.verifies(req, b64(hmacOf(spec, secretOf(n), []byte("m")))).wants("KeyId", arnOf("us-east-1", id))
		}
	}),
	simple("IM-34", func(c *client) {
		id := c.imported("HMAC_256", secretOf(32))
		c.call("DeleteImportedKeyMaterial", in{"KeyId": id}).ok().wants("KeyId", arnOf("us-east-1", id))
		c.state(id, "PendingImport").wants("KeyMetadata.ExpirationModel", nil).wants("KeyMetadata.MacAlgorithms", []string{"HMAC_SHA_256"})
	}),
	simple("IM-35", func(c *client) {
		id := c.hmacKey()
		c.call("DeleteImportedKeyMaterial", in{"KeyId": id}).fails("UnsupportedOperationException", re("%s origin is AWS_KMS which is not valid for this operation.", arnOf("us-east-1", id)))
	}),
	simple("IM-36", func(c *client) {
		id := c.external("HMAC_256")
		c.importInto(id, secretOf(32), in{"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": c.clock.now().Add(time.Hour).Unix()}).ok()
		c.clock.advance(time.Hour - time.Second)
		c.state(id, "Enabled")
		c.clock.advance(time.Second)
		c.state(id, "PendingImport").wants("KeyMetadata.ValidTo", nil)
	}),
	simple("IM-37", func(c *client) {
		a, b := c.imported("HMAC_256", secretOf(32)), c.imported("HMAC_256", secretOf(32))
		if x, y := c.tagOf(mac(a)), c.tagOf(mac(b)); x != y {
			c.t.Fatalf("tags under the same material: %s and %s", x, y)
		}
	}),
	simple("IM-38", func(c *client) { c.imported("HMAC_256", make([]byte, 32)) }),
}

func badWrapping(id, alg string) row {
	return row{id: id, test: func(c *client) {
		c.call("GetParametersForImport", in{"KeyId": c.external("HMAC_256"), "WrappingAlgorithm": alg, "WrappingKeySpec": "RSA_2048"}).
			fails("UnsupportedOperationException", ".*")
	}}
}

func west(id string) string { return arnOf("us-west-2", id) }

var rowsMR = []row{
	simple("MR-01", func(c *client) {
		a := c.call("CreateKey", create("HMAC_256").with("MultiRegion", true)).ok().wants("KeyMetadata.MultiRegion", true)
		id := a.str("KeyMetadata.KeyId")
		if !regexp.MustCompile("^mrk-[0-9a-f]{32}$").MatchString(id) {
			c.t.Fatalf("KeyId: got %q, want mrk- and 32 digits", id)
		}
		a.wants("KeyMetadata.MultiRegionConfiguration", in{"MultiRegionKeyType": "PRIMARY", "ReplicaKeys": []any{},
			"PrimaryKey": in{"Arn": arnOf("us-east-1", id), "Region": "us-east-1"}})
	}),
	simple("MR-02", func(c *client) {
		id := c.key(create("HMAC_256").with("MultiRegion", true))
		c.in("us-west-2").call("DescribeKey", in{"KeyId": id}).noKey(west(id))
	}),
	simple("MR-03", func(c *client) {
		id := c.key(create("HMAC_256").with("MultiRegion", true))
		c.call("ReplicateKey", in{"KeyId": id, "ReplicaRegion": "us-west-2"}).ok().members("", "ReplicaKeyMetadata", "ReplicaPolicy").
			wants("ReplicaKeyMetadata.KeyState", "Creating").wants("ReplicaKeyMetadata.Enabled", false).
			wants("ReplicaKeyMetadata.Arn", west(id)).wants("ReplicaKeyMetadata.MultiRegionConfiguration", in{"MultiRegionKeyType": "REPLICA",
			"PrimaryKey":  in{"Arn": arnOf("us-east-1", id), "Region": "us-east-1"},
			"ReplicaKeys": []in{{"Arn": west(id), "Region": "us-west-2"}}})
	}),
	simple("MR-04", func(c *client) {
		c.in("us-west-2").call("DescribeKey", in{"KeyId": c.replica(in{"Description": "of the primary"})}).ok().wants("KeyMetadata.Description", "")
	}),
	simple("MR-05", func(c *client) {
		open := `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}`
		if got := c.in("us-west-2").policyOf(c.replica(in{"Policy": open})); !strings.Contains(got, "key-default-1") {
			c.t.Fatalf("policy of the replica: got %s, want the default", got)
		}
	}),
	{"MR-06", slowReplicas, func(c *client) {
		id := c.replica(nil)
		c.in("us-west-2").state(id, "Creating")
		c.clock.advance(time.Minute)
		c.in("us-west-2").state(id, "Enabled").wants("KeyMetadata.Arn", west(id)).wants("KeyMetadata.KeyId", id)
	}},
	simple("MR-07", func(c *client) {
		id := c.replica(nil)
		c.call("DescribeKey", in{"KeyId": id}).ok().wants("KeyMetadata.MultiRegionConfiguration.ReplicaKeys", []in{{"Arn": west(id), "Region": "us-west-2"}})
	}),
	simple("MR-08", func(c *client) {
		id := c.replica(nil)
		c.in("us-west-2").call("ReplicateKey", in{"KeyId": id, "ReplicaRegion": "eu-west-1"}).
			fails("UnsupportedOperationException", re("%s is not a multi-region primary key.", west(id)))
	}),
	simple("MR-09", func(c *client) {
		c.call("ReplicateKey", in{"KeyId": c.hmacKey(), "ReplicaRegion": "us-west-2"}).fails("UnsupportedOperationException", ".* is not a multi-region primary key\\.")
	}),
	simple("MR-10", func(c *client) {
		c.call("ReplicateKey", in{"KeyId": c.replica(nil), "ReplicaRegion": "us-west-2"}).fails("AlreadyExistsException", ".*")
	}),
	simple("MR-11", func(c *client) {
		id := c.key(create("HMAC_256").with("MultiRegion", true))
		for _, region := range []string{"nowhere", "us-nowhere-9", "us-east-1", "cn-north-1"} {
			c.call("ReplicateKey", in{"KeyId": id, "ReplicaRegion": region}).fails("ValidationException", ".+")
		}
	}),
	simple("MR-12", func(c *client) {
		id := c.replica(nil)
		c.in("us-west-2").verifies(mac(id), c.tagOf(mac(id)))
	}),
	simple("MR-13", func(c *client) {
		id := c.replica(nil)
		c.in("us-west-2").call("GenerateMac", mac(id)).ok().wants("KeyId", west(id))
	}),
	simple("MR-14", func(c *client) {
		id := c.replica(in{"Tags": tags("a", "b")})
		c.alias("alias/m", id)
		c.call("DisableKey", in{"KeyId": id}).empty()
		c.call("UpdateKeyDescription", in{"KeyId": id, "Description": "d"}).empty()
		w := c.in("us-west-2")
		w.tagOf(mac(id))
		w.call("DescribeKey", in{"KeyId": id}).ok().wants("KeyMetadata.Description", "")
		w.call("ListResourceTags", in{"KeyId": id}).ok().wants("Tags", []any{})
		w.call("ListAliases", in{"KeyId": id}).ok().wants("Aliases", []any{})
	}),
	simple("MR-15", func(c *client) {
		id := c.key(create("HMAC_256").with("MultiRegion", true).with("Origin", "EXTERNAL"))
		c.importInto(id, secretOf(32), nil).ok()
		c.call("ReplicateKey", in{"KeyId": id, "ReplicaRegion": "us-west-2"}).ok()
		w := c.in("us-west-2")
		w.state(id, "PendingImport")
		w.importInto(id, append(secretOf(31), 8), nil).fails("IncorrectKeyMaterialException", ".*")
		w.importInto(id, secretOf(32), nil).ok()
		w.verifies(mac(id), c.tagOf(mac(id)))
	}),
	simple("MR-16", func(c *client) {
		id := c.replica(nil)
		c.call("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 7}).ok().members("", "KeyId", "KeyState", "PendingWindowInDays").
			wants("KeyState", "PendingReplicaDeletion")
		// The primary's own waiting period begins when the last replica is gone.
		c.in("us-west-2").call("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 7}).ok()
		c.clock.advance(7 * 24 * time.Hour)
		c.in("us-west-2").call("DescribeKey", in{"KeyId": id}).noKey(west(id))
		c.state(id, "PendingDeletion")
		c.clock.advance(7 * 24 * time.Hour)
		c.call("DescribeKey", in{"KeyId": id}).noKey(arnOf("us-east-1", id))
	}),
	simple("MR-17", func(c *client) {
		id := c.replica(nil)
		c.call("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 9}).ok()
		c.call("DescribeKey", in{"KeyId": id}).ok().wants("KeyMetadata.PendingDeletionWindowInDays", 9).wants("KeyMetadata.DeletionDate", nil)
	}),
	{"MR-18", slowReplicas, func(c *client) {
		id, w := c.replica(nil), c.in("us-west-2")
		c.clock.advance(time.Minute)
		c.call("UpdatePrimaryRegion", in{"KeyId": id, "PrimaryRegion": "us-west-2"}).empty()
		for _, r := range []*client{c, w} {
			r.call("DescribeKey", in{"KeyId": id}).ok().wants("KeyMetadata.KeyState", "Updating")
			r.tagOf(mac(id))
		}
		c.clock.advance(time.Minute)
		c.state(id, "Enabled").wants("KeyMetadata.MultiRegionConfiguration.MultiRegionKeyType", "REPLICA")
		w.state(id, "Enabled").wants("KeyMetadata.MultiRegionConfiguration.MultiRegionKeyType", "PRIMARY")
		w.call("UpdatePrimaryRegion", in{"KeyId": id, "PrimaryRegion": "eu-west-1"}).fails("NotFoundException", ".*")
	}},
	simple("MR-19", func(c *client) {
		c.call("CreateKey", in{"MultiRegion": true, "Origin": "AWS_CLOUDHSM"}).fails("UnsupportedOperationException", ".*")
	}),
	simple("MR-20", func(c *client) {
		c.call("UpdatePrimaryRegion", in{"KeyId": c.hmacKey(), "PrimaryRegion": "us-west-2"}).fails("UnsupportedOperationException", ".*")
	}),
}
