package results

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// madeUp is a recording whose truth is known: figures that scatter by 8 %, on a
// machine whose speed wanders by half from round to round.
func madeUp() *recording {
	rng := rand.New(rand.NewPCG(9, 9))
	r := &recording{Command: "made up", Rounds: 120}
	for _, metric := range []string{"cpu-ns/op", "p50-ns/op", "B/op", "allocs/op"} {
		s := Series{Metric: metric, Name: "Load"}
		for i := range r.Rounds {
			level := 1000 * math.Exp(0.5*math.Sin(float64(i)/4))
			for _, runs := range []*[]float64{&s.Base, &s.New, &s.Again, &s.NewAgain} {
				*runs = append(*runs, level*math.Exp(0.08*rng.NormFloat64()))
			}
		}
		r.Series = append(r.Series, s)
	}
	return r
}

// decideAgain is Judge with something changed in each gated finding before it
// is decided.
func decideAgain(change func(*Finding)) judge {
	return func(s []Series, o JudgeOptions) []Finding {
		out := Judge(s, o)
		for i := range out {
			if f := &out[i]; !f.ShownOnly {
				change(f)
				f.Change, f.Reason = f.decide(len(out))
			}
		}
		return out
	}
}

// changeSeries is Judge on series that were changed before.
func changeSeries(change func(*Series)) judge {
	return func(s []Series, o JudgeOptions) []Finding {
		s = slices.Clone(s)
		for i := range s {
			change(&s[i])
		}
		return Judge(s, o)
	}
}

// TestGatePowerCatches: a gate that is broken is short of the goal that is
// there for it; the sound one of none.
func TestGatePowerCatches(t *testing.T) {
	apart := func(x []float64) []float64 { return slices.Concat(x[len(x)/2:], x[:len(x)/2]) }
	rows := []struct {
		name  string
		judge judge
		goal  string // that must be short; "" none of all
	}{
		{"sound", Judge, ""},
		{"no A/A arm", changeSeries(func(s *Series) { s.Again, s.NewAgain = nil, nil }), "m-unsteady"},
		{"an A/A arm that nobody reads", decideAgain(func(f *Finding) { f.Noise = nil }), "m-unsteady"},
		{"a test that always rules chance out", decideAgain(func(f *Finding) { f.Adjusted = 0 }), "m-alarm-0"},
		{"no adjustment for many metrics", decideAgain(func(f *Finding) { f.Adjusted = f.Effect.P }), "m-alarm-0"},
		{"a test that never does", decideAgain(func(f *Finding) { f.Adjusted = 1 }), "m-slow-15"},
		{"the margin is not kept to", decideAgain(func(f *Finding) { f.Margin = 0 }), "m-false-alarm"},
		{"the interval is not looked at", decideAgain(func(f *Finding) { f.Effect.Lo, f.Effect.Hi = 1.06, 1.07 }), "m-false-alarm"},
		{"one run after the other, not side by side", changeSeries(func(s *Series) { s.New, s.NewAgain = apart(s.New), apart(s.NewAgain) }), "m-slow-8"},
		{"a slowdown is taken for a gain", changeSeries(func(s *Series) { s.HigherIsBetter = true }), "m-slow-15"},
	}
	r := madeUp()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, g := range gateGoals("m", r) {
				if row.goal != "" && g.id != row.goal {
					continue
				}
				gates := 40
				if row.goal == "m-false-alarm" {
					gates = 200 // what is wrong is rare, too
				}
				hits := r.simulate(row.judge, g.scenario, g.found, gates, 1)
				if met := g.met(hits, gates); met != (row.goal == "") {
					t.Errorf("met %v: %+v", met, g.row(hits, gates))
				}
			}
		})
	}
}

