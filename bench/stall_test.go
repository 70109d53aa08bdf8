package bench

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// equivalent is what a histogram of the project makes of d: the highest value
// that it cannot tell from d.
func equivalent(d time.Duration) int64 {
	h := results.NewHistogram()
	_ = h.RecordValue(int64(d))
	return h.Max()
}

// stall answers at once, but between from and to only at to.
func stall(from, to time.Duration) func(time.Duration) time.Duration {
	return func(now time.Duration) time.Duration {
		if now >= from && now < to {
			return to - now
		}
		return 0
	}
}

// A run of 30 s at 100/s has 3,000 arrivals; in a stall of 1 s there are 100 of
// them, due 1.00, 0.99, … 0.01 s before its end. The p99 by HdrHistogram's rank
// rule is the 2,970th of 3,000, so 30 are greater.
func TestStallShowsWhereItBelongs(t *testing.T) {
	const ms = time.Millisecond
	for _, tc := range []struct {
		name                         string
		workers                      int
		response, service, lag       time.Duration // p99
		maxResponse, maxServ, maxLag time.Duration
		late                         int64
	}{
		// Ten requests are sent into the stall; the other ninety wait for a
		// worker: 0.90 … 0.01 s.
		{"10 workers", 10, 700 * ms, 0, 600 * ms, 1000 * ms, 1000 * ms, 900 * ms, 90},
		{"1,000 workers", 1000, 700 * ms, 700 * ms, 0, 1000 * ms, 1000 * ms, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				f.delay = stall(10*time.Second, 11*time.Second)
				rep, err := Run(context.Background(), f, Plan{
					Arrivals: Arrivals{Rate: 100}, Pacer: PaceSleep, Workers: tc.workers, Duration: 30 * time.Second, Warmup: NoTime,
					Workload: Workload{Generate: 1},
				}, Options{})
				if err != nil || len(rep.Loads) != 1 {
					t.Fatalf("Run = %d loads, %v, want one", len(rep.Loads), err)
				}
				l := rep.Loads[0]
				for _, c := range []struct {
					name string
					got  int64
					want time.Duration
				}{
					{"response p99", l.Response.P99, tc.response}, {"response max", l.Response.Max, tc.maxResponse},
					{"service p99", l.Service.P99, tc.service}, {"service max", l.Service.Max, tc.maxServ},
					{"lag p99", l.Lag.P99, tc.lag}, {"lag max", l.Lag.Max, tc.maxLag},
				} {
					if c.got != equivalent(c.want) {
						t.Errorf("%s = %v, want %v", c.name, time.Duration(c.got), c.want)
					}
				}
				if l.Requests != 3000 || l.Succeeded != 3000 || l.Verified != 3000 || l.Late != tc.late || l.Dropped != 0 {
					t.Errorf("requests %d, succeeded %d, verified %d, late %d, dropped %d, want 3000, 3000, 3000, %d, 0",
						l.Requests, l.Succeeded, l.Verified, l.Late, l.Dropped, tc.late)
				}
				if *l.OfferedRate != 100 || l.AchievedRate != 100 || l.Duration != 30*time.Second {
					t.Errorf("offered %v/s, achieved %v/s over %v, want 100, 100, 30s", *l.OfferedRate, l.AchievedRate, l.Duration)
				}
				if left := f.left(); len(left) > 0 {
					t.Errorf("keys %v were left", left)
				}
			})
		})
	}
}
