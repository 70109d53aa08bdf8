package bench

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

// Options is what a run needs beside its plan. The zero value works.
type Options struct {
	RunID   string    // value of the tag kmsmac:run; default "unnamed"
	Host    string    // value of the tag kmsmac:host; default "unknown"
	Expires time.Time // value of the tag kmsmac:expires; default a day after the run's planned end

	// Secrets of existing keys by their name in Workload.Keys. Keys without one
	// are verified by consistency. They are not kept.
	Secrets map[string][]byte
	// NewKey makes the local key that verifies a target's, from a secret that it
	// must not keep; default engine.NewKey. It decides which implementation
	// verifies.
	NewKey func(alg engine.Algorithm, secret []byte) (*engine.Key, error)

	// Calibration of the same road is kept with the figures and decides with
	// them whether the run was limited by the generator; nil is none.
	Calibration *results.Calibration

	// Log receives an HDR interval log (results.IntervalLog), one Write a second
	// from the end of the warm-up on, so that a killed run keeps all but its last
	// second; nil is none. A Log that fails ends in a warning, not the run.
	Log io.Writer
	// PlanHash is written into the log's header.
	PlanHash string
	// Envelope is the result file as far as it is known before the load; the
	// log's header holds it, so that a killed run's log can be read as a result.
	// nil is none.
	Envelope *results.File

	// StartAt is the zero of the schedule (its warm-up comes first): shards that
	// share it load the target together. Run makes the keys, then waits for it;
	// what was due before Run had joined is dropped. The zero value is as soon as
	// the keys are there.
	StartAt time.Time

	// Observer is called about once a second and at each change of phase, from
	// one goroutine at a time. It must return soon; nil is none.
	Observer func(Progress)
}

func (o Options) withDefaults(p Plan) Options {
	if o.RunID == "" {
		o.RunID = "unnamed"
	}
	if o.Host == "" {
		o.Host = "unknown"
	}
	if o.NewKey == nil {
		o.NewKey = engine.NewKey
	}
	if o.Expires.IsZero() {
		o.Expires = time.Now().Add(p.warmup() + p.Duration + 24*time.Hour)
	}
	return o
}

// Run measures t as p says.
//
// The report is never nil, and whole whenever the error is nil: a run that ctx
// or a limit ended holds what was measured until then. An error means that
// nothing was measured: the plan is wrong, or the keys could not be made; the
// report then still says which keys were left behind. Keys that the run made
// are scheduled for deletion before Run returns, also after ctx has ended.
func Run(ctx context.Context, t target.Target, p Plan, o Options) (*Report, error) {
	rep := &Report{}
	if err := p.Validate(); err != nil {
		return rep, err
	}
	p = p.WithDefaults()
	o = o.withDefaults(p)
	estimate, err := p.Estimate(t.Info().AWS)
	if err != nil {
		return rep, err
	}
	budget := newBudget(p, estimate)
	before := counters(t)
	keys := newKeyring(t, p, o, budget)
	o.observe(Progress{Phase: PhaseSetUp})
	err = keys.open(ctx)
	if err == nil {
		err = rep.load(ctx, t, p, o, keys, budget, before)
	}
	o.observe(Progress{Phase: PhaseCleanUp})
	rep.Left = keys.close(ctx)
	rep.Warnings = append(rep.Warnings, keys.warnings...)
	rep.Wrong = append(rep.Wrong, keys.wrong...)
	return rep, err
}

func counters(t target.Target) target.Counters {
	if s, ok := t.(target.CounterSource); ok {
		return s.Counters()
	}
	return target.Counters{}
}

// ticket is an arrival on its way to a worker.
type ticket struct {
	at      time.Duration // intended, since the start of the run
	posted  time.Duration // handed over by the pacer
	blocked time.Duration // until when the pacer waited for room in the queue; 0 if it did not
	index   uint64
	item    item
	want    expected
}

// runner is one load on a target.
type runner struct {
	plan    Plan
	target  target.Target
	keys    []*benchKey
	choose  *chooser
	col     *collector
	budget  *budget
	classOf [][2]uint16 // by key: class of GenerateMac, of VerifyMac

	startAt time.Time // of the options

	start  time.Time
	joined time.Duration // when the runner was up; above 0 only if it was too late for StartAt
	from   time.Duration // warm-up ends
	to     time.Duration // schedule ends
	queue  chan ticket

	interval time.Duration // between ticks

	forecasts sync.Pool // of *forecast, for the workers of a closed loop

	offered   []atomic.Int64 // by class, measured part
	opened    []atomic.Int64 // by class, connections opened, warm-up included
	sentAll   atomic.Int64   // warm-up included
	busy      atomic.Int64   // tickets posted and not done, or requests in flight
	peak      int64          // most of busy; the pacer's
	blocked   bool           // the pacer had to wait for room in the queue; the pacer's
	behind    atomic.Bool    // it waited, and has not caught up with the schedule since
	next      atomic.Uint64  // closed loop
	lastSent  atomic.Int64   // newest measured sending, ns since start
	stopOnce  sync.Once
	stopped   atomic.Bool
	stoppedAt time.Duration
	why       string
	cost      perRequest         // of the measured span; set when run has returned
	stop      context.CancelFunc // ends the schedule; requests in flight go on
}

