package results

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// rounds makes n pairs whose machine speed drifts and whose true ratio is
// known.
func rounds(n int, ratio, noise float64, seed uint64) (base, fresh []float64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range n {
		drift := 100 * math.Exp(math.Sin(float64(i)/3)) // shared by both of a pair
		base = append(base, drift*math.Exp(noise*rng.NormFloat64()))
		fresh = append(fresh, drift*ratio*math.Exp(noise*rng.NormFloat64()))
	}
	return base, fresh
}

func TestPairedFindsTheRatio(t *testing.T) {
	rows := []struct {
		name         string
		ratio, noise float64
		n            int
	}{
		{"no difference", 1, 0.05, 30},
		{"a tenth slower", 1.1, 0.05, 30},
		{"twice as fast", 0.5, 0.2, 60},
		{"no noise at all", 1.25, 0, 10},
	}
	for _, row := range rows {
		base, fresh := rounds(row.n, row.ratio, row.noise, 7)
		e := Paired(base, fresh, 1)
		if tol := 3*row.noise/math.Sqrt(float64(row.n)) + 1e-9; math.Abs(math.Log(e.Ratio/row.ratio)) > tol*math.Sqrt2 {
			t.Errorf("%s: ratio %v, want %v", row.name, e.Ratio, row.ratio)
		}
		if e.Lo > e.Ratio || e.Hi < e.Ratio {
			t.Errorf("%s: %v is outside of its interval [%v, %v]", row.name, e.Ratio, e.Lo, e.Hi)
		}
		if again := Paired(base, fresh, 1); again != e {
			t.Errorf("%s: the same seed gave %v, then %v", row.name, e, again)
		}
	}
}

// TestPairedIsCalibrated: without a difference p < 0.05 comes in about 5 % of
// cases, and the interval covers the truth in about 95 %.
func TestPairedIsCalibrated(t *testing.T) {
	const trials = 400
	alarms, covered := 0, 0
	for seed := range uint64(trials) {
		base, fresh := rounds(20, 1, 0.1, seed)
		e := Paired(base, fresh, seed)
		if e.P < 0.05 {
			alarms++
		}
		if e.Lo <= 1 && e.Hi >= 1 {
			covered++
		}
	}
	// 400 trials at 5 %: 20 expected, standard deviation 4.4; four of them either way.
	if alarms < 3 || alarms > 38 {
		t.Errorf("%d of %d trials alarm, want about 20", alarms, trials)
	}
	if covered < 358 {
		t.Errorf("%d of %d intervals cover the truth, want about 380", covered, trials)
	}
}

func TestPairedAtTheEdges(t *testing.T) {
	rows := []struct {
		name        string
		base, fresh []float64
		pairs       int
	}{
		{"nothing", nil, nil, 0},
		{"one", []float64{1}, []float64{2}, 1},
		{"uneven", []float64{1, 2, 3}, []float64{1}, 1},
		{"zero, negative, infinite, NaN", []float64{0, -1, math.Inf(1), math.NaN(), 1}, []float64{1, 1, 1, 1, 1}, 1},
	}
	for _, row := range rows {
		e := Paired(row.base, row.fresh, 1)
		if e.Pairs != row.pairs || math.IsNaN(e.Ratio) || math.IsNaN(e.P) || e.P < 0.9 {
			t.Errorf("%s: got %+v, want %d pairs and no evidence", row.name, e, row.pairs)
		}
	}
}

func TestExactFlip(t *testing.T) {
	// All of one sign: only two of 2^n flips are as extreme.
	if got, want := sampleOf(.1, .1, .1, .2, .3, .1).signFlip(nil), 2.0/64; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// sampleOf is a sample of one ratio a round.
func sampleOf(logs ...float64) sample {
	base, fresh := make([]float64, len(logs)), make([]float64, len(logs))
	for i, d := range logs {
		base[i], fresh[i] = 1, math.Exp(d)
	}
	s := newSample([][2][]float64{{base, fresh}})
	for i := range s.ratios { // without the rounding of exp and log
		s.ratios[i].value = logs[s.ratios[i].round]
	}
	return s
}

// TestSignFlipRandom: the random flips give what all flips give.
func TestSignFlipRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for range 20 {
		logs := make([]float64, exactPairs+1)
		for i := range logs {
			logs[i] = 0.5 + rng.NormFloat64()
		}
		s := sampleOf(logs...)
		var sum float64
		ranks := s.signedRanks()
		for _, r := range ranks {
			sum += r
		}
		want, got := exactFlip(ranks, math.Abs(sum)), s.signFlip(rng)
		if math.Abs(got-want) > 4*math.Sqrt(want/flipExtremes*want)+1e-4 {
			t.Errorf("random flips: p %v, all flips: %v", got, want)
		}
	}
}