// TestGatePowerExcuses: only power may be known to be short.
func TestGatePowerExcuses(t *testing.T) {
	blind := func([]Series, JudgeOptions) []Finding { return []Finding{{Change: Same}} }
	alarmed := func([]Series, JudgeOptions) []Finding { return []Finding{{Change: WorseOff}} }
	rows := []struct {
		name   string
		judge  judge
		known  map[string]string
		ok     bool
		want   string
		finish string
	}{
		{"finds nothing", blind, nil, false, " short\n", "3 of 5\n"},
		{"finds nothing, one is known", blind, map[string]string{"m-slow-15": "x"}, false, " short (known)\n", "3 of 5\n"},
		{"finds nothing, both are known", blind, map[string]string{"m-slow-15": "x", "m-slow-8": "y"}, true, " short (known)\n", "3 of 5\n"},
		{"always alarms, known or not", alarmed, map[string]string{"m-false-alarm": "x", "m-alarm-0": "y", "m-unsteady": "z"}, false, " short\n", "2 of 5\n"},
	}
	for _, row := range rows {
		var out bytes.Buffer
		ok := gatePower(&out, row.judge, map[string]*recording{"m": madeUp()}, row.known, 10, 2)
		if got := out.String(); ok != row.ok || !strings.Contains(got, row.want) || !strings.HasSuffix(got, "\n"+row.finish) {
			t.Errorf("%s: ok %v, want %v with %q and %q:\n%s", row.name, ok, row.ok, row.want, row.finish, got)
		}
	}
}

// TestGoalOpen: a small sample is short of its goal only beyond doubt.
func TestGoalOpen(t *testing.T) {
	alarm, power := gateGoal{share: 0.01}, gateGoal{share: 0.85, power: true}
	rows := []struct {
		goal      gateGoal
		hits, of  int
		met, open bool
	}{
		{alarm, 1, 100, true, false}, {alarm, 2, 100, false, true}, {alarm, 6, 100, false, false},
		{alarm, 10, 1000, true, false}, {alarm, 11, 1000, false, false},
		{power, 85, 100, true, false}, {power, 80, 100, false, true}, {power, 70, 100, false, false},
		{power, 850, 1000, true, false}, {power, 849, 1000, false, false},
	}
	for _, row := range rows {
		if met, open := row.goal.met(row.hits, row.of), row.goal.open(row.hits, row.of); met != row.met || open != row.open {
			t.Errorf("%d of %d, goal %v: met %v, open %v; want %v, %v", row.hits, row.of, row.goal.share, met, open, row.met, row.open)
		}
	}
}

// TestRecordings: what is committed can be simulated from, and knows CPU.
func TestRecordings(t *testing.T) {
	all, err := readRecordings("testdata/rounds")
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range all {
		if !r.has("cpu-ns/op") && !r.has("ns/op") {
			t.Errorf("%s has neither CPU time nor time per tag", name)
		}
	}
	if _, err := readRecordings(t.TempDir()); err == nil {
		t.Error("an empty folder is a proof")
	}
}

// TestRecord: the arms' files of a gate become a recording; arms that differ do not.
func TestRecord(t *testing.T) {
	arm := func(dir, version string, values []float64) {
		f := &File{Schema: Schema, Tool: Tool{Name: "kmsmac", Version: version}, RunID: "0123456789ab", SessionID: "s", Started: time.Unix(1, 0), Verdict: Pass,
			Warnings: []string{}, Plan: Plan{Command: "bench kms", Settings: map[string]any{}},
			Rounds: []Rounds{{Metric: "cpu-ns/op", Name: "Load", Values: values, Again: values}}}
		f.PlanHash, _ = f.Plan.Hash() // settings are empty
		if _, err := Write(dir, f); err != nil {
			t.Fatal(err)
		}
	}
	values := make([]float64, 2*simRounds)
	for i := range values {
		values[i] = 123456.789
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "r.json")
	arm(filepath.Join(dir, "base"), "a", values)
	arm(filepath.Join(dir, "new"), "a", values)
	if err := record(dir, path); err != nil {
		t.Fatal(err)
	}
	r, err := readRecording(path)
	if err != nil || r.Rounds != len(values) || math.Abs(r.Series[0].NewAgain[59]-123460) > 0.001 {
		t.Errorf("got %+v, %v", r, err)
	}
	arm(filepath.Join(dir, "new"), "b", values)
	if err := record(dir, path); err == nil || !strings.Contains(err.Error(), "tool.version differs") {
		t.Errorf("arms of two builds: %v", err)
	}
	arm(filepath.Join(dir, "new"), "a", values[1:])
	if err := record(dir, path); err == nil {
		t.Error("arms of unequal length were recorded")
	}
}

