package lean

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kmsmac/kmsmac/target/internal/wire"
)

func limitedClient(limit time.Duration) *Client {
	return &Client{setup: &wire.Setup{Options: wire.Options{Timeout: limit}}}
}

// Every request ends between the limit and a sixteenth more, whenever it starts.
func TestLimited(t *testing.T) {
	const limit = 16 * time.Second
	synctest.Test(t, func(t *testing.T) {
		c := limitedClient(limit)
		parent, cancel := context.WithCancel(t.Context())
		defer cancel()
		for i := range 40 {
			ctx, release := c.limited(parent, time.Now())
			d, ok := ctx.Deadline()
			if left := time.Until(d); !ok || left < limit || left > limit+limit/eraPart {
				t.Fatalf("request %d has %v, want %v to %v", i, left, limit, limit+limit/eraPart)
			}
			release()
			if ctx.Err() != nil && i > 0 {
				t.Fatalf("request %d: the context of all ended with one", i)
			}
			time.Sleep(300 * time.Millisecond)
		}
		ctx, release := c.limited(parent, time.Now())
		defer release()
		start := time.Now()
		<-ctx.Done()
		if took := time.Since(start); took < limit || took > limit+limit/eraPart || parent.Err() != nil {
			t.Errorf("ended after %v", took)
		}
	})
}

func TestLimitedByTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := limitedClient(time.Minute)
		a, cancelA := context.WithCancel(t.Context())
		b, cancelB := context.WithCancel(t.Context())
		defer cancelB()
		for range 3 { // by turns, then each on its own: no context may stand in for another
			for _, parent := range []context.Context{a, b, b, b, a, a, a} {
				ctx, release := c.limited(parent, time.Now())
				if parent == a {
					defer release()
					continue
				}
				release()
				_ = ctx
			}
		}
		onA, releaseA := c.limited(a, time.Now())
		defer releaseA()
		c.era.Store(nil)
		onB, releaseB := c.limited(b, time.Now())
		defer releaseB()
		cancelA()
		synctest.Wait()
		if onA.Err() == nil || onB.Err() != nil {
			t.Errorf("after the end of a: %v under a, %v under b", onA.Err(), onB.Err())
		}

		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if ctx, _ := c.limited(soon, time.Now()); ctx != soon {
			t.Error("an earlier deadline of the caller was replaced")
		}
		unlimited := limitedClient(-1)
		if ctx, _ := unlimited.limited(b, time.Now()); ctx != b {
			t.Error("a limit where none was wanted")
		}
	})
}

// A context that comes again costs nothing.
func TestLimitedDoesNotAllocate(t *testing.T) {
	c := limitedClient(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	now := time.Now()
	run := func() {
		_, release := c.limited(ctx, now)
		release()
	}
	run()
	run()
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
