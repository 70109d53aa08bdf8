package results

import (
	"math"
	"math/rand/v2"
	"slices"
)

// ChangePoint is a place in a series of runs where the level changed.
type ChangePoint struct {
	At     int     `json:"at"`     // index of the first value of the new level
	Before float64 `json:"before"` // median from the change before to this one
	After  float64 `json:"after"`  // median from this one to the change after
	P      float64 `json:"p"`      // chance of so clear a split if the order of the values meant nothing
}

const (
	// changeLevel is how often a series without any change is given one.
	changeLevel = 0.01
	// permutations of a segment; the least p-value is 1/(permutations+1).
	permutations = 999
	// minRun is the fewest values that make a level.
	minRun = 3
)

// ChangePoints finds where the level of values, which are in the order of time,
// changed: E-divisive (Matteson and James 2014, arXiv:1306.4933) with the
// energy distance of exponent 1, each split held against permutations of its
// segment at 1 %. Positive values are compared on the log scale, so that a
// change is a ratio. The seed decides the permutations.
//
// The test takes runs for exchangeable: a machine whose speed drifts from day
// to day gives more change points than 1 %. Values that are not finite must not
// be among them. Fewer than ten values have too few orders for any change to be
// beyond chance.
func ChangePoints(values []float64, seed uint64) []ChangePoint {
	x := slices.Clone(values)
	if !slices.ContainsFunc(x, func(v float64) bool { return v <= 0 }) {
		for i, v := range x {
			x[i] = math.Log(v)
		}
	}
	s := splitter{rng: rand.New(rand.NewPCG(seed, 0x6368616e6765))}
	s.search(x, 0)
	slices.SortFunc(s.found, func(a, b ChangePoint) int { return a.At - b.At })
	for i := range s.found {
		from, to := 0, len(values)
		if i > 0 {
			from = s.found[i-1].At
		}
		if i+1 < len(s.found) {
			to = s.found[i+1].At
		}
		c := &s.found[i]
		c.Before, c.After = median(values[from:c.At]), median(values[c.At:to])
	}
	return s.found
}

type splitter struct {
	rng   *rand.Rand
	found []ChangePoint
}

// search splits x, which begins at index offset of the series, as often as its
// splits are beyond chance.
func (s *splitter) search(x []float64, offset int) {
	at, q := bestSplit(x)
	if at == 0 {
		return
	}
	p, ok := s.significance(x, q)
	if !ok {
		return
	}
	s.found = append(s.found, ChangePoint{At: offset + at, P: p})
	s.search(x[:at], offset)
	s.search(x[at:], offset+at)
}

// significance holds q against the best splits of permutations of x. It stops
// as soon as the level cannot be reached any more.
func (s *splitter) significance(x []float64, q float64) (p float64, ok bool) {
	shuffled := slices.Clone(x)
	extreme := 1 // the one observed
	for range permutations {
		s.rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if _, other := bestSplit(shuffled); other >= q*(1-1e-12) {
			extreme++
		}
		if float64(extreme) > changeLevel*(permutations+1) {
			return 1, false
		}
	}
	return float64(extreme) / (permutations + 1), true
}

// bestSplit is where the two parts of x differ most in energy distance, scaled
// by their sizes; at is 0 if x is too short or all alike.
func bestSplit(x []float64) (at int, q float64) {
	n := len(x)
	if n < 2*minRun {
		return 0, 0
	}
	// Sums of distances within the left part, within the right one, and across,
	// kept up to date while one value after another changes sides.
	var left, across float64
	right := 0.0
	for i := range x {
		for j := range i {
			right += math.Abs(x[i] - x[j])
		}
	}
	for i := range n - minRun {
		var toLeft, toRight float64
		for _, v := range x[:i] {
			toLeft += math.Abs(x[i] - v)
		}
		for _, v := range x[i+1:] {
			toRight += math.Abs(x[i] - v)
		}
		left, right, across = left+toLeft, right-toRight, across-toLeft+toRight
		if i+1 < minRun {
			continue
		}
		a, b := float64(i+1), float64(n-i-1)
		energy := 2*across/(a*b) - 2*left/(a*(a-1)) - 2*right/(b*(b-1))
		if v := a * b / (a + b) * energy; v > q {
			at, q = i+1, v
		}
	}
	return at, q
}
