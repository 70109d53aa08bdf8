package capacity

import (
	"math"
	"math/rand/v2"
	"testing"
)

// drawn is the share that a bucket refuses of n Poisson arrivals, by playing it.
func drawn(rate, quota, depth float64, n int) float64 {
	r := rand.New(rand.NewPCG(3, uint64(rate)))
	tokens, refused := depth, 0
	for i := range n + n/10 {
		tokens = min(depth, tokens+quota*r.ExpFloat64()/rate)
		switch {
		case tokens >= 1:
			tokens--
		case i >= n/10:
			refused++
		}
	}
	return float64(refused) / float64(n)
}

func TestThrottle(t *testing.T) {
	for _, row := range []struct{ rate, quota, depth float64 }{
		{50, 100, 1}, {50, 100, 3}, {90, 100, 10}, {99, 100, 100}, {100, 100, 100}, {101, 100, 100}, {120, 100, 100}, {300, 100, 5}, {1000, 100, 2},
	} {
		got, want := Throttle(row.rate, row.quota, row.depth), drawn(row.rate, row.quota, row.depth, 2_000_000)
		if math.Abs(got-want) > 0.002 {
			t.Errorf("%v of %v, bucket of %v: %.5f, drawn %.5f", row.rate, row.quota, row.depth, got, want)
		}
	}
	for _, row := range []struct {
		name                     string
		rate, quota, depth, want float64
	}{
		{"one token is M/D/1/1: Erlang's loss", 50, 100, 1, 1.0 / 3},
		{"less than one token is one", 50, 100, 0.1, 1.0 / 3},
		{"nothing comes", 0, 100, 1, 0},
		{"nothing is allowed", 5, 0, 1, 1},
		{"far above", 1e6, 100, 100, 1 - 1e-4},
		{"deep bucket, above", 120, 100, 1e6, 1 - 1/1.2},
		{"deep bucket, below", 99, 100, 1e6, 0},
		{"deep bucket, nearly full", 99.9999, 100, 1e6, 0},
		{"far below", 1, 100, 10, 0},
	} {
		if got := Throttle(row.rate, row.quota, row.depth); math.Abs(got-row.want) > 1e-6 {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// More arrivals are never throttled less, a deeper bucket never more, and the
// short cuts for deep buckets leave no step.
func TestThrottleIsMonotone(t *testing.T) {
	for _, depth := range []float64{1, 2, 10, 100, 1000, 30_000} {
		last := 0.0
		for rate := 50.0; rate < 150; rate += 0.37 {
			got := Throttle(rate, 100, depth)
			if got < last-1e-12 || got < 1-100/rate-1e-12 || got > 1 {
				t.Fatalf("%v of 100, bucket of %v: %v after %v", rate, depth, got, last)
			}
			if deeper := Throttle(rate, 100, 2*depth); deeper > got+1e-12 {
				t.Fatalf("%v of 100: %v with a bucket of %v, %v with twice that", rate, got, depth, deeper)
			}
			last = got
		}
	}
}
