package bench

import (
	"fmt"
	"math"
	"slices"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// The measured operations.
const (
	OpGenerate = "GenerateMac"
	OpVerify   = "VerifyMac"
)

// KeyName is how requests name their key.
type KeyName string

// The ways to name a key.
const (
	ByID    KeyName = "id"    // the bare key id
	ByARN   KeyName = "arn"   // the key ARN
	ByAlias KeyName = "alias" // an alias that the run makes and deletes
)

// MaxKeys is the largest number of keys that one run makes.
const MaxKeys = 1000

// Workload says what is asked of the target. The zero value is GenerateMac and
// VerifyMac in equal parts on one HMAC_256 key of the run's own, with messages
// of 32 bytes.
type Workload struct {
	// Generate and Verify are the weights of the two operations; both 0 means
	// equal parts.
	Generate float64 `json:"generate"`
	Verify   float64 `json:"verify"`
	// CorruptShare is the share of VerifyMac requests, 0 to 1, whose tag has
	// one bit changed. The target must refuse them; they count as Refused.
	CorruptShare float64 `json:"corrupt_share"`

	// KeySpecs of the keys that the run makes; default HMAC_256. For existing
	// keys it is asked for only where DescribeKey is not allowed: then one spec
	// for all keys, or one per key.
	KeySpecs []string `json:"key_specs"`
	// KeyCount is the number of keys made per spec, 1 to MaxKeys in all;
	// default 1.
	KeyCount int `json:"key_count"`
	// Keys are existing keys by id, ARN or alias. With them nothing is created,
	// changed or deleted.
	Keys []string `json:"keys,omitempty"`
	// KeyNames is how requests name keys that the run made; default ByID.
	// Existing keys are named as given.
	KeyNames KeyName `json:"key_names"`
	// Zipf is the exponent of key popularity, 0 to 10: key i of n is asked for
	// in proportion to 1/i^Zipf. 0 is uniform.
	Zipf float64 `json:"zipf"`

	Sizes  Sizes `json:"message_sizes"`
	DryRun bool  `json:"dry_run"` // ask with DryRun; the expected answer is DryRunOperationException
}

func (w Workload) withDefaults() Workload {
	if w.Generate == 0 && w.Verify == 0 {
		w.Generate, w.Verify = 1, 1
	}
	if len(w.KeySpecs) == 0 && len(w.Keys) == 0 {
		w.KeySpecs = []string{target.KeySpec(engine.HMACSHA256)}
	}
	if w.KeyCount == 0 && len(w.Keys) == 0 {
		w.KeyCount = 1
	}
	if w.KeyNames == "" {
		w.KeyNames = ByID
	}
	w.Sizes = w.Sizes.withDefaults()
	return w
}

// share reports whether v is within [0, hi]; NaN is not.
func within(v, hi float64) bool { return v >= 0 && v <= hi }

func (w Workload) validate() error {
	if _, err := newChoice([]float64{w.Generate, w.Verify}); err != nil {
		return fmt.Errorf("bench: mix generate=%v,verify=%v: weights must be 0 or more, and not both 0", w.Generate, w.Verify)
	}
	if !within(w.CorruptShare, 1) {
		return fmt.Errorf("bench: corrupt share %v is not between 0 and 1", w.CorruptShare)
	}
	if w.CorruptShare > 0 && w.Verify == 0 {
		return fmt.Errorf("bench: corrupt share %v without VerifyMac in the mix", w.CorruptShare)
	}
	if !within(w.Zipf, 10) {
		return fmt.Errorf("bench: Zipf exponent %v is not between 0 and 10", w.Zipf)
	}
	if !slices.Contains([]KeyName{ByID, ByARN, ByAlias}, w.KeyNames) {
		return fmt.Errorf("bench: keys can be named by id, arn or alias, not by %q", w.KeyNames)
	}
	if err := w.validateKeys(); err != nil {
		return err
	}
	return w.Sizes.validate()
}

func (w Workload) validateKeys() error {
	for i, spec := range w.KeySpecs {
		if _, ok := target.AlgorithmOf(spec); !ok {
			return fmt.Errorf("bench: unknown key spec %q: HMAC_224, HMAC_256, HMAC_384, HMAC_512", spec)
		}
		if len(w.Keys) == 0 && slices.Contains(w.KeySpecs[:i], spec) {
			return fmt.Errorf("bench: key spec %s is named twice", spec)
		}
	}
	if len(w.Keys) > 0 {
		return w.validateExisting()
	}
	if n := w.KeyCount; n < 1 || n > MaxKeys/len(w.KeySpecs) {
		return fmt.Errorf("bench: %d keys for each of %d key specs is not between 1 and %d in all", n, len(w.KeySpecs), MaxKeys)
	}
	return nil
}

func (w Workload) validateExisting() error {
	if w.KeyCount != 0 {
		return fmt.Errorf("bench: a key count is for keys that the run makes, not for existing keys")
	}
	if n := len(w.KeySpecs); n > 1 && n != len(w.Keys) {
		return fmt.Errorf("bench: %d key specs for %d existing keys: give none, one, or one each", n, len(w.Keys))
	}
	for i, k := range w.Keys {
		if k == "" {
			return fmt.Errorf("bench: existing key %d has no name", i+1)
		}
		if slices.Contains(w.Keys[:i], k) {
			return fmt.Errorf("bench: existing key %s is named twice", k)
		}
	}
	return nil
}

// keys is the number of keys that take part.
func (w Workload) keys() int {
	if len(w.Keys) > 0 {
		return len(w.Keys)
	}
	return len(w.KeySpecs) * w.KeyCount
}

// item is one request as the plan has it.
type item struct {
	verify  bool
	corrupt bool
	key     int
	size    int
}

// chooser turns positions in the schedule into items. It has no state that
// changes, so pacer, workers and shards agree.
type chooser struct {
	seed    uint64
	verify  float64 // share of VerifyMac
	corrupt float64
	keys    choice
	sizes   choice
	ranges  Sizes
}

func newChooser(seed uint64, w Workload) (*chooser, error) {
	weights := make([]float64, w.keys())
	for i := range weights {
		weights[i] = math.Pow(float64(i/max(1, len(w.KeySpecs))+1), -w.Zipf)
	}
	if len(w.Keys) > 0 {
		for i := range weights {
			weights[i] = math.Pow(float64(i+1), -w.Zipf)
		}
	}
	keys, err := newChoice(weights)
	if err != nil {
		return nil, err
	}
	sw := make([]float64, len(w.Sizes))
	for i, r := range w.Sizes {
		sw[i] = r.Weight
	}
	sizes, err := newChoice(sw)
	if err != nil {
		return nil, err
	}
	return &chooser{
		seed: seed, verify: w.Verify / (w.Generate + w.Verify), corrupt: w.CorruptShare,
		keys: keys, sizes: sizes, ranges: w.Sizes,
	}, nil
}

// isVerify is the operation of position n alone.
func (c *chooser) isVerify(n uint64) bool {
	return unit(draw(c.seed, saltOperation, n)) < c.verify
}

func (c *chooser) item(n uint64) item {
	it := item{verify: c.isVerify(n)}
	if it.verify && c.corrupt > 0 {
		it.corrupt = unit(draw(c.seed, saltCorrupt, n)) < c.corrupt
	}
	if len(c.keys.sums) > 1 {
		it.key = c.keys.pick(unit(draw(c.seed, saltKey, n)))
	}
	it.size = c.ranges[0].Min
	if len(c.ranges) > 1 || c.ranges[0].Max > c.ranges[0].Min {
		it.size = c.size(draw(c.seed, saltSize, n))
	}
	return it
}

func (c *chooser) size(bits uint64) int {
	r := c.ranges[c.sizes.pick(unit(bits))]
	return r.Min + int(mix(bits)%uint64(r.Max-r.Min+1))
}
