package kmsemu

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// connWatch closes connections that keep the server waiting. Deadlines of
// net/http and of the connection would be set and cleared six times for each
// request, which costs a tenth of its CPU time; here a request costs four
// stores, and one timer serves all connections. A connection has headerTimeout
// for its first request, idleTimeout from an answer to the end of the next
// request's headers, and patience for a body and for an answer.
type connWatch struct {
	due sync.Map // net.Conn → *connDue

	armed atomic.Int64 // when the timer fires; 0: never
	mu    sync.Mutex
	timer *time.Timer
}

// connDue is when a connection is closed.
type connDue struct {
	watch *connWatch
	at    atomic.Int64 // Unix nanoseconds; 0: nobody waits for the client
}

// within closes the connection after d, unless done or within is called before.
func (c *connDue) within(d time.Duration) {
	at := time.Now().Add(d).UnixNano()
	c.at.Store(at)
	c.watch.arm(at)
}

func (c *connDue) done() { c.at.Store(0) }

// dueKey is the key of the *connDue in the context of a request.
type dueKey struct{}

// enter implements http.Server.ConnContext.
func (w *connWatch) enter(ctx context.Context, c net.Conn) context.Context {
	due := &connDue{watch: w}
	w.due.Store(c, due)
	return context.WithValue(ctx, dueKey{}, due)
}

// follow implements http.Server.ConnState.
func (w *connWatch) follow(c net.Conn, state http.ConnState) {
	v, ok := w.due.Load(c)
	if !ok {
		return
	}
	due := v.(*connDue)
	switch state {
	case http.StateNew:
		due.within(headerTimeout)
	case http.StateActive:
		due.done()
	case http.StateIdle:
		due.within(idleTimeout)
	case http.StateClosed, http.StateHijacked:
		w.due.Delete(c)
	}
}

// arm makes the timer fire at a time, or earlier.
func (w *connWatch) arm(at int64) {
	if armed := w.armed.Load(); armed != 0 && armed <= at {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if armed := w.armed.Load(); armed != 0 && armed <= at {
		return
	}
	w.armed.Store(at)
	wait := time.Until(time.Unix(0, at))
	if w.timer == nil {
		w.timer = time.AfterFunc(wait, w.fire)
		return
	}
	w.timer.Reset(wait)
}

// fire closes what is overdue and waits for the next.
func (w *connWatch) fire() {
	w.armed.Store(0) // first, so that nobody relies on a timer that has fired
	now, next := time.Now().UnixNano(), int64(0)
	w.due.Range(func(c, due any) bool {
		switch at := due.(*connDue).at.Load(); {
		case at == 0:
		case at <= now:
			_ = c.(net.Conn).Close() // its goroutine ends with an error of its own
		case next == 0 || at < next:
			next = at
		}
		return true
	})
	if next != 0 {
		w.arm(next)
	}
}

// stop ends the watch when no connection is left.
func (w *connWatch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}
