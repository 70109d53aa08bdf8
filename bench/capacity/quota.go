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
			if awsfacts.Partition(region) == awsfacts.Partition(r.Region) && r.helps(region, rate) {
				out.Regions = append(out.Regions, region)
			}
		}
	}
	return out
}

// helps reports whether a Region's default quota is enough for rate. In our own
// the others are there too, and a default that is no more than what we have is
// no help.
func (r Request) helps(region string, rate float64) bool {
	q, quota := r.Quota, float64(awsfacts.SymmetricPerSecond(region))
	if region == r.Region {
		if q.PerSecond >= quota {
			return false
		}
		rate += q.Used * q.PerSecond
	}
	return rate <= quota*q.MaxShare
}

// depths are how much the bucket may hold: ours, and smaller ones, because
// nobody outside AWS knows.
func (r Request) depths() []time.Duration {
	d := []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, time.Second, r.Quota.Bucket}
	slices.Sort(d)
	return slices.Compact(d)
}

// throttle is the share of requests throttled in the worst of n places that
// carry rate together, with a quota and a bucket of that depth. Poisson arrivals
// are the worst in the fullest place.
func (r Request) throttle(rate float64, n int64, quota float64, depth time.Duration) float64 {
	if len(r.Trace) == 0 {
		_, share := r.spread(rate, n, quota)
		return Throttle(share*quota, quota, depth.Seconds()*quota)
	}
	share, _ := r.replay(rate, n, quota, depth).worst(r.Trace, 1)
	return share
}

// replay is the trace dealt out to n places as spread does.
func (r Request) replay(rate float64, n int64, quota float64, depth time.Duration) replay {
	part, _ := r.spread(rate, n, quota)
	return replay{speed: rate / r.traceRate(), places: n, first: max(0, 1-float64(n-1)*part/rate),
		quota: quota, depth: depth.Seconds() * quota, others: r.Quota.Used * r.Quota.PerSecond}
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

// places is the least number of places that keep both limits; 0 if none does.
// For a trace it is the least unless looking for it takes too long; then fewer
// by one are too few.
func (r Request) places(rate float64) (n int64, part, share float64) {
	q := r.Quota
	first, more := q.PerSecond*max(0, q.MaxShare-q.Used), q.PerSecond*q.MaxShare
	n = 1
	if rate > first {
		n = 1 + int64(math.Ceil((rate-first)/more-1e-9))
	}
	found := false
	if len(r.Trace) > 0 {
		n, found = r.fewest(rate, n)
	}
	if !found {
		n = bisect(n, func(n int64) bool { return r.throttle(rate, n, q.PerSecond, q.Bucket) <= q.MaxThrottle })
	}
	part, share = r.spread(rate, max(n, 1), q.PerSecond)
	return n, part, share
}

// bisect is the least number from n on that is enough, if more always are where
// fewer are; 0 if none of a reasonable size is.
func bisect(n int64, enough func(int64) bool) int64 {
	few := n - 1
	for tries := 80; !enough(n); tries-- {
		if tries == 0 {
			return 0
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
	return n
}

// fewest is the least number of places, from n on, that throttle the trace
// little enough. More places may throttle more, for the arrivals of a burst are
// dealt out otherwise, so each number is tried. Numbers that are too few however
// the trace is dealt out are passed over: those whose buckets poured together
// refuse too much. If that takes too long, it returns the first number not tried
// and false.
func (r Request) fewest(rate float64, n int64) (int64, bool) {
	q := r.Quota
	try := func(n int64) (bool, int) {
		share, played := r.replay(rate, n, q.PerSecond, q.Bucket).worst(r.Trace, q.MaxThrottle)
		return share <= q.MaxThrottle, played
	}
	if ok, _ := try(n); ok {
		return n, true
	}
	n = bisect(n+1, func(n int64) bool {
		share, _ := r.replay(rate, n, q.PerSecond, q.Bucket).pooled().worst(r.Trace, q.MaxThrottle)
		return share <= q.MaxThrottle
	})
	for budget := replayBudget; budget > 0; n++ {
		ok, played := try(n)
		if ok {
			return n, true
		}
		budget -= played
	}
	return n, false
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
