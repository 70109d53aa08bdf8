package awskms

import (
	"bytes"
	"errors"
	"net/http"
	"syscall"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

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

func (f *flight) trace() target.Trace {
	t := target.Trace{Attempts: f.attempts, Throttles: f.throttles}
	if f.attempts > 0 {
		t.Wire = f.doneAt.Sub(f.sentAt)
	}
	return t
}
