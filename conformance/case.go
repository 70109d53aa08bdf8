package conformance

import (
	"slices"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

// Case is one requirement and the steps that probe it. Its ID is the id of
// its row in the behaviour table.
type Case struct {
	ID        string
	Group     string
	Operation string
	Title     string // precondition and input
	Expected  string // in words, as the row has it
	Note      string
	Evidence  Evidence
	Profile   string    // the one profile that it belongs to
	Needs     []Feature // what the target must be able to do
	// Alone means that no other case may run at the same time.
	Alone bool
	// FullOnly leaves the case to profile full: it takes too long for its own.
	FullOnly bool
	// Consistency is how long the row lets real AWS take to show a change:
	// on aws the case polls up to it before it judges. 0 means 2 minutes.
	Consistency time.Duration
	// Steps probes the requirement. It runs on its own goroutine and may be
	// ended in the middle by any method of the Probe.
	Steps func(*Probe)
}

// defaultConsistency is AWS's own "normally seconds, at worst minutes" (rows
// EC-01, EC-02).
const defaultConsistency = 2 * time.Minute

// Feature is something that a target may or may not support.
type Feature string

// The features. A case whose feature is missing is not applicable.
const (
	// FeatureCaller: any operation, with the raw exchange (target.Caller).
	FeatureCaller Feature = "calls"
	// FeatureRaw: hand-built requests (target.RawSender).
	FeatureRaw Feature = "raw requests"
	// FeatureKeys: keys can be made through target.KeyAdmin.
	FeatureKeys Feature = "key administration"
	// FeatureImport: key material can be imported into HMAC keys.
	FeatureImport Feature = "import"
	// FeatureRegions: a second Region of the same account can be reached.
	FeatureRegions Feature = "second Region"
	// FeatureAuth: signatures are checked.
	FeatureAuth Feature = "signature checks"
	// FeatureQuota: request quotas are enforced, and may be used up.
	FeatureQuota Feature = "request quotas"
)

// def makes the case of a row. The options that follow are methods, so that a
// case reads as one line.
func def(id string, steps func(*Probe)) Case {
	r := mustRow(id)
	return Case{
		ID: r.ID, Group: r.Group(), Operation: r.Operation, Title: r.Input, Expected: r.Expected, Note: r.Note,
		Evidence: r.Evidence, Profile: profileOfGroup[r.Group()], Needs: []Feature{FeatureCaller}, Steps: steps,
	}
}

// raw marks a case that sends hand-built requests.
func (c Case) raw() Case { return c.needs(FeatureRaw) }

// imports marks a case that imports key material.
func (c Case) imports() Case { return c.needs(FeatureImport) }

// regions marks a case that uses the second Region.
func (c Case) regions() Case { return c.needs(FeatureRegions) }

func (c Case) needs(f ...Feature) Case {
	c.Needs = append(slices.Clone(c.Needs), f...)
	return c
}

// in moves a case to another profile than its group's.
func (c Case) in(profile string) Case {
	c.Profile = profile
	return c
}

// alone keeps all other cases waiting while this one runs.
func (c Case) alone() Case {
	c.Alone = true
	return c
}

// within sets the consistency bound.
func (c Case) within(d time.Duration) Case {
	c.Consistency = d
	return c
}

// Params are the members of a request. See target.Caller for the types.
type Params = map[string]any

// KeyKind says what a key must be like. It is comparable: shared keys are
// found by it.
type KeyKind struct {
	Spec, Usage string
	Origin      string // "" is AWS_KMS
	MultiRegion bool
	Imported    bool   // an EXTERNAL key with random material of the exact length
	State       string // "" is as made; Disabled or PendingDeletion
}

// The kinds of keys that cases use.
var (
	HMAC224     = KeyKind{Spec: "HMAC_224", Usage: target.KeyUsageMAC}
	HMAC256     = KeyKind{Spec: "HMAC_256", Usage: target.KeyUsageMAC}
	HMAC384     = KeyKind{Spec: "HMAC_384", Usage: target.KeyUsageMAC}
	HMAC512     = KeyKind{Spec: "HMAC_512", Usage: target.KeyUsageMAC}
	Symmetric   = KeyKind{Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT"}
	RSAEncrypt  = KeyKind{Spec: "RSA_2048", Usage: "ENCRYPT_DECRYPT"}
	RSASign     = KeyKind{Spec: "RSA_2048", Usage: "SIGN_VERIFY"}
	ECCSign     = KeyKind{Spec: "ECC_NIST_P256", Usage: "SIGN_VERIFY"}
	ECCAgree    = KeyKind{Spec: "ECC_NIST_P256", Usage: "KEY_AGREEMENT"}
	hmacKinds   = []KeyKind{HMAC224, HMAC256, HMAC384, HMAC512}
	algorithmOf = map[string]string{
		"HMAC_224": "HMAC_SHA_224", "HMAC_256": "HMAC_SHA_256", "HMAC_384": "HMAC_SHA_384", "HMAC_512": "HMAC_SHA_512",
	}
	sizeOf = map[string]int{"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64}
)

// Disabled is the same kind, disabled.
func (k KeyKind) Disabled() KeyKind { k.State = target.StateDisabled; return k }

// Deleting is the same kind, pending deletion (and Enabled before).
func (k KeyKind) Deleting() KeyKind { k.State = target.StatePendingDeletion; return k }

// External is the same kind with Origin EXTERNAL and no material: PendingImport.
func (k KeyKind) External() KeyKind { k.Origin = target.OriginExternal; return k }

// WithMaterial is the same kind with Origin EXTERNAL and imported material.
func (k KeyKind) WithMaterial() KeyKind { k.Imported = true; return k.External() }

// Multi is the same kind as a multi-Region primary.
func (k KeyKind) Multi() KeyKind { k.MultiRegion = true; return k }

// String names the kind for people: "HMAC_256 imported Disabled".
func (k KeyKind) String() string {
	words := []string{k.Spec}
	if !strings.HasPrefix(k.Spec, "HMAC") && k.Usage != "ENCRYPT_DECRYPT" {
		words = append(words, k.Usage)
	}
	switch {
	case k.Imported:
		words = append(words, "imported")
	case k.Origin == target.OriginExternal:
		words = append(words, "pending import")
	}
	if k.MultiRegion {
		words = append(words, "multi-Region")
	}
	if k.State != "" {
		words = append(words, k.State)
	}
	return strings.Join(words, " ")
}

// Key is a key of the target that a case may use.
type Key struct {
	ID, ARN   string
	Kind      KeyKind
	Region    string
	Algorithm string // "HMAC_SHA_256"; "" unless an HMAC key
	Secret    []byte // the imported material; nil unless imported
	Metadata  map[string]any
}

// MAC returns the members of a GenerateMac request with the key's own
// algorithm.
func (k Key) MAC(msg []byte) Params {
	return Params{"KeyId": k.ID, "MacAlgorithm": k.Algorithm, "Message": msg}
}

// Verify returns the members of a VerifyMac request.
func (k Key) Verify(msg, tag []byte) Params {
	p := k.MAC(msg)
	p["Mac"] = tag
	return p
}

// with returns a copy of p with one member changed; a nil value removes it.
func with(p Params, name string, value any) Params {
	q := Params{}
	for k, v := range p {
		q[k] = v
	}
	if value == nil {
		delete(q, name)
		return q
	}
	q[name] = value
	return q
}
