package awskms

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"
)

// maxBody bounds one request and one answer. The longest real answer, a page of
// a thousand keys, is under a quarter of a mebibyte.
const maxBody = 8 << 20

var errTooLong = fmt.Errorf("the body is longer than %d bytes", maxBody)

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
