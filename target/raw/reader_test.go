package raw

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/internal/wire"
)

const plainAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

func TestReadAnswers(t *testing.T) {
	tests := []struct {
		name, text string
		status     int
		body       string
		keepAlive  bool
	}{
		{"length", plainAnswer, 200, "hello", true},
		{"no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, "", true},
		{"bare line ends", "HTTP/1.1 404 Not Found\nContent-Length: 1\n\nx", 404, "x", true},
		{"names in any case", "HTTP/1.1 400 x\r\nCONTENT-LENGTH: 2\r\nconnection: Keep-Alive\r\n\r\nok", 400, "ok", true},
		{"blanks around values", "HTTP/1.1 200 OK\r\nContent-Length:\t 2 \t\r\n\r\nok", 200, "ok", true},
		{"equal lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
		{"close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
		{"close in a list", "HTTP/1.1 200 OK\r\nConnection: foo , CLOSE\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
		{"HTTP/1.0 that stays", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
		{"until close", "HTTP/1.1 200 OK\r\n\r\nall of it", 200, "all of it", false},
		{"until close, nothing", "HTTP/1.0 500 Oops\r\n\r\n", 500, "", false},
		{"no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
		{"continue first", "HTTP/1.1 100 Continue\r\n\r\n" + plainAnswer, 200, "hello", true},
		{"hints first", "HTTP/1.1 103 Early Hints\r\nLink: x\r\nContent-Length: 7\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + plainAnswer, 200, "hello", true},
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n002;a=\"b\"\r\nlo\r\n0\r\n\r\n", 200, "hello", true},
		{"chunks, none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", 200, "", true},
		{"chunks, trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n", 200, "0123456789", true},
		{"chunks and length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200, "hello", false},
		{"long header", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 60<<10) + "\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
		{"many fields", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 5000) + "Content-Length: 2\r\n\r\nok", 200, "ok", true},
		{"long body", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("z", 100000), 200, strings.Repeat("z", 100000), true},
		{"many chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1;ext\r\nz\r\n", 3000) + "0\r\n\r\n", 200, strings.Repeat("z", 3000), true},
		{"long chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1ffff\r\n" + strings.Repeat("z", 0x1ffff) + "\r\n0\r\n\r\n", 200, strings.Repeat("z", 0x1ffff), true},
		{"opaque bytes in a value", "HTTP/1.1 200 OK\r\nX: \x80\xff\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for split, from := range splits(tt.text) {
				r := reader{from: from}
				for round := range 2 { // memory is used again
					var a answer
					if err := r.read(&a); err != nil {
						t.Fatalf("%s, round %d: %v", split, round, err)
					}
					if a.status != tt.status || string(a.body) != tt.body || a.keepAlive != tt.keepAlive || !r.empty() {
						t.Fatalf("%s, round %d: status %d, body %.50q, keep-alive %v, rest %d", split, round, a.status, a.body, a.keepAlive, r.end-r.pos)
					}
					r.reset()
					r.from = strings.NewReader(tt.text)
				}
			}
		})
	}
}

// splits are ways for the same bytes to arrive.
func splits(text string) map[string]io.Reader {
	return map[string]io.Reader{
		"in one piece":      strings.NewReader(text),
		"byte by byte":      iotest.OneByteReader(strings.NewReader(text)),
		"by halves":         iotest.HalfReader(strings.NewReader(text)),
		"end with the data": iotest.DataErrReader(strings.NewReader(text)),
	}
}

func TestReadBadAnswers(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	tests := []struct {
		name, text string
		kind       target.Kind
	}{
		{"nothing", "", target.Connection},
		{"cut in the status line", "HTTP/1.1 20", target.Connection},
		{"cut in the header", ok + "Content-Le", target.Connection},
		{"cut before the body", ok + "Content-Length: 5\r\n\r\n", target.Connection},
		{"cut in the body", ok + "Content-Length: 5\r\n\r\nhell", target.Connection},
		{"cut in a chunk", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel", target.Connection},
		{"cut after a chunk", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", target.Connection},
		{"cut in the trailer", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n", target.Connection},
		{"cut after 100", "HTTP/1.1 100 Continue\r\n\r\n", target.Connection},

		{"HTML", "<html>\r\n\r\n", target.NotKMS},
		{"SSH", "SSH-2.0-OpenSSH_9.6\r\n", target.NotKMS},
		{"SSH without a line end", "SSH-2.0-OpenSSH_9.6", target.NotKMS},
		{"TLS alert", "\x15\x03\x01\x00\x02\x02\x46", target.NotKMS},
		{"HTTP/2 settings", "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00\x40\x00", target.NotKMS},
		{"HTTP/2 in words", "HTTP/2.0 200 OK\r\n\r\n", target.NotKMS},
		{"HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n", target.NotKMS},
		{"lower case", "http/1.1 200 OK\r\n\r\n", target.NotKMS},
		{"status of two digits", "HTTP/1.1 20 OK\r\n\r\n", target.NotKMS},
		{"status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", target.NotKMS},
		{"status in letters", "HTTP/1.1 2x0 OK\r\n\r\n", target.NotKMS},
		{"status 099", "HTTP/1.1 099 OK\r\n\r\n", target.NotKMS},
		{"status with a sign", "HTTP/1.1 +20 OK\r\n\r\n", target.NotKMS},
		{"switching protocols", "HTTP/1.1 101 Switching Protocols\r\n\r\n", target.NotKMS},
		{"1xx without end", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 17), target.NotKMS},
		{"line without a colon", ok + "nonsense\r\n\r\n", target.NotKMS},
		{"empty name", ok + ": x\r\n\r\n", target.NotKMS},
		{"blank before the colon", ok + "Content-Length : 1\r\n\r\nx", target.NotKMS},
		{"folded line", ok + "A: b\r\n c\r\n\r\n", target.NotKMS},
		{"NUL in a value", ok + "A: \x00\r\n\r\n", target.NotKMS},
		{"return in a value", ok + "A: b\rc\r\n\r\n", target.NotKMS},
		{"negative length", ok + "Content-Length: -1\r\n\r\n", target.NotKMS},
		{"length with a sign", ok + "Content-Length: +1\r\n\r\nx", target.NotKMS},
		{"empty length", ok + "Content-Length:\r\n\r\n", target.NotKMS},
		{"hexadecimal length", ok + "Content-Length: 0x5\r\n\r\nhello", target.NotKMS},
		{"list of lengths", ok + "Content-Length: 5, 5\r\n\r\nhello", target.NotKMS},
		{"two lengths", ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", target.NotKMS},
		{"length beyond 64 bits", ok + "Content-Length: 18446744073709551621\r\n\r\nhello", target.NotKMS},
		{"length beyond the bound", ok + fmt.Sprintf("Content-Length: %d\r\n\r\n", wire.MaxBody+1), target.NotKMS},
		{"gzip", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", target.NotKMS},
		{"chunked twice", ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", target.NotKMS},
		{"chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", target.NotKMS},
		{"chunk without a size", ok + "Transfer-Encoding: chunked\r\n\r\n\r\n", target.NotKMS},
		{"chunk of negative size", ok + "Transfer-Encoding: chunked\r\n\r\n-1\r\n", target.NotKMS},
		{"chunk of absurd size", ok + "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", target.NotKMS},
		{"chunk beyond the bound", ok + "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", target.NotKMS},
		{"chunk longer than it says", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", target.NotKMS},
		{"bare line feed after a size", ok + "Transfer-Encoding: chunked\r\n\r\n2\nab\r\n0\r\n\r\n", target.NotKMS},
		{"bare line feed at the end", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n\n", target.NotKMS},
		{"chunk line without end", ok + "Transfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", 2000), target.NotKMS},
		{"header without end", ok + strings.Repeat("A: b\r\n", 20000), target.NotKMS},
		{"line without end", ok + "A: " + strings.Repeat("b", 80<<10), target.NotKMS},
		{"status line without end", "HTTP/1.1 200 " + strings.Repeat("b", 80<<10), target.NotKMS},
		{"trailer without end", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("A: b\r\n", 20000), target.NotKMS},
		{"bad trailer", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nnonsense\r\n\r\n", target.NotKMS},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for split, from := range splits(tt.text) {
				var a answer
				err := (&reader{from: from}).read(&a)
				if err == nil {
					t.Fatalf("%s: no error, body %.50q", split, a.body)
				}
				e := wire.Failed(t.Context(), wire.GenerateMac, a.status, target.Trace{}, err)
				if target.KindOf(e) != tt.kind || len(e.Error()) > 200 {
					t.Errorf("%s: %v, want kind %s", split, e, tt.kind)
				}
			}
		})
	}
}

// endless gives the same bytes again and again.
type endless struct {
	first, then string
	given       int
}

func (e *endless) Read(p []byte) (int, error) {
	text := e.then
	if e.first != "" {
		text, e.first = e.first, ""
	}
	n := copy(p, text)
	e.given += n
	return n, nil
}

// A server that never stops talking is left after a bounded number of bytes.
func TestReadEndless(t *testing.T) {
	tests := []struct {
		name, first, then string
		limit             int
	}{
		{"header", "HTTP/1.1 200 OK\r\n", "A: b\r\n", 200 << 10},
		{"line", "HTTP/1.1 200 OK\r\nA: ", strings.Repeat("x", 4096), 200 << 10},
		{"answers 1xx", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n", 200 << 10},
		{"body until close", "HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("x", 4096), wire.MaxBody + 1<<20},
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1000\r\n" + strings.Repeat("x", 4096) + "\r\n", wire.MaxBody + 1<<20},
		{"trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n", 200 << 10},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			from := &endless{first: tt.first, then: tt.then}
			r := reader{from: from}
			var a answer
			if err := r.read(&a); err == nil || from.given > tt.limit {
				t.Errorf("%v after %d bytes, want an error within %d", err, from.given, tt.limit)
			}
			if len(r.buf) > 2*wire.MaxBody || cap(r.chunks) > 2*wire.MaxBody {
				t.Errorf("buffers of %d and %d bytes", len(r.buf), cap(r.chunks))
			}
		})
	}
}

// A body that only the end of the connection ends may end rudely.
func TestReadReset(t *testing.T) {
	reset := func(text string) io.Reader {
		return io.MultiReader(strings.NewReader(text), iotest.ErrReader(fmt.Errorf("read: %w", syscall.ECONNRESET)))
	}
	var a answer
	if err := (&reader{from: reset("HTTP/1.0 400 Bad Request\r\n\r\nplain HTTP to TLS")}).read(&a); err != nil || string(a.body) != "plain HTTP to TLS" {
		t.Errorf("until close: body %q, %v", a.body, err)
	}
	if err := (&reader{from: reset("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nplain")}).read(&a); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("with a length: %v, want the reset", err)
	}
	if err := (&reader{from: io.MultiReader(strings.NewReader("HTTP/1.1 200 OK\r\n\r\nx"), iotest.ErrReader(io.ErrUnexpectedEOF))}).read(&a); err == nil {
		t.Error("TLS cut without a close alert was taken for the end of the body")
	}
}

// What the server sends beyond the answer stays unread in the buffer.
func TestReadStopsAtTheEnd(t *testing.T) {
	for _, text := range []string{plainAnswer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"} {
		r := reader{from: strings.NewReader(text + "HTTP/1.1 500 Oops\r\n\r\n")}
		var a answer
		if err := r.read(&a); err != nil || string(a.body) != "hello" || r.empty() {
			t.Errorf("body %q, %v, rest %d bytes", a.body, err, r.end-r.pos)
		}
	}
}

func TestReadDoesNotAllocate(t *testing.T) {
	for _, text := range []string{plainAnswer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"} {
		from := strings.NewReader(text)
		r := reader{from: from}
		var a answer
		run := func() {
			from.Reset(text)
			r.reset()
			if err := r.read(&a); err != nil {
				t.Fatal(err)
			}
		}
		run()
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%.30q: %v allocations, want 0", text, n)
		}
	}
}

// FuzzRead holds the reader against net/http: what it takes, net/http takes, with
// the same status and body. It also proves that the pieces in which an answer
// arrives make no difference.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		plainAnswer, "HTTP/1.0 200 OK\r\n\r\nx", "HTTP/1.1 100 Continue\r\n\r\n" + plainAnswer, "HTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
		"HTTP/1.1 304 x\nConnection: close\nDate: d\nX-Amzn-Requestid: i\n\n", "\x00\x00\x00\x04\x00\x00\x00\x00\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var whole, pieces answer
		r := reader{from: bytes.NewReader(text)}
		err := r.read(&whole)
		body := bytes.Clone(whole.body)
		slow := reader{from: iotest.OneByteReader(bytes.NewReader(text))}
		slowErr := slow.read(&pieces)
		if (err == nil) != (slowErr == nil) || err == nil && (whole.status != pieces.status || !bytes.Equal(body, pieces.body) || whole.keepAlive != pieces.keepAlive) {
			t.Fatalf("%q: %v, %+v in one piece; %v, %+v byte by byte", text, err, whole, slowErr, pieces)
		}
		if err != nil {
			return
		}
		status, want, err := readByNetHTTP(text)
		if err != nil || status != whole.status || !bytes.Equal(want, body) {
			t.Fatalf("%q: status %d, body %q; net/http has %d, %q, %v", text, whole.status, body, status, want, err)
		}
	})
}

func readByNetHTTP(text []byte) (int, []byte, error) {
	from := bufio.NewReader(bytes.NewReader(text))
	for {
		resp, err := http.ReadResponse(from, nil)
		if err != nil {
			return 0, nil, err
		}
		if resp.StatusCode < 200 {
			continue
		}
		body, err := io.ReadAll(resp.Body)
		return resp.StatusCode, body, err
	}
}

func BenchmarkRead(b *testing.B) {
	text := "HTTP/1.1 200 OK\r\nx-amzn-RequestId: 6c3b1a52-8d5c-4f0d-9b0e-0d0e7e2a1b11\r\nCache-Control: no-cache, no-store, must-revalidate, private\r\nExpires: 0\r\nPragma: no-cache\r\nDate: Sun, 04 Oct 2026 10:00:00 GMT\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 5\r\n\r\nhello"
	from := strings.NewReader(text)
	r := reader{from: from}
	var a answer
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		from.Reset(text)
		r.reset()
		if err := r.read(&a); err != nil {
			b.Fatal(err)
		}
	}
}
