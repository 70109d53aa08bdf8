package bench

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

// Phase of a run.
type Phase string

// The phases in their order.
const (
	PhaseSetUp   Phase = "set-up"
	PhaseWarmup  Phase = "warm-up"
	PhaseMeasure Phase = "measure"
	PhaseDrain   Phase = "drain" // the schedule has ended, arrivals still wait
	PhaseCleanUp Phase = "clean-up"
)

// Progress is what an observer sees. Rates, percentiles and Errors to Dropped
// are of the measured requests in the interval since the Progress before.
type Progress struct {
	Phase    Phase
	Elapsed  time.Duration // since the start of the warm-up
	Total    time.Duration // planned: warm-up and measurement
	Interval time.Duration

	Requests int64   // sent since the start, warm-up included
	Offered  float64 // arrivals per second; 0 in a closed loop
	Achieved float64 // successes per second
	InFlight int64   // sent and not answered, now
	Waiting  int64   // due, and neither sent nor dropped, now

	Response *results.Latency // nil without a success
	Lag      *results.Latency // nil in a closed loop

	Errors    int64 // failed requests, throttles included
	Throttled int64
	WrongTags int64
	Dropped   int64
}

func (o Options) observe(p Progress) {
	if o.Observer != nil {
		o.Observer(p)
	}
}

// watcher turns intervals into Progress. It lives in one goroutine.
type watcher struct {
	*runner
	options Options
	last    time.Duration
	offered int64
	before  totals

	log      *results.IntervalLog // opened at the first interval that is measured
	logError error
}

// totals are counts summed over classes.
type totals struct{ ok, errors, throttled, wrong, dropped int64 }

func (t *totals) add(c *counts) {
	t.ok += c.outcomes[succeeded]
	t.errors += c.outcomes[failed]
	t.wrong += c.outcomes[wrong]
	t.dropped += c.outcomes[dropped]
	t.throttled += c.throttles
}

// tick ends an interval.
func (w *watcher) tick() { w.interval(false) }

// finish ends the last interval, after all workers have ended.
func (w *watcher) finish() { w.interval(true) }

func (w *watcher) interval(final bool) {
	ivs := w.col.take()
	now := w.now()
	w.append(ivs, now, final)
	w.tell(ivs, now)
	w.last = now
}

// append writes the interval to the log.
func (w *watcher) append(ivs []interval, now time.Duration, final bool) {
	if w.options.Log == nil || w.logError != nil || now <= w.from && !final {
		return
	}
	if w.log == nil {
		w.log, w.logError = results.NewIntervalLog(w.options.Log, results.LogHeader{
			RunID: w.options.RunID, PlanHash: w.options.PlanHash, Shard: w.plan.Shard, Shards: w.plan.Shards, Started: w.start.Add(w.from),
			Mode: string(w.plan.Mode()), Client: w.target.Info().Client, Calibration: w.options.Calibration, Run: w.envelope(),
		})
		if w.logError != nil {
			return
		}
	}
	counts := make([]results.LogCounts, len(ivs))
	for i, iv := range ivs {
		counts[i] = iv.logCounts(w.offeredBy(i))
		prefix := iv.class.operation + "/" + iv.class.spec + "/" + w.target.Info().Client + "/"
		for t := range iv.histograms {
			for c, h := range iv.histograms[t] {
				if c != clockLag || w.plan.Mode() == Open {
					w.log.Add(prefix+trackNames[t]+"/"+clockNames[c], w.start.Add(max(w.last, w.from)), w.start.Add(now), h)
				}
			}
		}
	}
	w.logError = w.log.Commit(counts, final)
}

// envelope is what is known of the run beforehand, and how its shard began.
func (w *watcher) envelope() *results.File {
	f := w.options.Envelope
	if f == nil || f.Shard == nil {
		return f
	}
	out, s := *f, *f.Shard
	s.Began, s.Late = w.start, max(0, w.joined)
	if c := counters(w.target); c != (target.Counters{}) {
		s.ClockOffset = &c.DateDelta
	}
	out.Shard = &s
	return &out
}

