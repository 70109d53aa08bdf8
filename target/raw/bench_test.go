package raw

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"testing"
)

// canned is a server that answers every request with the same bytes and does not
// allocate while it does.
type canned struct{ url string }

func newCanned(t testing.TB) canned {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	text := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nDate: Mon, 09 Mar 2026 12:00:00 GMT\r\nContent-Length: %d\r\n\r\n%s", len(reply), reply)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answerAll(conn, text)
		}
	}()
	return canned{"http://" + l.Addr().String()}
}

// answerAll answers until the client hangs up. A request ends with a brace.
func answerAll(conn net.Conn, text []byte) {
	defer conn.Close()
	buf := make([]byte, 16<<10)
	have := 0
	for {
		n, err := conn.Read(buf[have:])
		if err != nil {
			return
		}
		have += n
		if !bytes.HasSuffix(buf[:have], []byte("}")) {
			continue
		}
		have = 0
		if _, err := conn.Write(text); err != nil {
			return
		}
	}
}

func BenchmarkGenerateMac(b *testing.B) {
	s := newCanned(b)
	c, err := New(Options{Endpoint: s.url, Region: "us-east-1"})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		mustGenerate(b, ctx, c)
	}
}
