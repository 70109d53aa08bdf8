package bench

import (
	"context"
	"time"
)

// pacer waits for instants. It is used by one goroutine.
type pacer interface {
	// wait returns when now() has reached at, or when ctx has ended.
	wait(ctx context.Context, at time.Duration, now func() time.Duration)
	close()
}

// sleeper waits with the timers of the runtime: about 0.6 ms late on Linux,
// exact in virtual time.
type sleeper struct{ timer *time.Timer }

func newSleeper() *sleeper {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &sleeper{t}
}

func (s *sleeper) wait(ctx context.Context, at time.Duration, now func() time.Duration) {
	d := at - now()
	if d <= 0 {
		return
	}
	s.timer.Reset(d)
	select {
	case <-s.timer.C:
	case <-ctx.Done():
		s.timer.Stop()
	}
}

func (s *sleeper) close() { s.timer.Stop() }
