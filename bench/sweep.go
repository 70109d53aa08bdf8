package bench

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

// What a sweep can rise over.
const (
	OverRate        = "rate"        // arrivals per second, open loop
	OverConcurrency = "concurrency" // requests in flight, closed loop
)

// SweepPlan is all that defines a sweep but the target. Load, From and To must
// be set; the rest has defaults.
type SweepPlan struct {
	// Load is the load of every step; its rate or concurrency, duration and
	// warm-up are the sweep's. An open loop must have the shape Constant.
	Load Plan   `json:"load"`
	Over string `json:"over"` // OverRate or OverConcurrency; default by Load's mode

	From   float64 `json:"from"`
	To     float64 `json:"to"`
	Factor float64 `json:"factor"` // from one step to the next, 1.05 to 10; default 1.5, for concurrency 2

	// Step is how long each load lasts, at least 500 ms; default 5 s. The part
	// before the steady state, at most half, is cut off by rule.
	Step time.Duration `json:"step_ns"`

	// Limits, each as it stands: a share of 0 allows none. nil means 1 %
	// throttles, 1 % errors, 95 % answered, and no bound for the p99.
	Limits *results.SweepLimits `json:"limits"`

	// Resolution is how closely bisection finds the knee, 0.01 to 0.5; default
	// 0.05.
	Resolution float64 `json:"resolution"`
	// Repeats of the loads around the knee, 1 to 100; default 5.
	Repeats int `json:"repeats"`
}

// WithDefaults returns the plan with every default filled in.
func (p SweepPlan) WithDefaults() SweepPlan {
	set := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	if p.Over == "" {
		p.Over = OverRate
		if p.Load.Mode() == Closed {
			p.Over = OverConcurrency
		}
	}
	if p.Over == OverConcurrency {
		set(&p.Factor, 2)
	}
	set(&p.Factor, 1.5)
	set(&p.Resolution, 0.05)
	if p.Limits == nil {
		p.Limits = &results.SweepLimits{ThrottleShare: 0.01, ErrorShare: 0.01, AnsweredShare: 0.95}
	}
	if p.Step == 0 {
		p.Step = 5 * time.Second
	}
	if p.Repeats == 0 {
		p.Repeats = 5
	}
	return p
}

// Validate reports the first thing wrong with the plan; nil if Sweep would take
// it.
func (p SweepPlan) Validate() error {
	p = p.WithDefaults()
	for _, v := range []struct {
		name      string
		value     float64
		low, high float64
	}{
		{"factor", p.Factor, 1.05, 10}, {"resolution", p.Resolution, 0.01, 0.5}, {"repeats", float64(p.Repeats), 1, 100},
		{"throttle share", p.Limits.ThrottleShare, 0, 1}, {"error share", p.Limits.ErrorShare, 0, 1}, {"answered share", p.Limits.AnsweredShare, 0, 1},
	} {
		if !(v.value >= v.low && v.value <= v.high) {
			return fmt.Errorf("bench: sweep: %s %v is not between %v and %v", v.name, v.value, v.low, v.high)
		}
	}
	switch {
	case p.Over != OverRate && p.Over != OverConcurrency:
		return fmt.Errorf("bench: a sweep goes over %s or %s, not %q", OverRate, OverConcurrency, p.Over)
	case !(p.From > 0) || !(p.To >= p.From):
		return fmt.Errorf("bench: sweep: from %v to %v does not rise from above 0", p.From, p.To)
	case p.Over == OverConcurrency && (p.From != math.Trunc(p.From) || p.To != math.Trunc(p.To)):
		return fmt.Errorf("bench: sweep: concurrencies %v to %v are not whole numbers", p.From, p.To)
	case p.Step < 500*time.Millisecond || p.Step > time.Hour:
		return fmt.Errorf("bench: sweep: a step of %v is not between 500ms and 1h", p.Step)
	case p.Limits.P99 < 0:
		return fmt.Errorf("bench: sweep: the limit of the p99 is negative")
	case p.Load.Shards > 1:
		return fmt.Errorf("bench: a sweep cannot be sharded")
	case p.Over == OverRate && p.Load.Arrivals.withDefaults().Shape != Constant:
		return fmt.Errorf("bench: the loads of a sweep are constant, not %s", p.Load.Arrivals.Shape)
	}
	for _, v := range []float64{p.From, p.To} {
		if err := p.at(v, 0).Validate(); err != nil {
			return err
		}
	}
	return nil
}

