package capacity

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Our own Region is named where its default quota is more than what we have, and
// enough with the others there.
func TestRegionsOfAPlan(t *testing.T) {
	for _, row := range []struct {
		name         string
		rate         float64
		region       string
		quota        Quota
		own, another bool
	}{
		{"alone in its partition, less than the default", 5000, "eusc-de-east-1", Quota{PerSecond: 1000}, true, false},
		{"up to the share", 8000, "us-west-1", Quota{PerSecond: 1000}, true, true},
		{"one more", 8001, "us-west-1", Quota{PerSecond: 1000}, false, true},
		{"others are there too", 7600, "us-west-1", Quota{PerSecond: 1000, Used: 0.5}, false, true},
		{"others are there, but few", 7600, "us-west-1", Quota{PerSecond: 1000, Used: 0.3}, true, true},
		{"the default", 5000, "us-west-1", Quota{Used: 0.5}, false, true},
		{"the default, which bursts empty", 7500, "us-west-1", Quota{Bucket: time.Millisecond}, false, true},
		{"more than the default", 7500, "us-west-1", Quota{PerSecond: 10_001, Bucket: time.Millisecond}, false, true},
		{"too much for all", 90_000, "us-west-1", Quota{PerSecond: 1000}, false, false},
	} {
		q := plan(t, Request{Rate: row.rate, Region: row.region, Quota: row.quota}).Quota
		own := slices.Contains(q.Regions, row.region)
		another := len(q.Regions) > 1 || len(q.Regions) == 1 && !own
		if q.Places == 1 || own != row.own || another != row.another {
			t.Errorf("%s: %d places, enough in %q; want more than one, its own Region: %v, another: %v", row.name, q.Places, q.Regions, row.own, row.another)
		}
	}
}

// shares is what each of n places refuses of a trace dealt out in turn, worked
// out one place after the other.
func shares(trace []time.Duration, speed float64, n int, quota, depth float64) []float64 {
	out := make([]float64, n)
	for place := range out {
		tokens, last, sent, refused := max(depth, 1), 0.0, 0, 0
		for i := (place + 1) % n; i < len(trace); i += n {
			now := trace[i].Seconds() / speed
			tokens = min(max(depth, 1), tokens+quota*(now-last))
			last = now
			sent++
			if tokens < 1-1e-6 {
				refused++
			} else {
				tokens--
			}
		}
		if sent > 0 {
			out[place] = float64(refused) / float64(sent)
		}
	}
	return out
}

// clumps is a trace of bursts of various sizes.
func clumps(r *rand.Rand, n int) []time.Duration {
	trace, at := []time.Duration{0}, 0.0
	for len(trace) < n {
		at += r.ExpFloat64()
		for range 1 + r.IntN(12) {
			trace = append(trace, time.Duration(at*1e9))
			at += 0.03 * r.Float64()
		}
	}
	return trace
}

// The places of a plan keep the limit each, and no fewer do: on traces of which
// some are throttled more in more places, against every number tried.
func TestFewestPlacesForATrace(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	climbs, later := 0, 0
	for range 1500 {
		trace := clumps(r, 40+r.IntN(160))
		quota := Quota{PerSecond: 1 + 3*r.Float64(), Source: "known", MaxShare: 1, MaxThrottle: []float64{1e-4, 0.02, 0.05}[r.IntN(3)], Bucket: time.Duration(0.2e9 + 2e9*r.Float64())}
		req := Request{Rate: 6, Region: "us-east-1", Trace: trace, Quota: quota, WhatIf: []float64{}}
		speed, depth := 6/req.traceRate(), quota.Bucket.Seconds()*quota.PerSecond
		want, enough := 0, false
		for n := int(6/quota.PerSecond-1e-9) + 1; n <= len(trace); n++ {
			each := shares(trace, speed, n, quota.PerSecond, depth)
			was := enough
			if enough = slices.Max(each) <= quota.MaxThrottle; enough && want == 0 {
				want = n
				if each[0] < slices.Max(each) {
					later++
				}
			}
			if was && !enough {
				climbs++
			}
		}
		q := plan(t, req).Quota
		if q.Places != int64(want) {
			t.Fatalf("%d places, want %d: quota %+v, trace %v", q.Places, want, quota, trace)
		}
	}
	if climbs == 0 || later == 0 {
		t.Errorf("%d times more places are throttled more, %d times another place than the first is the worst: the traces show nothing", climbs, later)
	}
}

// With others in the first place the plan's places keep the limit, and one fewer
// does not.
func TestFewestPlacesBesideOthers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		req := Request{Rate: 6, Region: "us-east-1", Trace: clumps(r, 100), Quota: Quota{PerSecond: 3, Source: "known", Used: r.Float64(), MaxThrottle: 0.02, Bucket: 2 * time.Second}}.WithDefaults()
		n, _, _ := req.places(6)
		if got := req.throttle(6, n, 3, 2*time.Second); got > 0.02 {
			t.Fatalf("%d places throttle %v", n, got)
		}
		if _, share := req.spread(6, n-1, 3); n > 2 && share <= 0.8 && req.throttle(6, n-1, 3, 2*time.Second) <= 0.02 {
			t.Fatalf("%d places, but one fewer is enough", n)
		}
	}
}

// A long trace that needs hundreds of places replays a bounded number of
// arrivals, and the places found keep the limit.
func TestPlacesForALongTrace(t *testing.T) {
	var trace []time.Duration
	for s := range 1000 {
		for range 1 + 99*(s%3)/2 + s/10 {
			trace = append(trace, time.Duration(s)*time.Second)
		}
	}
	for range 30_000 {
		trace = append(trace, 1000*time.Second)
	}
	r := Request{Rate: 100_000, Region: "us-east-1", Trace: trace, Quota: Quota{PerSecond: 700, Source: "known", Bucket: 5 * time.Millisecond}, WhatIf: []float64{}}
	began := time.Now()
	q := plan(t, r).Quota
	t.Logf("%d arrivals, %d places in %s", len(trace), q.Places, time.Since(began))
	r = r.WithDefaults()
	if n := q.Places; n < 300 || r.throttle(r.Rate, n, 700, r.Quota.Bucket) > r.Quota.MaxThrottle || r.throttle(r.Rate, n-1, 700, r.Quota.Bucket) <= r.Quota.MaxThrottle {
		t.Errorf("%d places: want hundreds that keep the limit, and one fewer not to", n)
	}
}
