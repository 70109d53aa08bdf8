package results

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Effect is what paired rounds say about one metric: the ratio new/base with
// an interval and the chance of so large a difference if nothing had changed.
type Effect struct {
	Pairs int     `json:"pairs"` // rounds in which both arms stand side by side
	Ratio float64 `json:"ratio"` // trimmed mean of new/base on the log scale; 0 without pairs
	Lo    float64 `json:"lo"`    // 95 % bootstrap interval of Ratio
	Hi    float64 `json:"hi"`
	P     float64 `json:"p"`   // two-sided sign-flip permutation test on log ratios
	MDE   float64 `json:"mde"` // least change (0.05 is 5 %) found with 80 % power at p < 0.05; 0 for fewer than two pairs
}

// identical reports whether the arms were alike to the last digit, as counts of
// allocations can be.
func (e Effect) identical() bool { return e.Pairs > 0 && e.Lo == 1 && e.Hi == 1 }

const (
	bootstrapRounds = 2000
	exactPairs      = 14 // up to here all sign flips are tried
	// Beyond, random ones, until so many were as extreme as the observed one
	// (Besag and Clifford 1991) or so many were tried: enough for a p-value that
	// survives the adjustment for thousands of metrics.
	flipExtremes = 200
	flipRounds   = 200_000
)

// Paired compares rounds that ran side by side: base[i] and fresh[i] are
// neighbours in time. Pairs of which a value is not positive and finite are
// left out. The seed decides the resampling, so equal input gives equal output.
//
// The estimate is the mean of the log ratios without their lowest and highest
// fifth; the interval is the bootstrap's percentile interval of it over rounds;
// the test is that of Wilcoxon's signed ranks over all flips of rounds.
func Paired(base, fresh []float64, seed uint64) Effect {
	return newSample([][2][]float64{{base, fresh}}).effect(seed)
}

// effect is Paired over both pairs of each round.
func (s Series) effect(seed uint64) Effect {
	pairs := [][2][]float64{{s.Base, s.New}}
	if len(s.Again) == len(s.Base) && len(s.NewAgain) == len(s.New) {
		pairs = append(pairs, [2][]float64{s.Again, s.NewAgain})
	}
	return newSample(pairs).effect(seed)
}

// logRatio is one pair's, with the round that it is of.
type logRatio struct {
	round int
	value float64
}

// sample holds the log ratios of a session in ascending order. The pairs of one
// round are not independent of each other, so whatever is drawn or flipped by
// chance is a whole round.
type sample struct {
	ratios []logRatio
	rounds int
}

// newSample takes one or more pairs of arms. Rounds that give no ratio do not
// count.
func newSample(arms [][2][]float64) sample {
	var s sample
	for i := range min(len(arms[0][0]), len(arms[0][1])) {
		before := len(s.ratios)
		for _, arm := range arms {
			base, fresh := arm[0][i], arm[1][i]
			d := math.Log(fresh / base)
			if base > 0 && fresh > 0 && !math.IsInf(d, 0) && !math.IsNaN(d) {
				s.ratios = append(s.ratios, logRatio{s.rounds, d})
			}
		}
		if len(s.ratios) > before {
			s.rounds++
		}
	}
	slices.SortFunc(s.ratios, func(a, b logRatio) int { return cmp.Compare(a.value, b.value) })
	return s
}

func (s sample) effect(seed uint64) Effect {
	e := Effect{Pairs: s.rounds, P: 1}
	if s.rounds == 0 {
		return e
	}
	rng := rand.New(rand.NewPCG(seed, 0x6b6d736d6163))
	once := make([]int, s.rounds)
	for i := range once {
		once[i] = 1
	}
	lo, hi := s.bootstrap(rng)
	e.Ratio, e.Lo, e.Hi = math.Exp(s.trimmedMean(once)), math.Exp(lo), math.Exp(hi)
	e.P = s.signFlip(rng)
	if s.rounds > 1 {
		e.MDE = detectable(lo, hi)
	}
	return e
}

// trimmedMean is the mean of the ratios without their lowest and highest fifth,
// so that a few disturbed rounds cannot move it far; round i counts times[i]
// times.
func (s sample) trimmedMean(times []int) float64 {
	n := 0
	for _, r := range s.ratios {
		n += times[r.round]
	}
	cut := n / 5
	var sum float64
	at := 0
	for _, r := range s.ratios {
		from := max(at, cut)
		at += times[r.round]
		if kept := min(at, n-cut) - from; kept > 0 {
			sum += float64(kept) * r.value
		}
	}
	return sum / float64(n-2*cut)
}

