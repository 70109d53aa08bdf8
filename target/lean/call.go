package lean

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"syscall"
	"time"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/internal/wire"
)

// call is the memory of one request that the transport never sees.
type call struct {
	pad  wire.Pad
	date [16]byte
	auth []byte

	status int
	header http.Header // of the answer
	answer []byte
	trace  target.Trace
}

// release keeps k for another request.
func (c *Client) release(k *call) {
	k.header = nil
	if cap(k.answer) <= keepAnswer {
		c.calls.Put(k)
	}
}

// keepAnswer bounds the memory kept for answers, far above those of a KMS.
const keepAnswer = 64 << 10

// send makes one attempt with the body in k.pad and leaves the answer of a success
// in k. Everything else is an error.
func (c *Client) send(ctx context.Context, k *call, op wire.Operation) error {
	k.trace, k.status = target.Trace{}, 0
	if err := ctx.Err(); err != nil {
		return wire.Failed(ctx, op, 0, k.trace, err)
	}
	now := time.Now()
	ctx, cancel := c.limited(ctx, now)
	defer cancel()
	now = c.setup.SignAt(now)
	creds, err := c.setup.Source.Get(ctx, now)
	if err != nil {
		return wire.CredentialsError(op, err)
	}
	req := c.request(ctx, k, op, creds, now)

	c.totals.Attempts.Add(1)
	k.trace.Attempts = 1
	start := time.Now()
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		k.trace.Wire = time.Since(start)
		return wire.Failed(ctx, op, 0, k.trace, err)
	}
	err = k.read(resp)
	done := time.Now()
	k.trace.Wire = done.Sub(start)
	if err != nil {
		return wire.Failed(ctx, op, resp.StatusCode, k.trace, err)
	}
	c.note(resp, done)
	return c.classify(k, op)
}

// sent is the memory of one request that the transport holds on to: it may still be
// writing it when the answer is there, and says nothing when it is done, so all of it
// is new each time. It is one piece, because each piece costs.
type sent struct {
	values [6]string
	reader bytes.Reader
	body   []byte
	room   [256]byte // for the body, if it fits
}

// again gives the body once more, for a connection that was closed before a byte
// was written on it.
func (s *sent) again() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(s.body)), nil }

// request makes the signed request.
//
// The body is a reader that the transport knows to be memory, so that header and
// body go out in one piece.
func (c *Client) request(ctx context.Context, k *call, op wire.Operation, creds *Credentials, now time.Time) *http.Request {
	date := c.date.Text(now)
	copy(k.date[:], date)
	k.auth = c.setup.Signer.Sign(k.auth[:0], &k.pad, op, creds, k.date[:])

	m := new(sent)
	m.body = append(m.room[:0], k.pad.Body...)
	m.reader.Reset(m.body)
	m.values = [...]string{wire.ContentType, wire.UserAgent, op.Target(), date, string(k.auth), creds.SessionToken}
	v := m.values[:]
	r := c.template.WithContext(ctx)
	r.Header = http.Header{
		"Content-Type":  v[0:1:1],
		"User-Agent":    v[1:2:2],
		"X-Amz-Target":  v[2:3:3],
		"X-Amz-Date":    v[3:4:4],
		"Authorization": v[4:5:5],
	}
	if creds.SessionToken != "" {
		r.Header["X-Amz-Security-Token"] = v[5:6:6]
	}
	r.ContentLength = int64(len(m.body))
	r.Body = io.NopCloser(&m.reader)
	r.GetBody = m.again
	return r
}

// read takes the whole answer off the connection.
func (k *call) read(resp *http.Response) error {
	k.status, k.header = resp.StatusCode, resp.Header
	err := k.readBody(resp)
	untilClose := resp.ProtoMajor == 1 && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0
	if untilClose && errors.Is(err, syscall.ECONNRESET) {
		err = nil // a rude end, but nothing else marks it: TLS servers refuse plain HTTP so
	}
	if e := resp.Body.Close(); err == nil && e != nil {
		err = e
	}
	return err
}

func (k *call) readBody(resp *http.Response) error {
	k.answer = k.answer[:0]
	if resp.ContentLength > wire.MaxBody {
		return wire.ErrTooLong
	}
	for {
		if len(k.answer) == cap(k.answer) {
			k.answer = append(k.answer, 0)[:len(k.answer)]
		}
		n, err := resp.Body.Read(k.answer[len(k.answer):cap(k.answer)])
		k.answer = k.answer[:len(k.answer)+n]
		switch {
		case len(k.answer) > wire.MaxBody:
			return wire.ErrTooLong
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

func (c *Client) note(resp *http.Response, done time.Time) {
	var room [64]byte
	date := append(room[:0], resp.Header.Get("Date")...)
	c.totals.NoteAnswer(resp.Proto, date, done)
}

// classify returns nil for a status 2xx, else the error that the answer is.
func (c *Client) classify(k *call, op wire.Operation) error {
	if k.status >= 200 && k.status <= 299 {
		return nil
	}
	e := target.ClassifyAnswer(op.String(), k.status, k.header, k.answer)
	if e.Kind == target.Throttled {
		k.trace.Throttles = 1
		c.totals.Throttles.Add(1)
	}
	e.Trace = k.trace
	return e
}
