package results

import (
	"fmt"
	"math"
	"slices"
)

// Series is one metric over the rounds of an interleaved session: element i of
// every arm was measured in round i, side by side.
type Series struct {
	Metric string    `json:"metric"` // as in benchfmt: "cpu-ns/op", "p50-ns/op", "allocs/op"
	Name   string    `json:"name"`   // what was measured: "GenerateMac/key=HMAC_256"
	Base   []float64 `json:"base"`
	New    []float64 `json:"new"`
	Again  []float64 `json:"again,omitempty"` // the base once more: the A/A arm
	// HigherIsBetter is true for rates; times, bytes and counts are better low.
	HigherIsBetter bool `json:"higher_is_better,omitempty"`
}

// Change is the verdict on one metric.
type Change string

// The changes. CannotTell is never a pass.
const (
	Better     Change = "better"
	WorseOff   Change = "worse"
	Same       Change = "same"
	CannotTell Change = "cannot_tell"
)

// Finding is what the rounds say about one metric.
type Finding struct {
	Metric         string  `json:"metric"`
	Name           string  `json:"name"`
	Base           float64 `json:"base"` // median over the rounds
	New            float64 `json:"new"`
	Effect         Effect  `json:"effect"`
	Adjusted       float64 `json:"adjusted_p"` // Holm over all gated metrics
	Noise          *Effect `json:"noise,omitempty"`
	Margin         float64 `json:"margin"`
	Change         Change  `json:"change"`
	Reason         string  `json:"reason,omitempty"` // of cannot_tell
	HigherIsBetter bool    `json:"higher_is_better,omitempty"`
	// ShownOnly marks a metric that has no part in the verdict nor in Holm's
	// adjustment; its change is CannotTell.
	ShownOnly bool `json:"shown_only,omitempty"`
}

// JudgeOptions say what is a difference. The zero value has a margin of 0: any
// difference that is beyond chance counts.
type JudgeOptions struct {
	Margin  float64            // tolerated ratio less 1: 0.05 is 5 %
	Margins map[string]float64 // by metric, instead of Margin
	// Gate names the metrics that are judged; the others are shown only. Empty
	// judges all but service-p50-ns/op, which repeats p50-ns/op, and p99-ns/op of
	// fewer than 60 pairs, which nothing can be said of.
	Gate []string
	Seed uint64
}

// Fewest pairs for a verdict. With five pairs no permutation p-value falls
// below 1/16; a p99 needs many rounds before its own scatter is known.
const (
	minPairs    = 6
	minPairsP99 = 60
)

// significance is the level at which, after Holm's adjustment, chance is ruled
// out.
const significance = 0.05

// Judge compares base and new of every series. A change needs both: the whole
// 95 % interval beyond the margin, and an adjusted p-value below 0.05. The
// interval inside the margin is Same; anything else cannot be told. A series
// whose A/A arm breaks the margin is too noisy to be told.
//
// Metrics that o does not gate are shown only.
func Judge(series []Series, o JudgeOptions) []Finding {
	out := make([]Finding, len(series))
	var p []float64
	var gated []int
	for i, s := range series {
		f := Finding{Metric: s.Metric, Name: s.Name, HigherIsBetter: s.HigherIsBetter, Margin: o.margin(s.Metric),
			Base: medianOrZero(s.Base), New: medianOrZero(s.New), Effect: Paired(s.Base, s.New, o.Seed+uint64(i))}
		if len(s.Again) > 0 {
			noise := Paired(s.Base, s.Again, o.Seed+uint64(i))
			f.Noise = &noise
		}
		f.Adjusted = f.Effect.P
		if f.Reason, f.ShownOnly = o.shownOnly(f); f.ShownOnly {
			f.Change = CannotTell
		} else {
			p, gated = append(p, f.Effect.P), append(gated, i)
			f.Change, _ = fromZero(s)
		}
		out[i] = f
	}
	for k, adjusted := range Holm(p) {
		f := &out[gated[k]]
		f.Adjusted = adjusted
		if f.Change == "" {
			f.Change, f.Reason = f.decide()
		}
	}
	return out
}

