package awsfacts

import (
	"maps"
	"slices"
)

// SymmetricQuotaCode is the Service Quotas code (service code "kms") of the
// shared request quota for symmetric cryptographic operations, HMAC included.
const SymmetricQuotaCode = "L-6E3AF000"

// symmetricOperations draw on one bucket per account and Region.
var symmetricOperations = []string{
	"Decrypt",
	"Encrypt",
	"GenerateDataKey",
	"GenerateDataKeyWithoutPlaintext",
	"GenerateMac",
	"GenerateRandom",
	"ReEncrypt",
	"VerifyMac",
}

// SymmetricOperations returns the names of the operations that share the
// symmetric request quota of an account and Region, sorted. Dry runs and calls
// for keys of other accounts count for the caller; FIPS and standard
// endpoints share.
func SymmetricOperations() []string { return slices.Clone(symmetricOperations) }

// SymmetricPerSecond returns the default symmetric request quota of a Region
// in requests per second. A Region that is not known has the smallest default,
// so that nobody is led to overload it.
func SymmetricPerSecond(region string) int {
	switch region {
	case "us-east-1", "us-west-2", "eu-west-1":
		return 100_000
	case "us-east-2", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "eu-central-1", "eu-west-2":
		return 20_000
	}
	return 10_000
}

// perSecond are the operations with a request quota of their own, in requests
// per second, per account and Region. Source: SourceQuotas.
var perSecond = map[string]int{
	"GetParametersForImport": 1,

	"CancelKeyDeletion":    5,
	"CreateAlias":          5,
	"CreateKey":            5,
	"DisableKey":           5,
	"DisableKeyRotation":   5,
	"EnableKey":            5,
	"GetKeyLastUsage":      5,
	"ReplicateKey":         5, // also one CreateKey in the replica's Region
	"RotateKeyOnDemand":    5,
	"UntagResource":        5,
	"UpdateAlias":          5,
	"UpdateKeyDescription": 5,
	"UpdatePrimaryRegion":  5, // counts in both Regions

	"TagResource": 10,

	"DeleteAlias":               15,
	"DeleteImportedKeyMaterial": 15,
	"EnableKeyRotation":         15,
	"ImportKeyMaterial":         15,
	"PutKeyPolicy":              15,
	"ScheduleKeyDeletion":       15,

	"CreateGrant": 50,
	"RetireGrant": 50,
	"RevokeGrant": 50,

	"ListGrants":          100,
	"ListKeyPolicies":     100,
	"ListKeyRotations":    100,
	"ListRetirableGrants": 100,

	"ListAliases": 500,
	"ListKeys":    500,

	"GetKeyPolicy":         1_000,
	"GetKeyRotationStatus": 1_000,

	"DescribeKey":      2_000,
	"GetPublicKey":     2_000,
	"ListResourceTags": 2_000,
}

// PerSecond returns the default request quota of an operation that has one of
// its own, in requests per second, per account and Region. ok is false for the
// symmetric operations, whose quota is shared and depends on the Region, and
// for operations that are not known.
func PerSecond(operation string) (n int, ok bool) {
	n, ok = perSecond[operation]
	return n, ok
}

// Limit returns the default quota that a call of operation draws on in a
// Region, in requests per second, and the name of its bucket: "symmetric" for
// the shared one, otherwise the operation's own name. ok is false for
// operations that are not known.
func Limit(region, operation string) (n int, bucket string, ok bool) {
	if slices.Contains(symmetricOperations, operation) {
		return SymmetricPerSecond(region), "symmetric", true
	}
	n, ok = perSecond[operation]
	if !ok {
		return 0, "", false
	}
	return n, operation, true
}

// Default resource quotas, per account and Region unless said otherwise.
// Source: SourceResources.
const (
	MaxKeys                   = 100_000 // customer managed keys
	MaxAliasesPerKey          = 50
	MaxGrantsPerKey           = 50_000
	MaxOnDemandRotationsOfKey = 25 // over the key's life; cannot be raised
	MaxCustomKeyStores        = 10
	MaxKeyPolicyBytes         = 32_768
)

// Quota is a default request quota, per account and Region.
type Quota struct {
	Operation string
	PerSecond int
	Shared    bool // one bucket with the other shared ones
}

// Quotas lists the request quotas of a Region: those of the shared bucket
// first, then by name. The slice belongs to the caller.
func Quotas(region string) []Quota {
	var list []Quota
	for _, op := range symmetricOperations {
		list = append(list, Quota{op, SymmetricPerSecond(region), true})
	}
	for _, op := range slices.Sorted(maps.Keys(perSecond)) {
		list = append(list, Quota{op, perSecond[op], false})
	}
	return list
}
