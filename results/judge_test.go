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
	sameBase, sameNew := rounds(30, 1, 0.02, 4)
	noisyBase, noisyNew := rounds(30, 1.1, 0.5, 5)
	rows := []struct {
		name   string
		series Series
		margin float64
		want   Change
	}{
		{"a fifth slower", Series{Metric: "cpu-ns/op", Base: slowBase, New: slowNew}, 0.05, WorseOff},
		{"a fifth faster", Series{Metric: "cpu-ns/op", Base: slowNew, New: slowBase}, 0.05, Better},
		{"a rate a fifth higher", Series{Metric: "ops/s", Base: slowBase, New: slowNew, HigherIsBetter: true}, 0.05, Better},
		{"a fifth slower within a wide margin", Series{Metric: "cpu-ns/op", Base: slowBase, New: slowNew}, 0.5, Same},
		{"same", Series{Metric: "cpu-ns/op", Base: sameBase, New: sameNew}, 0.05, Same},
		{"same without a margin cannot be proved", Series{Metric: "cpu-ns/op", Base: sameBase, New: sameNew}, 0, CannotTell},
		{"noise", Series{Metric: "cpu-ns/op", Base: noisyBase, New: noisyNew}, 0.05, CannotTell},
		{"the base differs from itself", Series{Metric: "cpu-ns/op", Base: slowBase, New: slowNew, Again: slowNew}, 0.05, CannotTell},
		{"p99 of thirty pairs", Series{Metric: "p99-ns/op", Base: slowBase, New: slowNew}, 0.05, CannotTell},
		{"five pairs", Series{Metric: "cpu-ns/op", Base: slowBase[:5], New: slowNew[:5]}, 0.05, CannotTell},
		{"nothing", Series{Metric: "cpu-ns/op"}, 0.05, CannotTell},
		{"one allocation where there was none", Series{Metric: "allocs/op", Base: flat(10, 0), New: flat(10, 1)}, 0.05, WorseOff},
		{"no allocation any more", Series{Metric: "allocs/op", Base: flat(10, 1), New: flat(10, 0)}, 0.05, Better},
		{"none in both", Series{Metric: "allocs/op", Base: flat(10, 0), New: flat(10, 0)}, 0.05, Same},
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
