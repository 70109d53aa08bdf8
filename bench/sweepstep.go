package bench

import (
	"context"
	"maps"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

// sweeper measures the loads of a sweep on keys that are made once.
type sweeper struct {
	plan    SweepPlan
	options Options
	target  target.Target
	keys    *keyring
	budget  *budget
	n       int // steps so far
	wrong   []WrongTag
}

// windowsPerStep is the number of windows that a step is cut into.
const windowsPerStep = 20

// window is what happened in a short part of a step.
type window struct {
	from, to                         time.Duration
	due, sent, ok, answered, failed  int64
	throttled, attempts, drop, wrong int64
	errors                           map[string]int64                // of the failed, by name
	clocks                           [clocks]*hdrhistogram.Histogram // of the successes
}

// step measures one load. why is not empty if it was cut short.
func (s *sweeper) step(ctx context.Context, value float64) (pt results.SweepPoint, why string, err error) {
	plan := s.plan.at(value, s.n)
	s.n++
	r, err := newRunner(s.target, plan, s.keys.keys, s.budget)
	if err != nil {
		return pt, "", err
	}
	r.interval = s.plan.Step / windowsPerStep
	c := &windowCutter{watcher: watcher{runner: r, options: s.options}}
	r.run(ctx, c.tick)
	c.tick()
	s.wrong = append(s.wrong, r.col.wrongTags...)
	pt = pointOf(value, c.windows, r.to)
	if plan.Mode() == Closed {
		pt.OfferedRate, pt.Lag = nil, nil
	}
	pt.Labels = r.limited(s.options.Calibration).labels
	pt.Broken = brokenLimits(&pt, *s.plan.Limits)
	return pt, r.why, nil
}

// windowCutter turns ticks into windows.
type windowCutter struct {
	watcher
	windows []window
	before  window // sums so far
}

func (c *windowCutter) tick() {
	ivs, now := c.col.take(), c.now()
	sum := window{to: now, errors: map[string]int64{}}
	for i := range ivs {
		n := &ivs[i].counts
		sum.due += c.offeredBy(i)
		sum.sent += n.sent()
		sum.ok += n.outcomes[succeeded] + n.outcomes[refused]
		sum.answered += n.sent() - n.outcomes[unfinished]
		sum.failed += n.outcomes[failed]
		sum.wrong += n.outcomes[wrong]
		sum.drop += n.outcomes[dropped]
		sum.throttled += n.throttles
		sum.attempts += n.attempts
		addErrors(sum.errors, n.errors, 1)
	}
	w := sum.since(c.before)
	for _, clock := range []int{clockResponse, clockService, clockLag} {
		w.clocks[clock] = results.NewHistogram()
		for _, iv := range ivs {
			w.clocks[clock].Merge(iv.histograms[succeeded.track()][clock])
		}
	}
	c.windows, c.before = append(c.windows, w), sum
	c.tell(ivs, now)
	c.last = now
}

// since is what happened after an earlier sum.
func (w window) since(b window) window {
	w.from = b.to
	w.due, w.sent, w.ok, w.answered, w.failed = w.due-b.due, w.sent-b.sent, w.ok-b.ok, w.answered-b.answered, w.failed-b.failed
	w.throttled, w.attempts, w.drop, w.wrong = w.throttled-b.throttled, w.attempts-b.attempts, w.drop-b.drop, w.wrong-b.wrong
	w.errors = maps.Clone(w.errors)
	addErrors(w.errors, b.errors, -1)
	return w
}

// addErrors adds each count of b to a, times sign, and keeps no zeros.
func addErrors(a, b map[string]int64, sign int64) {
	for name, n := range b {
		if a[name] += sign * n; a[name] == 0 {
			delete(a, name)
		}
	}
}

// pointOf sums up the steady part of a load whose schedule ended at end. What
// came after that counts, but not in the rates.
func pointOf(value float64, ws []window, end time.Duration) results.SweepPoint {
	medians := make([]float64, 0, len(ws))
	for _, w := range ws {
		if w.from < end {
			medians = append(medians, w.median())
		}
	}
	cut, steady := warmupByRule(medians)
	pt := results.SweepPoint{Value: value, Steady: steady}
	all, timely := window{errors: map[string]int64{}}, window{errors: map[string]int64{}}
	for i := range all.clocks {
		all.clocks[i] = results.NewHistogram()
	}
	for i, w := range ws {
		if i < cut {
			pt.Warmup = w.to
			pt.WrongTags += w.wrong // never cut off
			continue
		}
		all.add(w)
		if w.from < end {
			timely.add(w)
			pt.Length = w.to - pt.Warmup
		}
	}
	pt.Requests, pt.Succeeded, pt.Failed, pt.Dropped, pt.Errors = all.sent, all.ok, all.failed, all.drop, all.errors
	pt.Throttled, pt.Attempts, pt.WrongTags = all.throttled, all.attempts, pt.WrongTags+all.wrong
	pt.Response, pt.Service, pt.Lag = results.LatencyOf(all.clocks[clockResponse]), results.LatencyOf(all.clocks[clockService]), results.LatencyOf(all.clocks[clockLag])
	if pt.Response != nil {
		pt.Histogram, _ = results.EncodeHistogram(all.clocks[clockResponse]) // fails for no histogram of ours
	}
	if sec := pt.Length.Seconds(); sec > 0 {
		offered := float64(timely.due) / sec
		pt.OfferedRate = &offered
		pt.AnsweredRate, pt.AchievedRate = float64(timely.answered)/sec, float64(timely.ok)/sec
	}
	return pt
}

// median is the middle response time in nanoseconds; of a window without a
// success the longest there is.
func (w window) median() float64 {
	h := w.clocks[clockResponse]
	if h == nil || h.TotalCount() == 0 {
		return float64(results.HighestNs)
	}
	return float64(results.ValueAt(h, 0.5))
}

// add adds counts, and histograms where w has them.
func (w *window) add(o window) {
	w.due, w.sent, w.ok, w.answered, w.failed = w.due+o.due, w.sent+o.sent, w.ok+o.ok, w.answered+o.answered, w.failed+o.failed
	w.throttled, w.attempts, w.drop, w.wrong = w.throttled+o.throttled, w.attempts+o.attempts, w.drop+o.drop, w.wrong+o.wrong
	addErrors(w.errors, o.errors, 1)
	for i, h := range w.clocks {
		if h != nil && o.clocks[i] != nil {
			h.Merge(o.clocks[i])
		}
	}
}

// warmupByRule returns how many of the values at the start to cut off: so many
// that the standard error of what is left is least (the marginal standard error
// rule; White, Simulation 69, 1997), at most half. steady is false if even that
// many did not suffice, if the two halves of what is left differ by more than a
// quarter in the median, or if there are too few values to tell.
func warmupByRule(values []float64) (cut int, steady bool) {
	n := len(values)
	if n < 4 {
		return 0, false
	}
	least := -1.0
	for d := range n/2 + 1 {
		if e := marginalError(values[d:]); least < 0 || e < least {
			least, cut = e, d
		}
	}
	return cut, cut < n/2 && halvesAgree(values[cut:])
}

func halvesAgree(values []float64) bool {
	half := len(values) / 2
	a, b := results.Quantile(values[:half], 0.5), results.Quantile(values[half:], 0.5)
	return max(a, b) <= 1.25*min(a, b)
}

// marginalError is the squared standard error of the mean, without Bessel's
// correction as the rule has it.
func marginalError(values []float64) float64 {
	n := float64(len(values))
	var sum, squares float64
	for _, v := range values {
		sum += v
	}
	for _, v := range values {
		squares += (v - sum/n) * (v - sum/n)
	}
	return squares / (n * n)
}

// brokenLimits lists the limits that the point breaks; never nil.
func brokenLimits(pt *results.SweepPoint, l results.SweepLimits) []string {
	broken := []string{}
	share := func(part, of int64) float64 {
		if of == 0 {
			return 0
		}
		return float64(part) / float64(of)
	}
	if share(pt.Throttled, pt.Attempts) > l.ThrottleShare {
		broken = append(broken, "throttle_share")
	}
	if share(results.FailedOtherwise(pt.Errors), pt.Requests) > l.ErrorShare {
		broken = append(broken, "error_share")
	}
	if pt.OfferedRate != nil && pt.AnsweredRate < l.AnsweredShare**pt.OfferedRate {
		broken = append(broken, "answered_share")
	}
	if l.P99 > 0 && (pt.Response == nil || pt.Response.P99 > int64(l.P99)) {
		broken = append(broken, "p99")
	}
	if pt.Succeeded == 0 && len(broken) == 0 {
		broken = append(broken, "no_success")
	}
	return broken
}
