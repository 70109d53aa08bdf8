package bench

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// Overload is what happens to an arrival that finds every worker busy.
type Overload string

// The overload policies.
const (
	Queue Overload = "queue" // it waits; its waiting counts as lag and response time
	Drop  Overload = "drop"  // it is dropped, and counted
)

// Mode is how requests are started.
type Mode string

// The modes.
const (
	Open   Mode = "open"   // arrivals are fixed in advance
	Closed Mode = "closed" // the next request waits for a reply
)

// Limits of a plan.
const (
	MaxWorkers  = 20_000
	MaxDuration = 7 * 24 * time.Hour
)

// NoTime is the value of a duration that is to be zero where zero would mean
// the default.
const NoTime time.Duration = -1

// Plan is all that defines a run but the target and the secrets of existing
// keys: two runs of one plan ask for the same work. The zero value is an open
// loop at 100 per second for ten seconds. It holds no secret.
type Plan struct {
	// Seed of the schedule and of every choice of the workload.
	Seed uint64 `json:"seed"`

	// Arrivals of the open loop.
	Arrivals Arrivals `json:"arrivals"`
	// Workers is the number of requests that can be in flight in an open loop,
	// 1 to MaxWorkers; default a quarter of a second of the peak rate, at least
	// 16 and at most 1,000.
	Workers int `json:"workers,omitempty"`
	// Overload policy of the open loop; default Queue.
	Overload Overload `json:"overload,omitempty"`
	// QueueLimit is the number of arrivals that can wait for a worker, at most
	// 1 million. Default for Queue: a second of the peak rate, at least 1,024
	// and at most 65,536; beyond it the pacer waits, and the arrivals keep their
	// instants. Default for Drop: none.
	QueueLimit int `json:"queue_limit,omitempty"`
	// Drain is how long arrivals that are due but not sent when the schedule
	// ends are still sent; the rest are dropped. Default 10 s; NoTime for none.
	Drain time.Duration `json:"drain_ns,omitempty"`
	// Pacer of the open loop; default PaceAuto. It changes no instant of the
	// schedule. In virtual time it must be PaceSleep.
	Pacer Pacing `json:"pacer,omitempty"`

	// Concurrency above 0, 1 to MaxWorkers, makes it a closed loop with that
	// many requests in flight; then everything above but Seed must be zero.
	Concurrency int `json:"concurrency,omitempty"`
	// Think is the pause of a closed loop between reply and next request;
	// default none.
	Think time.Duration `json:"think_ns,omitempty"`

	// Duration of the measured part, up to MaxDuration; default the schedule's
	// own length (step, trace), else 10 s.
	Duration time.Duration `json:"duration_ns"`
	// Warmup comes before it at the schedule's first rate and is not measured.
	// Default a tenth of Duration, at most 5 s; NoTime for none.
	Warmup time.Duration `json:"warmup_ns"`
	// Timeout of one request, at most 5 min; default 30 s.
	Timeout time.Duration `json:"timeout_ns"`

	Workload Workload `json:"workload"`

	// Shard and Shards make this run shard Shard of Shards of one global
	// schedule (open loop only); 0 of 0 or 0 of 1 is the whole.
	Shard  int `json:"shard"`
	Shards int `json:"shards"`

	// MaxRequests stops the run before more than so many requests were sent,
	// set-up and retries included; 0 is no limit.
	MaxRequests int64 `json:"max_requests"`
	// MaxCost in millionths of a US dollar stops the run before requests, keys
	// and retries come to more by the table in awsfacts; 0 is no limit.
	MaxCost awsfacts.MicroUSD `json:"max_cost_micro_usd"`
}

// Mode is Closed if Concurrency is set.
func (p Plan) Mode() Mode {
	if p.Concurrency > 0 {
		return Closed
	}
	return Open
}

// InFlight is the largest number of requests at once: what a connection pool
// should be sized for.
func (p Plan) InFlight() int {
	p = p.WithDefaults()
	return max(p.Workers, p.Concurrency)
}

// WithDefaults returns the plan with every default filled in; it is what
// belongs into a result file. It changes nothing that is set.
func (p Plan) WithDefaults() Plan {
	p.Workload = p.Workload.withDefaults()
	if p.Mode() == Open {
		p = p.openDefaults()
	}
	if p.Duration == 0 {
		p.Duration = p.Arrivals.natural()
	}
	if p.Duration == 0 {
		p.Duration = 10 * time.Second
	}
	switch {
	case p.Warmup == 0:
		p.Warmup = min(p.Duration/10, 5*time.Second)
	case p.Warmup == NoTime:
		p.Warmup = 0
	}
	if p.Warmup == 0 {
		p.Warmup = NoTime
	}
	if p.Timeout == 0 {
		p.Timeout = 30 * time.Second
	}
	p.Shards = max(p.Shards, 1)
	return p
}