// at is the plan of step n at value; p has its defaults.
func (p SweepPlan) at(value float64, n int) Plan {
	l := p.Load
	l.Duration, l.Warmup = p.Step, NoTime
	l.Seed += uint64(n) // no target answers from a cache
	if p.Over == OverConcurrency {
		l.Concurrency = int(value)
		return l.WithDefaults()
	}
	l.Concurrency, l.Arrivals.Rate = 0, value
	if l.Drain == 0 {
		l.Drain = time.Second // what an overloaded step leaves is dropped
	}
	return l.WithDefaults()
}

// InFlight is the largest number of requests at once.
func (p SweepPlan) InFlight() int { return p.WithDefaults().at(p.To, 0).InFlight() }

// gridSize is the number of loads around the knee.
const gridSize = 5

// Steps is the largest number of loads that the sweep can make.
func (p SweepPlan) Steps() int {
	p = p.WithDefaults()
	return len(p.ladder()) + 1 + p.bisections() + p.Repeats*gridSize
}

// ladder lists the loads of the climb.
func (p SweepPlan) ladder() []float64 {
	var out []float64
	for v := p.From; v < p.To; v *= p.Factor {
		out = append(out, p.round(v))
	}
	return slices.Compact(append(out, p.To))
}

func (p SweepPlan) round(v float64) float64 {
	if p.Over == OverConcurrency {
		return max(1, math.Round(v))
	}
	return v
}

// bisections bounds the steps from one factor to the resolution.
func (p SweepPlan) bisections() int {
	return int(math.Ceil(math.Log2(max(1, math.Log(p.Factor)/math.Log1p(p.Resolution))))) + 1
}

// Estimate returns what the sweep asks of a target at most; it makes no request.
func (p SweepPlan) Estimate(paced bool) (Estimate, error) {
	if err := p.Validate(); err != nil {
		return Estimate{}, err
	}
	p = p.WithDefaults()
	e, err := p.at(p.To, 0).Estimate(paced)
	if err != nil {
		return e, err
	}
	e.Lasts += time.Duration(p.Steps()-1) * (p.Step + time.Second)
	if p.Over == OverConcurrency {
		return e, nil // bounded by MaxRequests, if at all
	}
	ladder := p.ladder()
	var rates float64
	for _, v := range ladder {
		rates += v
	}
	rates += p.To * float64(p.Steps()-len(ladder)) * (1 + 4*p.Resolution)
	for op, n := range e.Load {
		e.Load[op] = int64(math.Ceil(float64(n) / p.To * rates))
	}
	return e, nil
}

// Sweep measures loads of rising size on t until one breaks a limit twice in
// succession, looks for the knee by bisection, and repeats the loads around it
// interleaved. Keys are made once, as Run makes them. observe hears of each
// point; nil is none. o.Log is not used.
//
// The section is never nil. When ctx or a limit of the plan ends the sweep, it
// holds what was measured until then and says so in Stopped; an error means
// that nothing was measured.
func Sweep(ctx context.Context, t target.Target, p SweepPlan, o Options, observe func(results.SweepPoint)) (*results.Sweep, *Report, error) {
	rep, out := &Report{}, &results.Sweep{Points: []results.SweepPoint{}}
	if err := p.Validate(); err != nil {
		return out, rep, err
	}
	p = p.WithDefaults()
	load := p.at(p.To, 0)
	o = o.withDefaults(load)
	estimate, err := p.Estimate(t.Info().AWS)
	if err != nil {
		return out, rep, err
	}
	s := &sweeper{plan: p, options: o, target: t, budget: newBudget(load, estimate)}
	s.keys = newKeyring(t, load, o, s.budget)
	before := counters(t)
	o.observe(Progress{Phase: PhaseSetUp})
	if err = s.keys.open(ctx); err == nil {
		*out, err = climb(p, func(value float64, phase string) (results.SweepPoint, string, error) {
			pt, why, err := s.step(ctx, value)
			pt.Phase = phase
			if err == nil && observe != nil {
				observe(pt)
			}
			return pt, why, err
		}, o.Calibration)
		out.Client, out.Mode, out.Calibration = t.Info().Client, string(load.Mode()), o.Calibration
	}
	rep.Counters, rep.KeysMade = difference(counters(t), before), len(s.keys.made)
	o.observe(Progress{Phase: PhaseCleanUp})
	rep.Left = s.keys.close(ctx)
	rep.Warnings, rep.Wrong, rep.WrongTags = s.keys.warnings, s.keys.wrong, s.wrong
	return out, rep, err
}
