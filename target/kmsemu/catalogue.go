package kmsemu

// deviation is the position of a Deviation in the catalogue.
type deviation int

// The deviations. Those without an edit in the catalogue are asked for by
// their constant, in one place each.
const (
	wrongTag deviation = iota
	fakeTag
	bareKeyID
	echoedKeyID
	macFalse
	macErrorText
	disableIgnored
	disabledStillMACs
	disabledStillVerifies
	pendingDeletionStillMACs
	pendingImportStillMACs
	disabledBeforePending
	enablePendingDeletion
	cancelEnables
	scheduleTwice
	windowUnchecked
	externalEnabled
	noSizeLimit
	emptyMessage
	anyAlgorithm
	algorithmNotChecked
	usageNotChecked
	usageOnSign
	dryRunIgnored
	keyUsageDefaulted
	encryptWithHMAC
	lowerCaseSpec
	allMACAlgorithms
	noMACAlgorithms
	noOldSpec
	noEmptyDescription
	materialIDOnHMAC
	falseMultiRegionConfiguration
	tagLimitIgnored
	duplicateTags
	awsTags
	untagMissing
	aliasOverwrite
	aliasPrefix
	aliasAWS
	aliasAnyTarget
	aliasInKeyOnly
	aliasNotForMAC
	aliasBareARN
	keysInEveryRegion
	unquotedKeyID
	bareIDNotFound
	anyIDNotFound
	listNotPaged
	listHidesPending
	emptyNextMarker
	limitUnchecked
	markerRestarts
	rotationAccepted
	rotationNoKeyID
	parametersLong
	importAnyLength
	importOtherMaterial
	importTokenUnchecked
	importExpiryIgnored
	importNullMaterialID
	importOnAWSKey
	deleteMaterialKeeps
	replicaDescription
	replicaOwnSecret
	replicaReady
	grantNoMAC
	grantAnyOperation
	grantRetryNew
	lockoutIgnored
	signatureUnchecked
	clockUnchecked
	missingAuthAllowed
	regionUnchecked
	notFound404
	conflict409
	dryRun412
	accessDenied403
	throttle429
	throttleLimit
	serverError400
	typeNamespaced
	messageCapital
	errorTypeHeader
	noRequestID
	plainJSON
	cacheable
	voidBraces
	nullMembers
	isoTimestamps
	plainTimestamps
	unpaddedBase64
	badJSON500
	unknownOperation501

	deviationCount
)

