package results

import (
	"math"
	"testing"
)

// flat returns n times v.
func flat(n int, v float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func TestJudge(t *testing.T) {
	slowBase, slowNew := rounds(30, 1.2, 0.02, 3)
	sameBase, sameNew := rounds(30, 1, 0.02, 6)
	noisyBase, noisyNew := rounds(30, 1.1, 0.5, 5)
	rows := []struct {
		name   string
		series Series
		margin float64
		want   Change
	}{
		{"a fifth slower", Series{Metric: "cpu-ns/op", Base: slowBase, New: slowNew}, 0.05, WorseOff},
		{"a fifth faster", Series{Metric: "cpu-ns/op", Base: slowNew, New: slowBase}, 0.05, Better},
		{"a rate a fifth higher", Series{Metric: "goodput/s", Base: slowBase, New: slowNew, HigherIsBetter: true}, 0.05, Better},
		{"a fifth slower within a wide margin", Series{Metric: "cpu-ns/op", Base: slowBase, New: slowNew}, 0.5, Same},
		{"same", Series{Metric: "cpu-ns/op", Base: sameBase, New: sameNew}, 0.05, Same},
		{"same without a margin cannot be proved", Series{Metric: "cpu-ns/op", Base: sameBase, New: sameNew}, 0, CannotTell},
		{"noise", Series{Metric: "cpu-ns/op", Base: noisyBase, New: noisyNew}, 0.05, CannotTell},
		{"the base differs from itself", Series{Metric: "cpu-ns/op", Base: slowBase, New: slowNew, Again: slowNew}, 0.05, CannotTell},
		{"the second runs tell the same", Series{Metric: "cpu-ns/op", Base: slowBase, New: slowNew, Again: slowBase, NewAgain: slowNew}, 0.05, WorseOff},
		{"a second run without any allocation", Series{Metric: "allocs/op", Base: flat(10, 0), New: flat(10, 1), Again: flat(10, 0), NewAgain: flat(10, 0)}, 0.05, CannotTell},
		{"p99 of thirty pairs", Series{Metric: "p99-ns/op", Base: slowBase, New: slowNew}, 0.05, CannotTell},
		{"five pairs", Series{Metric: "cpu-ns/op", Base: slowBase[:5], New: slowNew[:5]}, 0.05, CannotTell},
		{"nothing", Series{Metric: "cpu-ns/op"}, 0.05, CannotTell},
		{"one allocation where there was none", Series{Metric: "allocs/op", Base: flat(10, 0), New: flat(10, 1)}, 0.05, WorseOff},
		{"no allocation any more", Series{Metric: "allocs/op", Base: flat(10, 1), New: flat(10, 0)}, 0.05, Better},
		{"none in both", Series{Metric: "allocs/op", Base: flat(10, 0), New: flat(10, 0)}, 0.05, Same},
		{"one stray allocation", Series{Metric: "allocs/op", Base: append(flat(29, 0), 0.03), New: flat(30, 0)}, 0.05, Same},
		{"a fifth stray", Series{Metric: "allocs/op", Base: append(flat(8, 0), flat(2, 1)...), New: flat(10, 1)}, 0.05, WorseOff},
		{"more than a fifth", Series{Metric: "allocs/op", Base: append(flat(7, 0), flat(3, 1)...), New: flat(10, 1)}, 0.05, CannotTell},
		{"zero and no number", Series{Metric: "allocs/op", Base: flat(10, 0), New: flat(10, math.NaN())}, 0.05, CannotTell},
		{"zero and less than zero", Series{Metric: "allocs/op", Base: flat(10, 0), New: flat(10, -1)}, 0.05, CannotTell},
		{"now and then zero", Series{Metric: "allocs/op", Base: append(flat(5, 0), flat(5, 1)...), New: flat(10, 1)}, 0.05, CannotTell},
		{"equal counts", Series{Metric: "allocs/op", Base: flat(10, 336), New: flat(10, 336)}, 0, Same},
		{"more allocations", Series{Metric: "allocs/op", Base: flat(10, 336), New: flat(10, 400)}, 0.05, WorseOff},
		{"not a number", Series{Metric: "cpu-ns/op", Base: flat(10, math.NaN()), New: flat(10, 1)}, 0.05, CannotTell},
	}
	for _, row := range rows {
		got := Judge([]Series{row.series}, JudgeOptions{Margin: row.margin, Seed: 1})[0]
		if got.Change != row.want {
			t.Errorf("%s: got %s (%s; %+v), want %s", row.name, got.Change, got.Reason, got.Effect, row.want)
		}
		if (got.Change == CannotTell) != (got.Reason != "") {
			t.Errorf("%s: %s with reason %q", row.name, got.Change, got.Reason)
		}
	}
}

// TestJudgeUsesBothRuns: what one run of a round shows and the other denies is
// no change.
func TestJudgeUsesBothRuns(t *testing.T) {
	base, fresh := rounds(30, 1.3, 0.02, 3)
	_, against := rounds(30, 1/1.3, 0.02, 3)
	s := Series{Metric: "cpu-ns/op", Base: base, Again: base, New: fresh, NewAgain: against}
	if got := Judge([]Series{s}, JudgeOptions{Margin: 0.05})[0]; got.Change != Same || math.Abs(got.Effect.Ratio-1) > 0.02 {
		t.Errorf("got %s, %+v", got.Change, got.Effect)
	}
}

func TestJudgeShowsOnly(t *testing.T) {
	base, fresh := rounds(60, 1.2, 0.02, 3)
	of := func(metric string, n int) Series { return Series{Metric: metric, Base: base[:n], New: fresh[:n]} }
	rows := []struct {
		name   string
		series Series
		gate   []string
		shown  bool
		want   Verdict
	}{
		{"CPU", of("cpu-ns/op", 30), nil, false, Fail},
		{"CPU, gate on CPU", of("cpu-ns/op", 30), []string{"cpu-ns/op"}, false, Fail},
		{"CPU, gate on something else", of("cpu-ns/op", 30), []string{"allocs/op"}, true, Inconclusive},
		{"p99 of 59 pairs", of("p99-ns/op", 59), nil, true, Inconclusive},
		{"p99 of 60 pairs", of("p99-ns/op", 60), nil, false, Fail},
		{"p99 of 59 pairs, gate on it", of("p99-ns/op", 59), []string{"p99-ns/op"}, false, Inconclusive},
		{"service time", of("service-p50-ns/op", 30), nil, true, Inconclusive},
		{"service time, gate on it", of("service-p50-ns/op", 30), []string{"service-p50-ns/op"}, false, Fail},
	}
	for _, row := range rows {
		c := Gated([]Series{row.series}, JudgeOptions{Margin: 0.05, Gate: row.gate}, nil, nil)
		if f := c.Findings[0]; f.ShownOnly != row.shown || c.Verdict != row.want || row.shown && f.Change != CannotTell {
			t.Errorf("%s: shown only %v, %s, verdict %s; want %v, verdict %s", row.name, f.ShownOnly, f.Change, c.Verdict, row.shown, row.want)
		}
	}
}

// TestHolmCountsWhatCanChange: metrics that are alike to the last digit do not
// weigh on the others, metrics that are not do.
func TestHolmCountsWhatCanChange(t *testing.T) {
	base, fresh := rounds(30, 1.2, 0.02, 3)
	series := []Series{{Metric: "cpu-ns/op", Base: base, New: fresh}}
	for range 500 {
		series = append(series, Series{Metric: "allocs/op", Base: flat(30, 3), New: flat(30, 3)})
	}
	if f := Judge(series, JudgeOptions{Margin: 0.05})[0]; f.Change != WorseOff || f.Adjusted != f.Effect.P {
		t.Errorf("among counts that are alike: %s, p %v, adjusted %v", f.Change, f.Effect.P, f.Adjusted)
	}
	same, again := rounds(30, 1, 0.02, 4)
	series = []Series{series[0]}
	for range 9 {
		series = append(series, Series{Metric: "cpu-ns/op", Base: same, New: again})
	}
	if f := Judge(series, JudgeOptions{Margin: 0.05})[0]; f.Change != WorseOff || math.Abs(f.Adjusted-10*f.Effect.P) > 1e-12 {
		t.Errorf("among ten: %s, p %v, adjusted %v", f.Change, f.Effect.P, f.Adjusted)
	}
}

// TestGatedProblems: the gravest of problems and findings decides.
func TestGatedProblems(t *testing.T) {
	base, fresh := rounds(30, 0.7, 0.02, 3)
	better := []Series{{Metric: "cpu-ns/op", Base: base, New: fresh}}
	rows := []struct {
		name     string
		series   []Series
		gate     []string
		problems []Problem
		want     Verdict
	}{
		{"none", better, nil, nil, Pass},
		{"an arm could not be measured", better, nil, []Problem{{Inconclusive, "x"}}, Inconclusive},
		{"an arm was wrong", better, nil, []Problem{{Inconclusive, "x"}, {Fail, "y"}}, Fail},
		{"an arm was wrong at once", nil, nil, []Problem{{Fail, "y"}}, Fail},
		{"nothing at all", nil, nil, nil, Inconclusive},
		{"a gated metric is missing", better, []string{"cpu-ns/op", "allocs/op"}, nil, Inconclusive},
	}
	for _, row := range rows {
		if got := Gated(row.series, JudgeOptions{Margin: 0.05, Gate: row.gate}, nil, row.problems); got.Verdict != row.want {
			t.Errorf("%s: %s, want %s", row.name, got.Verdict, row.want)
		}
	}
}

func TestJudgeVerdict(t *testing.T) {
	rows := []struct {
		name string
		in   []Change
		want Verdict
	}{
		{"nothing", nil, Inconclusive},
		{"same and better", []Change{Same, Better}, Pass},
		{"one cannot be told", []Change{Same, CannotTell}, Inconclusive},
		{"fail beats inconclusive", []Change{CannotTell, WorseOff, Same}, Fail},
	}
	for _, row := range rows {
		var f []Finding
		for _, c := range row.in {
			f = append(f, Finding{Change: c})
		}
		if got := JudgeVerdict(f); got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
	}
}
