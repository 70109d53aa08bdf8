package results

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// EngineBench is the section of `bench engine`: ways to compute HMAC measured
// side by side in one session, case after case in rounds.
type EngineBench struct {
	Rounds   int               `json:"rounds"`
	Turn     time.Duration     `json:"turn_ns"`         // wanted length of a case's turn in a round
	ClockGHz *float64          `json:"clock_ghz"`       // of the core while it measured; null if not known
	Peers    map[string]string `json:"peers,omitempty"` // library to version
	Cases    []EngineCase      `json:"cases"`
	Goals    []EngineGoal      `json:"goals,omitempty"`
}

// The operations of an EngineCase.
const (
	OpSum        = "sum"         // one message after another, by the call for one
	OpSumChained = "sum-chained" // the same; each message depends on the tag before it
	OpVerify     = "verify"      // one message after another, each with its right tag
	OpBatch      = "batch"       // all messages in one call
)

// EngineCase is one way to do one piece of work. A turn of it computes the tags
// of Jobs messages again and again; RoundsNs holds nanoseconds per MAC, one
// value a round, and LowNs and MedianNs follow from it.
type EngineCase struct {
	Impl      string    `json:"impl"`              // as environment.engine names it; of a peer, library:variant
	Library   string    `json:"library,omitempty"` // the peer's library; empty for the engine's own
	Operation string    `json:"operation"`
	Algorithm string    `json:"algorithm"`
	MinBytes  int       `json:"min_bytes"` // of a message
	MaxBytes  int       `json:"max_bytes"`
	Jobs      int       `json:"jobs"`
	Bytes     int64     `json:"bytes"`         // of all messages of a turn's piece of work
	LowNs     float64   `json:"low_ns"`        // 2nd percentile
	MedianNs  float64   `json:"median_ns"`     // 50th
	Allocs    *float64  `json:"allocs_per_op"` // per MAC; null where not measured (peers)
	Checked   int       `json:"checked"`       // tags held against crypto/hmac
	WrongTags int       `json:"wrong_tags"`    // of these, wrong
	RoundsNs  []float64 `json:"rounds_ns"`
}

// Name is the case as benchmarks name it, for example
// "Engine/op=batch/impl=sha-ni/alg=HMAC_SHA_256/size=64/jobs=128".
func (c EngineCase) Name() string {
	return fmt.Sprintf("Engine/op=%s/impl=%s/alg=%s/size=%s/jobs=%d", c.Operation, c.Impl, c.Algorithm, c.SizeText(), c.Jobs)
}

// SizeText is "64", or "1..128" where lengths are mixed.
func (c EngineCase) SizeText() string {
	if c.MinBytes == c.MaxBytes {
		return fmt.Sprint(c.MinBytes)
	}
	return fmt.Sprintf("%d..%d", c.MinBytes, c.MaxBytes)
}

// GBPerSecond is the throughput at LowNs, in 10^9 bytes of message; 0 if nothing
// was measured.
func (c EngineCase) GBPerSecond() float64 {
	if c.LowNs == 0 {
		return 0
	}
	return float64(c.Bytes) / (c.LowNs * float64(c.Jobs))
}

// CyclesPerByte is the cost at LowNs on a core of so many GHz.
func (c EngineCase) CyclesPerByte(clockGHz float64) float64 {
	if c.Bytes == 0 {
		return 0
	}
	return c.LowNs * float64(c.Jobs) * clockGHz / float64(c.Bytes)
}

// Summarize sets LowNs and MedianNs from RoundsNs.
func (c *EngineCase) Summarize() {
	c.LowNs, c.MedianNs = Quantile(c.RoundsNs, 0.02), Quantile(c.RoundsNs, 0.5)
}

// Quantile is the smallest value with at least the fraction q of the values at
// or below it (nearest rank); 0 if there are none.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// EngineGoal is one goal of the project and what was measured for it.
type EngineGoal struct {
	ID     string  `json:"id"`
	What   string  `json:"what"`
	Unit   string  `json:"unit"` // "times": at least Goal; else at most
	Goal   float64 `json:"goal"`
	Value  float64 `json:"value"`
	Lowest float64 `json:"lowest"` // over the blocks of the session, of which Value is the median
	High   float64 `json:"highest"`
	Detail string  `json:"detail,omitempty"` // the figures behind it
	Met    bool    `json:"met"`
	// Excuse is why a goal that is short does not fail the run; empty if it does.
	Excuse string `json:"excuse,omitempty"`
}

// engineFigures are the section's figures, in the order of its cases.
func (b *EngineBench) engineFigures() []Figure {
	if b == nil {
		return nil
	}
	var out []Figure
	for _, c := range b.Cases {
		if len(c.RoundsNs) == 0 {
			continue
		}
		out = append(out, Figure{"ns/op", c.Name(), c.LowNs, false})
		if c.Allocs != nil {
			out = append(out, Figure{"allocs/op", c.Name(), *c.Allocs, false})
		}
	}
	return out
}
