package bench

import (
	"math"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// The labels of a load that says more about the generator than about the
// target.
const (
	// GeneratorLimited: lag that was not waiting for a worker had a p99 above
	// the greater of 1 ms and a tenth of the service time's p50, or the run used
	// more than CeilingShare of what calibration found the client can do.
	GeneratorLimited = "generator_limited"
	// ConcurrencyLimited: more than one arrival in a thousand was due while
	// every worker waited for a reply.
	ConcurrencyLimited = "concurrency_limited"
)

// CeilingShare is the share of the calibrated ceiling from which on figures
// are marked as the generator's.
const CeilingShare = 0.6

// limits is what the run as a whole says about the generator.
type limits struct {
	labels   []string
	pacerLag *results.Latency
	waited   int64
	needed   int
}

// limited judges the run. cal may be nil. In a closed loop there is nothing to
// be late for.
func (r *runner) limited(cal *results.Calibration) limits {
	var all totals
	var sent int64
	for _, c := range r.col.classes {
		all.add(&c.counts)
		sent += c.counts.sent()
	}
	full := cal != nil && float64(sent) > CeilingShare*cal.CeilingPerSecond*r.span().Seconds()
	var out limits
	if r.plan.Mode() == Closed {
		if full {
			out.labels = []string{GeneratorLimited}
		}
		return out
	}
	out.pacerLag, out.waited = results.LatencyOf(r.col.pacer), r.col.waited
	if full || out.pacerLag != nil && out.pacerLag.P99 > r.tolerance() {
		out.labels = append(out.labels, GeneratorLimited)
	}
	if (out.waited+all.dropped)*1000 > sent+all.dropped {
		out.labels = append(out.labels, ConcurrencyLimited)
		out.needed = r.workersNeeded(all.dropped)
	}
	return out
}

// tolerance is the pacer lag, in nanoseconds, that leaves response times
// believable.
func (r *runner) tolerance() int64 {
	h := results.NewHistogram()
	for _, c := range r.col.classes {
		if one := c.total[succeeded.track()][clockService]; one != nil {
			h.Merge(one)
		}
	}
	return max(int64(time.Millisecond), results.ValueAt(h, 0.5)/10)
}

// workersNeeded is the number of workers with which no arrival would have
// waited, had each request taken as long as it did: by Little's law with the
// longest service time, but no more than were in flight or waiting at once.
func (r *runner) workersNeeded(dropped int64) int {
	rate := r.plan.Arrivals.peakRate() / float64(r.plan.Shards)
	need := math.Ceil(rate * r.col.longest.Seconds())
	if dropped == 0 && !r.blocked {
		need = min(need, float64(r.peak))
	}
	return clampInt(need, r.plan.Workers+1, MaxWorkers)
}
