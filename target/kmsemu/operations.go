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
