package kmsemu

import (
	"regexp"
)

// kind is the JSON type of a member.
type kind uint8

const (
	kindString kind = iota
	kindBlob        // Base64 text
	kindBool
	kindInt
	kindTime // number of epoch seconds
	kindList
	kindStruct
	kindMap // string to string
)

// shape is what the service model says of a member's value. A max of 0 is no
// limit. Lengths are those of the decoded value: bytes of a blob, characters
// of a string, elements of a list.
type shape struct {
	kind      kind
	min, max  int
	enum      []string
	pattern   *regexp.Regexp
	sensitive bool // the value is never echoed in a validation text
	elem      *shape
	members   []member
}

// member is one named member of a structure.
type member struct {
	name     string
	path     string // name as validation texts write it
	required bool
	shape    *shape
}

func req(name string, s *shape) member { return member{name, lowerFirst(name), true, s} }
func opt(name string, s *shape) member { return member{name, lowerFirst(name), false, s} }

func text(min, max int) *shape     { return &shape{kind: kindString, min: min, max: max} }
func number(min, max int) *shape   { return &shape{kind: kindInt, min: min, max: max} }
func blob(min, max int) *shape     { return &shape{kind: kindBlob, min: min, max: max} }
func enum(values ...string) *shape { return &shape{kind: kindString, enum: values} }
func structure(m ...member) *shape { return &shape{kind: kindStruct, members: m} }
func listOf(elem *shape) *shape    { return &shape{kind: kindList, elem: elem} }
func (s shape) length(min, max int) *shape {
	s.min, s.max = min, max
	return &s
}

// matching adds a pattern, which the whole value must match.
func (s shape) matching(pattern string) *shape {
	s.pattern = regexp.MustCompile(pattern)
	return &s
}

// The shapes of the service model (2014-11-01), by their names there.
var (
	keyIDType          = text(1, 2048)
	booleanType        = &shape{kind: kindBool}
	dateType           = &shape{kind: kindTime}
	plaintextType      = &shape{kind: kindBlob, min: 1, max: 4096, sensitive: true}
	ciphertextType     = blob(1, 6144)
	publicKeyType      = blob(1, 8192)
	grantTokenList     = listOf(text(1, 8192)).length(0, 10)
	limitType          = number(1, 1000)
	markerType         = text(1, 1024).matching(`^[\x{20}-\x{FF}]*$`)
	aliasNameType      = text(1, 256).matching(`^[a-zA-Z0-9:/_-]+$`)
	policyType         = text(1, 131072).matching(`^[\x{09}\x{0A}\x{0D}\x{20}-\x{FF}]+$`)
	policyNameType     = text(1, 128).matching(`^[\w]+$`)
	descriptionType    = text(0, 8192)
	customKeyStoreType = text(1, 64)
	xksKeyIDType       = text(1, 128).matching(`^[a-zA-Z0-9\-_.]+$`)
	tagKeyType         = text(1, 128)
	tagList            = listOf(structure(req("TagKey", tagKeyType), req("TagValue", text(0, 256))))
	principalType      = text(1, 256).matching(`^[\w+=,.@:/-]+$`)
	servicePrincipal   = text(1, 128).matching(`^([A-Za-z0-9\-]+)\.([A-Za-z0-9\-]+)(\.[A-Za-z0-9\-]+)+$`)
	grantIDType        = text(1, 128)
	grantNameType      = text(1, 256).matching(`^[a-zA-Z0-9:/_-]+$`)
	regionType         = text(1, 32).matching(`^([a-z]+-){2,3}\d+$`)
	keyMaterialIDType  = text(64, 64).matching(`^[a-f0-9]+$`)
	encryptionContext  = &shape{kind: kindMap}

	// macAlgorithms is in the order of the recorded texts (row GM-15).
	macAlgorithms    = enum("HMAC_SHA_384", "HMAC_SHA_256", "HMAC_SHA_224", "HMAC_SHA_512")
	keyUsages        = enum("SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE")
	origins          = enum("AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE")
	wrappingAlgs     = enum("RSAES_PKCS1_V1_5", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256", "SM2PKE")
	wrappingKeySpecs = enum("RSA_2048", "RSA_3072", "RSA_4096", "SM2")
	expirationModels = enum("KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE")
	importTypes      = enum("NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL")

	keySpecs = enum("RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521",
		"ECC_SECG_P256K1", "SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512", "SM2",
		"ML_DSA_44", "ML_DSA_65", "ML_DSA_87", "ECC_NIST_EDWARDS25519", "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024")
	customerMasterKeySpecs = enum("RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521",
		"ECC_SECG_P256K1", "SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512", "SM2")

	grantOperationType = enum("Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo",
		"Sign", "Verify", "GetPublicKey", "CreateGrant", "RetireGrant", "DescribeKey", "GenerateDataKeyPair",
		"GenerateDataKeyPairWithoutPlaintext", "GenerateMac", "VerifyMac", "DeriveSharedSecret", "Encapsulate", "Decapsulate")
	grantConstraints = structure(opt("EncryptionContextSubset", encryptionContext), opt("EncryptionContextEquals", encryptionContext),
		opt("SourceArn", text(20, 512).matching(`^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$`)))

	encryptionAlgs   = enum("SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE")
	dataKeySpecs     = enum("AES_256", "AES_128")
	dataKeyPairSpecs = enum("RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1",
		"SM2", "ECC_NIST_EDWARDS25519", "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024")
	dryRunModifiers = listOf(enum("IGNORE_CIPHERTEXT"))
	recipientInfo   = structure(opt("KeyEncryptionAlgorithm", enum("RSAES_OAEP_SHA_256")), opt("AttestationDocument", blob(1, 262144)))
	messageTypes    = enum("RAW", "DIGEST", "EXTERNAL_MU")
	signingAlgs     = enum("RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512", "RSASSA_PKCS1_V1_5_SHA_256",
		"RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512", "ECDSA_SHA_256", "ECDSA_SHA_384", "ECDSA_SHA_512", "SM2DSA",
		"ML_DSA_SHAKE_256", "ED25519_SHA_512", "ED25519_PH_SHA_512")
)
