package results

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
)

// ErrNotComparable marks two files of which no figure can be set against the
// other's.
var ErrNotComparable = errors.New("results: cannot be compared")

// Difference is one thing in plan or environment that is not the same.
type Difference struct {
	Where string `json:"where"` // "plan.settings.rate", "environment.go"
	Base  string `json:"base"`
	New   string `json:"new"`
}

// Comparison is what two result files say of each other.
type Comparison struct {
	Differences []Difference `json:"differences"`
	// Interleaved is true when both are arms of one interleaved session: only
	// then do timings get a verdict.
	Interleaved bool      `json:"interleaved"`
	Findings    []Finding `json:"findings"`
	// Problems are what a gate met besides; the verdict is the gravest of theirs
	// and that of the findings.
	Problems []Problem `json:"problems,omitempty"`
	Verdict  Verdict   `json:"verdict"`
}

// Problem is what kept an arm of a gate from being measured as it should.
type Problem struct {
	Verdict Verdict `json:"verdict"` // fail: an answer was wrong; inconclusive: it could not be found out
	Text    string  `json:"text"`
}

// Compare sets fresh against base. Files without a common figure, and a run
// compared with itself, are errors that wrap ErrNotComparable.
//
// In an interleaved session every metric is judged over its rounds. Of
// separate runs only counts (allocations, bytes) are judged, by o.Margin;
// for timings the effect is shown and the change is CannotTell, because such
// runs differ by more than what they are to show.
func Compare(base, fresh *File, o JudgeOptions) (Comparison, error) {
	if base.RunID == fresh.RunID && base.Started.Equal(fresh.Started) {
		return Comparison{}, fmt.Errorf("%w with itself: both files are run %s", ErrNotComparable, base.RunID)
	}
	c := Comparison{Differences: Differences(base, fresh)}
	c.Interleaved = base.SessionID != "" && base.SessionID == fresh.SessionID
	if c.Interleaved {
		c.Findings = Judge(pairUp(base.Rounds, fresh.Rounds), o)
	} else {
		c.Findings = apart(base, fresh, o)
	}
	c.lost(base, fresh, o)
	if len(c.Findings)+len(c.Problems) == 0 {
		return c, fmt.Errorf("%w: runs %s and %s have no figure in common", ErrNotComparable, base.RunID, fresh.RunID)
	}
	return c.concluded(o), nil
}

// lost tells of figures that only one of the files has. Of one plan, or of one
// session, both should have them: what the new one lacks could not be found
// out. What only the new one has, or two runs of two plans, is a difference.
func (c *Comparison) lost(base, fresh *File, o JudgeOptions) {
	of := func(f *File) (out [][2]string) {
		if c.Interleaved {
			for _, r := range f.Rounds {
				out = append(out, [2]string{r.Metric, r.Name})
			}
			return out
		}
		for _, v := range Figures(f) {
			out = append(out, [2]string{v.Metric, v.Name})
		}
		return out
	}
	b, n := of(base), of(fresh)
	gated := func(id [2]string) bool { return len(o.Gate) == 0 || slices.Contains(o.Gate, id[0]) }
	for _, id := range b {
		switch {
		case slices.Contains(n, id) || !gated(id):
		case c.Interleaved || base.PlanHash == fresh.PlanHash:
			c.Problems = append(c.Problems, Problem{Inconclusive, fmt.Sprintf("%s of %s is in the base file only", id[0], id[1])})
		default:
			c.Differences = append(c.Differences, Difference{id[0] + " of " + id[1], "measured", "–"})
		}
	}
	for _, id := range n {
		if !slices.Contains(b, id) && gated(id) {
			c.Differences = append(c.Differences, Difference{id[0] + " of " + id[1], "–", "measured"})
		}
	}
}

// Gated is the comparison that a gate ends with: series judged, with what
// differed between the arms and the problems met.
func Gated(series []Series, o JudgeOptions, differs []Difference, problems []Problem) Comparison {
	c := Comparison{Differences: differs, Interleaved: true, Findings: Judge(series, o), Problems: problems}
	return c.concluded(o)
}

