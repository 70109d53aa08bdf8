package bench

import (
	"context"
	"time"
)

// startMargin is how long before the start the runner is up, so that the first
// arrivals are left to the pacer, which is more exact than the runtime's timers.
const startMargin = 50 * time.Millisecond

// begin waits until it is time to start and returns the schedule's zero: now,
// or what Options.StartAt says, then in the future or, if set-up took too long,
// in the past. It returns early if ctx ends.
func begin(ctx context.Context, at time.Time) time.Time {
	if at.IsZero() {
		return time.Now()
	}
	if d := time.Until(at) - startMargin; d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
	}
	now := time.Now()
	return now.Add(at.Sub(now)) // with a monotonic clock reading, which at has not
}

// missed reports whether t was due before the runner had joined the schedule:
// it is dropped. To send what has piled up would be a load that nobody planned.
func (r *runner) missed(t ticket) bool { return t.at < r.joined }
