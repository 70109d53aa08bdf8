package awskms

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

// maxBody bounds one request and one answer. The longest real answer, a page of
// a thousand keys, is under a quarter of a mebibyte.
const maxBody = 8 << 20

var errTooLong = fmt.Errorf("the body is longer than %d bytes", maxBody)

// wire stands between the SDK and its HTTP client: it times every attempt,
// counts, reads the whole answer, and leaves all of it in the request's flight.
type wire struct {
	do func(*http.Request) (*http.Response, error)
	// asIs leaves both bodies as the SDK made and reads them, so that the user's
	// own client behaves here as it does elsewhere.
	asIs bool

	attempts, throttles atomic.Int64
	opened              atomic.Int64
	sent, received      atomic.Int64
	protocol            atomic.Pointer[string]
	date                atomic.Pointer[dateSample]

	mu    sync.Mutex
	conns map[*countedConn]struct{}
}

// dateSample is a Date header and how far it was from the local clock when it
// was first seen.
type dateSample struct {
	header string
	delta  time.Duration
}

// flight is what one call leaves on the wire. The last attempt's values stand.
// A flight belongs to one call: attempts follow each other, so nothing locks.
type flight struct {
	operation string
	keep      bool // keep the request too

	attempts, throttles int
	sentAt, doneAt      time.Time

	method, url string
	request     http.Header
	requestBody []byte

	proto    string
	verified bool
	status   int // 0 without an answer
	header   http.Header
	body     []byte
	// untilClose: nothing but the end of the connection marks the end of the body
	untilClose bool
	failure    *target.Error // reading of a status outside 2xx
	err        error         // of the transport, or of reading the answer
}

type flightKey struct{}

// Do implements the SDK's HTTPClient.
func (w *wire) Do(req *http.Request) (*http.Response, error) {
	f, ok := req.Context().Value(flightKey{}).(*flight)
	if !ok {
		f = &flight{}
	}
	req, err := w.prepare(req, f)
	if err != nil {
		return nil, err
	}
	f.begin()
	w.attempts.Add(1)
	resp, err := w.do(req)
	if err != nil {
		f.doneAt = time.Now()
		f.err = err
		return nil, err
	}
	f.proto, f.status, f.header = resp.Proto, resp.StatusCode, resp.Header
	f.untilClose = resp.ProtoMajor == 1 && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0
	f.verified = resp.TLS != nil && len(resp.TLS.VerifiedChains) > 0
	if w.asIs {
		resp.Body = &watchedBody{ReadCloser: resp.Body, wire: w, flight: f}
		return resp, nil
	}
	f.read(resp)
	w.note(f)
	return resp, nil
}

// prepare makes the body an in-memory reader and keeps what the flight wants.
//
// The SDK closes a request's body as soon as the answer's header is there, and
// its body wrapper then makes net/http's write loop take a request that is
// complete for one that failed: fast servers lose connections and answers. A
// body that the transport knows as memory is written and forgotten at once.
func (w *wire) prepare(req *http.Request, f *flight) (*http.Request, error) {
	if f.keep {
		f.method, f.url = req.Method, req.URL.String()
		f.request = onWire(req)
		f.requestBody = nil
	}
	if req.Body == nil || req.Body == http.NoBody || w.asIs && !f.keep {
		return req, nil
	}
	body, err := readBody(req.Body, req.ContentLength)
	if err != nil {
		return nil, err
	}
	if f.keep {
		f.requestBody = body
	}
	if req.ContentLength < 0 {
		// Chunked on purpose (Send): an opaque reader keeps it so.
		out := req.WithContext(req.Context())
		out.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body)))
		return out, nil
	}
	out := req.WithContext(req.Context())
	out.Body = io.NopCloser(bytes.NewReader(body))
	out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return out, nil
}

// onWire copies the header and adds what net/http takes from elsewhere.
func onWire(req *http.Request) http.Header {
	h := req.Header.Clone()
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	h.Set("Host", host)
	if req.ContentLength >= 0 {
		h.Set("Content-Length", strconv.FormatInt(req.ContentLength, 10))
	} else {
		h.Set("Transfer-Encoding", "chunked")
	}
	if h.Get("User-Agent") == "" {
		h.Del("User-Agent") // present and empty is net/http's way to send none
	}
	return h
}

func (f *flight) begin() {
	f.attempts++
	f.proto, f.verified, f.status, f.header, f.body, f.failure, f.err = "", false, 0, nil, nil, nil, nil
	f.sentAt = time.Now()
}

// read takes the whole answer off the connection and gives resp a copy of it,
// with the error that ended it, so that the SDK sees what it would have seen.
func (f *flight) read(resp *http.Response) {
	f.body, f.err = readBody(resp.Body, resp.ContentLength)
	f.err = f.ended(f.err)
	_ = resp.Body.Close() // read to its end or broken: nothing more to learn
	f.doneAt = time.Now()
	resp.Body = &replay{Reader: bytes.NewReader(f.body), err: f.err}
}

