package bench

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// startAt runs 10 s at 100/s after a warm-up of 1 s, told to start so long from
// now, on a target whose key takes two seconds.
func startAt(t *testing.T, in time.Duration, check func(begun time.Time, f *fakeKMS, rep *Report, err error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		slow := slowKeys{f, 2 * time.Second}
		at := time.Now().Add(in)
		rep, err := Run(t.Context(), slow, Plan{
			Arrivals: Arrivals{Rate: 100}, Pacer: PaceSleep, Duration: 10 * time.Second, Warmup: time.Second, Workload: Workload{Generate: 1},
		}, Options{StartAt: at, Log: io.Discard, Envelope: &results.File{Shard: &results.Shard{Count: 1}}})
		check(at, f, rep, err)
	})
}

// slowKeys takes its time to make a key.
type slowKeys struct {
	*fakeKMS
	takes time.Duration
}

func (s slowKeys) ImportKey(ctx context.Context, id string, secret []byte) error {
	time.Sleep(s.takes) // of the bubble
	return s.fakeKMS.ImportKey(ctx, id, secret)
}

func TestStartAt(t *testing.T) {
	for _, tc := range []struct {
		name          string
		in            time.Duration
		late          time.Duration
		sent, dropped int64
	}{
		{"in time", time.Minute, 0, 1000, 0},
		{"ready at that instant", 2 * time.Second, 0, 1000, 0},
		{"late, but within the warm-up", 1500 * time.Millisecond, 500 * time.Millisecond, 1000, 0},
		// The warm-up ends at 1 s; arrivals due in the second after are dropped.
		{"late by two seconds", 0, 2 * time.Second, 900, 100},
		{"after the end", -time.Minute, 62 * time.Second, 0, 1000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			startAt(t, tc.in, func(at time.Time, f *fakeKMS, rep *Report, err error) {
				if err != nil {
					t.Fatal(err)
				}
				l := rep.Loads[0]
				if l.Requests != tc.sent || l.Dropped != tc.dropped || rep.Late != tc.late || !rep.Began.Equal(at) {
					t.Errorf("%d sent, %d dropped, late by %v, began %v after the start; want %d, %d, %v, 0",
						l.Requests, l.Dropped, rep.Late, rep.Began.Sub(at), tc.sent, tc.dropped, tc.late)
				}
				if l.Late != 0 || l.Response != nil && l.Response.Max > int64(time.Millisecond) {
					t.Errorf("%d late, response %+v: what was missed must not be sent in a burst", l.Late, l.Response)
				}
				if want := tc.dropped > 10; want != (rep.Verdict() == results.Inconclusive) {
					t.Errorf("verdict %s with %d of 1000 dropped", rep.Verdict(), tc.dropped)
				}
				if len(f.left()) > 0 {
					t.Errorf("keys %v were left", f.left())
				}
			})
		})
	}
}

// Ctrl-C while waiting ends the run at once; its keys go.
func TestStartAtInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		before := time.Now()
		rep, err := Run(ctx, f, Plan{Pacer: PaceSleep, Duration: time.Second}, Options{StartAt: before.Add(time.Hour)})
		if err != nil || rep.Stopped != StoppedInterrupted || time.Since(before) != time.Second || len(f.left()) > 0 {
			t.Errorf("stopped %q after %v, %v, keys left %v", rep.Stopped, time.Since(before), err, f.left())
		}
		for _, l := range rep.Loads {
			if l.Requests != 0 || l.Dropped != 0 {
				t.Errorf("%d sent, %d dropped, want none of either", l.Requests, l.Dropped)
			}
		}
	})
}
