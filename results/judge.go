package results

import (
	"fmt"
	"math"
	"slices"
)

// Series is one metric over the rounds of an interleaved session: element i of
// every slice was measured in round i, side by side. A round runs each arm
// twice, in the order base, new, new, base or new, base, base, new, so that a
// drift of the machine weighs on both alike.
type Series struct {
	Metric   string    `json:"metric"` // as in benchfmt: "cpu-ns/op", "p50-ns/op", "allocs/op"
	Name     string    `json:"name"`   // what was measured: "GenerateMac/key=HMAC_256"
	Base     []float64 `json:"base"`
	New      []float64 `json:"new"`
	Again    []float64 `json:"again,omitempty"`     // the base's second run: the A/A arm
	NewAgain []float64 `json:"new_again,omitempty"` // the candidate's second run
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
	// PairsNeeded is the fewest pairs that can tell a change of this metric from
	// chance beside the others that are judged; 0 if there are as many. Where it
	// is not 0, Effect.MDE cannot be reached.
	PairsNeeded int `json:"pairs_needed,omitempty"`
}

// JudgeOptions say what is a difference. The zero value has a margin of 0: any
// difference that is beyond chance counts.
type JudgeOptions struct {
	Margin  float64            // tolerated ratio less 1: 0.05 is 5 %
	Margins map[string]float64 // by metric, instead of Margin
	// Gate names the metrics that are judged; the others are shown only. Empty
	// judges all but service-p50-ns/op and ops/s, which repeat p50-ns/op, and
	// p99-ns/op of fewer than 60 pairs, which nothing can be said of.
	Gate []string
	Seed uint64
}

// Fewest pairs for a verdict. With five pairs no permutation p-value falls
// below 1/16; a p99 needs many rounds before its own scatter is known.
const (
	minPairs    = 6
	minPairsP99 = 60
)

// metricWeights share the level out (see Holm): times get most, as a change of
// a count is beyond doubt when there is one, and medians of latency scatter
// more than CPU time, quantiles far more. What is not named weighs 1.
var metricWeights = map[string]float64{"allocs/op": 0.1, "B/op": 0.1, "p50-ns/op": 0.2, "service-p50-ns/op": 0.2, "ops/s": 0.2, "p99-ns/op": 0.1}

func weight(metric string) float64 {
	if w, ok := metricWeights[metric]; ok {
		return w
	}
	return 1
}

const (
	// significance is the level at which, after Holm's adjustment, chance is
	// ruled out.
	significance = 0.05
	// noisy is the level at which the base differs from itself: at 5 % one sound
	// gate of twenty would be thrown away when the margin is 0.
	noisy = 0.01
)

// Judge compares base and new of every series. A change needs both: the whole
// 95 % interval beyond the margin, and an adjusted p-value below 0.05. The
// interval inside the margin is Same; anything else cannot be told. A series
// whose A/A arm breaks the margin is too noisy to be told. Metrics that o does
// not gate are shown only.
//
// Every round gives two pairs of neighbours, which the interval and the test
// keep together, and Holm's adjustment gives CPU time most of the level. Other
// designs were tried on recorded rounds of a busy machine (docs/results.md has
// the figures): one run of each arm a round, the base's two runs against one of
// the candidate, and rounds of four whose runs are averaged; tests of means,
// of trimmed means and of ranks. Pairs of neighbours found most at the same
// number of rounds: what disturbs one pair of a round leaves the other, and a
// drift that raises one ratio lowers the other.
//
// Holm's adjustment is over the gated metrics that could show a change at all:
// those that are alike in every pair cannot, whatever the signs (Tarone 1990).
func Judge(series []Series, o JudgeOptions) []Finding {
	out := make([]Finding, len(series))
	var p, weights []float64
	var gated []int
	for i, s := range series {
		f := finding(s, o, o.Seed+uint64(i))
		switch f.Reason, f.ShownOnly = o.shownOnly(f); {
		case f.ShownOnly:
			f.Change = CannotTell
		case f.Change == "" && f.Effect.identical():
			f.Change, f.Reason = f.decide(0)
		case f.Change == "":
			p, weights, gated = append(p, f.Effect.P), append(weights, weight(f.Metric)), append(gated, i)
		}
		out[i] = f
	}
	for k, adjusted := range Holm(p, weights) {
		f := &out[gated[k]]
		f.Adjusted = adjusted
		if need, yes := outOfReach(p, weights, k, f.Effect.Pairs); yes {
			f.PairsNeeded = max(f.PairsNeeded, need)
		}
		f.Change, f.Reason = f.decide(len(gated))
	}
	return out
}

