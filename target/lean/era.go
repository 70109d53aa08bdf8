package lean

import (
	"context"
	"time"
)

// era is a context with a time limit that all requests share which start within a
// part of it under one context of the caller. A limit of its own for each request
// would cost a timer and four allocations.
type era struct {
	done   <-chan struct{} // of the caller's context
	ctx    context.Context
	cancel context.CancelFunc
	until  time.Time // requests that start before share ctx
}

// eraPart is the part of the time limit in which requests start that share one.
const eraPart = 16

func nothing() {}

// limited returns ctx with the client's time limit, which may be a sixteenth longer
// than it says, and what releases it.
func (c *Client) limited(ctx context.Context, now time.Time) (context.Context, context.CancelFunc) {
	limit := c.setup.Timeout
	if limit < 0 {
		return ctx, nothing
	}
	if d, ok := ctx.Deadline(); ok && d.Before(now.Add(limit)) {
		return ctx, nothing
	}
	e := c.era.Load()
	if e == nil || e.done != ctx.Done() {
		c.era.Store(&era{done: ctx.Done()}) // and wait whether it comes again
		return context.WithTimeout(ctx, limit)
	}
	if e.ctx == nil || !now.Before(e.until) {
		part := limit / eraPart
		next := &era{done: e.done, until: now.Add(part)}
		next.ctx, next.cancel = context.WithTimeout(ctx, limit+part)
		c.era.Store(next) // the one before ends by its own timer
		e = next
	}
	return e.ctx, nothing
}