// concluded adds a problem for each metric that was to be gated and was not
// measured, and sums up.
func (c Comparison) concluded(o JudgeOptions) Comparison {
	for _, metric := range o.Gate {
		if !slices.ContainsFunc(c.Findings, func(f Finding) bool { return f.Metric == metric }) {
			c.Problems = append(c.Problems, Problem{Inconclusive, metric + " was not measured by both arms in every round"})
		}
	}
	c.Verdict = JudgeVerdict(c.Findings)
	for _, p := range c.Problems {
		c.Verdict = Worse(c.Verdict, p.Verdict)
	}
	return c
}

// pairUp joins the arms' rounds by metric and name, in base's order.
func pairUp(base, fresh []Rounds) []Series {
	var out []Series
	for _, b := range base {
		i := slices.IndexFunc(fresh, func(n Rounds) bool { return n.Metric == b.Metric && n.Name == b.Name })
		if i >= 0 {
			out = append(out, Series{Metric: b.Metric, Name: b.Name, HigherIsBetter: b.HigherIsBetter,
				Base: b.Values, New: fresh[i].Values, Again: b.Again, NewAgain: fresh[i].Again})
		}
	}
	return out
}

// exactMetrics do not depend on the machine's mood, so that separate runs can
// judge them. Each stands with what a process may do beside its work, per
// operation, and which is no change.
var exactMetrics = map[string]float64{"allocs/op": 0.5, "B/op": 64}

// exactRequests is how many requests of a load it takes for exactMetrics to be
// those of the requests: a process that starts and ends makes some hundred
// allocations of its own.
const exactRequests = 1000

// apart compares the figures of two separate runs.
func apart(base, fresh *File, o JudgeOptions) []Finding {
	news := map[[2]string]Figure{}
	for _, f := range Figures(fresh) {
		news[[2]string{f.Metric, f.Name}] = f
	}
	var out []Finding
	for _, b := range Figures(base) {
		n, ok := news[[2]string{b.Metric, b.Name}]
		if !ok {
			continue
		}
		f := Finding{Metric: b.Metric, Name: b.Name, HigherIsBetter: b.HigherIsBetter, Base: b.Value, New: n.Value,
			Effect: Effect{Pairs: 1, P: 1}, Adjusted: 1, Margin: o.margin(b.Metric)}
		if b.Value > 0 {
			f.Effect.Ratio = n.Value / b.Value
			f.Effect.Lo, f.Effect.Hi = f.Effect.Ratio, f.Effect.Ratio
		}
		f.Change, f.Reason = CannotTell, "separate runs: machine and moment differ by more than a change would"
		switch {
		case len(o.Gate) > 0 && !slices.Contains(o.Gate, b.Metric):
			f.Reason, f.ShownOnly = o.shownOnly(f)
		case exactMetrics[b.Metric] > 0:
			f.Change, f.Reason = f.exact(costRequests(base, b.Name), costRequests(fresh, b.Name))
		}
		out = append(out, f)
	}
	return out
}

// costRequests is the number of requests that the costs named name are of; -1 if
// they are not of a load.
func costRequests(f *File, name string) int64 {
	var n int64 = -1
	for _, l := range f.Load {
		if costName(l) == name {
			n = max(n, 0) + l.Requests
		}
	}
	return n
}

// exact judges a count by the margin alone, of loads with enough requests.
func (f Finding) exact(baseRequests, newRequests int64) (Change, string) {
	least := exactMetrics[f.Metric]
	n := min(baseRequests, newRequests)
	switch {
	case math.IsNaN(f.Base) || math.IsNaN(f.New) || f.Base < 0 || f.New < 0:
		return CannotTell, "not a count"
	case n >= 0 && n < exactRequests:
		return CannotTell, fmt.Sprintf("separate runs: a run of %d requests, %d are needed", n, exactRequests)
	case f.New > f.Base*(1+f.Margin) && f.New > f.Base+least:
		return f.oriented(WorseOff), ""
	case f.New < f.Base/(1+f.Margin) && f.New < f.Base-least:
		return f.oriented(Better), ""
	}
	return Same, ""
}