// TestLevel: after it no recording's arms differ on the whole.
func TestLevel(t *testing.T) {
	r := madeUp()
	for i := range r.Series[0].New {
		r.Series[0].New[i] *= 1.02
		r.Series[0].NewAgain[i] *= 1.02
	}
	r.Series = append(r.Series, Series{Metric: "allocs/op", Base: make([]float64, r.Rounds), New: make([]float64, r.Rounds), Again: make([]float64, r.Rounds), NewAgain: make([]float64, r.Rounds)})
	r.level()
	for _, s := range r.Series {
		if e := s.effect(1); e.Ratio != 0 && math.Abs(e.Ratio-1) > 1e-9 || slices.ContainsFunc(s.New, math.IsNaN) {
			t.Errorf("%s: the arms differ by %v", s.Metric, e.Ratio)
		}
	}
}

// TestSimulatedGate: rounds stay whole, in blocks of neighbours, and the
// slowdown is where it belongs.
func TestSimulatedGate(t *testing.T) {
	r := &recording{Rounds: 2 * simRounds, Series: []Series{{Metric: "cpu-ns/op"}, {Metric: "p50-ns/op"}}}
	for i := range r.Rounds {
		for k := range r.Series {
			s := &r.Series[k]
			v := float64(10 * (i + 1))
			s.Base, s.New, s.Again, s.NewAgain = append(s.Base, v), append(s.New, v+1), append(s.Again, v+2), append(s.NewAgain, v+3)
		}
	}
	swaps := 0
	for seed := range uint64(20) {
		got := r.gate(candidateSlower(0, "cpu-ns/op", 2), seed)
		cpu, p50 := got[0], got[1]
		for i := range simRounds {
			round, swapped := math.Floor(p50.Base[i]/10), math.Mod(p50.Base[i], 10) == 1
			want := [4]float64{0, 1, 2, 3}
			if swapped {
				want = [4]float64{1, 0, 3, 2}
				swaps++
			}
			for k, pair := range [4][2]float64{{p50.Base[i], cpu.Base[i]}, {p50.New[i], cpu.New[i] / 2}, {p50.Again[i], cpu.Again[i]}, {p50.NewAgain[i], cpu.NewAgain[i] / 2}} {
				if v := 10*round + want[k]; pair[0] != v || pair[1] != v {
					t.Fatalf("seed %d, round %d, run %d: p50 %v, cpu %v (slowdown taken out), want %v", seed, i, k, pair[0], pair[1], v)
				}
			}
			if i%simBlock > 0 && round != math.Floor(p50.Base[i-1]/10)+1 {
				t.Fatalf("seed %d: round %v after %v", seed, round, math.Floor(p50.Base[i-1]/10))
			}
		}
	}
	if n := 20 * simRounds; swaps < n/4 || swaps > 3*n/4 {
		t.Errorf("%d of %d rounds changed places", swaps, n)
	}
}

func TestWilson(t *testing.T) {
	// Figures of the formula worked by hand: 0 of 100 gives z²/(n+z²).
	rows := []struct {
		hits, of int
		lo, hi   string
	}{{0, 100, "0.0000", "0.0370"}, {100, 100, "0.9630", "1.0000"}, {50, 100, "0.4038", "0.5962"}, {1, 1, "0.2065", "1.0000"}}
	for _, row := range rows {
		lo, hi := wilson(row.hits, row.of)
		if fmt.Sprintf("%.4f", lo) != row.lo || fmt.Sprintf("%.4f", hi) != row.hi {
			t.Errorf("%d of %d: %.4f to %.4f, want %s to %s", row.hits, row.of, lo, hi, row.lo, row.hi)
		}
	}
}