// finding measures one series. Its change is set where zeros decide it.
func finding(s Series, o JudgeOptions, seed uint64) Finding {
	f := Finding{Metric: s.Metric, Name: s.Name, HigherIsBetter: s.HigherIsBetter, Margin: o.margin(s.Metric),
		Base: medianOrZero(slices.Concat(s.Base, s.Again)), New: medianOrZero(slices.Concat(s.New, s.NewAgain)), Effect: s.effect(seed)}
	f.Adjusted = f.Effect.P
	if len(s.Again) > 0 {
		noise := Paired(s.Base, s.Again, seed)
		f.Noise = &noise
	}
	if f.Change, _ = fromZero(s); f.Change == "" && f.Effect.Pairs < f.fewestPairs() {
		f.PairsNeeded = f.fewestPairs()
	}
	return f
}

// shownOnly says whether, and why, f has no part in the verdict.
func (o JudgeOptions) shownOnly(f Finding) (reason string, yes bool) {
	switch {
	case slices.Contains(o.Gate, f.Metric):
		return "", false
	case len(o.Gate) > 0:
		return "shown only: not among the gated metrics", true
	case f.Metric == "service-p50-ns/op" || f.Metric == "ops/s":
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

func (f Finding) fewestPairs() int {
	if f.Metric == "p99-ns/op" {
		return minPairsP99
	}
	return minPairs
}

// decide is the change of one of so many figures that Holm's adjustment is over.
func (f Finding) decide(figures int) (Change, string) {
	if need := f.fewestPairs(); f.Effect.Pairs < need {
		return CannotTell, fmt.Sprintf("%d pairs, %d are needed", f.Effect.Pairs, need)
	}
	up, down := math.Log1p(f.Margin), -math.Log1p(f.Margin)
	lo, hi := math.Log(f.Effect.Lo), math.Log(f.Effect.Hi)
	if f.Effect.identical() {
		return Same, ""
	}
	if n := f.Noise; n != nil && (math.Log(n.Lo) > up || math.Log(n.Hi) < down) && n.P < noisy {
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
	case (lo > up || hi < down) && f.PairsNeeded > 0:
		return CannotTell, fmt.Sprintf("%d pairs are too few to tell one of %d figures from chance, however large its change: %d are enough", f.Effect.Pairs, figures, f.PairsNeeded)
	case lo > up || hi < down:
		return CannotTell, fmt.Sprintf("p is %.3f after Holm's adjustment", f.Adjusted)
	}
	return CannotTell, fmt.Sprintf("the interval %+.1f%% to %+.1f%% reaches across the margin of %.0f%%",
		100*(f.Effect.Lo-1), 100*(f.Effect.Hi-1), 100*f.Margin)
}

// fromZero decides counts that are zero in an arm, of which no ratio can be
// taken: zero allocations that became one are a change. A fifth of an arm's runs
// may differ from the others, as a fifth is trimmed off elsewhere: now and then
// something else in the process allocates.
func fromZero(s Series) (Change, bool) {
	n := min(len(s.Base), len(s.New))
	if n < minPairs {
		return "", false
	}
	zero := func(v float64) bool { return v == 0 }
	above := func(v float64) bool { return v > 0 }
	base, fresh := slices.Concat(s.Base[:n], s.Again), slices.Concat(s.New[:n], s.NewAgain)
	f := Finding{HigherIsBetter: s.HigherIsBetter}
	switch {
	case most(base, zero) && most(fresh, zero):
		return Same, true
	case most(base, zero) && most(fresh, above):
		return f.oriented(WorseOff), true
	case most(base, above) && most(fresh, zero):
		return f.oriented(Better), true
	}
	return "", false
}

// most reports whether ok holds for all of x but its fifth.
func most(x []float64, ok func(float64) bool) bool {
	others := 0
	for _, v := range x {
		if !ok(v) {
			others++
		}
	}
	return others <= len(x)/5
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
