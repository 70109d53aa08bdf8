package raw

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/internal/wire"
)

// conn is one connection with the memory of the request on it.
type conn struct {
	net    net.Conn
	socket syscall.RawConn // nil where there is none
	swift  swift           // for plain HTTP
	totals *wire.Totals
	limit  time.Time // deadline that is set on net
	since  time.Time // when the last answer was there
	pad    wire.Pad
	out    []byte // the request
	in     reader
	answer answer
	guard  guard
}

// dial opens a connection, with TLS where the endpoint has it.
func (c *Client) dial(ctx context.Context) (*conn, error) {
	dialer := net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	tcp, err := dialer.DialContext(ctx, "tcp", c.setup.Endpoint.Address)
	if err != nil {
		return nil, err
	}
	target.Dialled(ctx)
	k := &conn{net: c.totals.Count(tcp), totals: &c.totals}
	if sc, ok := tcp.(syscall.Conn); ok {
		if k.socket, err = sc.SyscallConn(); err != nil {
			return nil, errors.Join(err, tcp.Close())
		}
	}
	if c.tls != nil {
		if err := k.handshake(ctx, c.tls); err != nil {
			k.close()
			return nil, err
		}
	} else if k.socket != nil {
		k.swift.use(k.socket)
	}
	k.in.from = k.net
	k.guard.net = k.net
	return k, nil
}

func (k *conn) handshake(ctx context.Context, cfg *tls.Config) error {
	secure := tls.Client(k.net, cfg)
	if err := secure.HandshakeContext(ctx); err != nil {
		// The alert of RFC 7301, section 3.2; package tls has no type for it.
		if strings.Contains(err.Error(), "no application protocol") {
			return fmt.Errorf("the server does not speak HTTP/1.1 here, which is all this client speaks: %w", err)
		}
		return err
	}
	k.net = secure
	return nil
}

// staleAfter is how long a connection may be idle before it is looked at again.
// While a worker keeps it busy, the look, a system call, is saved.
const staleAfter = 10 * time.Millisecond

// take returns the latest used idle connection, nil if there is none. Those that
// the server has closed meanwhile are closed here too.
func (c *Client) take(now time.Time) *conn {
	for {
		c.mu.Lock()
		n := len(c.idle)
		if n == 0 {
			c.mu.Unlock()
			return nil
		}
		k := c.idle[n-1]
		c.idle[n-1] = nil
		c.idle = c.idle[:n-1]
		c.mu.Unlock()
		if now.Sub(k.since) < staleAfter || !k.stale() {
			return k
		}
		k.close()
	}
}

// release makes k idle, if it can serve another request.
func (c *Client) release(k *conn) {
	if !k.answer.keepAlive || !k.in.empty() {
		k.close()
		return
	}
	k.in.shrink()
	c.mu.Lock()
	kept := !c.closed && len(c.idle) < c.setup.MaxConnections
	if kept {
		c.idle = append(c.idle, k)
	}
	c.mu.Unlock()
	if !kept {
		k.close()
	}
}

func (k *conn) close() {
	k.guard.forget()
	_ = k.net.Close() // nothing of value is on its way
}

// roundTrip writes the request in k.out and reads the answer into k.answer, both
// until deadline, if there is one, or the end of ctx. The deadline may come late by
// as much as slack.
func (k *conn) roundTrip(ctx context.Context, deadline time.Time, slack time.Duration) error {
	k.answer = answer{}
	k.in.reset()
	if err := k.setLimit(deadline, slack); err != nil {
		return err
	}
	if err := k.guard.enter(ctx); err != nil {
		return err
	}
	err := k.send(!deadline.IsZero() || ctx.Done() != nil)
	if err == nil {
		err = k.in.read(&k.answer)
	}
	if aborted := k.guard.leave(); aborted {
		return ctx.Err()
	}
	return err
}

// setLimit sets the deadline, unless that of the last request will do: while
// requests follow each other closely, one in many pays for a new one.
func (k *conn) setLimit(deadline time.Time, slack time.Duration) error {
	switch {
	case deadline.IsZero():
		slack = 0
		if k.limit.IsZero() {
			return nil
		}
	case !k.limit.Before(deadline) && k.limit.Sub(deadline) <= slack:
		return nil
	default:
		deadline = deadline.Add(slack)
	}
	k.limit = deadline
	return k.net.SetDeadline(deadline)
}

// send writes the request. If it is quick, which something that can end the wait
// allows, the beginning of the answer is in the reader afterwards.
func (k *conn) send(quick bool) error {
	rest := k.out
	if quick && k.swift.usable() {
		wrote, read, err := k.swift.exchange(k.out, k.in.room())
		k.totals.Sent.Add(int64(wrote))
		k.totals.Received.Add(int64(read))
		k.in.end += read
		if err == io.EOF {
			return errNoAnswer
		}
		if err != nil || read > 0 {
			return err
		}
		rest = k.out[wrote:]
	}
	_, err := k.net.Write(rest)
	return err
}

// guard breaks off the request on a connection when its context ends. It stays
// registered with the context from request to request, so that a context shared by
// many requests costs nothing for each.
type guard struct {
	net   net.Conn
	done  <-chan struct{} // of the context it is registered with
	stop  func() bool
	turn  uint64        // number of the registration, from 1
	state atomic.Uint64 // turn while a request is in flight, else 0, or broken
}

// broken is the state after a request was broken off; the connection is done for.
const broken = ^uint64(0)

// enter begins a request; the deadline must be set before.
func (g *guard) enter(ctx context.Context) error {
	done := ctx.Done()
	if done == nil {
		g.forget()
		return nil
	}
	if done != g.done {
		g.register(ctx, done)
	}
	g.state.Store(g.turn)
	return ctx.Err() // ended before the state was stored: nobody else would notice
}

func (g *guard) register(ctx context.Context, done <-chan struct{}) {
	g.forget()
	g.turn++
	turn := g.turn
	g.done = done
	g.stop = context.AfterFunc(ctx, func() {
		if g.state.CompareAndSwap(turn, broken) {
			_ = g.net.SetDeadline(time.Unix(1, 0)) // fails only if closed, which will do too
		}
	})
}

// leave ends a request and reports whether it was broken off.
func (g *guard) leave() (aborted bool) {
	return !g.state.CompareAndSwap(g.turn, 0) && g.done != nil
}

// forget ends the registration.
func (g *guard) forget() {
	if g.stop != nil {
		g.stop()
	}
	g.stop, g.done = nil, nil
}
