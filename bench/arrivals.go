package bench

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Shape is how the arrival rate changes over the run.
type Shape string

// The shapes of a schedule.
const (
	Constant Shape = "constant" // Rate throughout
	Ramp     Shape = "ramp"     // linearly from Rate to EndRate over the duration
	Step     Shape = "step"     // the Steps one after another
	Burst    Shape = "burst"    // Rate, and BurstRate for BurstLength at the start of each BurstPeriod
	Trace    Shape = "trace"    // the instants of a file
)

// Limits of a schedule.
const (
	MaxRate         = 10e6       // arrivals per second
	MaxTraceEntries = 10_000_000 // instants of one trace
)

// Arrivals says when requests are due in an open loop. It is absolute: the
// n-th instant is a function of the plan and the seed, never of what happened
// before, so a schedule does not drift and shards share it exactly. The zero
// value is constant at 100 per second.
type Arrivals struct {
	Shape   Shape   `json:"shape"`   // default constant
	Poisson bool    `json:"poisson"` // random gaps with the shape's rate; otherwise evenly spaced
	Rate    float64 `json:"rate"`    // per second, above 0 to MaxRate; default 100; 0 is allowed for ramp and burst

	EndRate float64 `json:"end_rate,omitempty"` // ramp: per second, 0 to MaxRate

	Steps []RateStep `json:"steps,omitempty"` // step: at least one

	BurstRate   float64       `json:"burst_rate,omitempty"`
	BurstLength time.Duration `json:"burst_length_ns,omitempty"` // above 0, below BurstPeriod
	BurstPeriod time.Duration `json:"burst_period_ns,omitempty"`

	TraceDigest  string          `json:"trace_sha256,omitempty"` // set by SetTrace
	TraceEntries int             `json:"trace_entries,omitempty"`
	trace        []time.Duration // ascending
}

// RateStep is one stretch of constant rate.
type RateStep struct {
	Rate   float64       `json:"rate"`      // per second, 0 to MaxRate
	Length time.Duration `json:"length_ns"` // above 0
}

// Arrival is one due request.
type Arrival struct {
	At    time.Duration // since the start of the schedule
	Index uint64        // position in the global schedule, the same for every shard
}

// withDefaults fills in what is not set.
func (a Arrivals) withDefaults() Arrivals {
	if a.Shape == "" {
		a.Shape = Constant
	}
	if a.Rate == 0 && a.Shape == Constant {
		a.Rate = 100
	}
	return a
}

// natural is the length that the schedule has of itself; 0 if it goes on.
func (a Arrivals) natural() time.Duration {
	var d time.Duration
	switch a.Shape {
	case Step:
		for _, s := range a.Steps {
			d += s.Length
		}
	case Trace:
		if n := len(a.trace); n > 0 {
			d = a.trace[n-1] + 1
		}
	}
	return d
}

func validRate(name string, r float64) error {
	if math.IsNaN(r) || r < 0 || r > MaxRate {
		return fmt.Errorf("bench: %s %v is not between 0 and %v per second", name, r, float64(MaxRate))
	}
	return nil
}

// validate reports the first thing wrong; a has its defaults.
func (a Arrivals) validate() error {
	if err := validRate("rate", a.Rate); err != nil {
		return err
	}
	switch a.Shape {
	case Constant:
		if a.Rate <= 0 {
			return fmt.Errorf("bench: rate %v is not above 0", a.Rate)
		}
	case Ramp:
		if err := validRate("end rate", a.EndRate); err != nil {
			return err
		}
		if a.Rate == 0 && a.EndRate == 0 {
			return fmt.Errorf("bench: a ramp from 0 to 0 has no arrivals")
		}
	case Step:
		return a.validateSteps()
	case Burst:
		return a.validateBurst()
	case Trace:
		if len(a.trace) == 0 {
			return fmt.Errorf("bench: the trace holds no arrivals")
		}
	default:
		return fmt.Errorf("bench: unknown arrival shape %q", a.Shape)
	}
	return nil
}

func (a Arrivals) validateSteps() error {
	if len(a.Steps) == 0 {
		return fmt.Errorf("bench: a step schedule needs at least one step")
	}
	any := false
	for i, s := range a.Steps {
		if err := validRate(fmt.Sprintf("rate of step %d", i+1), s.Rate); err != nil {
			return err
		}
		if s.Length <= 0 {
			return fmt.Errorf("bench: step %d has length %v", i+1, s.Length)
		}
		any = any || s.Rate > 0
	}
	if !any {
		return fmt.Errorf("bench: all steps have rate 0")
	}
	return nil
}

func (a Arrivals) validateBurst() error {
	if err := validRate("burst rate", a.BurstRate); err != nil {
		return err
	}
	if a.BurstLength <= 0 || a.BurstPeriod <= a.BurstLength {
		return fmt.Errorf("bench: a burst of %v each %v: the length must be above 0 and below the period", a.BurstLength, a.BurstPeriod)
	}
	if a.Rate == 0 && a.BurstRate == 0 {
		return fmt.Errorf("bench: a burst schedule with both rates 0 has no arrivals")
	}
	return nil
}