func (p Plan) openDefaults() Plan {
	p.Arrivals = p.Arrivals.withDefaults()
	if p.Arrivals.validate() != nil {
		return p // Validate says why
	}
	peak := p.Arrivals.peakRate() / float64(max(p.Shards, 1))
	if p.Workers == 0 {
		p.Workers = clampInt(math.Ceil(peak/4), 16, 1000)
	}
	if p.Overload == "" {
		p.Overload = Queue
	}
	if p.QueueLimit == 0 && p.Overload == Queue {
		p.QueueLimit = clampInt(peak, 1024, 65_536)
	}
	if p.Pacer == "" {
		p.Pacer = PaceAuto
	}
	if p.Drain == 0 {
		p.Drain = 10 * time.Second
	}
	return p
}

func clampInt(v float64, lo, hi int) int { return int(min(max(v, float64(lo)), float64(hi))) }

// warmup is Warmup without its marker for none.
func (p Plan) warmup() time.Duration { return max(p.Warmup, 0) }

// drain is Drain without its marker for none.
func (p Plan) drain() time.Duration { return max(p.Drain, 0) }

// Validate reports the first thing wrong with the plan in one sentence; nil if
// Run would take it.
func (p Plan) Validate() error {
	if p.Concurrency < 0 || p.Concurrency > MaxWorkers {
		return fmt.Errorf("bench: concurrency %d is not between 1 and %d", p.Concurrency, MaxWorkers)
	}
	if err := p.validateMode(); err != nil {
		return err
	}
	p = p.WithDefaults()
	for _, d := range []struct {
		name  string
		value time.Duration
		lo    time.Duration
		hi    time.Duration
	}{
		{"duration", p.Duration, 1, MaxDuration},
		{"warm-up", p.warmup(), 0, MaxDuration},
		{"timeout", p.Timeout, 1, 5 * time.Minute},
		{"think time", p.Think, 0, time.Hour},
		{"drain", p.Drain, NoTime, time.Hour},
	} {
		if d.value < d.lo || d.value > d.hi {
			return fmt.Errorf("bench: %s %v is not between %v and %v", d.name, d.value, max(d.lo, 0), d.hi)
		}
	}
	if p.Warmup < NoTime {
		return fmt.Errorf("bench: warm-up %v is negative", p.Warmup)
	}
	if p.MaxRequests < 0 || p.MaxCost < 0 {
		return fmt.Errorf("bench: a limit on requests or cost cannot be negative")
	}
	if err := p.Workload.withDefaults().validate(); err != nil {
		return err
	}
	return p.validateCount()
}

func (p Plan) validateMode() error {
	if p.Shards < 0 || p.Shard < 0 || p.Shard >= max(p.Shards, 1) {
		return fmt.Errorf("bench: shard %d of %d does not exist; shards are numbered from 0", p.Shard, p.Shards)
	}
	if p.Mode() == Closed {
		return p.validateClosed()
	}
	if err := p.Arrivals.withDefaults().validate(); err != nil {
		return err
	}
	switch {
	case p.Workers < 0 || p.Workers > MaxWorkers:
		return fmt.Errorf("bench: %d workers is not between 1 and %d", p.Workers, MaxWorkers)
	case p.Overload != "" && p.Overload != Queue && p.Overload != Drop:
		return fmt.Errorf("bench: unknown overload policy %q: queue or drop", p.Overload)
	case p.QueueLimit < 0 || p.QueueLimit > 1_000_000:
		return fmt.Errorf("bench: queue limit %d is not between 0 and 1000000", p.QueueLimit)
	case !slices.Contains([]Pacing{"", PaceAuto, PaceSleep, PaceNanosleep, PaceSpin}, p.Pacer):
		return fmt.Errorf("bench: unknown pacer %q: auto, sleep, nanosleep or spin", p.Pacer)
	case p.Pacer == PaceNanosleep && !hasNanosleep:
		return fmt.Errorf("bench: this system has no clock_nanosleep; use pacer auto, sleep or spin")
	case p.Think != 0:
		return fmt.Errorf("bench: think time is for a closed loop")
	}
	return nil
}

func (p Plan) validateClosed() error {
	a := p.Arrivals
	scheduled := a.Shape != "" || a.Rate != 0 || a.Poisson || len(a.Steps) > 0 || len(a.trace) > 0 ||
		a.EndRate != 0 || a.BurstRate != 0
	switch {
	case scheduled:
		return fmt.Errorf("bench: a schedule and a concurrency exclude each other: a closed loop has no arrivals")
	case p.Workers != 0 || p.Overload != "" || p.QueueLimit != 0 || p.Drain != 0 || p.Pacer != "":
		return fmt.Errorf("bench: workers, overload, queue limit, drain and pacer are for an open loop")
	case p.Shards > 1:
		return fmt.Errorf("bench: only an open loop can be sharded")
	}
	return nil
}

// validateCount refuses a schedule without a single arrival: an empty run is
// not a pass.
func (p Plan) validateCount() error {
	if p.Mode() == Closed {
		return nil
	}
	s, err := p.schedule()
	if err != nil {
		return err
	}
	if _, ok := s.Next(); !ok {
		return fmt.Errorf("bench: the schedule has no arrival in %v", p.Duration)
	}
	return nil
}

// schedule is this shard's measured schedule; p has its defaults.
func (p Plan) schedule() (*Schedule, error) {
	s, err := p.Arrivals.Schedule(p.Seed, p.Duration)
	if err != nil {
		return nil, err
	}
	return s.Stripe(p.Shard, p.Shards), nil
}
