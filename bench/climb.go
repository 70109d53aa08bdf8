package bench

import (
	"math"
	"slices"

	"github.com/kmsmac/kmsmac/results"
)

// Why a sweep's climb ended; beside these, why a run ended.
const (
	sweepLimit   = "limit"
	sweepEnd     = "end"
	sweepPlateau = "plateau"
	sweepCeiling = "ceiling"
	sweepWrong   = "wrong_tags"
)

// stepFunc measures one load. why is not empty if the sweep must end after it.
type stepFunc func(value float64, phase string) (pt results.SweepPoint, why string, err error)

// climber holds the state of a sweep; it does no I/O of its own.
type climber struct {
	sweep results.Sweep
	step  stepFunc
	cal   *results.Calibration
}

// climb runs the whole sweep on step.
func climb(p SweepPlan, step stepFunc, cal *results.Calibration) (results.Sweep, error) {
	c := &climber{sweep: results.Sweep{Over: p.Over, Limits: *p.Limits, Points: []results.SweepPoint{}}, step: step, cal: cal}
	low, high, err := c.rise(p)
	if err != nil || c.sweep.Stopped != sweepLimit || low == 0 {
		return c.sweep, err
	}
	knee, ok, err := c.bisect(p, low, high)
	if err != nil || !ok {
		return c.sweep, err
	}
	return c.sweep, c.repeat(p, knee)
}

// measure keeps the point; false ends the sweep.
func (c *climber) measure(value float64, phase string, repeat int) (pt results.SweepPoint, ok bool, err error) {
	pt, why, err := c.step(value, phase)
	if err != nil {
		return pt, false, err
	}
	pt.Repeat = repeat
	c.sweep.Points = append(c.sweep.Points, pt)
	if pt.WrongTags > 0 && why == "" {
		why = sweepWrong
	}
	if why != "" {
		c.sweep.Stopped = why
		return pt, false, nil
	}
	return pt, true, nil
}

// rise climbs the ladder. low is the last value that held, 0 if none; high the
// first that did not.
func (c *climber) rise(p SweepPlan) (low, high float64, err error) {
	flat := 0
	var best float64
	for _, v := range p.ladder() {
		pt, ok, err := c.measure(v, results.SweepClimb, 0)
		if err == nil && ok && len(pt.Broken) > 0 {
			pt, ok, err = c.measure(v, results.SweepConfirm, 0) // a neighbour's burst is not the target's limit
		}
		if err != nil || !ok {
			return 0, 0, err
		}
		if len(pt.Broken) > 0 {
			c.sweep.Stopped = sweepLimit
			return low, v, nil
		}
		low = v
		if c.atCeiling(pt) {
			c.sweep.Stopped = sweepCeiling
			return low, 0, nil
		}
		if pt.AchievedRate < 1.02*best {
			flat++
		} else {
			flat = 0
		}
		best = max(best, pt.AchievedRate)
		if p.Over == OverConcurrency && flat == 3 {
			c.sweep.Stopped = sweepPlateau
			return low, 0, nil
		}
	}
	c.sweep.Stopped = sweepEnd
	return low, 0, nil
}

// atCeiling reports whether a larger load would measure the generator.
func (c *climber) atCeiling(pt results.SweepPoint) bool {
	return c.cal != nil && pt.AnsweredRate > CeilingShare*c.cal.CeilingPerSecond
}

// bisect narrows the gap between a value that held and one that did not, and
// returns the largest that held.
func (c *climber) bisect(p SweepPlan, low, high float64) (knee float64, ok bool, err error) {
	for range p.bisections() {
		mid := p.round(math.Sqrt(low * high))
		if high <= low*(1+p.Resolution) || mid <= low || mid >= high {
			break
		}
		pt, ok, err := c.measure(mid, results.SweepBisect, 0)
		if err != nil || !ok {
			return 0, false, err
		}
		if len(pt.Broken) > 0 {
			high = mid
		} else {
			low = mid
		}
	}
	return low, true, nil
}

// grid is the loads around the knee, ascending.
func (p SweepPlan) grid(knee float64) []float64 {
	var out []float64
	for i := range gridSize {
		out = append(out, p.round(knee*math.Pow(1+2*p.Resolution, float64(i-gridSize/2))))
	}
	if p.Over == OverConcurrency && out[gridSize-1]-out[0] < gridSize-1 { // too close for whole numbers
		for i := range out {
			out[i] = max(1, knee+float64(i-gridSize/2))
		}
	}
	return slices.Compact(out)
}

// repeat measures the loads around the knee again and again, up and down in
// turn, so that a drift of machine or target weighs on all alike.
func (c *climber) repeat(p SweepPlan, knee float64) error {
	up := p.grid(knee)
	down := slices.Clone(up)
	slices.Reverse(down)
	var knees []float64
	for i := range p.Repeats {
		held := map[float64]bool{}
		for _, v := range [][]float64{up, down}[i%2] {
			pt, ok, err := c.measure(v, results.SweepRepeat, i+1)
			if err != nil || !ok {
				return err
			}
			held[v] = len(pt.Broken) == 0
		}
		knees = append(knees, largestHeld(up, held))
	}
	c.sweep.Knee = kneeOf(knees, up)
	return nil
}

// largestHeld is the value that best parts those that held from those that did
// not: with it the fewest stand on the wrong side, so that a neighbour's burst
// in one of them does not decide. Of equals it is the smallest, and 0 if the
// best place is below all.
func largestHeld(up []float64, held map[float64]bool) (largest float64) {
	right := 0
	for _, v := range up {
		if !held[v] {
			right++
		}
	}
	most := right
	for _, v := range up {
		if held[v] {
			right++
		} else {
			right--
		}
		if right > most {
			most, largest = right, v
		}
	}
	return largest
}

// kneeOf sums up the repeats' knees; grid are the values that were measured.
func kneeOf(knees, grid []float64) *results.Knee {
	sorted := slices.Sorted(slices.Values(knees))
	n := len(sorted)
	return &results.Knee{
		Value: sorted[(n-1)/2], Low: sorted[0], High: sorted[n-1], Confidence: 1 - math.Pow(2, float64(1-n)), Repeats: knees,
		LowOpen: sorted[0] == 0, HighOpen: sorted[n-1] == grid[len(grid)-1],
	}
}
