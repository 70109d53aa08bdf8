package kmsemu

import (
	"encoding/hex"
	"time"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// inState is a row in which operations on keys in a state give its error.
func inState(id string, prepare func(c *client) string, code, what string, ops map[string]in) row {
	return row{id: id, opt: slowReplicas, test: func(c *client) {
		for op, req := range ops {
			key := prepare(c)
			member := "KeyId"
			if op == "CreateAlias" || op == "UpdateAlias" {
				member = "TargetKeyId"
			}
			c.call(op, req.with(member, key)).fails(code, is(what)(arnOf("us-east-1", key)))
		}
	}}
}

var (
	switches = map[string]in{"EnableKey": {}, "DisableKey": {}}
	grantReq = in{"GranteePrincipal": "arn:aws:iam::000000000000:user/u", "Operations": []string{"GenerateMac"}}
)

const invalidState = "KMSInvalidStateException"

// creatingKey makes a replica in us-east-1 that stays Creating.
func creatingKey(c *client) string {
	west := c.in("us-west-2")
	id := west.key(create("HMAC_256").with("MultiRegion", true))
	west.call("ReplicateKey", in{"KeyId": id, "ReplicaRegion": "us-east-1"}).ok()
	return id
}

// updatingKey makes a primary in us-east-1 that stays Updating.
func updatingKey(c *client) string {
	west := c.in("us-west-2")
	id := west.key(create("HMAC_256").with("MultiRegion", true))
	west.call("ReplicateKey", in{"KeyId": id, "ReplicaRegion": "us-east-1"}).ok()
	c.clock.advance(time.Minute)
	west.call("UpdatePrimaryRegion", in{"KeyId": id, "PrimaryRegion": "us-east-1"}).empty()
	return id
}

var rowsKS = []row{
	simple("KS-01", func(c *client) {
		id := c.hmacKey()
		c.call("DisableKey", in{"KeyId": id}).empty()
		c.state(id, "Disabled")
	}),
	simple("KS-02", func(c *client) {
		id := disabledKey(c)
		c.call("EnableKey", in{"KeyId": id}).empty()
		c.state(id, "Enabled")
		c.tagOf(mac(id))
	}),
	simple("KS-03", func(c *client) {
		id := c.hmacKey()
		c.call("EnableKey", in{"KeyId": id}).empty()
		c.state(id, "Enabled")
	}),
	simple("KS-04", func(c *client) { c.call("DisableKey", in{"KeyId": disabledKey(c)}).empty() }),
	inState("KS-05", pendingDeletionKey, invalidState, "pending deletion", switches),
	inState("KS-06", pendingImportKey, invalidState, "pending import", switches),
	inState("KS-07", creatingKey, invalidState, "creating", switches),
	inState("KS-08", updatingKey, invalidState, "updating", switches),
	{"KS-09", slowReplicas, func(c *client) {
		id := pendingDeletionKey(c)
		c.call("CreateAlias", in{"AliasName": "alias/k", "TargetKeyId": id}).fails(invalidState, is("pending deletion")(arnOf("us-east-1", id)))
		for name, key := range map[string]string{"alias/d": disabledKey(c), "alias/i": pendingImportKey(c), "alias/c": creatingKey(c)} {
			c.alias(name, key)
		}
	}},
	inState("KS-10", disabledKey, "DisabledException", "disabled", map[string]in{"CreateGrant": grantReq}),
	inState("KS-11", pendingDeletionKey, invalidState, "pending deletion", map[string]in{"CreateGrant": grantReq}),
	inState("KS-12", pendingImportKey, invalidState, "pending import", map[string]in{"CreateGrant": grantReq}),
	inState("KS-13", creatingKey, invalidState, "creating", map[string]in{"CreateGrant": grantReq}),
	simple("KS-14", func(c *client) {
		for _, key := range c.keyInEveryState() {
			for _, op := range []string{"DescribeKey", "GetKeyPolicy", "ListAliases", "ListGrants", "ListKeyPolicies", "ListResourceTags"} {
				c.call(op, in{"KeyId": key.id}).ok()
			}
			c.call("PutKeyPolicy", in{"KeyId": key.id, "PolicyName": "default", "Policy": c.call("GetKeyPolicy", in{"KeyId": key.id}).str("Policy")}).empty()
		}
		id := c.hmacKey()
		name := c.alias("alias/k", id)
		token := c.call("CreateGrant", grantReq.with("KeyId", id)).ok().str("GrantToken")
		grant := c.call("CreateGrant", grantReq.with("KeyId", id)).ok().str("GrantId")
		c.call("ScheduleKeyDeletion", in{"KeyId": id}).ok()
		c.call("DeleteAlias", in{"AliasName": name}).empty()
		c.call("RetireGrant", in{"GrantToken": token}).empty()
		c.call("RevokeGrant", in{"KeyId": id, "GrantId": grant}).empty()
	}),
	inState("KS-15", pendingDeletionKey, invalidState, "pending deletion", map[string]in{
		"TagResource": {"Tags": tags("a", "b")}, "UntagResource": {"TagKeys": []string{"a"}}}),
	{"KS-16", slowReplicas, func(c *client) {
		for _, id := range []string{disabledKey(c), pendingImportKey(c), creatingKey(c)} {
			c.call("TagResource", in{"KeyId": id, "Tags": tags("a", "b")}).empty()
			c.call("UntagResource", in{"KeyId": id, "TagKeys": []string{"a"}}).empty()
		}
	}},
	simple("KS-17", func(c *client) {
		for _, key := range c.keyInEveryState() {
			if key.state == "PendingDeletion" || key.state == "PendingReplicaDeletion" {
				c.call("UpdateKeyDescription", in{"KeyId": key.id, "Description": "x"}).fails(invalidState, ".* is pending .*deletion\\.")
			}
		}
	}),
	{"KS-18", slowReplicas, func(c *client) {
		for _, id := range []string{c.hmacKey(), disabledKey(c), pendingImportKey(c), creatingKey(c), updatingKey(c)} {
			c.call("UpdateKeyDescription", in{"KeyId": id, "Description": "new"}).empty()
			c.call("DescribeKey", in{"KeyId": id}).ok().wants("KeyMetadata.Description", "new")
		}
	}},
	simple("KS-19", func(c *client) {
		name, id := c.alias("alias/k", c.hmacKey()), pendingDeletionKey(c)
		c.call("UpdateAlias", in{"AliasName": name, "TargetKeyId": id}).fails(invalidState, is("pending deletion")(arnOf("us-east-1", id)))
	}),
	simple("KS-20", func(c *client) {
		old, id := c.hmacKey(), c.hmacKey()
		name := c.alias("alias/k", old)
		c.call("ScheduleKeyDeletion", in{"KeyId": old}).ok()
		c.call("UpdateAlias", in{"AliasName": name, "TargetKeyId": id}).empty()
		c.tagOf(mac(name))
	}),
	{"KS-21", slowReplicas, func(c *client) {
		for _, id := range []string{c.hmacKey(), disabledKey(c), pendingImportKey(c), creatingKey(c)} {
			c.call("ScheduleKeyDeletion", in{"KeyId": id}).ok().wants("KeyState", "PendingDeletion")
		}
	}},
	inState("KS-22", pendingDeletionKey, invalidState, "pending deletion", map[string]in{"ScheduleKeyDeletion": {}}),
	inState("KS-23", updatingKey, invalidState, "updating", map[string]in{"ScheduleKeyDeletion": {}}),
	{"KS-24", slowReplicas, func(c *client) {
		for _, id := range []string{c.hmacKey(), disabledKey(c), pendingImportKey(c), creatingKey(c), updatingKey(c)} {
			c.call("CancelKeyDeletion", in{"KeyId": id}).fails(invalidState, re("%s is not pending deletion (or pending replica deletion).", arnOf("us-east-1", id)))
		}
	}},
	simple("KS-25", func(c *client) {
		id := c.external("HMAC_256")
		c.call("ScheduleKeyDeletion", in{"KeyId": id}).ok()
		c.call("GetParametersForImport", in{"KeyId": id, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}).
			fails(invalidState, is("pending deletion")(arnOf("us-east-1", id)))
	}),
	simple("KS-26", func(c *client) {
		id := c.external("HMAC_256")
		req := c.importRequest(id, secretOf(32), nil)
		c.call("ScheduleKeyDeletion", in{"KeyId": id}).ok()
		c.call("ImportKeyMaterial", req).fails(invalidState, is("pending deletion")(arnOf("us-east-1", id)))
	}),
	{"KS-27", slowReplicas, func(c *client) {
		id := c.key(create("HMAC_256").with("Origin", "EXTERNAL").with("MultiRegion", true))
		c.importInto(id, secretOf(32), nil).ok()
		c.call("ReplicateKey", in{"KeyId": id, "ReplicaRegion": "us-west-2"}).ok()
		c.clock.advance(time.Minute)
		c.call("UpdatePrimaryRegion", in{"KeyId": id, "PrimaryRegion": "us-west-2"}).empty()
		c.importInto(id, secretOf(32), nil).ok()
		c.call("DescribeKey", in{"KeyId": id}).ok().wants("KeyMetadata.KeyState", "Updating")
	}},
	simple("KS-28", func(c *client) {
		on, off, none := c.imported("HMAC_256", secretOf(32)), c.imported("HMAC_256", secretOf(32)), c.external("HMAC_256")
		c.call("DisableKey", in{"KeyId": off}).empty()
		for _, id := range []string{on, off, none} {
			c.call("DeleteImportedKeyMaterial", in{"KeyId": id}).ok()
			c.state(id, "PendingImport")
		}
	}),
	simple("KS-29", func(c *client) {
		id := c.imported("HMAC_256", secretOf(32))
		c.call("ScheduleKeyDeletion", in{"KeyId": id}).ok()
		c.call("DeleteImportedKeyMaterial", in{"KeyId": id}).ok()
		c.state(id, "PendingDeletion")
		c.call("CancelKeyDeletion", in{"KeyId": id}).ok()
		c.state(id, "PendingImport")
	}),
	{"KS-30", slowReplicas, func(c *client) {
		multi := func(more in) string { return c.key(create("HMAC_256").with("MultiRegion", true).merged(more)) }
		off, gone, none, upd := multi(nil), multi(nil), multi(in{"Origin": "EXTERNAL"}), updatingKey(c)
		c.call("DisableKey", in{"KeyId": off}).empty()
		c.call("ScheduleKeyDeletion", in{"KeyId": gone}).ok()
		for id, want := range map[string][2]string{off: {"DisabledException", "disabled"}, gone: {invalidState, "pending deletion"},
			none: {invalidState, "pending import"}, upd: {invalidState, "updating"}} {
			c.call("ReplicateKey", in{"KeyId": id, "ReplicaRegion": "eu-west-1"}).fails(want[0], is(want[1])(arnOf("us-east-1", id)))
		}
	}},
	{"KS-31", slowReplicas, func(c *client) {
		off, gone, upd := c.replica(nil), c.replica(nil), c.replica(nil)
		c.clock.advance(time.Minute)
		c.call("DisableKey", in{"KeyId": off}).empty()
		c.call("ScheduleKeyDeletion", in{"KeyId": gone}).ok()
		to := in{"PrimaryRegion": "us-west-2"}
		c.call("UpdatePrimaryRegion", to.with("KeyId", off)).fails("DisabledException", is("disabled")(arnOf("us-east-1", off)))
		c.call("UpdatePrimaryRegion", to.with("KeyId", gone)).fails(invalidState, is("pending replica deletion")(arnOf("us-east-1", gone)))
		c.call("UpdatePrimaryRegion", to.with("KeyId", upd)).empty()
		c.in("us-west-2").call("UpdatePrimaryRegion", in{"KeyId": upd, "PrimaryRegion": "us-east-1"}).empty()
	}},
	simple("KS-32", func(c *client) {
		id := c.external("HMAC_256")
		c.call("GetKeyRotationStatus", in{"KeyId": id}).fails("UnsupportedOperationException", re("%s origin is EXTERNAL which is not valid for this operation.", arnOf("us-east-1", id)))
	}),
	simple("KS-33", func(c *client) {
		id := c.key(in{})
		c.call("DisableKey", in{"KeyId": id}).empty()
		c.call("GenerateDataKey", in{"KeyId": id, "KeySpec": "AES_256"}).fails("DisabledException", is("disabled")(arnOf("us-east-1", id)))
	}),
	simple("KS-34", func(c *client) {
		for _, id := range []string{c.key(in{}), c.hmacKey()} {
			c.call("DisableKey", in{"KeyId": id}).empty()
			c.call("ScheduleKeyDeletion", in{"KeyId": id}).ok()
			c.call("GenerateDataKey", in{"KeyId": id, "KeySpec": "AES_256"}).fails(invalidState, is("pending deletion")(arnOf("us-east-1", id)))
		}
	}),
	simple("KS-35", func(c *client) {
		id := c.key(in{"Origin": "EXTERNAL"})
		pending := func() {
			c.call("Encrypt", in{"KeyId": id, "Plaintext": msg("x")}).fails(invalidState, is("pending import")(arnOf("us-east-1", id)))
		}
		pending()
		c.importInto(id, secretOf(32), nil).ok()
		c.call("Encrypt", in{"KeyId": id, "Plaintext": msg("x")}).ok()
		c.call("DeleteImportedKeyMaterial", in{"KeyId": id}).ok()
		pending()
	}),
}

// merged returns the input with the members of more.
func (i in) merged(more in) in {
	o := i.with("", nil).without("")
	for k, v := range more {
		o[k] = v
	}
	return o
}

// onMAC is a row in which another operation refuses an HMAC key by its usage.
func onMAC(id string, ops map[string]in) row {
	return row{id: id, test: func(c *client) {
		for op, req := range ops {
			c.wrongUsage(op, req, "GENERATE_VERIFY_MAC")
		}
	}}
}

var (
	signReq   = in{"Message": msg("m"), "SigningAlgorithm": "RSASSA_PSS_SHA_256"}
	deriveReq = in{"KeyAgreementAlgorithm": "ECDH", "PublicKey": msg("p")}
)

var rowsKU = []row{
	onMAC("KU-01", map[string]in{"Sign": signReq}),
	onMAC("KU-02", map[string]in{"Verify": signReq.with("Signature", msg("s"))}),
	simple("KU-03", func(c *client) {
		c.wrongUsage("Verify", signReq.with("Signature", msg("s")).with("SigningAlgorithm", "ECDSA_SHA_256"), "ENCRYPT_DECRYPT")
	}),
	simple("KU-04", func(c *client) { c.wrongUsage("Encrypt", in{"Plaintext": msg("p")}, "SIGN_VERIFY") }),
	onMAC("KU-05", map[string]in{"Encrypt": {"Plaintext": msg("p")}}),
	simple("KU-06", func(c *client) {
		blob := c.call("Encrypt", in{"KeyId": c.key(in{}), "Plaintext": msg("p")}).ok().str("CiphertextBlob")
		c.call("Decrypt", in{"KeyId": c.hmacKey(), "CiphertextBlob": blob}).fails("IncorrectKeyException",
			re("The key ID in the request does not identify a CMK that can perform this operation."))
		c.call("Decrypt", in{"CiphertextBlob": blob}).ok().wants("Plaintext", msg("p"))
	}),
	simple("KU-07", func(c *client) {
		to := c.key(in{})
		blob := c.call("Encrypt", in{"KeyId": c.key(in{}), "Plaintext": msg("p")}).ok().str("CiphertextBlob")
		for _, source := range []string{to, c.hmacKey()} {
			c.call("ReEncrypt", in{"SourceKeyId": source, "DestinationKeyId": to, "CiphertextBlob": blob}).fails("IncorrectKeyException",
				re("The key ID in the request does not identify a CMK that can perform this operation."))
		}
		again := c.call("ReEncrypt", in{"DestinationKeyId": to, "CiphertextBlob": blob}).ok().str("CiphertextBlob")
		c.call("Decrypt", in{"KeyId": to, "CiphertextBlob": again}).ok().wants("Plaintext", msg("p"))
	}),
	simple("KU-08", func(c *client) {
		id := c.hmacKey()
		blob := c.call("Encrypt", in{"KeyId": c.key(in{}), "Plaintext": msg("p")}).ok().str("CiphertextBlob")
		c.call("ReEncrypt", in{"DestinationKeyId": id, "CiphertextBlob": blob}).fails("InvalidKeyUsageException",
			re("%s key usage is GENERATE_VERIFY_MAC which is not valid for ReEncrypt", arnOf("us-east-1", id))+`(To)?\.`)
	}),
	onMAC("KU-09", map[string]in{"GenerateDataKey": {"KeySpec": "AES_256"}}),
	onMAC("KU-10", map[string]in{"GenerateDataKeyWithoutPlaintext": {"KeySpec": "AES_256"}}),
	onMAC("KU-11", map[string]in{"GenerateDataKeyPair": {"KeyPairSpec": "ECC_NIST_P256"}, "GenerateDataKeyPairWithoutPlaintext": {"KeyPairSpec": "ECC_NIST_P256"}}),
	simple("KU-12", func(c *client) { c.wrongUsage("DeriveSharedSecret", deriveReq, "SIGN_VERIFY", "ENCRYPT_DECRYPT") }),
	onMAC("KU-13", map[string]in{"DeriveSharedSecret": deriveReq}),
	simple("KU-14", func(c *client) {
		c.call("GetPublicKey", in{"KeyId": c.hmacKey()}).fails("UnsupportedOperationException", ".*")
	}),
	simple("KU-15", func(c *client) {
		c.wrongUsage("GenerateMac", mac(""), "ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT")
		c.wrongUsage("VerifyMac", mac("").with("Mac", msg("x")), "ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT")
	}),
}
