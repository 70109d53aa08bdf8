package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// EngineOptions are what a measurement of the engine has besides its plan.
type EngineOptions struct {
	// Peers are measured in the same rounds; nil is none. They stay open.
	Peers *Peers
	// Observer, if not nil, is called before each round, by one goroutine.
	Observer func(round, rounds int)
}

// MeasureEngine runs the plan. Before and after the rounds every case's tags are
// held against crypto/hmac; wrong ones are counted in the section and do not
// stop it. When ctx ends, the section holds the rounds finished until then and
// the error is ctx's.
//
// A figure is at its best on a core of its own, but cases are to be compared with
// each other only: they take their turns side by side. Use one call at a time.
func MeasureEngine(ctx context.Context, p EnginePlan, o EngineOptions) (results.EngineBench, error) {
	p = p.WithDefaults()
	if err := p.Validate(); err != nil {
		return results.EngineBench{}, err
	}
	specs := p.cases()
	if o.Peers != nil {
		specs = append(specs, p.peerCases(o.Peers.Variants)...)
	}
	return measureEngine(ctx, p, specs, o)
}

func measureEngine(ctx context.Context, p EnginePlan, specs []engineSpec, o EngineOptions) (results.EngineBench, error) {
	s := &engineSession{plan: p, options: o, work: newEngineWork(p.Seed, specs)}
	err := s.prepare(ctx, specs)
	if err == nil {
		err = s.measure(ctx)
	}
	if err == nil {
		err = s.checkAll()
	}
	return s.section(), err
}

// engineSession is one measurement.
type engineSession struct {
	plan    EnginePlan
	options EngineOptions
	work    *engineWork
	cases   []*engineCase
	rounds  int // finished
	chain   uint32
	cycles  []float64 // ns a cycle
}

type engineCase struct {
	spec   engineSpec
	arm    engineArm
	times  int // pieces of work in a turn
	result results.EngineCase
}

func (s *engineSession) prepare(ctx context.Context, specs []engineSpec) error {
	for _, spec := range specs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.add(spec); err != nil {
			return err
		}
	}
	return nil
}

// add makes a case, checks it, and finds out how much work fills a turn.
func (s *engineSession) add(spec engineSpec) error {
	c := &engineCase{spec: spec, result: results.EngineCase{
		Impl: spec.impl, Operation: spec.op, Algorithm: spec.alg.String(),
		MinBytes: spec.size.Min, MaxBytes: spec.size.Max, Jobs: spec.jobs}}
	for _, msg := range s.work.messagesOf(spec.size)[:spec.jobs] {
		c.result.Bytes += int64(len(msg))
	}
	var err error
	if v, ok := s.options.Peers.variant(spec.impl); ok {
		c.result.Library = v.Library
		c.arm, err = s.options.Peers.arm(s.work, spec)
	} else {
		c.arm, err = newLocalArm(s.work, spec)
	}
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	if c.times, err = timesFor(c.arm, s.plan.Turn); err != nil {
		return err
	}
	c.result.Allocs = c.arm.allocs()
	s.cases = append(s.cases, c)
	return nil
}

func (c *engineCase) check() error {
	checked, wrong, err := c.arm.check()
	c.result.Checked += checked
	c.result.WrongTags += wrong
	return err
}

func (s *engineSession) checkAll() error {
	for _, c := range s.cases {
		if err := c.check(); err != nil {
			return err
		}
	}
	return nil
}

// timesFor is how often the work fits into a turn, at least once.
func timesFor(arm engineArm, turn time.Duration) (int, error) {
	times := 1
	for {
		best := time.Hour
		for range 3 {
			took, err := arm.turn(times)
			if err != nil {
				return 0, err
			}
			best = min(best, took)
		}
		if best >= turn/4 || times >= 1<<20 {
			return max(1, int(float64(times)*float64(turn)/float64(max(best, 1)))), nil
		}
		times *= 4
	}
}

// measure gives every case its turns. Values of a round that did not end are
// dropped, so that all cases have as many.
func (s *engineSession) measure(ctx context.Context) error {
	random := rand.New(rand.NewChaCha8(seedBytes(s.plan.Seed, 1<<40)))
	order := make([]*engineCase, len(s.cases))
	copy(order, s.cases)
	s.chain = random.Uint32()
	for round := range s.plan.Rounds {
		if s.options.Observer != nil {
			s.options.Observer(round+1, s.plan.Rounds)
		}
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		if err := s.round(ctx, order); err != nil {
			for _, c := range s.cases {
				c.result.RoundsNs = c.result.RoundsNs[:s.rounds]
			}
			return err
		}
		s.rounds++
	}
	return nil
}

// clockEvery is the number of turns between two looks at the core's clock.
const clockEvery = 16

func (s *engineSession) round(ctx context.Context, order []*engineCase) error {
	for i, c := range order {
		if err := ctx.Err(); err != nil {
			return err
		}
		if i%clockEvery == 0 {
			last, ns := clockChain(s.chain)
			s.chain, s.cycles = last, append(s.cycles, ns)
		}
		took, err := c.arm.turn(c.times)
		if err != nil {
			return fmt.Errorf("%s: %w", c.result.Name(), err)
		}
		c.result.RoundsNs = append(c.result.RoundsNs, float64(took.Nanoseconds())/float64(c.times*c.spec.jobs))
	}
	return nil
}

// section is what was measured until now.
func (s *engineSession) section() results.EngineBench {
	b := results.EngineBench{Rounds: s.rounds, Turn: s.plan.Turn, ClockGHz: s.clock(), Cases: []results.EngineCase{}}
	if s.options.Peers != nil {
		b.Peers = s.options.Peers.Libraries()
	}
	for _, c := range s.cases {
		c.result.Summarize()
		b.Cases = append(b.Cases, c.result)
	}
	return b
}

// clock is nil where it was not measured or is no core's: an emulator's.
func (s *engineSession) clock() *float64 {
	if ns := results.Quantile(s.cycles, 0.02); ns > 0 {
		if ghz := 1 / ns; ghz > 0.4 && ghz < 8 {
			return &ghz
		}
	}
	return nil
}

// EngineVerdict fails when a tag was wrong and is inconclusive when nothing was
// measured.
func EngineVerdict(b results.EngineBench) results.Verdict {
	verdict := results.Inconclusive
	for _, c := range b.Cases {
		if c.WrongTags > 0 {
			return results.Fail
		}
		if len(c.RoundsNs) > 0 {
			verdict = results.Pass
		}
	}
	for _, g := range b.Goals {
		if !g.Met && g.Excuse == "" {
			return results.Fail
		}
	}
	return verdict
}

// errNoPeer is for a case whose peer is not there.
var errNoPeer = errors.New("bench: no such peer")
