package kmsemu

import "slices"

// usages of keys.
const (
	usageMAC     = "GENERATE_VERIFY_MAC"
	usageEncrypt = "ENCRYPT_DECRYPT"
	usageSign    = "SIGN_VERIFY"
	usageAgree   = "KEY_AGREEMENT"
)

const (
	originAWS      = "AWS_KMS"
	originExternal = "EXTERNAL"

	symmetricDefault = "SYMMETRIC_DEFAULT"
)

// keySpec is what a key spec allows: its usages and, for each, the algorithms.
type keySpec struct {
	size       int // bytes of a secret; 0 for key pairs
	algorithms map[string][]string
}

var (
	rsaSigning = []string{"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
		"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512"}
	rsaEncryption = []string{"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"}
	agreement     = []string{"ECDH"}
)

// specs are the key specs of which the emulator makes keys. ECC_SECG_P256K1,
// ECC_NIST_EDWARDS25519, SM2, ML_DSA_* and ML_KEM_* are refused with
// UnsupportedOperationException: a documented gap, none of them touches HMAC.
var specs = map[string]keySpec{
	"HMAC_224":       {28, map[string][]string{usageMAC: {"HMAC_SHA_224"}}},
	"HMAC_256":       {32, map[string][]string{usageMAC: {"HMAC_SHA_256"}}},
	"HMAC_384":       {48, map[string][]string{usageMAC: {"HMAC_SHA_384"}}},
	"HMAC_512":       {64, map[string][]string{usageMAC: {"HMAC_SHA_512"}}},
	symmetricDefault: {32, map[string][]string{usageEncrypt: {symmetricDefault}}},
	"RSA_2048":       {0, map[string][]string{usageSign: rsaSigning, usageEncrypt: rsaEncryption}},
	"RSA_3072":       {0, map[string][]string{usageSign: rsaSigning, usageEncrypt: rsaEncryption}},
	"RSA_4096":       {0, map[string][]string{usageSign: rsaSigning, usageEncrypt: rsaEncryption}},
	"ECC_NIST_P256":  {0, map[string][]string{usageSign: {"ECDSA_SHA_256"}, usageAgree: agreement}},
	"ECC_NIST_P384":  {0, map[string][]string{usageSign: {"ECDSA_SHA_384"}, usageAgree: agreement}},
	"ECC_NIST_P521":  {0, map[string][]string{usageSign: {"ECDSA_SHA_512"}, usageAgree: agreement}},
}

// usagesOf are the usages of the specs that specs does not hold, for the
// right refusal (rows CK-19 to CK-24).
var usagesOf = map[string][]string{
	"ECC_SECG_P256K1":       {usageSign},
	"ECC_NIST_EDWARDS25519": {usageSign},
	"SM2":                   {usageSign, usageEncrypt, usageAgree},
	"ML_DSA_44":             {usageSign}, "ML_DSA_65": {usageSign}, "ML_DSA_87": {usageSign},
	"ML_KEM_512": {"ENCAPSULATE_DECAPSULATE"}, "ML_KEM_768": {"ENCAPSULATE_DECAPSULATE"}, "ML_KEM_1024": {"ENCAPSULATE_DECAPSULATE"},
}

// compatible reports whether keys of spec can have usage.
func compatible(spec, usage string) bool {
	if s, ok := specs[spec]; ok {
		return s.algorithms[usage] != nil
	}
	return slices.Contains(usagesOf[spec], usage)
}

// algorithms returns what keys like k can be used with, under the name of the
// metadata member that lists them.
func (k *key) algorithms() (memberName string, list []string) {
	list = specs[k.spec].algorithms[k.usage]
	switch k.usage {
	case usageMAC:
		return "MacAlgorithms", list
	case usageSign:
		return "SigningAlgorithms", list
	case usageAgree:
		return "KeyAgreementAlgorithms", list
	}
	return "EncryptionAlgorithms", list
}

// isMAC reports whether k is an HMAC key.
func (k *key) isMAC() bool { return k.usage == usageMAC }
