package awskms

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

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
	if _, ok := h["Accept-Encoding"]; !ok {
		h.Set("Accept-Encoding", "gzip")
	}
	if h.Get("User-Agent") == "" {
		h.Del("User-Agent") // present and empty is net/http's way to send none
	}
	return h
}

// note updates the totals with a finished attempt that has an answer.
func (w *wire) note(f *flight) {
	if f.status < 200 || f.status > 299 {
		f.failure = target.ClassifyAnswer(f.operation, f.status, f.header, f.body)
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