// Figure is one number of a result, named as benchmarks name it.
type Figure struct {
	Metric         string // unit as in benchfmt: "p99-ns/op"
	Name           string // "GenerateMac/key=HMAC_256/mode=open/client=sdk"
	Value          float64
	HigherIsBetter bool
}

// Figures lists every figure of f that a benchmark would give, in a stable
// order. What was not measured is left out, never zero.
func Figures(f *File) []Figure {
	var out []Figure
	for _, l := range f.Load {
		name := fmt.Sprintf("%s/key=%s/mode=%s/client=%s", l.Operation, l.KeySpec, l.Mode, l.Client)
		if l.Response != nil {
			out = append(out, Figure{"p50-ns/op", name, float64(l.Response.P50), false},
				Figure{"p99-ns/op", name, float64(l.Response.P99), false})
		}
		if l.Service != nil {
			out = append(out, Figure{"service-p50-ns/op", name, float64(l.Service.P50), false})
		}
		if l.Succeeded > 0 && l.Mode == "closed" { // an open loop's rate is the plan's
			out = append(out, Figure{"ops/s", name, l.AchievedRate, true})
		}
	}
	out = append(append(out, costFigures(f.Load)...), sweepFigures(f.Sweep)...)
	return append(out, f.EngineBench.engineFigures()...)
}

// Differences lists what differs in tool, plan and environment, always in the
// same order. Run ids, times and ports, which always differ, are left out.
func Differences(base, fresh *File) []Difference {
	out := []Difference{}
	add := func(where string, a, b any) {
		if !reflect.DeepEqual(a, b) {
			out = append(out, Difference{where, fmt.Sprint(a), fmt.Sprint(b)})
		}
	}
	add("tool.version", base.Tool.Version, fresh.Tool.Version)
	add("tool.commit", base.Tool.Commit, fresh.Tool.Commit)
	add("plan.command", base.Plan.Command, fresh.Plan.Command)
	add("plan.seed", base.Plan.Seed, fresh.Plan.Seed)
	eachKey(base.Plan.Settings, fresh.Plan.Settings, "plan.settings.", add)
	a, b := base.Environment, fresh.Environment
	add("environment.host", a.Host, b.Host)
	add("environment.os", a.OS+"/"+a.Arch, b.OS+"/"+b.Arch)
	add("environment.kernel", a.Kernel, b.Kernel)
	add("environment.cpu", a.CPU, b.CPU)
	add("environment.cpus", a.CPUs, b.CPUs)
	add("environment.gomaxprocs", a.GOMAXPROCS, b.GOMAXPROCS)
	add("environment.gogc", a.GOGC, b.GOGC)
	add("environment.go", a.Go, b.Go)
	add("environment.fips140", a.FIPS140, b.FIPS140)
	add("environment.endpoint.kind", a.Endpoint.Kind, b.Endpoint.Kind)
	add("environment.endpoint.region", a.Endpoint.Region, b.Endpoint.Region)
	add("environment.endpoint.in_process", a.Endpoint.InProcess, b.Endpoint.InProcess)
	eachKey(a.Modules, b.Modules, "environment.modules.", add)
	eachKey(a.Switches, b.Switches, "environment.switches.", add)
	eachKey(a.Engine, b.Engine, "environment.engine.", add)
	return out
}

// eachKey calls add for every key of either map, sorted, and goes into values
// that are maps in both.
func eachKey[V any](a, b map[string]V, prefix string, add func(where string, a, b any)) {
	all := map[string]bool{}
	for _, m := range []map[string]V{a, b} {
		for k := range m {
			all[k] = true
		}
	}
	value := func(m map[string]V, k string) any {
		if v, ok := m[k]; ok {
			return v
		}
		return "–"
	}
	for _, k := range slices.Sorted(maps.Keys(all)) {
		va, vb := value(a, k), value(b, k)
		ma, okA := va.(map[string]any)
		mb, okB := vb.(map[string]any)
		if okA && okB {
			eachKey(ma, mb, prefix+k+".", add)
		} else {
			add(prefix+k, va, vb)
		}
	}
}
