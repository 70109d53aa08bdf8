package wiretest

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

const (
	goodBody = `{"KeyId":"k","Mac":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","MacAlgorithm":"HMAC_SHA_256","MacValid":true}`
	goodHead = "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\n"
)

// testBroken: connections and answers that break, and some that only look like it.
func testBroken(t *testing.T, open Open) {
	short := func(c *Config) { c.Timeout = 100 * time.Millisecond }
	same := func(*Config) {}
	say := func(text string) func(net.Conn) {
		return func(conn net.Conn) { _, _ = io.WriteString(conn, text); _ = conn.Close() }
	}
	hold := func(text string) func(net.Conn) {
		return func(conn net.Conn) { _, _ = io.WriteString(conn, text) } // the connection stays open
	}
	tests := []struct {
		name   string
		then   func(net.Conn) // after the request was read
		change func(*Config)
		kind   target.Kind
	}{
		{"closed", say(""), same, target.Connection},
		{"reset", reset, same, target.Connection},
		{"cut in the header", say("HTTP/1.1 200 OK\r\nContent-"), same, target.Connection},
		{"cut in the body", say(goodHead + "Content-Length: 500\r\n\r\n" + goodBody), same, target.Connection},
		{"cut in a chunk", say(goodHead + "Transfer-Encoding: chunked\r\n\r\n1f4\r\n" + goodBody), same, target.Connection},
		{"silent", hold(""), short, target.Timeout},
		{"stalled in the header", hold("HTTP/1.1 200 OK\r\nContent-Le"), short, target.Timeout},
		{"stalled in the body", hold(goodHead + "Content-Length: 500\r\n\r\n" + goodBody), short, target.Timeout},
		{"no HTTP", say("220 mail.example ESMTP\r\n"), same, target.NotKMS},
		{"TLS alert", say("\x15\x03\x01\x00\x02\x02\x0a\r\n"), same, target.NotKMS},
		{"two lengths", say(goodHead + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}"), same, target.NotKMS},
		{"too long", hold(goodHead + "Content-Length: 99999999\r\n\r\n{}"), same, target.NotKMS},

		{"until close", say(goodHead + "\r\n" + goodBody), same, ""},
		{"byte by byte", func(conn net.Conn) {
			for _, c := range []byte(whole(goodBody)) {
				_, _ = conn.Write([]byte{c})
			}
		}, same, ""},
		{"continue first", hold("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + whole(goodBody)), same, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			endpoint := listen(t, func(conn net.Conn) {
				if readRequest(conn) == nil {
					tt.then(conn)
				}
			})
			c := openOn(t, open, endpoint, tt.change)
			for round := range 2 {
				_, err := generate(t.Context(), c)
				if tt.kind != "" {
					checkError(t, err, "GenerateMac", tt.kind, 1)
				} else if err != nil {
					t.Errorf("%v", err)
				}
				if n := c.Counters(); n.Attempts != int64(round+1) {
					t.Errorf("%d attempts after %d requests", n.Attempts, round+1)
				}
				if tt.kind == "" {
					break // a server of one answer
				}
			}
		})
	}
}

func whole(body string) string {
	r := http.Response{StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
	var b strings.Builder
	_ = r.Write(&b) // strings.Builder does not fail
	return b.String()
}

// reset ends a connection without a goodbye.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// testRefused: nobody is there, and requests that no server ever sees.
func testRefused(t *testing.T, open Open) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	endpoint := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c := openOn(t, open, endpoint)
	_, err = generate(t.Context(), c)
	checkError(t, err, "GenerateMac", target.Unreachable, 1)
	_, err = verify(t.Context(), c)
	checkError(t, err, "VerifyMac", target.Unreachable, 1)
	for _, alg := range []engine.Algorithm{0, 5, 255} {
		_, err = c.GenerateMac(t.Context(), target.GenerateMacRequest{KeyID: keyID, Algorithm: alg, Message: []byte("x")})
		checkError(t, err, "GenerateMac", target.NotSent, 0)
		_, err = c.VerifyMac(t.Context(), target.VerifyMacRequest{KeyID: keyID, Algorithm: alg, Message: []byte("x")})
		checkError(t, err, "VerifyMac", target.NotSent, 0)
	}
	if n := c.Counters(); n.Attempts != 2 || n.ConnectionsOpened != 0 || n.BytesSent != 0 {
		t.Errorf("counters %+v", n)
	}
}

