package raw

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/kmsmac/kmsmac/target/internal/wire"
)

// reader takes one answer after the other off a connection. An answer lies in one
// piece in its buffer, header and body; only chunked bodies are put together
// elsewhere.
type reader struct {
	from   io.Reader
	buf    []byte // what was read: buf[:end]
	pos    int    // up to here it has been understood
	end    int
	chunks []byte // a chunked body, put together
}

// span is a part of the buffer; the zero span is empty.
type span struct{ from, to int }

func (r *reader) bytes(s span) []byte { return r.buf[s.from:s.to] }

const (
	firstBuffer  = 4 << 10
	keepBuffer   = 64 << 10
	maxHead      = 64 << 10 // header, 1xx answers before it included; also the trailer
	maxInterim   = 16       // answers 1xx before the one that counts
	maxChunkLine = 1 << 10  // size and extension of a chunk
)

// malformed is the error for an answer that is not HTTP/1. Its text is what
// target.KindOfTransport knows.
type malformed string

func (m malformed) Error() string { return "malformed HTTP answer: " + string(m) }

// reset forgets the last answer.
func (r *reader) reset() { r.pos, r.end = 0, 0 }

// empty reports whether the server sent nothing beyond the answer.
func (r *reader) empty() bool { return r.pos == r.end }

// shrink lets go of memory that an answer of a KMS does not need.
func (r *reader) shrink() {
	if len(r.buf) > keepBuffer {
		r.buf = nil
		r.reset()
	}
	if cap(r.chunks) > keepBuffer {
		r.chunks = nil
	}
}

// room is where the next bytes go.
func (r *reader) room() []byte {
	if r.end == len(r.buf) {
		grown := make([]byte, max(firstBuffer, 2*len(r.buf)))
		copy(grown, r.buf[:r.end])
		r.buf = grown
	}
	return r.buf[r.end:]
}

// fill reads at least one byte more.
func (r *reader) fill() error {
	n, err := r.from.Read(r.room())
	r.end += n
	switch {
	case n > 0:
		return nil // what else there is shows with the next read
	case err == nil:
		return io.ErrNoProgress
	}
	return err
}

// line takes a line and gives it without its end. Nothing up to limit bytes from
// start may be left of it.
func (r *reader) line(start, limit int) (span, error) {
	from, seen := r.pos, r.pos
	for {
		if i := bytes.IndexByte(r.buf[seen:r.end], '\n'); i >= 0 {
			r.pos = seen + i + 1
			if r.pos-start > limit {
				return span{}, malformed(fmt.Sprintf("more than %d bytes of header", limit))
			}
			to := seen + i
			if to > from && r.buf[to-1] == '\r' {
				to--
			}
			return span{from, to}, nil
		}
		if seen = r.end; seen-start > limit {
			return span{}, malformed(fmt.Sprintf("more than %d bytes of header", limit))
		}
		if err := r.fill(); err != nil {
			return span{}, err
		}
	}
}

var errNoAnswer = fmt.Errorf("the server closed the connection before it answered: %w", io.EOF)

