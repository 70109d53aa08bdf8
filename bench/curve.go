package bench

import (
	"math"
	"sort"
)

// segment is a stretch in which the rate goes linearly from one value to
// another. Lengths are in seconds, rates per second.
type segment struct{ length, from, to float64 }

// count is the number of arrivals of the whole segment.
func (g segment) count() float64 { return g.length * (g.from + g.to) / 2 }

// at is the time into the segment at which n arrivals have come, 0 <= n <= count.
func (g segment) at(n float64) float64 {
	if g.from == g.to {
		return n / g.from
	}
	if n == 0 {
		return 0
	}
	// n = from·t + (to−from)/(2·length)·t², solved in the form that loses no
	// digits when the quadratic term is small.
	slope := (g.to - g.from) / g.length
	return min(2*n/(g.from+math.Sqrt(max(0, g.from*g.from+2*slope*n))), g.length)
}

// curve is the rate over time: segments one after another, once or again and
// again. Invariant: sums[i] and starts[i] are arrivals and seconds before
// segment i, with one more entry for the total.
type curve struct {
	segments []segment
	sums     []float64
	starts   []float64
	repeat   bool
}

func newCurve(repeat bool, segs ...segment) curve {
	c := curve{segments: segs, sums: []float64{0}, starts: []float64{0}, repeat: repeat}
	for i, g := range segs {
		c.sums = append(c.sums, c.sums[i]+g.count())
		c.starts = append(c.starts, c.starts[i]+g.length)
	}
	return c
}

// at is the time in seconds by which n arrivals have come; ok is false if that
// never happens.
func (c curve) at(n float64) (sec float64, ok bool) {
	last := len(c.segments)
	total := c.sums[last]
	var base float64
	if c.repeat {
		rounds := math.Floor(n / total)
		n = max(0, n-rounds*total)
		if n >= total { // the quotient was rounded down
			rounds, n = rounds+1, 0
		}
		base = rounds * c.starts[last]
	}
	if n >= total {
		return 0, false
	}
	// The segment with sums[i] <= n < sums[i+1]; one without arrivals is none.
	i := sort.Search(last, func(i int) bool { return c.sums[i+1] > n })
	return base + c.starts[i] + c.segments[i].at(n-c.sums[i]), true
}

// until is the number of arrivals in the first sec seconds.
func (c curve) until(sec float64) float64 {
	last := len(c.segments)
	var n float64
	if length := c.starts[last]; c.repeat {
		rounds := math.Floor(sec / length)
		n, sec = rounds*c.sums[last], sec-rounds*length
	}
	for i, g := range c.segments {
		t := min(max(sec-c.starts[i], 0), g.length)
		n += t * (g.from + (g.to-g.from)*t/(2*g.length))
	}
	return n
}
