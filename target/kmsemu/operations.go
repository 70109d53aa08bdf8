package kmsemu

// operation is one row of the table of operations. A handler that returns a
// nil reply without an error gives an empty body (row WI-05).
type operation struct {
	name   string
	input  []member
	handle func(*call) (reply, error)
}

// operations is the table: what is not in it is UnknownOperationException.
var operations = []operation{
	{"CreateKey", []member{
		opt("Policy", policyType), opt("Description", descriptionType), opt("KeyUsage", keyUsages),
		opt("CustomerMasterKeySpec", customerMasterKeySpecs), opt("KeySpec", keySpecs), opt("Origin", origins),
		opt("CustomKeyStoreId", customKeyStoreType), opt("BypassPolicyLockoutSafetyCheck", booleanType),
		opt("Tags", tagList), opt("MultiRegion", booleanType), opt("XksKeyId", xksKeyIDType)}, createKey},
	{"DescribeKey", []member{req("KeyId", keyIDType), opt("GrantTokens", grantTokenList)}, describeKey},
	{"ListKeys", []member{opt("Limit", limitType), opt("Marker", markerType),
		opt("ResourceOwners", listOf(enum("SELF", "OTHER_ACCOUNTS_VIA_RAM")).length(1, 2))}, listKeys},
	{"EnableKey", []member{req("KeyId", keyIDType)}, enableKey},
	{"DisableKey", []member{req("KeyId", keyIDType)}, disableKey},
	{"ScheduleKeyDeletion", []member{req("KeyId", keyIDType), opt("PendingWindowInDays", number(1, 365))}, scheduleKeyDeletion},
	{"CancelKeyDeletion", []member{req("KeyId", keyIDType)}, cancelKeyDeletion},
	{"UpdateKeyDescription", []member{req("KeyId", keyIDType), req("Description", descriptionType)}, updateKeyDescription},

	{"GenerateMac", []member{req("Message", plaintextType), req("KeyId", keyIDType), req("MacAlgorithm", macAlgorithms),
		opt("GrantTokens", grantTokenList), opt("DryRun", booleanType)}, generateMac},
	{"VerifyMac", []member{req("Message", plaintextType), req("KeyId", keyIDType), req("MacAlgorithm", macAlgorithms),
		req("Mac", ciphertextType), opt("GrantTokens", grantTokenList), opt("DryRun", booleanType)}, verifyMac},

	{"CreateAlias", []member{req("AliasName", aliasNameType), req("TargetKeyId", keyIDType)}, createAlias},
	{"UpdateAlias", []member{req("AliasName", aliasNameType), req("TargetKeyId", keyIDType)}, updateAlias},
	{"DeleteAlias", []member{req("AliasName", aliasNameType)}, deleteAlias},
	{"ListAliases", []member{opt("KeyId", keyIDType), opt("Limit", limitType), opt("Marker", markerType)}, listAliases},

	{"TagResource", []member{req("KeyId", keyIDType), req("Tags", tagList)}, tagResource},
	{"UntagResource", []member{req("KeyId", keyIDType), req("TagKeys", listOf(tagKeyType))}, untagResource},
	{"ListResourceTags", []member{req("KeyId", keyIDType), opt("Limit", limitType), opt("Marker", markerType)}, listResourceTags},

	{"GetParametersForImport", []member{req("KeyId", keyIDType), req("WrappingAlgorithm", wrappingAlgs),
		req("WrappingKeySpec", wrappingKeySpecs)}, getParametersForImport},
	{"ImportKeyMaterial", []member{req("KeyId", keyIDType), req("ImportToken", ciphertextType),
		req("EncryptedKeyMaterial", ciphertextType), opt("ValidTo", dateType), opt("ExpirationModel", expirationModels),
		opt("ImportType", importTypes), opt("KeyMaterialDescription", text(0, 256).matching(`^[a-zA-Z0-9:/_\s.-]+$`)),
		opt("KeyMaterialId", keyMaterialIDType)}, importKeyMaterial},
	{"DeleteImportedKeyMaterial", []member{req("KeyId", keyIDType), opt("KeyMaterialId", keyMaterialIDType)}, deleteImportedKeyMaterial},

	{"CreateGrant", []member{req("KeyId", keyIDType), opt("GranteePrincipal", principalType), opt("RetiringPrincipal", principalType),
		req("Operations", listOf(grantOperationType)), opt("Constraints", grantConstraints), opt("GrantTokens", grantTokenList),
		opt("Name", grantNameType), opt("DryRun", booleanType), opt("GranteeServicePrincipal", servicePrincipal),
		opt("RetiringServicePrincipal", servicePrincipal)}, createGrant},
	{"ListGrants", []member{opt("Limit", limitType), opt("Marker", markerType), req("KeyId", keyIDType), opt("GrantId", grantIDType),
		opt("GranteePrincipal", principalType), opt("GranteeServicePrincipal", servicePrincipal)}, listGrants},
	{"ListRetirableGrants", []member{opt("Limit", limitType), opt("Marker", markerType), opt("RetiringPrincipal", principalType),
		opt("RetiringServicePrincipal", servicePrincipal)}, listRetirableGrants},
	{"RetireGrant", []member{opt("GrantToken", text(1, 8192)), opt("KeyId", keyIDType), opt("GrantId", grantIDType),
		opt("DryRun", booleanType)}, retireGrant},
	{"RevokeGrant", []member{req("KeyId", keyIDType), req("GrantId", grantIDType), opt("DryRun", booleanType)}, revokeGrant},

	{"GetKeyPolicy", []member{req("KeyId", keyIDType), opt("PolicyName", policyNameType)}, getKeyPolicy},
	{"PutKeyPolicy", []member{req("KeyId", keyIDType), opt("PolicyName", policyNameType), req("Policy", policyType),
		opt("BypassPolicyLockoutSafetyCheck", booleanType)}, putKeyPolicy},
	{"ListKeyPolicies", []member{req("KeyId", keyIDType), opt("Limit", limitType), opt("Marker", markerType)}, listKeyPolicies},

	{"GetKeyRotationStatus", []member{req("KeyId", keyIDType)}, getKeyRotationStatus},
	{"EnableKeyRotation", []member{req("KeyId", keyIDType), opt("RotationPeriodInDays", number(90, 2560))}, enableKeyRotation},
	{"DisableKeyRotation", []member{req("KeyId", keyIDType)}, disableKeyRotation},
	{"RotateKeyOnDemand", []member{req("KeyId", keyIDType)}, rotateKeyOnDemand},
	{"ListKeyRotations", []member{req("KeyId", keyIDType), opt("IncludeKeyMaterial", enum("ALL_KEY_MATERIAL", "ROTATIONS_ONLY")),
		opt("Limit", limitType), opt("Marker", markerType)}, listKeyRotations},

	{"ReplicateKey", []member{req("KeyId", keyIDType), req("ReplicaRegion", regionType), opt("Policy", policyType),
		opt("BypassPolicyLockoutSafetyCheck", booleanType), opt("Description", descriptionType), opt("Tags", tagList)}, replicateKey},
	{"UpdatePrimaryRegion", []member{req("KeyId", keyIDType), req("PrimaryRegion", regionType)}, updatePrimaryRegion},

	{"GetKeyLastUsage", []member{req("KeyId", keyIDType)}, getKeyLastUsage},

	{"Encrypt", []member{req("KeyId", keyIDType), req("Plaintext", plaintextType), opt("EncryptionContext", encryptionContext),
		opt("GrantTokens", grantTokenList), opt("EncryptionAlgorithm", encryptionAlgs), opt("DryRun", booleanType)}, encrypt},
	{"Decrypt", []member{opt("CiphertextBlob", ciphertextType), opt("EncryptionContext", encryptionContext),
		opt("GrantTokens", grantTokenList), opt("KeyId", keyIDType), opt("EncryptionAlgorithm", encryptionAlgs),
		opt("Recipient", recipientInfo), opt("DryRun", booleanType), opt("DryRunModifiers", dryRunModifiers)}, decrypt},
	{"ReEncrypt", []member{opt("CiphertextBlob", ciphertextType), opt("SourceEncryptionContext", encryptionContext),
		opt("SourceKeyId", keyIDType), req("DestinationKeyId", keyIDType), opt("DestinationEncryptionContext", encryptionContext),
		opt("SourceEncryptionAlgorithm", encryptionAlgs), opt("DestinationEncryptionAlgorithm", encryptionAlgs),
		opt("GrantTokens", grantTokenList), opt("DryRun", booleanType), opt("DryRunModifiers", dryRunModifiers)}, reEncrypt},
	{"GenerateDataKey", []member{req("KeyId", keyIDType), opt("EncryptionContext", encryptionContext), opt("NumberOfBytes", number(1, 1024)),
		opt("KeySpec", dataKeySpecs), opt("GrantTokens", grantTokenList), opt("Recipient", recipientInfo), opt("DryRun", booleanType)}, generateDataKey},
	{"GenerateDataKeyWithoutPlaintext", []member{req("KeyId", keyIDType), opt("EncryptionContext", encryptionContext), opt("KeySpec", dataKeySpecs),
		opt("NumberOfBytes", number(1, 1024)), opt("GrantTokens", grantTokenList), opt("DryRun", booleanType)}, generateDataKey},
	{"GenerateDataKeyPair", []member{opt("EncryptionContext", encryptionContext), req("KeyId", keyIDType), req("KeyPairSpec", dataKeyPairSpecs),
		opt("GrantTokens", grantTokenList), opt("Recipient", recipientInfo), opt("DryRun", booleanType)}, generateDataKeyPair},
	{"GenerateDataKeyPairWithoutPlaintext", []member{opt("EncryptionContext", encryptionContext), req("KeyId", keyIDType),
		req("KeyPairSpec", dataKeyPairSpecs), opt("GrantTokens", grantTokenList), opt("DryRun", booleanType)}, generateDataKeyPair},
	{"GenerateRandom", []member{opt("NumberOfBytes", number(1, 1024)), opt("CustomKeyStoreId", customKeyStoreType),
		opt("Recipient", recipientInfo)}, generateRandom},

	{"Sign", []member{req("KeyId", keyIDType), req("Message", plaintextType), opt("MessageType", messageTypes),
		opt("GrantTokens", grantTokenList), req("SigningAlgorithm", signingAlgs), opt("DryRun", booleanType)}, sign},
	{"Verify", []member{req("KeyId", keyIDType), req("Message", plaintextType), opt("MessageType", messageTypes), req("Signature", ciphertextType),
		req("SigningAlgorithm", signingAlgs), opt("GrantTokens", grantTokenList), opt("DryRun", booleanType)}, verify},
	{"GetPublicKey", []member{req("KeyId", keyIDType), opt("GrantTokens", grantTokenList)}, getPublicKey},
	{"DeriveSharedSecret", []member{req("KeyId", keyIDType), req("KeyAgreementAlgorithm", enum("ECDH")), req("PublicKey", publicKeyType),
		opt("GrantTokens", grantTokenList), opt("DryRun", booleanType), opt("Recipient", recipientInfo)}, deriveSharedSecret},
}

// operationsByName is the table by name.
var operationsByName = func() map[string]*operation {
	m := make(map[string]*operation, len(operations))
	for i := range operations {
		m[operations[i].name] = &operations[i]
	}
	return m
}()

// Operations returns the names of the operations that are served, in the order
// of the table. The slice belongs to the caller.
func Operations() []string {
	names := make([]string, len(operations))
	for i := range operations {
		names[i] = operations[i].name
	}
	return names
}
