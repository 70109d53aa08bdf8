package bench

import (
	"math"
	"testing"
	"time"
)

// Servers with known delays, enough workers, 1,000 arrivals a second: the
// percentiles of the response time have closed forms.
func TestTruth(t *testing.T) {
	const ms = float64(time.Millisecond)
	for _, tc := range []struct {
		name           string
		delay          func(time.Duration) time.Duration
		p50, p99, p999 float64
	}{
		{"constant", always(3 * time.Millisecond), 3 * ms, 3 * ms, 3 * ms},
		// One in twenty takes 30 ms.
		{"bimodal", bimodal, 3 * ms, 30 * ms, 30 * ms},
		// A stall of 120 ms each second catches 12 %, uniformly: what is left of
		// it is above x ms for (120−x)/1000 of all. p99: x = 110, p99.9: x = 119.
		{"stall", stallEachSecond, 3 * ms, 113 * ms, 122 * ms},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := Plan{Arrivals: Arrivals{Rate: 1000}, Workers: 500, Duration: 20 * time.Second, Warmup: NoTime, Workload: Workload{Generate: 1}}
			set := func(f *fakeKMS) { f.delay, f.quick = tc.delay, 1 }
			bubble(t, p, Options{}, set, func(_ *fakeKMS, rep *Report, err error) {
				if err != nil {
					t.Fatal(err)
				}
				r := rep.Loads[0].Response
				for name, c := range map[string][2]float64{
					"p50": {float64(r.P50), tc.p50}, "p99": {float64(r.P99), tc.p99}, "p99.9": {float64(r.P999), tc.p999},
				} {
					t.Logf("%s off by %.3f %%", name, 100*math.Abs(c[0]/c[1]-1))
					if math.Abs(c[0]/c[1]-1) > 0.02 {
						t.Errorf("%s: %.3f ms, want %.3f ms within 2 %%", name, c[0]/ms, c[1]/ms)
					}
				}
			})
		})
	}
}
