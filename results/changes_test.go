package results

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// levels makes n values a level around each of the levels given, with relative
// noise.
func levels(rng *rand.Rand, n int, noise float64, at ...float64) []float64 {
	var out []float64
	for _, level := range at {
		for range n {
			out = append(out, level*math.Exp(noise*rng.NormFloat64()))
		}
	}
	return out
}

// TestChangePointsAreFound: a step of several times the noise is found within
// two runs of its place, with the right size.
func TestChangePointsAreFound(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 1))
		n, step := 10+rng.IntN(40), 1.1+rng.Float64()
		noise := math.Log(step) / 5
		got := ChangePoints(levels(rng, n, noise, 100, 100*step), seed)
		i := slices.IndexFunc(got, func(c ChangePoint) bool { return c.At >= n-2 && c.At <= n+2 })
		if i < 0 {
			t.Errorf("seed %d: a step of %.2f at %d was not found: %+v", seed, step, n, got)
			continue
		}
		if len(got) == 1 && math.Abs(math.Log(got[0].After/got[0].Before/step)) > 3*noise {
			t.Errorf("seed %d: step %.3f, found %+v", seed, step, got[0])
		}
	}
}

func TestChangePointsTwoSteps(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	got := ChangePoints(levels(rng, 20, 0.01, 100, 120, 90), 1)
	if len(got) != 2 || got[0].At != 20 || got[1].At != 40 {
		t.Errorf("got %+v, want changes at 20 and 40", got)
	}
}

// TestNoChangeInNoise holds the rate of false alarms that the comment states:
// over 1,000 series without a change at most 1 % have one, which 22 alarms
// exceed with a chance below one in a thousand.
func TestNoChangeInNoise(t *testing.T) {
	shapes := map[string]func(*rand.Rand) float64{
		"normal":       func(r *rand.Rand) float64 { return 100 * math.Exp(0.1*r.NormFloat64()) },
		"heavy tails":  func(r *rand.Rand) float64 { return 100 + 5/(0.05+r.Float64()) },
		"whole counts": func(r *rand.Rand) float64 { return float64(r.IntN(3)) },
	}
	for name, draw := range shapes {
		alarms, tries := 0, 1000
		for seed := range uint64(tries) {
			rng := rand.New(rand.NewPCG(seed, 3))
			x := make([]float64, 12+rng.IntN(30))
			for i := range x {
				x[i] = draw(rng)
			}
			if len(ChangePoints(x, seed)) > 0 {
				alarms++
			}
		}
		if alarms >= 22 {
			t.Errorf("%s: %d alarms in %d series without a change", name, alarms, tries)
		}
	}
}

// TestChangePointsScale: the unit of measurement changes nothing.
func TestChangePointsScale(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	x := levels(rng, 15, 0.05, 100, 130)
	y := slices.Clone(x)
	for i := range y {
		y[i] *= 1024
	}
	a, b := ChangePoints(x, 9), ChangePoints(y, 9)
	if len(a) != 1 || len(b) != 1 || a[0].At != b[0].At || a[0].P != b[0].P {
		t.Errorf("%+v in one unit, %+v in another", a, b)
	}
}

func TestChangePointsOfLittle(t *testing.T) {
	for _, x := range [][]float64{nil, {1}, {1, 2}, {1, 1, 1, 9, 9, 9}, flat(50, 7), flat(50, 0)} {
		if got := ChangePoints(x, 1); len(got) != 0 {
			t.Errorf("%v: got %+v", x, got)
		}
	}
	nine, ten := append(flat(4, 1), flat(5, 2)...), append(flat(5, 1), flat(5, 2)...)
	if a, b := ChangePoints(nine, 1), ChangePoints(ten, 1); len(a) != 0 || len(b) != 1 {
		t.Errorf("nine values: %+v, want none; ten values: %+v, want one", a, b)
	}
}

// TestBestSplit compares the running sums with the definition.
func TestBestSplit(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for n := range 20 {
		x := make([]float64, n)
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		at, q := bestSplit(x)
		wantAt, want := 0, 0.0
		for k := minRun; k <= n-minRun; k++ {
			if v := energyOf(x[:k], x[k:]); v > want {
				wantAt, want = k, v
			}
		}
		if at != wantAt || math.Abs(q-want) > 1e-9 {
			t.Errorf("%d values: split at %d (%v), want %d (%v)", n, at, q, wantAt, want)
		}
	}
}

func energyOf(a, b []float64) float64 {
	mean := func(x, y []float64, pairs float64) (sum float64) {
		for _, v := range x {
			for _, w := range y {
				sum += math.Abs(v - w)
			}
		}
		return sum / pairs
	}
	n, m := float64(len(a)), float64(len(b))
	return n * m / (n + m) * (2*mean(a, b, n*m) - mean(a, a, n*(n-1)) - mean(b, b, m*(m-1)))
}

func ExampleChangePoints() {
	runs := []float64{100, 101, 99, 100, 102, 98, 100, 101, 120, 121, 119, 120, 122, 118, 120, 119}
	for _, c := range ChangePoints(runs, 1) {
		fmt.Printf("run %d: %.0f to %.0f\n", c.At, c.Before, c.After)
	}
	// Output: run 8: 100 to 120
}