func (iv interval) logCounts(due int64) results.LogCounts {
	n := &iv.counts
	return results.LogCounts{
		Operation: iv.class.operation, KeySpec: iv.class.spec, Due: due, Requests: n.sent(),
		Succeeded: n.outcomes[succeeded], Refused: n.outcomes[refused], WrongTags: n.outcomes[wrong],
		Unfinished: n.outcomes[unfinished], Dropped: n.outcomes[dropped], Late: n.late,
		Attempts: n.attempts, Throttled: n.throttles, Verified: n.verified, VerifiedBy: iv.class.verifiedBy, Errors: n.errors,
	}
}

// tell calls the observer.
func (w *watcher) tell(ivs []interval, now time.Duration) {
	if w.options.Observer == nil {
		return
	}
	var sum totals
	for i := range ivs {
		sum.add(&ivs[i].counts)
	}
	offered, waiting := w.due(now)
	p := Progress{
		Phase: w.phase(now), Elapsed: now, Total: w.to, Interval: now - w.last,
		Requests: w.sentAll.Load(), InFlight: w.inFlight(), Waiting: waiting,
		Errors: sum.errors - w.before.errors, Throttled: sum.throttled - w.before.throttled,
		WrongTags: sum.wrong - w.before.wrong, Dropped: sum.dropped - w.before.dropped,
		Response: results.LatencyOf(merged(ivs, clockResponse)),
	}
	if sec := p.Interval.Seconds(); sec > 0 {
		p.Offered = float64(max(offered-w.offered, 0)) / sec
		p.Achieved = float64(sum.ok-w.before.ok) / sec
	}
	if w.plan.Mode() == Open {
		p.Lag = results.LatencyOf(merged(ivs, clockLag))
	}
	w.offered, w.before = offered, sum
	w.options.observe(p)
}

// due is the number of measured arrivals that were due by now, and of all that
// wait. A pacer that is behind has not come to some of them: the schedule tells
// how many there are, of Poisson arrivals as many as to be expected.
func (w *watcher) due(now time.Duration) (due, waiting int64) {
	behind := w.behind.Load()
	waiting = int64(len(w.queue))
	for i := range w.runner.offered {
		due += w.offeredBy(i)
	}
	if !behind || now <= w.from {
		return due, waiting
	}
	if w.stopped.Load() {
		now = min(now, w.stoppedAt)
	}
	s, err := w.plan.schedule()
	if err != nil {
		return due, waiting // as impossible as in pace
	}
	all := int64(math.Ceil(s.expectedBy(now-w.from) / float64(w.plan.Shards)))
	return max(due, all), waiting + max(0, all-due)
}

// inFlight is the number of requests that were sent and not answered.
func (w *watcher) inFlight() int64 {
	n := w.busy.Load()
	if w.plan.Mode() == Open {
		n = min(n-int64(len(w.queue)), int64(w.plan.Workers))
	}
	return max(n, 0)
}

func (w *watcher) offeredBy(i int) int64 { return w.runner.offered[i].Load() }

func (w *watcher) phase(now time.Duration) Phase {
	switch {
	case now < w.from:
		return PhaseWarmup
	case now < w.to:
		return PhaseMeasure
	}
	return PhaseDrain
}

// merged is one clock of the successes over all classes; nil if there is none.
func merged(ivs []interval, clock int) *hdrhistogram.Histogram {
	var all *hdrhistogram.Histogram
	for _, iv := range ivs {
		h := iv.histograms[succeeded.track()][clock]
		if h == nil || h.TotalCount() == 0 {
			continue
		}
		if all == nil {
			all = h
			continue
		}
		sum := results.NewHistogram()
		sum.Merge(all)
		sum.Merge(h)
		all = sum
	}
	return all
}