// ended is the error that ended a body, unless it is no more than a rude end: a
// server that speaks TLS refuses plain HTTP in words, then resets.
func (f *flight) ended(err error) error {
	if f.untilClose && errors.Is(err, syscall.ECONNRESET) {
		return nil
	}
	return err
}

// note updates the totals with a finished attempt that has an answer.
func (w *wire) note(f *flight) {
	if f.status < 200 || f.status > 299 {
		f.failure = readFailure(f.operation, f.status, f.header, f.body)
		if f.failure.Kind == target.Throttled {
			f.throttles++
			w.throttles.Add(1)
		}
	}
	if p := w.protocol.Load(); p == nil || *p != f.proto {
		w.protocol.Store(&f.proto)
	}
	date := f.header.Get("Date")
	if d := w.date.Load(); date == "" || d != nil && d.header == date {
		return // parsing once a second is enough for a resolution of a second
	}
	if at, err := http.ParseTime(date); err == nil {
		w.date.Store(&dateSample{date, at.Sub(f.doneAt).Round(time.Second)})
	}
}

func (f *flight) trace() target.Trace {
	t := target.Trace{Attempts: f.attempts, Throttles: f.throttles}
	if f.attempts > 0 {
		t.Wire = f.doneAt.Sub(f.sentAt)
	}
	return t
}

func (w *wire) counters() target.Counters {
	c := target.Counters{
		Attempts:          w.attempts.Load(),
		Throttles:         w.throttles.Load(),
		ConnectionsOpened: w.opened.Load(),
		BytesSent:         w.sent.Load(),
		BytesReceived:     w.received.Load(),
	}
	if p := w.protocol.Load(); p != nil {
		c.Protocol = *p
	}
	if d := w.date.Load(); d != nil {
		c.DateDelta = d.delta
	}
	return c
}

// readBody reads a body whose length is length, or unknown if negative.
func readBody(r io.Reader, length int64) ([]byte, error) {
	if length > maxBody {
		return nil, errTooLong
	}
	if length >= 0 {
		b := make([]byte, length)
		n, err := io.ReadFull(r, b)
		if errors.Is(err, io.EOF) && length > 0 {
			err = io.ErrUnexpectedEOF
		}
		return b[:n], err
	}
	b, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err == nil && len(b) > maxBody {
		return b[:maxBody], errTooLong
	}
	return b, err
}

// replay gives the bytes of an answer, then the error that ended it.
type replay struct {
	*bytes.Reader
	err error
}

func (r *replay) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF && r.err != nil {
		err = r.err
	}
	return n, err
}

// WriteTo hides that of bytes.Reader, which would end without the error.
func (r *replay) WriteTo(dst io.Writer) (int64, error) {
	n, err := r.Reader.WriteTo(dst)
	if err == nil {
		err = r.err
	}
	return n, err
}

func (r *replay) Close() error { return nil }

// watchedBody keeps what the SDK reads of an answer, and when it was done.
type watchedBody struct {
	io.ReadCloser
	wire   *wire
	flight *flight
	done   bool
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if room := maxBody - len(b.flight.body); room > 0 {
		b.flight.body = append(b.flight.body, p[:min(n, room)]...)
	}
	if err != nil {
		if err != io.EOF {
			b.flight.err = b.flight.ended(err)
		}
		b.finish()
	}
	return n, err
}

func (b *watchedBody) Close() error {
	b.finish()
	return b.ReadCloser.Close()
}

func (b *watchedBody) finish() {
	if b.done {
		return
	}
	b.done = true
	b.flight.doneAt = time.Now()
	b.wire.note(b.flight)
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// countDials counts connections and the bytes on them, under TLS.
func (w *wire) countDials(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		w.opened.Add(1)
		counted := &countedConn{Conn: conn, wire: w}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.conns == nil {
			w.conns = make(map[*countedConn]struct{})
		}
		w.conns[counted] = struct{}{}
		return counted, nil
	}
}

func (w *wire) closeConnections() {
	w.mu.Lock()
	open := make([]net.Conn, 0, len(w.conns))
	for c := range w.conns {
		open = append(open, c.Conn)
	}
	clear(w.conns)
	w.mu.Unlock()
	for _, c := range open {
		_ = c.Close() // nothing is in flight: there is nothing to lose
	}
}

type countedConn struct {
	net.Conn
	wire *wire
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.wire.received.Add(int64(n))
	return n, err
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.wire.sent.Add(int64(n))
	return n, err
}

func (c *countedConn) Close() error {
	c.wire.mu.Lock()
	delete(c.wire.conns, c)
	c.wire.mu.Unlock()
	return c.Conn.Close()
}
