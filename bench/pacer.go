package bench

import (
	"context"
	"runtime"
	"time"
)

// Pacing is how the pacer waits for the instant of an arrival.
type Pacing string

// The pacers. What they miss an instant by is part of the lag of every
// request, and shown.
const (
	PaceAuto      Pacing = "auto"      // nanosleep where there is one, else sleep
	PaceSleep     Pacing = "sleep"     // the runtime's timers: 0.6 ms late on Linux; exact in virtual time
	PaceNanosleep Pacing = "nanosleep" // clock_nanosleep on a thread of its own: Linux only, about 0.1 ms late
	PaceSpin      Pacing = "spin"      // busy waiting: 2 µs late, takes a whole core
)

// pacer waits for instants. It is used by one goroutine.
type pacer interface {
	// wait returns when now() has reached at, or soon after ctx has ended.
	wait(ctx context.Context, at time.Duration, now func() time.Duration)
	close()
}

func newPacer(p Pacing) pacer {
	switch p {
	case PaceSleep:
		return newSleeper()
	case PaceSpin:
		return &spinner{newSleeper()}
	}
	return newSystemPacer()
}

// sleeper waits with the runtime's timers.
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

// coarse is what the runtime's timers can be late by, with room.
const coarse = 3 * time.Millisecond

// spinner sleeps while the instant is far and then yields until it has come.
type spinner struct{ *sleeper }

func (s *spinner) wait(ctx context.Context, at time.Duration, now func() time.Duration) {
	s.sleeper.wait(ctx, at-coarse, now)
	for now() < at && ctx.Err() == nil {
		runtime.Gosched()
	}
}
