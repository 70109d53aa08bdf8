package raw

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/internal/wire"
)

// call is one request in flight.
type call struct {
	ctx      context.Context
	op       wire.Operation
	conn     *conn
	creds    *wire.Credentials
	deadline time.Time     // zero: none
	slack    time.Duration // by which it may come late
	begun    time.Time     // other instants are read as distances from it, which costs half
	signed   time.Time
	dialled  time.Duration // spent on dialling
	trace    target.Trace
}

// slackPart is the part of Options.Timeout by which it may come late.
const slackPart = 16

// begin gets credentials and a connection. After an error nothing is to be released.
func (c *Client) begin(ctx context.Context, op wire.Operation) (call, error) {
	k := call{ctx: ctx, op: op}
	if err := ctx.Err(); err != nil {
		return k, wire.Failed(ctx, op, 0, k.trace, err)
	}
	now := time.Now()
	k.begun = now
	k.deadline, _ = ctx.Deadline()
	if c.setup.Timeout > 0 {
		if d := now.Add(c.setup.Timeout); k.deadline.IsZero() || d.Before(k.deadline) {
			k.deadline, k.slack = d, c.setup.Timeout/slackPart
		}
	}
	k.signed = c.setup.SignAt(now)
	if k.creds = c.setup.Source.Fresh(k.signed); k.creds == nil {
		if err := c.renew(&k); err != nil {
			return k, err
		}
	}
	c.totals.Attempts.Add(1)
	k.trace.Attempts = 1
	if k.conn = c.take(now); k.conn != nil {
		return k, nil
	}
	return k, c.connect(&k)
}

func (c *Client) renew(k *call) (err error) {
	ctx, cancel := k.bounded()
	defer cancel()
	k.creds, err = c.setup.Source.Get(ctx, k.signed)
	if err != nil {
		return wire.CredentialsError(k.op, err)
	}
	return nil
}

func (c *Client) connect(k *call) (err error) {
	ctx, cancel := k.bounded()
	defer cancel()
	start := time.Now()
	k.conn, err = c.dial(ctx)
	k.dialled = time.Since(start)
	if err != nil {
		k.trace.Wire = k.dialled
		return wire.Failed(ctx, k.op, 0, k.trace, err)
	}
	return nil
}

// bounded is the context with the deadline of the call.
func (k *call) bounded() (context.Context, context.CancelFunc) {
	if k.deadline.IsZero() {
		return k.ctx, func() {}
	}
	return context.WithDeadline(k.ctx, k.deadline)
}

// exchange writes the request in the connection's pad and reads the answer. After
// an error the connection is released or closed; after a success it holds the
// answer and is the caller's to release.
func (c *Client) exchange(k *call) error {
	conn := k.conn
	c.write(k)
	start := time.Since(k.begun)
	err := conn.roundTrip(k.ctx, k.deadline, k.slack)
	end := time.Since(k.begun)
	done := k.begun.Add(end)
	k.trace.Wire = end - start + k.dialled
	conn.since = done
	if err != nil {
		err = k.failed(err, conn.answer.status)
		conn.close()
		return err
	}
	a := &conn.answer
	c.totals.NoteAnswer(a.protocol(), conn.in.bytes(a.date), done)
	if a.status >= 200 && a.status <= 299 {
		return nil
	}
	e := target.ClassifyAnswer(k.op.String(), a.status, conn.header(), a.body)
	if e.Kind == target.Throttled {
		k.trace.Throttles = 1
		c.totals.Throttles.Add(1)
	}
	e.Trace = k.trace
	c.release(conn)
	return e
}

// failed gives the error of a broken exchange its kind. The connection's deadline
// may pass a moment before the context's own, which is the same moment.
func (k *call) failed(err error, status int) error {
	return wire.Failed(k.ctx, k.op, status, k.trace, err)
}

// write signs the request and puts the whole of it into the connection's buffer.
func (c *Client) write(k *call) {
	conn := k.conn
	b := append(conn.out[:0], c.heads[k.op]...)
	b = append(b, c.date.Text(k.signed)...)
	date := b[len(b)-wire.DateLen:]
	if k.creds.SessionToken != "" {
		b = append(b, "\r\nX-Amz-Security-Token: "...)
		b = append(b, k.creds.SessionToken...)
	}
	b = append(b, "\r\nAuthorization: "...)
	b = c.setup.Signer.Sign(b, &conn.pad, k.op, k.creds, date)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(conn.pad.Body)), 10)
	b = append(b, "\r\n\r\n"...)
	conn.out = append(b, conn.pad.Body...)
}

// header is what classification needs of the answer's header.
func (k *conn) header() http.Header {
	h := http.Header{}
	for name, at := range map[string]span{
		"X-Amzn-Errortype": k.answer.errorType,
		"X-Amzn-Requestid": k.answer.requestID,
		"Content-Type":     k.answer.contentType,
	} {
		if v := k.in.bytes(at); len(v) > 0 {
			h.Set(name, string(v))
		}
	}
	return h
}