func (r *runner) now() time.Duration { return time.Since(r.start) }

// end stops the schedule for a reason; the first one counts.
func (r *runner) end(why string) {
	r.stopOnce.Do(func() {
		r.why, r.stoppedAt = why, r.now()
		r.stopped.Store(true)
		r.stop()
	})
}

// run waits for the start, performs warm-up, load and drain, and returns when every
// worker has.
func (r *runner) run(ctx context.Context, tick func()) {
	schedule, stop := context.WithCancel(ctx)
	defer stop()
	r.stop, r.start = stop, begin(ctx, r.startAt)
	if !r.startAt.IsZero() {
		r.joined = r.now()
	}
	unhook := context.AfterFunc(ctx, func() { r.end(StoppedInterrupted) })
	defer unhook()

	m := newMeter(r)
	var workers sync.WaitGroup
	for i := range max(r.plan.Workers, r.plan.Concurrency) {
		w := newWorker(ctx, r, i)
		workers.Go(w.run)
	}
	done := make(chan struct{})
	var ticker sync.WaitGroup
	ticker.Go(func() { every(r.interval, done, tick) })
	if r.plan.Mode() == Open {
		r.pace(schedule)
	}
	workers.Wait()
	r.cost = m.stop()
	close(done)
	ticker.Wait()
	if !unhook() && ctx.Err() != nil {
		r.end(StoppedInterrupted)
	}
}

func every(interval time.Duration, done <-chan struct{}, tick func()) {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			tick()
		case <-done:
			return
		}
	}
}

// pace posts every arrival when it is due and closes the queue.
func (r *runner) pace(ctx context.Context) {
	defer close(r.queue)
	p := newPacer(r.plan.Pacer)
	defer p.close()
	warm := r.plan.Arrivals.warmup(r.plan.Seed, r.from).Stripe(r.plan.Shard, r.plan.Shards)
	main, err := r.plan.schedule()
	if err != nil {
		panic("bench: a validated plan has no schedule: " + err.Error())
	}
	drain := time.NewTimer(r.to + r.plan.drain() - r.now())
	defer drain.Stop()
	g := poster{runner: r, pacer: p, drain: drain.C}
	g.post(ctx, warm, 0)
	g.post(ctx, main, r.from)
}

// poster is the state of the pacing goroutine.
type poster struct {
	*runner
	pacer pacer
	drain <-chan time.Time
	over  bool          // the drain time has passed
	until time.Duration // when the pacer last came out of waiting for room
}

// post runs through one schedule that starts at base. After a stop it goes on
// counting the arrivals that were due by then, and after the drain time those
// that were due at all.
func (g *poster) post(ctx context.Context, s *Schedule, base time.Duration) {
	now, f, ahead := g.now(), newForecast(g.runner), new(outlook)
	for a, ok := ahead.arrival(s, f); ok; a, ok = ahead.arrival(s, f) {
		t := ticket{at: base + a.at, index: a.index, item: a.item, want: a.want}
		if t.at > now {
			if now = g.now(); t.at > now && !g.stopped.Load() {
				g.wait(ctx, t.at)
				now = g.now()
			}
		}
		if g.stopped.Load() && t.at > g.stoppedAt {
			return
		}
		if t.at >= g.from {
			g.offered[g.class(t.item)].Add(1)
		}
		t.posted, t.blocked = now, g.until
		if g.missed(t) || !g.hand(ctx, t) {
			g.dropped(t)
		}
		now = max(now, g.until)
	}
}

// wait returns when at has come, or after the stop that came before it.
func (g *poster) wait(ctx context.Context, at time.Duration) {
	if g.behind.Load() {
		g.behind.Store(false)
	}
	g.pacer.wait(ctx, at, g.now)
	if ctx.Err() != nil {
		g.end(StoppedInterrupted) // unless there was another reason before
	}
}

// hand gives t to the workers; false means that it is dropped.
func (g *poster) hand(ctx context.Context, t ticket) bool {
	if g.over || g.stopped.Load() {
		return false
	}
	busy := g.busy.Add(1)
	if g.plan.Overload == Drop && busy > int64(g.plan.Workers+g.plan.QueueLimit) {
		g.busy.Add(-1)
		return false
	}
	g.peak = max(g.peak, busy)
	select {
	case g.queue <- t:
		return true
	default:
		g.blocked = true
		g.behind.Store(true)
	}
	select {
	case g.queue <- t:
		g.until = g.now()
		return true
	case <-g.drain:
		g.over = true
	case <-ctx.Done():
		g.end(StoppedInterrupted)
	}
	g.busy.Add(-1)
	return false
}

func (r *runner) class(it item) uint16 {
	c := r.classOf[it.key]
	if it.verify {
		return c[1]
	}
	return c[0]
}

// dropped counts an arrival that is not sent.
func (r *runner) dropped(t ticket) {
	if t.at >= r.from {
		r.col.drop(r.class(t.item), 1)
	}
}
