package target

import (
	"context"
	"time"

	"github.com/kmsmac/kmsmac/engine"
)

// KeyAdmin manages the keys of a target: what runs need to make, find and
// remove their own keys. Each method is one KMS operation, ImportKey two.
type KeyAdmin interface {
	CreateKey(ctx context.Context, req CreateKeyRequest) (KeyMetadata, error)
	DescribeKey(ctx context.Context, keyID string) (KeyMetadata, error)
	// ListKeys returns one page; marker is "" for the first. limit 0 means
	// the service's default. A page that is Truncated without a Next leads
	// nowhere: the target lists no more, though there is more.
	ListKeys(ctx context.Context, marker string, limit int) (KeyPage, error)
	EnableKey(ctx context.Context, keyID string) error
	DisableKey(ctx context.Context, keyID string) error
	// ScheduleKeyDeletion takes 7 to 30 days (row DE-04) and returns the date
	// of deletion.
	ScheduleKeyDeletion(ctx context.Context, keyID string, days int) (time.Time, error)
	CancelKeyDeletion(ctx context.Context, keyID string) error
	CreateAlias(ctx context.Context, alias, keyID string) error
	DeleteAlias(ctx context.Context, alias string) error
	// ListAliases returns all aliases of a key, or of the account if keyID is "".
	ListAliases(ctx context.Context, keyID string) ([]Alias, error)
	TagResource(ctx context.Context, keyID string, tags []ResourceTag) error
	// ListResourceTags returns all tags of a key.
	ListResourceTags(ctx context.Context, keyID string) ([]ResourceTag, error)
	// ImportKey gives an EXTERNAL key its material: GetParametersForImport,
	// wrapping with RSAES_OAEP_SHA_256 and RSA_2048, ImportKeyMaterial without expiry.
	// The secret is not kept.
	ImportKey(ctx context.Context, keyID string, secret []byte) error
}

// Key specs and the rest of KMS's own spelling that the seam needs.
const (
	KeyUsageMAC    = "GENERATE_VERIFY_MAC"
	OriginAWS      = "AWS_KMS"
	OriginExternal = "EXTERNAL"

	StateEnabled         = "Enabled"
	StateDisabled        = "Disabled"
	StatePendingDeletion = "PendingDeletion"
	StatePendingImport   = "PendingImport"
)

// KeySpec returns the key spec whose only algorithm is alg (rows CK-03 to
// CK-06): HMAC_256 for HMAC_SHA_256.
func KeySpec(alg engine.Algorithm) string {
	switch alg {
	case engine.HMACSHA224:
		return "HMAC_224"
	case engine.HMACSHA256:
		return "HMAC_256"
	case engine.HMACSHA384:
		return "HMAC_384"
	case engine.HMACSHA512:
		return "HMAC_512"
	}
	return ""
}

// AlgorithmOf is the inverse of KeySpec; ok is false for any other text.
func AlgorithmOf(keySpec string) (alg engine.Algorithm, ok bool) {
	for _, a := range engine.Algorithms() {
		if KeySpec(a) == keySpec {
			return a, true
		}
	}
	return 0, false
}

// CreateKeyRequest is the input of CreateKey. KeyUsage is always
// GENERATE_VERIFY_MAC.
type CreateKeyRequest struct {
	KeySpec     string // HMAC_224, HMAC_256, HMAC_384 or HMAC_512
	Origin      string // "" means AWS_KMS
	Description string
	MultiRegion bool
	Tags        []ResourceTag
}

// KeyMetadata is what CreateKey and DescribeKey say of a key.
type KeyMetadata struct {
	KeyID         string // bare id
	ARN           string
	KeySpec       string
	KeyUsage      string
	Origin        string
	State         string
	Enabled       bool
	Description   string
	Created       time.Time
	DeletionDate  time.Time // zero unless deletion is scheduled
	MacAlgorithms []string
}

// KeyPage is one page of ListKeys.
type KeyPage struct {
	Keys      []KeyRef
	Next      string // marker of the next page; "" when there is none
	Truncated bool
}

// KeyRef names a key.
type KeyRef struct{ KeyID, ARN string }

// Alias is one entry of ListAliases.
type Alias struct{ Name, ARN, TargetKeyID string }

// ResourceTag is a key-value label of a KMS key, not a MAC's tag.
type ResourceTag struct{ Key, Value string }
