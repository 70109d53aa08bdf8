package results

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Effect is what paired rounds say about one metric: the ratio new/base with
// an interval and the chance of so large a difference if nothing had changed.
type Effect struct {
	Pairs int     `json:"pairs"`
	Ratio float64 `json:"ratio"` // trimmed mean of new/base on the log scale; 0 without pairs
	Lo    float64 `json:"lo"`    // 95 % bootstrap interval of Ratio
	Hi    float64 `json:"hi"`
	P     float64 `json:"p"`   // two-sided sign-flip permutation test on log ratios
	MDE   float64 `json:"mde"` // least change (0.05 is 5 %) found with 80 % power at p < 0.05; 0 for fewer than two pairs
}

const (
	bootstrapRounds = 2000
	exactPairs      = 14     // up to here all sign flips are tried
	flipRounds      = 10_000 // beyond, so many random ones
)

// Paired compares rounds that ran side by side: base[i] and fresh[i] are
// neighbours in time. Pairs of which a value is not positive and finite are
// left out. The seed decides the resampling, so equal input gives equal output.
//
// The estimate is the mean of the log ratios without their lowest and highest
// fifth; the interval is the bootstrap's percentile interval of it over pairs.
func Paired(base, fresh []float64, seed uint64) Effect {
	logs := logRatios(base, fresh)
	e := Effect{Pairs: len(logs), P: 1}
	if len(logs) == 0 {
		return e
	}
	rng := rand.New(rand.NewPCG(seed, 0x6b6d736d6163))
	e.Ratio = math.Exp(trimmedMean(slices.Clone(logs)))
	e.Lo, e.Hi = bootstrap(logs, rng)
	e.P = signFlip(logs, rng)
	e.MDE = detectable(logs)
	return e
}

func logRatios(base, fresh []float64) []float64 {
	var out []float64
	for i := range min(len(base), len(fresh)) {
		d := math.Log(fresh[i] / base[i])
		if base[i] > 0 && fresh[i] > 0 && !math.IsInf(d, 0) && !math.IsNaN(d) {
			out = append(out, d)
		}
	}
	return out
}

// trimmedMean is the mean of x without its lowest and highest fifth, so that a
// few disturbed rounds cannot move it far. It sorts x.
func trimmedMean(x []float64) float64 {
	slices.Sort(x)
	cut := len(x) / 5
	x = x[cut : len(x)-cut]
	var sum float64
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// bootstrap is the 95 % percentile interval of the ratio over resampled pairs.
func bootstrap(logs []float64, rng *rand.Rand) (lo, hi float64) {
	n := len(logs)
	sample := make([]float64, n)
	estimates := make([]float64, bootstrapRounds)
	for r := range estimates {
		for i := range sample {
			sample[i] = logs[rng.IntN(n)]
		}
		estimates[r] = trimmedMean(sample)
	}
	slices.Sort(estimates)
	at := func(q float64) float64 { return estimates[int(q*float64(bootstrapRounds-1)+0.5)] }
	return math.Exp(at(0.025)), math.Exp(at(0.975))
}

// signFlip is the two-sided permutation p-value of the mean log ratio: under no
// difference each sign is as likely as its opposite. Exact for few pairs.
func signFlip(logs []float64, rng *rand.Rand) float64 {
	var sum float64
	for _, d := range logs {
		sum += d
	}
	// Ties count as extreme; the tolerance absorbs the order of summation.
	bound := math.Abs(sum) * (1 - 1e-12)
	if len(logs) <= exactPairs {
		return exactFlip(logs, bound)
	}
	extreme := 1 // the observed one
	for range flipRounds {
		var s float64
		bits := uint64(0)
		for i, d := range logs {
			if i%64 == 0 {
				bits = rng.Uint64()
			}
			if bits&1 == 0 {
				s += d
			} else {
				s -= d
			}
			bits >>= 1
		}
		if math.Abs(s) >= bound {
			extreme++
		}
	}
	return float64(extreme) / (flipRounds + 1)
}

func exactFlip(logs []float64, bound float64) float64 {
	all := 1 << len(logs)
	extreme := 0
	for mask := range all {
		var s float64
		for i, d := range logs {
			if mask>>i&1 == 0 {
				s += d
			} else {
				s -= d
			}
		}
		if math.Abs(s) >= bound {
			extreme++
		}
	}
	return float64(extreme) / float64(all)
}

// detectable is the minimum detectable effect for 80 % power at 5 %, from the
// spread of the log ratios by their median absolute deviation.
func detectable(logs []float64) float64 {
	if len(logs) < 2 {
		return 0
	}
	center := median(logs)
	dev := make([]float64, len(logs))
	for i, d := range logs {
		dev[i] = math.Abs(d - center)
	}
	const (
		normalMAD = 1.4826      // MAD to standard deviation, normal distribution
		zPower    = 1.96 + 0.84 // 5 % two-sided, 80 % power
	)
	return math.Expm1(zPower * normalMAD * median(dev) / math.Sqrt(float64(len(logs))))
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}

// Holm adjusts p-values for testing them all at once (Holm 1979): the i-th
// smallest of m is multiplied by m−i, and no adjusted value is below that of a
// smaller p. The result is in the order of the input.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	out := make([]float64, len(p))
	floor := 0.0
	for rank, i := range order {
		floor = max(floor, min(1, p[i]*float64(len(p)-rank)))
		out[i] = floor
	}
	return out
}