// bootstrap is the 95 % percentile interval of the trimmed mean over resampled
// rounds.
func (s sample) bootstrap(rng *rand.Rand) (lo, hi float64) {
	times := make([]int, s.rounds)
	estimates := make([]float64, bootstrapRounds)
	for k := range estimates {
		clear(times)
		for range s.rounds {
			times[rng.IntN(s.rounds)]++
		}
		estimates[k] = s.trimmedMean(times)
	}
	slices.Sort(estimates)
	at := func(q float64) float64 { return estimates[int(q*float64(bootstrapRounds-1)+0.5)] }
	return at(0.025), at(0.975)
}

// signedRanks are the sums of the signed ranks of each round's ratios; ties
// share their mean rank.
func (s sample) signedRanks() []float64 {
	byMagnitude := slices.Clone(s.ratios)
	slices.SortFunc(byMagnitude, func(a, b logRatio) int { return cmp.Compare(math.Abs(a.value), math.Abs(b.value)) })
	out := make([]float64, s.rounds)
	for from := 0; from < len(byMagnitude); {
		to := from
		for to < len(byMagnitude) && math.Abs(byMagnitude[to].value) == math.Abs(byMagnitude[from].value) {
			to++
		}
		rank := float64(from+to+1) / 2
		for _, r := range byMagnitude[from:to] {
			if r.value != 0 {
				out[r.round] += math.Copysign(rank, r.value)
			}
		}
		from = to
	}
	return out
}

// signFlip is the two-sided permutation p-value of the sum of signed ranks:
// under no difference base and candidate of a round could as well change
// places. Exact for few rounds.
func (s sample) signFlip(rng *rand.Rand) float64 {
	ranks := s.signedRanks()
	var sum float64
	for _, r := range ranks {
		sum += r
	}
	// Ties count as extreme; sums of half ranks are exact.
	bound := math.Abs(sum)
	if len(ranks) <= exactPairs {
		return exactFlip(ranks, bound)
	}
	extreme := 0
	for tried := 1; tried <= flipRounds; tried++ {
		var t float64
		bits := uint64(0)
		for i, r := range ranks {
			if i%64 == 0 {
				bits = rng.Uint64()
			}
			// The sign bit of the number, flipped by chance.
			t += math.Float64frombits(math.Float64bits(r) ^ bits<<63)
			bits >>= 1
		}
		if math.Abs(t) < bound {
			continue
		}
		if extreme++; extreme == flipExtremes {
			return float64(extreme) / float64(tried)
		}
	}
	return float64(extreme+1) / (flipRounds + 1)
}

func exactFlip(ranks []float64, bound float64) float64 {
	all := 1 << len(ranks)
	extreme := 0
	for mask := range all {
		var t float64
		for i, r := range ranks {
			if mask>>i&1 == 0 {
				t += r
			} else {
				t -= r
			}
		}
		if math.Abs(t) >= bound {
			extreme++
		}
	}
	return float64(extreme) / float64(all)
}

// detectable is the minimum detectable effect for 80 % power at 5 %, from the
// width of the 95 % interval.
func detectable(lo, hi float64) float64 {
	const zLevel, zPower = 1.96, 0.84
	return math.Expm1((zLevel + zPower) * (hi - lo) / (2 * zLevel))
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}

// Holm adjusts p-values for testing them all at once (Holm 1979), each with a
// weight above zero: what has more to tell gets more of the level. The p-value
// that is smallest in proportion to its weight is multiplied by the weights of
// all over its own, the next by the weights of those left, and so on; no
// adjusted value is below that of one before. Without weights (nil) all count
// the same: the i-th smallest of m is multiplied by m−i. The result is in the
// order of the input.
func Holm(p, weights []float64) []float64 {
	weight := func(i int) float64 {
		if weights == nil {
			return 1
		}
		return weights[i]
	}
	order := make([]int, len(p))
	var left float64
	for i := range order {
		order[i] = i
		left += weight(i)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a]/weight(a), p[b]/weight(b)) })
	out := make([]float64, len(p))
	floor := 0.0
	for _, i := range order {
		// left may have lost its own weight to rounding.
		floor = max(floor, min(1, p[i]*max(1, left/weight(i))))
		out[i] = floor
		left -= weight(i)
	}
	return out
}