func TestSignedRanks(t *testing.T) {
	rows := []struct {
		name string
		logs []float64
		want []float64
	}{
		{"plain", []float64{.3, -.1, .2}, []float64{3, -1, 2}},
		{"ties", []float64{.1, -.1, .2, .2}, []float64{1.5, -1.5, 3.5, 3.5}},
		{"zeros have no sign", []float64{0, 0, -.2}, []float64{0, 0, -3}},
	}
	for _, row := range rows {
		if d := cmp.Diff(row.want, sampleOf(row.logs...).signedRanks()); d != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, d)
		}
	}
}

func TestTrimmedMean(t *testing.T) {
	rows := []struct {
		name  string
		x     []float64
		times []int
		want  float64
	}{
		{"one", []float64{3}, []int{1}, 3},
		{"four: nothing to trim", []float64{4, 1, 2, 3}, []int{1, 1, 1, 1}, 2.5},
		{"five: one at each end", []float64{500, 1, 2, 3, -500}, []int{1, 1, 1, 1, 1}, 2},
		{"drawn five times", []float64{500, 1, 2}, []int{0, 5, 0}, 1},
		{"drawn unevenly", []float64{500, 1, 2}, []int{1, 2, 2}, 5.0 / 3},
	}
	for _, row := range rows {
		if got := sampleOf(row.x...).trimmedMean(row.times); math.Abs(got-row.want) > 1e-12 {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}

// TestRoundsStayTogether: two pairs of a round that always agree are no more
// evidence than one.
func TestRoundsStayTogether(t *testing.T) {
	base, fresh := rounds(6, 1.2, 0.01, 3)
	one := Series{Base: base, New: fresh}.effect(1)
	two := Series{Base: base, New: fresh, Again: base, NewAgain: fresh}.effect(1)
	if one.P != two.P || one.Pairs != two.Pairs || math.Abs(two.Hi/one.Hi-1) > 0.01 {
		t.Errorf("one pair a round: %+v; the same twice: %+v", one, two)
	}
	holes := Series{Base: []float64{1, 0, 1}, New: []float64{2, 2, 2}, Again: []float64{1, 1, 0}, NewAgain: []float64{0, 2, 0}}
	if e := holes.effect(1); e.Pairs != 3 || math.Abs(e.Ratio-2) > 1e-12 {
		t.Errorf("with holes: %+v, want 3 rounds of ratio 2", e)
	}
}

func TestHolm(t *testing.T) {
	rows := []struct {
		name             string
		p, weights, want []float64
	}{
		{"none", nil, nil, []float64{}},
		{"one", []float64{0.04}, nil, []float64{0.04}},
		{"textbook", []float64{0.01, 0.04, 0.03, 0.005}, nil, []float64{0.03, 0.06, 0.06, 0.02}},
		{"never above 1", []float64{0.9, 0.8}, nil, []float64{1, 1}},
		{"one, whatever it weighs", []float64{0.04}, []float64{0.1}, []float64{0.04}},
		{"weights", []float64{0.02, 0.04, 0.02}, []float64{1, 0.2, 0.3}, []float64{0.03, 0.04, 1.0 / 30}},
		{"equal weights are none", []float64{0.01, 0.04, 0.03, 0.005}, []float64{2, 2, 2, 2}, []float64{0.03, 0.06, 0.06, 0.02}},
	}
	for _, row := range rows {
		if d := cmp.Diff(row.want, Holm(row.p, row.weights), cmpopts.EquateApprox(0, 1e-12)); d != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, d)
		}
	}
}

func ExamplePaired() {
	base := []float64{100, 140, 90, 210, 100, 95, 120, 180}
	fresh := []float64{121, 167, 110, 250, 119, 115, 146, 214} // always about a fifth more
	e := Paired(base, fresh, 1)
	fmt.Printf("%.2f [%.2f, %.2f], p %.3f\n", e.Ratio, e.Lo, e.Hi, e.P)
	// Output: 1.20 [1.19, 1.21], p 0.008
}
