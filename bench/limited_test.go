package bench

import (
	"slices"
	"testing"
	"time"
)

func TestLabels(t *testing.T) {
	second := func(f *fakeKMS) { f.delay, f.quick = stall(2*time.Second, 3*time.Second), 1 }
	slow := func(f *fakeKMS) { f.delay, f.quick = always(100*time.Millisecond+3), 1 }
	// Five arrivals fall into a short stall; one request takes a second.
	outlier := func(f *fakeKMS) {
		f.quick = 1
		f.delay = func(now time.Duration) time.Duration {
			if now == 5*time.Second {
				return time.Second + 3
			}
			return stall(2*time.Second, 2050*time.Millisecond-5)(now)
		}
	}
	for _, tc := range []struct {
		name   string
		plan   Plan
		set    func(*fakeKMS)
		label  bool
		needed int
	}{
		{"a stall and few workers", Plan{Workers: 10}, second, true, 100},
		{"a stall and just enough workers", Plan{Workers: 100}, second, false, 0},
		{"a stall and one too few", Plan{Workers: 99}, second, false, 0}, // one in a thousand waits
		{"too slow for so many", Plan{Workers: 5, Drain: time.Minute}, slow, true, 11},
		{"too slow, dropped", Plan{Workers: 5, Overload: Drop}, slow, true, 11},
		{"one slow request does not ask for a hundred workers", Plan{Workers: 2}, outlier, true, 5},
		{"enough", Plan{Workers: 11}, slow, false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := tc.plan
			p.Arrivals, p.Duration, p.Warmup, p.Workload = Arrivals{Rate: 100}, 10*time.Second, NoTime, Workload{Generate: 1}
			bubble(t, p, Options{}, tc.set, func(_ *fakeKMS, rep *Report, err error) {
				if err != nil {
					t.Fatal(err)
				}
				l := rep.Loads[0]
				if got := slices.Contains(l.Labels, ConcurrencyLimited); got != tc.label || l.WorkersNeeded != tc.needed {
					t.Errorf("labels %v, %d workers needed, want %v, %d", l.Labels, l.WorkersNeeded, tc.label, tc.needed)
				}
				if slices.Contains(l.Labels, GeneratorLimited) {
					t.Errorf("labels %v: the generator is never late in virtual time", l.Labels)
				}
			})
		})
	}
}

func TestPacerLagIsNotWaitingForAWorker(t *testing.T) {
	tk := func(at, posted, blocked time.Duration) ticket {
		return ticket{at: at, posted: posted, blocked: blocked}
	}
	for _, tc := range []struct {
		name   string
		ticket ticket
		free   time.Duration
		want   time.Duration
	}{
		{"idle worker, pacer in time", tk(10, 10, 0), 5, 0},
		{"idle worker, pacer late", tk(10, 17, 0), 5, 0},
		{"worker came free while the pacer was late", tk(10, 17, 0), 15, 0},
		{"busy worker, pacer in time", tk(10, 10, 0), 30, 20},
		{"busy worker, pacer late", tk(10, 17, 0), 30, 13},
		{"pacer blocked, then in time", tk(10, 20, 20), 15, 10},
		{"pacer blocked, then late, worker busy", tk(10, 24, 20), 30, 16},
		{"pacer blocked before it was due", tk(10, 10, 8), 9, 0},
	} {
		if got := tc.ticket.waited(tc.free); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}
