package results

import (
	"math"
	"strings"
	"testing"
)

// one is a session of so many rounds in each of which the ratio is nearly the
// same.
func one(metric string, pairs int, ratio float64) Series {
	s := Series{Metric: metric}
	for i := range pairs {
		wobble := 1 + 0.001*float64(i)
		s.Base, s.New = append(s.Base, 100), append(s.New, 100*ratio*wobble)
	}
	return s
}

// unsure is one that changed in neither direction.
func unsure(metric string, pairs int) Series {
	s := one(metric, pairs, 1)
	for i := range s.New {
		if i%2 == 0 {
			s.New[i] = 1e4 / s.New[i] * 1.0001
		}
	}
	return s
}

// TestJudgeOutOfReach: a change that so few pairs cannot show is not blamed on
// chance, and the number of pairs that is named is enough.
func TestJudgeOutOfReach(t *testing.T) {
	many := func(n int, s Series) (out []Series) {
		for range n {
			out = append(out, s)
		}
		return out
	}
	rows := []struct {
		name   string
		series []Series // the first is looked at
		want   Change
		need   int
		says   string
	}{
		{"one figure, five pairs", many(1, one("cpu-ns/op", 5, 4)), CannotTell, 6, "5 pairs, 6 are needed"},
		{"one figure, six pairs", many(1, one("cpu-ns/op", 6, 4)), WorseOff, 0, ""},
		{"two figures, five pairs", many(2, one("cpu-ns/op", 5, 4)), CannotTell, 7, "5 pairs, 6 are needed"},
		{"two figures, six pairs", many(2, one("cpu-ns/op", 6, 4)), CannotTell, 7, "6 pairs are too few to tell one of 2 figures from chance, however large its change: 7 are enough"},
		{"two figures, seven pairs", many(2, one("cpu-ns/op", 7, 4)), WorseOff, 0, ""},
		{"two figures, six pairs, one nearly the same", []Series{one("cpu-ns/op", 6, 1.01), one("cpu-ns/op", 6, 4)}, Same, 7, ""},
		{"three figures, seven pairs", many(3, one("cpu-ns/op", 7, 4)), WorseOff, 0, ""},
		{"four figures, seven pairs", many(4, one("cpu-ns/op", 7, 4)), CannotTell, 8, "7 pairs are too few to tell one of 4 figures"},
		{"small weight beside CPU time that changed", []Series{one("p50-ns/op", 6, 4), one("cpu-ns/op", 8, 4)}, WorseOff, 0, ""},
		{"small weight beside CPU time that did not", []Series{one("p50-ns/op", 7, 4), unsure("cpu-ns/op", 7)}, CannotTell, 8, "7 pairs are too few to tell one of 2 figures"},
		{"p99 of thirty pairs", many(1, one("p99-ns/op", 30, 4)), CannotTell, 60, "30 pairs, 60 are needed"},
		{"many figures, thirty pairs", many(20, one("cpu-ns/op", 30, 4)), WorseOff, 0, ""},
	}
	for _, row := range rows {
		got := Judge(row.series, JudgeOptions{Margin: 0.05, Gate: []string{row.series[0].Metric, "cpu-ns/op"}})[0]
		if got.Change != row.want || got.PairsNeeded != row.need || !strings.Contains(got.Reason, row.says) {
			t.Errorf("%s: %s, %d pairs needed (%s; p %v), want %s, %d (%s)", row.name, got.Change, got.PairsNeeded, got.Reason, got.Adjusted, row.want, row.need, row.says)
		}
	}
}

// TestEnoughPairs: with so many the least p-value survives its share of the
// level, with one fewer it does not.
func TestEnoughPairs(t *testing.T) {
	for _, row := range []struct {
		share float64
		want  int
	}{{1, 6}, {0.5, 7}, {1.0 / 3, 7}, {0.25, 8}, {0.2 / 1.2, 8}, {1e-3, 16}, {1e-4, 19}, {9e-5, 0}} {
		n := enoughPairs(row.share)
		if n != row.want {
			t.Errorf("a share of %v: %d pairs, want %d", row.share, n, row.want)
		}
		if n > 0 && (leastP(n) >= 0.05*row.share || leastP(n-1) < 0.05*row.share) {
			t.Errorf("a share of %v: %d pairs have p %v, one fewer %v", row.share, n, leastP(n), leastP(n-1))
		}
	}
	// The exact test reaches the least p-value, and nothing below.
	for pairs := 1; pairs <= exactPairs; pairs++ {
		s := one("cpu-ns/op", pairs, 4)
		if p := Paired(s.Base, s.New, 1).P; math.Abs(p-leastP(pairs)) > 1e-15 {
			t.Errorf("%d pairs: p %v, least %v", pairs, p, leastP(pairs))
		}
	}
}