// shownOnly says whether, and why, f has no part in the verdict.
func (o JudgeOptions) shownOnly(f Finding) (reason string, yes bool) {
	switch {
	case slices.Contains(o.Gate, f.Metric):
		return "", false
	case len(o.Gate) > 0:
		return "shown only: not among the gated metrics", true
	case f.Metric == "service-p50-ns/op":
		return "shown only: it repeats p50-ns/op", true
	case f.Metric == "p99-ns/op" && f.Effect.Pairs < minPairsP99:
		return fmt.Sprintf("shown only: %d pairs, %d are needed", f.Effect.Pairs, minPairsP99), true
	}
	return "", false
}

func (o JudgeOptions) margin(metric string) float64 {
	if m, ok := o.Margins[metric]; ok {
		return m
	}
	return o.Margin
}

func (f Finding) decide() (Change, string) {
	need := minPairs
	if f.Metric == "p99-ns/op" {
		need = minPairsP99
	}
	if f.Effect.Pairs < need {
		return CannotTell, fmt.Sprintf("%d pairs, %d are needed", f.Effect.Pairs, need)
	}
	up, down := math.Log1p(f.Margin), -math.Log1p(f.Margin)
	lo, hi := math.Log(f.Effect.Lo), math.Log(f.Effect.Hi)
	// Both arms alike to the last digit, as counts of allocations can be: no
	// test is needed.
	if lo == 0 && hi == 0 {
		return Same, ""
	}
	if n := f.Noise; n != nil && (math.Log(n.Lo) > up || math.Log(n.Hi) < down) && n.P < significance {
		return CannotTell, fmt.Sprintf("too noisy: the base differs from itself by %+.1f%%", 100*(n.Ratio-1))
	}
	certain := f.Adjusted < significance
	switch {
	case lo > up && certain:
		return f.oriented(WorseOff), ""
	case hi < down && certain:
		return f.oriented(Better), ""
	case lo >= down && hi <= up && f.Margin > 0:
		return Same, ""
	case lo > up || hi < down:
		return CannotTell, fmt.Sprintf("p is %.3f after Holm's adjustment", f.Adjusted)
	}
	return CannotTell, fmt.Sprintf("the interval %+.1f%% to %+.1f%% reaches across the margin of %.0f%%",
		100*(f.Effect.Lo-1), 100*(f.Effect.Hi-1), 100*f.Margin)
}

// fromZero decides counts that are zero in every round of an arm, of which no
// ratio can be taken: zero allocations that became one are a change.
func fromZero(s Series) (Change, bool) {
	n := min(len(s.Base), len(s.New))
	if n < minPairs {
		return "", false
	}
	zero := func(v float64) bool { return v == 0 }
	above := func(v float64) bool { return v > 0 }
	base, fresh := s.Base[:n], s.New[:n]
	f := Finding{HigherIsBetter: s.HigherIsBetter}
	switch {
	case all(base, zero) && all(fresh, zero):
		return Same, true
	case all(base, zero) && all(fresh, above):
		return f.oriented(WorseOff), true
	case all(base, above) && all(fresh, zero):
		return f.oriented(Better), true
	}
	return "", false
}

func all(x []float64, ok func(float64) bool) bool {
	return !slices.ContainsFunc(x, func(v float64) bool { return !ok(v) })
}

// oriented turns "higher" into worse or better.
func (f Finding) oriented(higher Change) Change {
	if !f.HigherIsBetter {
		return higher
	}
	if higher == WorseOff {
		return Better
	}
	return WorseOff
}

// JudgeVerdict sums up findings: one metric worse fails; otherwise one that
// cannot be told, or none at all, is inconclusive. Findings that are shown only
// do not count.
func JudgeVerdict(findings []Finding) Verdict {
	v := Verdict("")
	for _, f := range findings {
		switch {
		case f.ShownOnly:
		case f.Change == WorseOff:
			v = Worse(v, Fail)
		case f.Change == CannotTell:
			v = Worse(v, Inconclusive)
		default:
			v = Worse(v, Pass)
		}
	}
	if v == "" {
		return Inconclusive
	}
	return v
}

func medianOrZero(x []float64) float64 {
	x = slices.DeleteFunc(slices.Clone(x), func(v float64) bool { return math.IsNaN(v) })
	if len(x) == 0 {
		return 0
	}
	return median(x)
}
