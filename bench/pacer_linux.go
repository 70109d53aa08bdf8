package bench

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const hasNanosleep = true

// nanosleeper sleeps in the kernel, on a thread that the pacing goroutine has
// to itself: the runtime rounds its own timers up to a millisecond.
type nanosleeper struct {
	*sleeper
	request unix.Timespec // here, so that waiting does not allocate
	slack   int           // the thread's timer slack before; negative if it was not changed
}

// slackNs is the timer slack of the pacing thread: the kernel's default is
// 50 µs, which would be half of the lag; much less costs CPU time at high rates.
const slackNs = 10_000

func newSystemPacer() pacer {
	runtime.LockOSThread()
	n := &nanosleeper{sleeper: newSleeper(), slack: -1}
	if old, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0); err == nil && old > slackNs {
		if unix.Prctl(unix.PR_SET_TIMERSLACK, slackNs, 0, 0, 0) == nil {
			n.slack = old
		}
	}
	return n
}

func (n *nanosleeper) wait(ctx context.Context, at time.Duration, now func() time.Duration) {
	n.sleeper.wait(ctx, at-10*coarse, now) // as long as it is far, ctx can end the wait
	for ctx.Err() == nil {
		d := at - now()
		if d <= 0 {
			return
		}
		n.request = unix.NsecToTimespec(int64(d))
		err := unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &n.request, nil)
		if err != nil && err != unix.EINTR { // a sandbox without the call
			n.sleeper.wait(ctx, at, now)
		}
	}
}

func (n *nanosleeper) close() {
	n.sleeper.close()
	if n.slack >= 0 {
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(n.slack), 0, 0, 0)
	}
	runtime.UnlockOSThread()
}