// startRate is the rate at the start, for the warm-up.
func (a Arrivals) startRate() float64 {
	switch a.Shape {
	case Step:
		return a.Steps[0].Rate
	case Trace:
		return float64(len(a.trace)) / a.natural().Seconds()
	}
	return a.Rate
}

// peakRate is the highest sustained rate, for sizing. That of a trace is over
// its densest second.
func (a Arrivals) peakRate() float64 {
	switch a.Shape {
	case Ramp:
		return max(a.Rate, a.EndRate)
	case Burst:
		return max(a.Rate, a.BurstRate)
	case Step:
		return slices.MaxFunc(a.Steps, func(x, y RateStep) int {
			if x.Rate < y.Rate {
				return -1
			}
			return 1
		}).Rate
	case Trace:
		most, from := 0, 0
		for i, at := range a.trace {
			for at-a.trace[from] >= time.Second {
				from++
			}
			most = max(most, i-from+1)
		}
		return float64(most)
	}
	return a.Rate
}

// Schedule yields the arrivals of the first d of a run in order. d 0 means the
// length that the shape has of itself (step, trace); it is an error for shapes
// that go on without end.
func (a Arrivals) Schedule(seed uint64, d time.Duration) (*Schedule, error) {
	a = a.withDefaults()
	if err := a.validate(); err != nil {
		return nil, err
	}
	if d == 0 {
		d = a.natural()
	}
	if d <= 0 {
		return nil, fmt.Errorf("bench: a %s schedule needs a duration above 0, not %v", a.Shape, d)
	}
	s := &Schedule{seed: seed, salt: saltArrivals, poisson: a.Poisson, end: d, trace: a.trace, of: 1}
	if a.Shape != Trace {
		s.curve = a.curve(d)
	}
	return s, nil
}

// warmup is the schedule before the measured one: even, at the start rate.
func (a Arrivals) warmup(seed uint64, d time.Duration) *Schedule {
	s := &Schedule{seed: seed, salt: saltWarmup, poisson: a.Poisson && a.Shape != Trace, end: d, of: 1, mark: warmupMark}
	s.curve = newCurve(false, segment{length: d.Seconds(), from: a.startRate(), to: a.startRate()})
	return s
}

func (a Arrivals) curve(d time.Duration) curve {
	switch a.Shape {
	case Ramp:
		return newCurve(false, segment{d.Seconds(), a.Rate, a.EndRate})
	case Burst:
		return newCurve(true,
			segment{a.BurstLength.Seconds(), a.BurstRate, a.BurstRate},
			segment{(a.BurstPeriod - a.BurstLength).Seconds(), a.Rate, a.Rate})
	case Step:
		segs := make([]segment, len(a.Steps))
		for i, s := range a.Steps {
			segs[i] = segment{s.Length.Seconds(), s.Rate, s.Rate}
		}
		return newCurve(false, segs...)
	}
	return newCurve(false, segment{d.Seconds(), a.Rate, a.Rate})
}

// warmupMark sets the arrivals of the warm-up apart, so that the measured ones
// have the same Index with any warm-up.
const warmupMark = 1 << 63

// Schedule is a sequence of arrivals. It is for one goroutine.
type Schedule struct {
	seed, salt uint64
	curve      curve
	trace      []time.Duration
	poisson    bool
	end        time.Duration
	next       uint64  // global index of the next arrival
	sum        float64 // Poisson: arrivals of the unit process so far
	index, of  uint64  // stripe
	mark       uint64
}

// Stripe turns s into shard i's share of the same global schedule: the arrivals
// whose Index leaves i when divided by n. The shares of 0 … n-1 are disjoint
// and complete. It must be called before Next and panics unless 0 <= i < n.
func (s *Schedule) Stripe(i, n int) *Schedule {
	if n < 1 || i < 0 || i >= n {
		panic(fmt.Sprintf("bench: Schedule.Stripe: shard %d of %d", i, n))
	}
	s.index, s.of = uint64(i), uint64(n)
	return s
}

// Next returns the next arrival; ok is false after the last one.
func (s *Schedule) Next() (a Arrival, ok bool) {
	for {
		at, ok := s.step()
		if !ok {
			return Arrival{}, false
		}
		k := s.next
		s.next++
		if k%s.of == s.index {
			return Arrival{At: at, Index: k | s.mark}, true
		}
	}
}

// step is the instant of the global arrival s.next.
func (s *Schedule) step() (time.Duration, bool) {
	if s.trace != nil {
		if s.next >= uint64(len(s.trace)) || s.trace[s.next] >= s.end {
			return 0, false
		}
		return s.trace[s.next], true
	}
	n := float64(s.next)
	if s.poisson {
		s.sum += exponential(draw(s.seed, s.salt, s.next))
		n = s.sum
	}
	sec, ok := s.curve.at(n)
	if !ok {
		return 0, false
	}
	at := time.Duration(math.Round(sec * 1e9))
	return at, at < s.end
}

// expected is the number of arrivals of all shards; of a Poisson schedule its
// mean.
func (s *Schedule) expected() float64 { return s.expectedBy(s.end) }

// expectedBy is the number of those before at.
func (s *Schedule) expectedBy(at time.Duration) float64 {
	at = min(at, s.end)
	if s.trace != nil {
		n, _ := slices.BinarySearch(s.trace, at)
		return float64(n)
	}
	return s.curve.until(at.Seconds())
}
