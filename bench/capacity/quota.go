package capacity

import (
	"math"
	"slices"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// quota is the quota's side of a plan for rate.
func (r Request) quota(rate float64) results.CapacityQuota {
	q := r.Quota
	out := results.CapacityQuota{PerSecond: q.PerSecond, Source: q.Source, Used: q.Used, MaxShare: q.MaxShare, MaxThrottle: q.MaxThrottle,
		Share: q.Used + rate/q.PerSecond, Headroom: q.PerSecond*(1-q.Used) - rate, Regions: []string{}}
	for _, depth := range r.depths() {
		out.Bursts = append(out.Bursts, results.Burst{Depth: depth, Decides: depth == q.Bucket, Throttle: r.throttle(rate, 1, q.PerSecond, depth)})
	}
	if out.Headroom < 0 {
		out.EmptyAfter = time.Duration(q.Bucket.Seconds() * q.PerSecond / -out.Headroom * 1e9)
	}
	out.Places, out.PlaceRate, out.PlaceShare = r.places(rate)
	if out.Places != 1 {
		out.QuotaToAsk = r.quotaToAsk(rate)
		for _, region := range awsfacts.Regions() {
			if region != r.Region && awsfacts.Partition(region) == awsfacts.Partition(r.Region) && float64(awsfacts.SymmetricPerSecond(region))*q.MaxShare >= rate {
				out.Regions = append(out.Regions, region)
			}
		}
	}
	return out
}

// depths are how much the bucket may hold: ours, and smaller ones, because
// nobody outside AWS knows.
func (r Request) depths() []time.Duration {
	d := []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, time.Second, r.Quota.Bucket}
	slices.Sort(d)
	return slices.Compact(d)
}

// throttle is the share of requests throttled in the fullest of n places that
// carry rate together, with a quota and a bucket of that depth.
func (r Request) throttle(rate float64, n int64, quota float64, depth time.Duration) float64 {
	part, share := r.spread(rate, n, quota)
	if len(r.Trace) == 0 {
		return Throttle(share*quota, quota, depth.Seconds()*quota)
	}
	others := 0.0
	if n == 1 {
		others = r.Quota.Used * r.Quota.PerSecond
	}
	return Replay(r.Trace, rate/r.traceRate(), rate/part, quota, depth.Seconds()*quota, others)
}

// traceRate is the mean rate of the trace.
func (r Request) traceRate() float64 {
	return float64(len(r.Trace)-1) / (r.Trace[len(r.Trace)-1] - r.Trace[0]).Seconds()
}

// spread deals the rate out to n places so that all are equally full. Other
// callers are in the first. It returns the part of the fullest, and its share
// of the quota, other callers included.
func (r Request) spread(rate float64, n int64, quota float64) (part, share float64) {
	others := r.Quota.Used * r.Quota.PerSecond
	if n == 1 {
		return rate, (rate + others) / quota
	}
	level := (rate + others) / float64(n)
	if level < others { // nothing is left in the first
		level = rate / float64(n-1)
	}
	return level, level / quota
}

// places is the least number of places that keep both limits.
func (r Request) places(rate float64) (n int64, part, share float64) {
	q := r.Quota
	first, more := q.PerSecond*max(0, q.MaxShare-q.Used), q.PerSecond*q.MaxShare
	n = 1
	if rate > first {
		n = 1 + int64(math.Ceil((rate-first)/more-1e-9))
	}
	enough := func(n int64) bool { return r.throttle(rate, n, q.PerSecond, q.Bucket) <= q.MaxThrottle }
	few := n - 1
	for tries := 80; !enough(n); tries-- {
		if tries == 0 {
			part, share = r.spread(rate, 1, q.PerSecond)
			return 0, part, share
		}
		few, n = n, n+1+n/4
	}
	for n-few > 1 {
		if mid := few + (n-few)/2; enough(mid) {
			n = mid
		} else {
			few = mid
		}
	}
	part, share = r.spread(rate, n, q.PerSecond)
	return n, part, share
}

// quotaToAsk is the quota with which one place keeps both limits, rounded up to
// three digits; 0 if none up to MaxRate does.
func (r Request) quotaToAsk(rate float64) float64 {
	ask := (rate + r.Quota.Used*r.Quota.PerSecond) / r.Quota.MaxShare
	for ; ask <= 10*MaxRate; ask *= 1.25 {
		if r.throttle(rate, 1, ask, r.Quota.Bucket) <= r.Quota.MaxThrottle {
			unit := math.Pow(10, math.Floor(math.Log10(ask))-2)
			return math.Ceil(ask/unit-1e-9) * unit
		}
	}
	return 0
}
