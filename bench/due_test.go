package bench

import (
	"testing"
	"time"
)

// Due is what the shards' schedules yield, for every schedule.
func TestDueIsWhatIsScheduled(t *testing.T) {
	const d = 3 * time.Second
	for name, s := range schedules(t, d) {
		for _, n := range []int{1, 2, 7} {
			for i := range n {
				p := Plan{Seed: 9, Arrivals: s.arrivals, Duration: d, Shard: i, Shards: n}
				mine, whole := len(all(t, s.arrivals, 9, d, i, n)), len(all(t, s.arrivals, 9, d, 0, 1))
				if got, of, ok := p.Due(); mine == 0 { // no plan to run
					if ok {
						t.Errorf("%s, shard %d of %d: %d arrivals, want none and an invalid plan", name, i, n, got)
					}
				} else if !ok || got != int64(mine) || of != int64(whole) {
					t.Errorf("%s, shard %d of %d: %d of %d, %v, want %d of %d", name, i, n, got, of, ok, mine, whole)
				}
			}
		}
	}
}

func TestDueAtTheEdges(t *testing.T) {
	for _, tc := range []struct {
		name string
		plan Plan
		all  int64
		ok   bool
	}{
		{"one arrival", Plan{Arrivals: Arrivals{Rate: 0.1}, Duration: 10 * time.Second}, 1, true},
		{"a week at the highest rate", Plan{Arrivals: Arrivals{Rate: MaxRate}, Duration: MaxDuration}, 6048e9, true},
		{"random, too many to count", Plan{Arrivals: Arrivals{Rate: 1e6, Poisson: true}, Duration: time.Hour}, 0, false},
		{"closed loop", Plan{Concurrency: 1}, 0, false},
		{"not a plan", Plan{Arrivals: Arrivals{Rate: -1}}, 0, false},
	} {
		if _, got, ok := tc.plan.Due(); got != tc.all || ok != tc.ok {
			t.Errorf("%s: %d, %v, want %d, %v", tc.name, got, ok, tc.all, tc.ok)
		}
	}
}