// catalogue is the one list of deviations, grouped by what they are about. A
// deviation with an edit changes answers and nothing else.
var catalogue = [deviationCount]struct {
	Deviation
	edit func(*call, *response)
}{
	// Tags
	wrongTag: {Deviation{"wrong-tag", []string{"GM-01", "GM-02", "GM-03", "GM-04", "GM-38"},
		"GenerateMac returns every tag with one bit flipped; VerifyMac is right."}, flipTag},
	fakeTag: {Deviation{"fake-tag", []string{"GM-01", "GM-02", "GM-03", "GM-04", "GM-38", "VM-29"},
		"Tags are a hash of key id and message instead of an HMAC; VerifyMac agrees with them."}, nil},
	bareKeyID: {Deviation{"bare-key-id-in-response", []string{"GM-05", "GM-06", "VM-05", "IM-33"},
		"GenerateMac and VerifyMac answer with the bare key id instead of the key ARN."}, editKeyID},
	echoedKeyID: {Deviation{"echoed-key-id", []string{"GM-05", "GM-06", "VM-05"},
		"GenerateMac and VerifyMac answer with KeyId as it was in the request."}, editEchoedKeyID},
	macFalse: {Deviation{"mac-false-instead-of-error", []string{"VM-06", "VM-07", "VM-08", "VM-09", "VM-19"},
		"VerifyMac answers a wrong tag with 200 and MacValid false."}, editMACFalse},
	macErrorText: {Deviation{"mac-error-text", []string{"VM-06", "VM-07"},
		"KMSInvalidMacException has a message."}, editMACErrorText},

	// Key states
	disableIgnored: {Deviation{"disable-ignored", []string{"KS-01", "GM-25", "VM-21", "VM-22"},
		"DisableKey answers 200 and does nothing."}, nil},
	disabledStillMACs: {Deviation{"disabled-still-macs", []string{"GM-25", "VM-21", "DE-09"},
		"GenerateMac and VerifyMac work on disabled keys."}, nil},
	disabledStillVerifies: {Deviation{"disabled-still-verifies", []string{"VM-21", "VM-22"},
		"VerifyMac works on disabled keys; GenerateMac does not."}, nil},
	pendingDeletionStillMACs: {Deviation{"pending-deletion-still-macs", []string{"GM-26", "VM-23"},
		"GenerateMac and VerifyMac work on keys pending deletion."}, nil},
	pendingImportStillMACs: {Deviation{"pending-import-still-macs", []string{"GM-28", "GM-29", "VM-24"},
		"GenerateMac and VerifyMac work on keys without material, with a key of zeros."}, nil},
	disabledBeforePending: {Deviation{"disabled-hides-pending-deletion", []string{"KS-34"},
		"A key that was disabled before it was scheduled for deletion says DisabledException."}, nil},
	enablePendingDeletion: {Deviation{"enable-pending-deletion", []string{"KS-05"},
		"EnableKey and DisableKey work on keys pending deletion."}, nil},
	cancelEnables: {Deviation{"cancel-deletion-enables", []string{"DE-08", "DE-09", "DK-14"},
		"CancelKeyDeletion leaves the key Enabled instead of Disabled."}, nil},
	scheduleTwice: {Deviation{"schedule-deletion-twice", []string{"DE-07", "KS-22"},
		"ScheduleKeyDeletion works on a key that is already pending deletion."}, nil},
	windowUnchecked: {Deviation{"deletion-window-unchecked", []string{"DE-04", "DE-05"},
		"ScheduleKeyDeletion takes any window from 1 to 365 days."}, nil},
	externalEnabled: {Deviation{"external-key-enabled", []string{"CK-39"},
		"A key with Origin EXTERNAL is Enabled before anything was imported."}, nil},

	// What MAC operations check
	noSizeLimit: {Deviation{"no-size-limit", []string{"GM-12", "VM-26"},
		"Messages may be longer than 4,096 bytes."}, nil},
	emptyMessage: {Deviation{"empty-message", []string{"GM-13", "VM-26"},
		"Messages may be empty."}, nil},
	anyAlgorithm: {Deviation{"own-algorithm-text", []string{"GM-15", "GM-17", "VM-17"},
		"An unknown MacAlgorithm gives an InvalidKeyUsageException with a text of its own."}, nil},
	algorithmNotChecked: {Deviation{"algorithm-not-checked", []string{"GM-18", "GM-19", "VM-16"},
		"Any MacAlgorithm works with any HMAC key."}, nil},
	usageNotChecked: {Deviation{"usage-not-checked", []string{"GM-22", "GM-24", "VM-20", "KU-15"},
		"GenerateMac and VerifyMac work on symmetric encryption keys."}, nil},
	usageOnSign: {Deviation{"own-usage-text", []string{"GM-22", "GM-23", "VM-20", "KU-01"},
		"The text of a wrong key usage is not the one of KMS."}, editUsageText},
	dryRunIgnored: {Deviation{"dryrun-ignored", []string{"DR-03", "GM-41", "VM-30"},
		"DryRun is ignored: the operation is carried out."}, nil},

	// CreateKey and metadata
	keyUsageDefaulted: {Deviation{"key-usage-defaulted", []string{"CK-15"},
		"CreateKey of an HMAC spec without KeyUsage gives an HMAC key."}, nil},
	encryptWithHMAC: {Deviation{"hmac-key-for-encryption", []string{"CK-20"},
		"CreateKey takes KeyUsage ENCRYPT_DECRYPT with an HMAC spec."}, nil},
	lowerCaseSpec: {Deviation{"case-insensitive-spec", []string{"CK-27"},
		"CreateKey takes key specs in lower case."}, nil},
	allMACAlgorithms: {Deviation{"all-mac-algorithms", []string{"CK-03", "CK-04", "CK-05", "CK-06"},
		"MacAlgorithms lists all four algorithms for every HMAC key."}, editMetadata(func(m reply) {
		if m["MacAlgorithms"] != nil {
			m["MacAlgorithms"] = macAlgorithms.enum
		}
	})},
	noMACAlgorithms: {Deviation{"no-mac-algorithms", []string{"CK-01", "CK-03", "CK-04", "CK-05", "CK-06"},
		"KeyMetadata has no MacAlgorithms."}, editMetadata(func(m reply) { delete(m, "MacAlgorithms") })},
	noOldSpec: {Deviation{"no-customer-master-key-spec", []string{"CK-01", "CK-07"},
		"KeyMetadata has no CustomerMasterKeySpec."}, editMetadata(func(m reply) { delete(m, "CustomerMasterKeySpec") })},
	noEmptyDescription: {Deviation{"no-empty-description", []string{"CK-09"},
		"KeyMetadata leaves an empty Description out."}, editMetadata(func(m reply) {
		if m["Description"] == "" {
			delete(m, "Description")
		}
	})},
	materialIDOnHMAC: {Deviation{"material-id-on-hmac-key", []string{"CK-01", "CK-02", "DK-17"},
		"KeyMetadata of HMAC keys has a CurrentKeyMaterialId."}, editMetadata(func(m reply) {
		if m["CurrentKeyMaterialId"] == nil {
			m["CurrentKeyMaterialId"] = materialIDOf([]byte(m["Arn"].(string)))
		}
	})},
	falseMultiRegionConfiguration: {Deviation{"empty-multi-region-configuration", []string{"CK-01", "CK-02", "CK-11"},
		"KeyMetadata of single-Region keys has an empty MultiRegionConfiguration."}, editMetadata(func(m reply) {
		if m["MultiRegionConfiguration"] == nil {
			m["MultiRegionConfiguration"] = reply{}
		}
	})},

	// Tags of keys
	tagLimitIgnored: {Deviation{"tag-limit-ignored", []string{"CK-35", "TG-07"},
		"A key may have more than 50 tags."}, nil},
	duplicateTags: {Deviation{"duplicate-tags", []string{"TG-05"},
		"The same tag key twice in a request is taken; the last one wins."}, nil},
	awsTags: {Deviation{"aws-tags", []string{"CK-36", "TG-06"},
		"Tag keys may begin with aws:."}, nil},
	untagMissing: {Deviation{"untag-missing-fails", []string{"TG-10"},
		"UntagResource of a tag that is not there gives NotFoundException."}, nil},

	// Aliases and key identifiers
	aliasOverwrite: {Deviation{"alias-overwrite", []string{"AL-06"},
		"CreateAlias of a name that exists points it to the new key."}, nil},
	aliasPrefix: {Deviation{"alias-without-prefix", []string{"AL-02"},
		"Alias names need not begin with alias/."}, nil},
	aliasAWS: {Deviation{"alias-aws-allowed", []string{"AL-03"},
		"CreateAlias takes names under alias/aws/."}, nil},
	aliasAnyTarget: {Deviation{"alias-any-target", []string{"AL-13"},
		"UpdateAlias takes a new target of any type and usage."}, nil},
	aliasInKeyOnly: {Deviation{"alias-for-management", []string{"ID-09", "ID-10", "GR-21"},
		"Operations that take only key ids and key ARNs take aliases too."}, nil},
	aliasNotForMAC: {Deviation{"alias-not-for-macs", []string{"GM-06", "VM-27", "ID-01"},
		"GenerateMac and VerifyMac do not find aliases."}, nil},
	aliasBareARN: {Deviation{"alias-name-in-not-found", []string{"ID-02", "AL-16"},
		"The text for a missing alias has its name instead of its ARN."}, nil},
	keysInEveryRegion: {Deviation{"keys-in-every-region", []string{"DK-11", "DK-12", "ID-04"},
		"A key made in one Region is found in every other."}, nil},
	unquotedKeyID: {Deviation{"unquoted-key-id", []string{"DK-08", "GM-20", "VM-18", "ID-11"},
		"Invalid keyId texts have no quotes, as in early 2023."}, nil},
	bareIDNotFound: {Deviation{"bare-id-in-not-found", []string{"DK-05", "GM-21"},
		"The text for a missing key has its id instead of its ARN."}, nil},
	anyIDNotFound: {Deviation{"malformed-id-as-missing", []string{"DK-08", "DK-09", "DK-10", "GM-20"},
		"A malformed key id gets the text of a missing key."}, nil},

	// Lists
	listNotPaged: {Deviation{"list-not-paged", []string{"LI-03", "LI-10"},
		"ListKeys ignores Limit and returns everything on one page."}, nil},
	listHidesPending: {Deviation{"list-hides-pending-deletion", []string{"LI-02"},
		"ListKeys leaves out keys pending deletion."}, nil},
	emptyNextMarker: {Deviation{"empty-next-marker", []string{"LI-01", "TG-12"},
		"Lists have an empty NextMarker on their last page."}, editNextMarker},
	limitUnchecked: {Deviation{"limit-unchecked", []string{"LI-04"},
		"A Limit out of range is taken for the nearest that is in range."}, nil},
	markerRestarts: {Deviation{"marker-restarts", []string{"LI-08"},
		"A marker that is garbage gives the first page."}, nil},

	// Rotation
	rotationAccepted: {Deviation{"rotation-accepted", []string{"RO-03"},
		"EnableKeyRotation answers 200 for HMAC keys."}, nil},
	rotationNoKeyID: {Deviation{"rotation-status-without-key-id", []string{"RO-02"},
		"GetKeyRotationStatus has no KeyId."}, editRotationStatus},

	// Import
	parametersLong: {Deviation{"import-parameters-100-days", []string{"IM-04", "IM-28"},
		"Import parameters are valid for 100 days instead of 24 hours."}, nil},
	importAnyLength: {Deviation{"import-any-length", []string{"IM-16", "IM-17"},
		"Imported HMAC material may have any length."}, nil},
	importOtherMaterial: {Deviation{"import-other-material", []string{"IM-26"},
		"A key takes other material than it was given first."}, nil},
	importTokenUnchecked: {Deviation{"import-token-unchecked", []string{"IM-27", "IM-28"},
		"Import tokens of other keys and expired ones are taken."}, nil},
	importExpiryIgnored: {Deviation{"import-never-expires", []string{"GM-29", "IM-36"},
		"Imported material never expires."}, nil},
	importNullMaterialID: {Deviation{"import-null-material-id", []string{"IM-23"},
		"ImportKeyMaterial answers with KeyMaterialId null for HMAC keys."}, editNullMaterialID},
	importOnAWSKey: {Deviation{"import-parameters-for-any-key", []string{"IM-01"},
		"GetParametersForImport works on keys with Origin AWS_KMS."}, nil},
	deleteMaterialKeeps: {Deviation{"deleted-material-still-enabled", []string{"GM-29", "IM-34", "KS-28"},
		"DeleteImportedKeyMaterial leaves the key Enabled, and usable."}, nil},

	// Multi-Region keys
	replicaDescription: {Deviation{"replica-copies-description", []string{"MR-04"},
		"A replica gets the description of its primary."}, nil},
	replicaOwnSecret: {Deviation{"replica-own-secret", []string{"MR-12"},
		"A replica gets a secret of its own."}, nil},
	replicaReady: {Deviation{"replica-enabled-at-once", []string{"MR-03", "MR-06", "GM-30"},
		"A replica is Enabled in the answer of ReplicateKey."}, nil},

	// Grants and policies
	grantNoMAC: {Deviation{"grant-without-mac-operations", []string{"GR-04"},
		"CreateGrant does not know the operations GenerateMac and VerifyMac."}, nil},
	grantAnyOperation: {Deviation{"grant-any-operation", []string{"GR-05", "GR-06"},
		"CreateGrant takes operations that the key does not support."}, nil},
	grantRetryNew: {Deviation{"grant-retry-new-id", []string{"GR-11"},
		"CreateGrant with the same name and terms makes a second grant."}, nil},
	lockoutIgnored: {Deviation{"policy-lockout-ignored", []string{"CK-30", "PO-06"},
		"Key policies that lock the caller out are taken."}, nil},

	// Authentication
	signatureUnchecked: {Deviation{"signature-unchecked", []string{"AU-04", "AU-05", "AU-09"},
		"Signatures and their dates are not checked although credentials are set."}, nil},
	clockUnchecked: {Deviation{"clock-unchecked", []string{"AU-05"},
		"Signatures of any age are taken."}, nil},
	missingAuthAllowed: {Deviation{"missing-authorization-allowed", []string{"AU-01"},
		"Requests without an Authorization header are served, in us-east-1."}, nil},
	regionUnchecked: {Deviation{"any-region", []string{"AU-07"},
		"A Region that does not exist is served like us-east-1."}, nil},

	// The wire
	notFound404: {Deviation{"notfound-404", []string{"WI-09"},
		"NotFoundException comes with HTTP 404."}, editStatus(404, "NotFoundException")},
	conflict409: {Deviation{"state-409", []string{"WI-10", "WI-11", "WI-13"},
		"DisabledException, KMSInvalidStateException and AlreadyExistsException come with HTTP 409."},
		editStatus(409, "DisabledException", "KMSInvalidStateException", "AlreadyExistsException")},
	dryRun412: {Deviation{"dryrun-412", []string{"WI-12"},
		"DryRunOperationException comes with HTTP 412."}, editStatus(412, "DryRunOperationException")},
	accessDenied403: {Deviation{"accessdenied-403", []string{"WI-16"},
		"AccessDeniedException comes with HTTP 403."}, editStatus(403, "AccessDeniedException")},
	throttle429: {Deviation{"throttling-429", []string{"WI-17"},
		"ThrottlingException comes with HTTP 429."}, editStatus(429, "ThrottlingException")},
	throttleLimit: {Deviation{"throttling-as-limit-exceeded", []string{"QU-01", "WI-17"},
		"Throttling is a LimitExceededException."}, editThrottleCode},
	serverError400: {Deviation{"server-errors-400", []string{"GM-40", "WI-14"},
		"KMSInternalException and KeyUnavailableException come with HTTP 400."}, editStatus(400, serverErrors...)},
	typeNamespaced: {Deviation{"type-with-namespace", []string{"WI-06", "WI-07"},
		"__type has the namespace com.amazonaws.kms#."}, editTypeNamespace},
	messageCapital: {Deviation{"message-capital", []string{"WI-06", "WI-15"},
		"The text of errors is in Message instead of message."}, editMessageCapital},
	errorTypeHeader: {Deviation{"errortype-header", []string{"WI-08"},
		"Errors have an x-amzn-errortype header."}, editErrorTypeHeader},
	noRequestID: {Deviation{"no-request-id", []string{"WI-03"},
		"Answers have no x-amzn-RequestId."}, editHeaders(requestIDHeader, nil)},
	plainJSON: {Deviation{"plain-json-content-type", []string{"WI-03"},
		"Answers have the content type application/json."}, editHeaders("Content-Type", []string{"application/json"})},
	cacheable: {Deviation{"no-cache-control", []string{"WI-04"},
		"Answers have no cache-control header."}, editHeaders("cache-control", nil)},
	voidBraces: {Deviation{"void-braces", []string{"WI-05"},
		"Operations without output answer {} instead of nothing."}, editVoid},
	nullMembers: {Deviation{"null-members", []string{"CK-01", "CK-02", "WI-25"},
		"Absent members of KeyMetadata are there as null."}, editMetadata(func(m reply) {
		for _, name := range []string{"DeletionDate", "ValidTo", "CustomKeyStoreId", "MultiRegionConfiguration"} {
			if _, ok := m[name]; !ok {
				m[name] = nil
			}
		}
	})},
	isoTimestamps: {Deviation{"iso-timestamps", []string{"CK-14", "DE-03", "WI-23"},
		"Timestamps are ISO 8601 strings."}, editTimestamps(isoTime)},
	plainTimestamps: {Deviation{"plain-timestamps", []string{"WI-23"},
		"Timestamps are whole seconds without an exponent."}, editTimestamps(wholeSeconds)},
	unpaddedBase64: {Deviation{"unpadded-base64", []string{"WI-22"},
		"Tags are in Base64 without padding."}, editUnpadded},
	badJSON500: {Deviation{"bad-json-500", []string{"WI-19", "WI-20", "WI-21"},
		"A body that cannot be read gives a 500."}, editBadJSON},
	unknownOperation501: {Deviation{"unknown-operation-501", []string{"WI-18", "CK-43"},
		"An unknown operation gives an HTML page with status 501."}, editUnknownOperation},
}