// testTLS: certificates, and TLS where there is none.
func testTLS(t *testing.T, open Open) {
	secure := httptest.NewUnstartedServer(answer{200, "", goodBody})
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(secure.Certificate())
	plain := serve(t, answer{200, "", goodBody}.ServeHTTP)

	trust := func(c *Config) { c.RootCAs = trusted }
	c := openOn(t, open, secure.URL, trust)
	for range 3 {
		if _, err := generate(t.Context(), c); err != nil {
			t.Errorf("trusted certificate: %v", err)
		}
	}
	if n := c.Counters(); n.ConnectionsOpened != 1 || n.BytesSent == 0 || n.BytesReceived == 0 || n.Protocol != "HTTP/1.1" {
		t.Errorf("counters %+v", n)
	}
	wrongName := strings.Replace(secure.URL, "127.0.0.1", "localhost", 1)
	for name, tt := range map[string]struct {
		endpoint string
		change   func(*Config)
		kind     target.Kind
	}{
		"unknown certificate":  {secure.URL, func(*Config) {}, target.TLS},
		"another name":         {wrongName, trust, target.TLS},
		"TLS to a plain port":  {strings.Replace(plain, "http:", "https:", 1), trust, target.TLS},
		"plain to a TLS port":  {strings.Replace(secure.URL, "https:", "http:", 1), trust, target.NotKMS},
		"handshake that hangs": {strings.Replace(listen(t, func(net.Conn) {}), "http:", "https:", 1), func(c *Config) { c.Timeout = 100 * time.Millisecond }, target.Timeout},
	} {
		_, err := generate(t.Context(), openOn(t, open, tt.endpoint, tt.change))
		var e *target.Error
		if !errors.As(err, &e) || e.Kind != tt.kind || e.Trace.Attempts != 1 {
			t.Errorf("%s: %v, kind %q, want %q", name, err, target.KindOf(err), tt.kind)
		}
	}
}

// testEnded: the caller's context ends before, during and long before an answer.
func testEnded(t *testing.T, open Open) {
	arrived := make(chan struct{}, 8)
	silent := listen(t, func(conn net.Conn) {
		if readRequest(conn) == nil {
			arrived <- struct{}{}
		}
	})
	c := openOn(t, open, silent)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := generate(ctx, c)
	checkError(t, err, "GenerateMac", target.Cancelled, 0)
	if n := c.Counters(); n.Attempts != 0 {
		t.Errorf("%d attempts for a context that had ended", n.Attempts)
	}

	for range 2 {
		ctx, cancel = context.WithCancel(t.Context())
		go func() {
			<-arrived
			cancel()
		}()
		_, err = generate(ctx, c)
		checkError(t, err, "GenerateMac", target.Cancelled, 1)
	}

	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = verify(ctx, c)
	checkError(t, err, "VerifyMac", target.Timeout, 1)

	unbounded := openOn(t, open, silent, func(c *Config) { c.Timeout = -1 })
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = generate(ctx, unbounded)
	checkError(t, err, "GenerateMac", target.Timeout, 1)
}

// testCredentials: nothing is sent without credentials.
func testCredentials(t *testing.T, open Open) {
	endpoint := serve(t, answer{200, "", goodBody}.ServeHTTP)
	for name, change := range map[string]func(*Config){
		"the source fails":           func(c *Config) { c.CredentialsErr = errors.New("no role") },
		"none":                       func(c *Config) { c.AccessKeyID, c.SecretAccessKey = "", "" },
		"a token with a line break":  func(c *Config) { c.SessionToken = "a\r\nX-Evil: b" },
		"a key id with a line break": func(c *Config) { c.AccessKeyID = "a\r\nX-Evil: b" },
		"a token with a blank":       func(c *Config) { c.SessionToken = "a b" },
	} {
		c := openOn(t, open, endpoint, change)
		_, err := generate(t.Context(), c)
		checkError(t, err, "GenerateMac", target.Credentials, 0)
		if n := c.Counters(); n.Attempts != 0 || n.ConnectionsOpened != 0 {
			t.Errorf("%s: counters %+v", name, n)
		}
	}
}