// read takes one answer. Its spans and its body are good until the next one. A
// connection that ends before the answer does is io.ErrUnexpectedEOF, or io.EOF
// when there was no answer at all.
func (r *reader) read(a *answer) error {
	if r.empty() {
		if err := r.fill(); err == io.EOF {
			return errNoAnswer
		} else if err != nil {
			return err
		}
	}
	err := r.head(a)
	if err == nil {
		err = r.body(a)
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// head takes headers until that of the final answer.
func (r *reader) head(a *answer) error {
	start := r.pos
	for range maxInterim {
		*a = answer{length: -1}
		first, err := r.line(start, maxHead)
		if err != nil {
			return r.notHTTP(start, err)
		}
		if err := a.statusLine(r.bytes(first)); err != nil {
			return r.notHTTP(start, err)
		}
		if err := r.fields(a, start); err != nil {
			return err
		}
		if a.status >= 200 {
			return a.complete()
		}
		if a.status == 101 {
			return malformed("101 Switching Protocols, which was not asked for")
		}
	}
	return malformed(fmt.Sprintf("more than %d answers 1xx", maxInterim))
}

// notHTTP says what the answer is instead, where that can be seen.
func (r *reader) notHTTP(start int, err error) error {
	seen := r.buf[start:r.end]
	// A frame of HTTP/2 (RFC 9113, section 4.1): length, type SETTINGS, flags, stream 0.
	if len(seen) >= 9 && seen[0] == 0 && seen[3] == 4 && bytes.Equal(seen[5:9], []byte{0, 0, 0, 0}) {
		return malformed("the server speaks HTTP/2 here, which this client does not")
	}
	if len(seen) > 0 && !bytes.HasPrefix(seen, []byte("HTTP/")[:min(5, len(seen))]) {
		return malformed("it does not begin with a status line")
	}
	return err
}

// fields takes the header's lines up to the empty one.
func (r *reader) fields(a *answer, start int) error {
	for {
		at, err := r.line(start, maxHead)
		if err != nil {
			return err
		}
		if at.from == at.to {
			return nil
		}
		if err := a.field(r.buf, at); err != nil {
			return err
		}
	}
}

// body takes the body in the way that the header says (RFC 9112, section 6.3).
func (r *reader) body(a *answer) (err error) {
	switch {
	case a.status == 204 || a.status == 304:
		return nil
	case a.chunked:
		return r.chunked(a)
	case a.length < 0:
		return r.untilClose(a)
	case a.length > wire.MaxBody:
		return wire.ErrTooLong
	}
	from := r.pos
	if err := r.want(int(a.length)); err != nil {
		return err
	}
	r.pos += int(a.length)
	a.body = r.buf[from:r.pos]
	return nil
}

// want reads until n bytes are there that have not been understood.
func (r *reader) want(n int) error {
	for r.end-r.pos < n {
		if err := r.fill(); err != nil {
			return err
		}
	}
	return nil
}

// untilClose takes everything: only the end of the connection ends the body. A
// reset ends it too, if rudely: servers of TLS refuse plain HTTP in that way.
func (r *reader) untilClose(a *answer) error {
	from := r.pos
	for {
		if r.end-from > wire.MaxBody {
			return wire.ErrTooLong
		}
		err := r.fill()
		if err == nil {
			continue
		}
		if err != io.EOF && !errors.Is(err, syscall.ECONNRESET) {
			return err
		}
		r.pos = r.end
		a.body = r.buf[from:r.end]
		return nil
	}
}

// chunked puts the chunks of a body together (RFC 9112, section 7.1). The buffer is
// used again, so that only the body itself takes memory.
func (r *reader) chunked(a *answer) error {
	r.chunks = r.chunks[:0]
	base := r.pos
	for {
		if r.pos-base > len(r.buf)/2 {
			r.compact(base) // seldom, so that many small chunks are not moved again and again
		}
		at, err := r.strictLine(r.pos, maxChunkLine)
		if err != nil {
			return err
		}
		size, err := chunkSize(r.bytes(at))
		switch {
		case err != nil:
			return err
		case size == 0:
			a.body = r.chunks
			return r.trailer()
		case size > wire.MaxBody-len(r.chunks):
			return wire.ErrTooLong
		}
		if err := r.chunk(base, size); err != nil {
			return err
		}
	}
}

// compact moves what has not been understood to base.
func (r *reader) compact(base int) {
	n := copy(r.buf[base:], r.buf[r.pos:r.end])
	r.pos, r.end = base, base+n
}

// chunk takes the data of one chunk and the line end after it.
func (r *reader) chunk(base, size int) error {
	for {
		n := min(size, r.end-r.pos)
		r.chunks = append(r.chunks, r.buf[r.pos:r.pos+n]...)
		r.pos += n
		if size -= n; size == 0 {
			break
		}
		r.compact(base)
		if err := r.fill(); err != nil {
			return err
		}
	}
	if err := r.want(2); err != nil {
		return err
	}
	if r.buf[r.pos] != '\r' || r.buf[r.pos+1] != '\n' {
		return malformed("a chunk is longer than it says")
	}
	r.pos += 2
	return nil
}

// strictLine is line for chunks, where a line that ends with a bare line feed has
// served to smuggle answers.
func (r *reader) strictLine(start, limit int) (span, error) {
	at, err := r.line(start, limit)
	if err == nil && r.buf[at.to] != '\r' {
		err = malformed("a bare line feed between chunks")
	}
	return at, err
}

// trailer takes the lines after the last chunk, which mean nothing here.
func (r *reader) trailer() error {
	start := r.pos
	for {
		at, err := r.strictLine(start, maxHead)
		if err != nil {
			return err
		}
		if at.from == at.to {
			return nil
		}
		if _, _, err := splitField(r.bytes(at)); err != nil {
			return err
		}
	}
}
