package bench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

// Report is what a run found.
type Report struct {
	// Loads has one entry for each operation and key spec that the plan asks
	// for, GenerateMac first. It is empty only if Run returned an error.
	Loads []results.Load
	// Stopped is why the run ended before its plan: interrupted, max_requests
	// or max_cost; empty if it did not.
	Stopped string
	// WrongTags says where the wrong answers of warm-up and load were, most
	// first; at most 100 places.
	WrongTags []WrongTag
	// Wrong lists wrong answers that were seen outside the measured requests.
	Wrong []string
	// Warnings are sentences for the reader of the result; among them is why the
	// loads make the verdict inconclusive, if they do.
	Warnings []string
	// Left lists the ARNs of keys that could not be scheduled for deletion.
	Left []string
	// KeysMade is the number of keys that the run created.
	KeysMade int
	// Began is the schedule's zero by the local clock; Late is how long after it
	// the run joined its schedule, which only Options.StartAt can bring about.
	// What was due before is dropped.
	Began time.Time
	Late  time.Duration
	// Counters of the target from the start of the set-up to the end of the
	// load; zero if it does not count.
	Counters target.Counters
}

// WrongTag is a place where answers were wrong.
type WrongTag struct {
	Operation string
	KeySpec   string
	Key       string // as requests named it
	Size      int    // of the message, in bytes
	Count     int64
}

// maxUnanswered is the share of requests that may fail other than by a throttle
// before a run can say nothing of the target's speed: one in a hundred.
const maxUnanswered = 0.01

// Verdict is Fail if any answer was wrong; Inconclusive if there was no
// success, the run was cut short, or more than one request in a hundred failed
// (throttles aside) or was dropped; else Pass.
func (r *Report) Verdict() results.Verdict {
	v := results.Pass
	if r.Stopped != "" || len(r.Loads) == 0 {
		v = results.Inconclusive
	}
	if len(r.Wrong)+len(r.WrongTags) > 0 {
		v = results.Fail
	}
	for _, l := range r.Loads {
		if l.WrongTags > 0 {
			v = results.Worse(v, results.Fail)
		} else if unsure(l) != "" {
			v = results.Worse(v, results.Inconclusive)
		}
	}
	return v
}

// unsure says why l tells nothing of the target's speed: it had no success, or
// too much of what was due failed other than by a throttle or was never sent.
// It is empty if l does tell.
func unsure(l results.Load) string {
	due, failed := max(l.Requests+l.Dropped, 1), results.FailedOtherwise(l.Errors)
	of := l.Operation + " " + l.KeySpec
	switch {
	case l.Requests+l.Dropped == 0:
		return of + ": no request was due"
	case l.Succeeded == 0 && l.Refused == 0:
		return fmt.Sprintf("%s: none of %s succeeded", of, count(due, "arrival"))
	case float64(l.Dropped+failed)/float64(due) <= maxUnanswered:
		return ""
	case failed == 0:
		return fmt.Sprintf("%s: %d of %s dropped: more than 1 %% unanswered says nothing of speed", of, l.Dropped, wereOf(l.Dropped, due))
	case l.Dropped == 0:
		return fmt.Sprintf("%s: %d of %s failed other than by a throttle: more than 1 %% unanswered says nothing of speed", of, failed, count(due, "arrival"))
	}
	return fmt.Sprintf("%s: %d of %s dropped and %d failed other than by a throttle: more than 1 %% unanswered says nothing of speed",
		of, l.Dropped, wereOf(l.Dropped, due), failed)
}

