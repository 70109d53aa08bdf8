package bench

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

// counters4 is a target with four counters and one queue, ten milliseconds a
// customer: it carries 400 a second, and eight at once within 20 ms.
type counters4 struct {
	*fakeKMS
	counter chan struct{}
}

func (c counters4) GenerateMac(ctx context.Context, req target.GenerateMacRequest) (target.GenerateMacReply, error) {
	c.counter <- struct{}{}
	time.Sleep(10 * time.Millisecond)
	<-c.counter
	return c.fakeKMS.GenerateMac(ctx, req)
}

// A sweep finds the capacity that a target is known to have, over the rate and
// over the concurrency, with an interval that holds it.
func TestSweepFindsTheKnee(t *testing.T) {
	for _, row := range []struct {
		name      string
		plan      SweepPlan
		low, high float64 // where the knee must be
		broken    string
	}{
		// Arrivals answered in time fall below 95 % between 400 and 421 a second.
		{"rate", SweepPlan{Load: Plan{Pacer: PaceSleep, Workers: 2000}, From: 100, To: 5000}, 400, 421, "answered_share"},
		{"rate, Poisson", SweepPlan{Load: Plan{Pacer: PaceSleep, Workers: 2000, Arrivals: Arrivals{Poisson: true}}, From: 100, To: 5000, Step: 8 * time.Second}, 370, 440, "answered_share"},
		// Nine at once take 30 ms, one in nine of them at least.
		{"concurrency", SweepPlan{Load: Plan{Concurrency: 1}, From: 1, To: 64, Limits: &results.SweepLimits{AnsweredShare: 0.95, ThrottleShare: 0.01, ErrorShare: 0.01, P99: 25 * time.Millisecond}}, 8, 8, "p99"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				row.plan.Load.Workload = Workload{Generate: 1}
				got, _, err := Sweep(t.Context(), counters4{newFake(), make(chan struct{}, 4)}, row.plan, Options{}, nil)
				if err != nil {
					t.Fatal(err)
				}
				k := got.Knee
				if k == nil || k.Value < row.low || k.Value > row.high || k.Low > k.Value || k.High < k.Value || k.LowOpen || k.HighOpen ||
					len(k.Repeats) != 5 || k.Confidence != 0.9375 {
					t.Fatalf("knee %+v, want between %v and %v (stopped by %s)", k, row.low, row.high, got.Stopped)
				}
				phases, last := map[string]int{}, map[int]float64{}
				for i, pt := range got.Points {
					phases[pt.Phase]++
					if above := pt.Value > row.high*1.001; above != (len(pt.Broken) > 0) && (above || pt.Value < row.low) {
						t.Errorf("point %d, %v: broken %v", i, pt.Value, pt.Broken)
					}
					if len(pt.Broken) > 0 && pt.Broken[0] != row.broken {
						t.Errorf("point %d, %v: broken %v, want %s", i, pt.Value, pt.Broken, row.broken)
					}
					if pt.Phase == results.SweepRepeat { // up in odd repeats, down in even ones
						if before, ok := last[pt.Repeat]; ok && (pt.Value > before) != (pt.Repeat%2 == 1) {
							t.Errorf("repeat %d goes from %v to %v", pt.Repeat, before, pt.Value)
						}
						last[pt.Repeat] = pt.Value
					}
				}
				if phases[results.SweepRepeat] != 25 || phases[results.SweepBisect] == 0 || phases[results.SweepConfirm] != 1 {
					t.Errorf("phases %v", phases)
				}
			})
		})
	}
}