func count(n int64, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// wereOf is "51 arrivals was" for one of 51, else "51 arrivals were".
func wereOf(n, due int64) string {
	if n == 1 {
		return count(due, "arrival") + " was"
	}
	return count(due, "arrival") + " were"
}

// load runs the plan on keys that are ready and fills in the report.
func (rep *Report) load(ctx context.Context, t target.Target, p Plan, o Options, ring *keyring, b *budget, before target.Counters) error {
	r, err := newRunner(t, p, ring.keys, b)
	if err != nil {
		return err
	}
	w := &watcher{runner: r, options: o}
	r.startAt = o.StartAt
	r.run(ctx, w.tick)
	rep.Began, rep.Late = r.start, max(0, r.joined)
	w.finish()
	if w.logError != nil {
		rep.Warnings = append(rep.Warnings, "the interval log is incomplete: "+w.logError.Error())
	}
	after := counters(t)
	rep.Counters = difference(after, before)
	rep.KeysMade = len(ring.made)
	rep.Stopped = r.why
	lim := r.limited(o.Calibration)
	rep.WrongTags = r.col.wrongTags
	slices.SortStableFunc(rep.WrongTags, func(a, b WrongTag) int { return cmp.Compare(b.Count, a.Count) })
	for i := range r.col.classes {
		l, err := r.result(i, lim)
		if err != nil {
			return err
		}
		if i == 0 {
			l.Network = networkOf(rep.Counters)
		}
		l.Calibration = o.Calibration
		rep.Loads = append(rep.Loads, l)
		if why := unsure(l); why != "" && l.WrongTags == 0 {
			rep.Warnings = append(rep.Warnings, why)
		}
	}
	if r.col.clamped > 0 {
		rep.Warnings = append(rep.Warnings, "some times were beyond the histograms' 300 s and are recorded as 300 s")
	}
	return nil
}

func newRunner(t target.Target, p Plan, keys []*benchKey, b *budget) (*runner, error) {
	choose, err := newChooser(p.Seed, p.Workload)
	if err != nil {
		return nil, err
	}
	r := &runner{
		plan: p, target: t, keys: keys, choose: choose, budget: b,
		from: p.warmup(), to: p.warmup() + p.Duration, interval: time.Second,
	}
	r.forecasts.New = func() any { return newForecast(r) }
	room := p.QueueLimit
	if p.Overload == Drop {
		room += p.Workers // arrivals are counted before they are posted: posting never waits
	}
	r.queue = make(chan ticket, room)
	classes := r.classes()
	r.offered = make([]atomic.Int64, len(classes))
	r.opened = make([]atomic.Int64, len(classes))
	r.col = newCollector(max(p.Workers, p.Concurrency), classes)
	return r, nil
}

// classes lists operation × key spec as they take part and fills in classOf.
func (r *runner) classes() []*class {
	var out []*class
	r.classOf = make([][2]uint16, len(r.keys))
	w := r.plan.Workload
	for op, weight := range []float64{w.Generate, w.Verify} {
		if weight == 0 {
			continue
		}
		name := []string{OpGenerate, OpVerify}[op]
		for i, k := range r.keys {
			at := slices.IndexFunc(out, func(c *class) bool { return c.operation == name && c.spec == k.spec })
			if at < 0 {
				at = len(out)
				out = append(out, &class{operation: name, spec: k.spec, verifiedBy: VerifiedByEngine})
			}
			if k.local == nil {
				out[at].verifiedBy = VerifiedByConsistency
			}
			r.classOf[i][op] = uint16(at)
		}
	}
	return out
}

// scheduled is the measured span in which arrivals were due.
func (r *runner) scheduled() time.Duration {
	end := r.to
	if r.why != "" {
		end = min(end, r.stoppedAt)
	}
	return max(0, end-r.from)
}

// span is the measured span: that of the schedule, longer if arrivals were
// still waiting when it ended.
func (r *runner) span() time.Duration {
	return max(r.scheduled(), time.Duration(r.lastSent.Load())-r.from)
}

// result is the section of one class.
func (r *runner) result(i int, lim limits) (results.Load, error) {
	cl := r.col.classes[i]
	n := &cl.counts
	l := results.Load{
		Operation: cl.operation, KeySpec: cl.spec, Mode: string(r.plan.Mode()), Client: r.target.Info().Client,
		Requests: n.sent(), Succeeded: n.outcomes[succeeded], Refused: n.outcomes[refused],
		WrongTags: n.outcomes[wrong], Unfinished: n.outcomes[unfinished], Dropped: n.outcomes[dropped],
		Attempts: n.attempts, Throttled: n.throttles, Late: n.late,
		ConnectionsOpened: r.opened[i].Load(), Errors: n.errors, Verified: n.verified, VerifiedBy: cl.verifiedBy,
		Duration: r.span(), Labels: lim.labels, PacerLag: lim.pacerLag, Waited: lim.waited, WorkersNeeded: lim.needed,
		CPUPerRequest: r.cost.cpu, AllocsPerRequest: r.cost.allocs, BytesPerRequest: r.cost.bytes,
	}
	if l.Errors == nil {
		l.Errors = map[string]int64{}
	}
	if sec := l.Duration.Seconds(); sec > 0 {
		l.AchievedRate = float64(l.Succeeded) / sec
	}
	ok := cl.total[succeeded.track()]
	l.Response, l.Service = results.LatencyOf(ok[clockResponse]), results.LatencyOf(ok[clockService])
	l.Wire = results.LatencyOf(ok[clockWire])
	if r.plan.Mode() == Open {
		rate := 0.0
		if sec := r.scheduled().Seconds(); sec > 0 {
			rate = float64(r.offered[i].Load()) / sec
		}
		l.OfferedRate, l.Lag = &rate, results.LatencyOf(ok[clockLag])
	}
	return l, r.encode(&l, &cl.total)
}

// networkOf is nil for a target that does not count.
func networkOf(c target.Counters) *results.Network {
	if c == (target.Counters{}) {
		return nil
	}
	return &results.Network{
		ConnectionsOpened: c.ConnectionsOpened, BytesSent: c.BytesSent, BytesReceived: c.BytesReceived, Protocol: c.Protocol, DateDelta: c.DateDelta,
	}
}

// encode adds the histograms, those of failures under names of their own.
func (r *runner) encode(l *results.Load, h *histograms) error {
	l.Histograms = map[string]string{}
	for t := range h {
		for c, one := range h[t] {
			if one == nil || one.TotalCount() == 0 || c == clockLag && r.plan.Mode() == Closed {
				continue
			}
			name := clockNames[c]
			if t != succeeded.track() {
				name = trackNames[t] + "_" + name
			}
			text, err := results.EncodeHistogram(one)
			if err != nil {
				return err
			}
			l.Histograms[name] = text
		}
	}
	return nil
}

// difference is what happened between two readings of a target's counters.
func difference(after, before target.Counters) target.Counters {
	after.Attempts -= before.Attempts
	after.Throttles -= before.Throttles
	after.ConnectionsOpened -= before.ConnectionsOpened
	after.BytesSent -= before.BytesSent
	after.BytesReceived -= before.BytesReceived
	return after
}
