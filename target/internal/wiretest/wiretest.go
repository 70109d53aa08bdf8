// Package wiretest is one suite of well-behaved and misbehaving servers for the
// hand-made clients of GenerateMac and VerifyMac.
//
// It proves how a client treats a wire; do not use it to judge what a target
// answers, which is package targettest's subject.
//
// [Run] opens the client under test on each server in turn and looks at the reply or
// the kind of the error, at the attempts and at the connections. Servers listen on
// loopback and end with their test. Secrets are made up.
package wiretest

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// Config is what the suite wants of a client.
type Config struct {
	Endpoint        string
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
	CredentialsErr  error // the source fails with it
	RootCAs         *x509.CertPool
	MaxConnections  int
	Timeout         time.Duration
	Now             func() time.Time
}

// Client is what the suite runs on.
type Client interface {
	target.Target
	target.CounterSource
}

// Open makes the client under test. The suite closes it.
type Open func(t *testing.T, c Config) Client

// Region is where requests must be signed for.
const Region = "eu-west-1"

const (
	accessKeyID = "AKIDTEST"
	secretKey   = "SECRETSECRETSECRET/+0123456789"
	keyID       = "1234abcd-12ab-34cd-56ef-1234567890ab"
)

// group is one kind of server and what a client must make of it.
type group struct {
	name string
	run  func(*testing.T, Open)
}

func groups() []group {
	return []group{
		{"answers", testAnswers},
		{"successes", testSuccesses},
		{"broken", testBroken},
		{"refused", testRefused},
		{"TLS", testTLS},
		{"ended by the caller", testEnded},
		{"credentials", testCredentials},
		{"signature", testSignature},
		{"reuse", testReuse},
		{"many at once", testMany},
		{"counters", testCounters},
	}
}

// Groups returns the names of the subtests of Run.
func Groups() []string {
	var names []string
	for _, g := range groups() {
		names = append(names, g.name)
	}
	return names
}

// Run runs the suite as subtests.
func Run(t *testing.T, open Open) {
	t.Helper()
	for _, g := range groups() {
		t.Run(g.name, func(t *testing.T) { g.run(t, open) })
	}
}

// openOn opens the client on an endpoint with the suite's credentials.
func openOn(t *testing.T, open Open, endpoint string, change ...func(*Config)) Client {
	t.Helper()
	c := Config{Endpoint: endpoint, AccessKeyID: accessKeyID, SecretAccessKey: secretKey, Timeout: 20 * time.Second}
	for _, f := range change {
		f(&c)
	}
	client := open(t, c)
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return client
}

// serve starts an HTTP server.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func generate(ctx context.Context, c target.Target) (target.GenerateMacReply, error) {
	return c.GenerateMac(ctx, target.GenerateMacRequest{KeyID: keyID, Algorithm: engine.HMACSHA256, Message: []byte("hello")})
}

func verify(ctx context.Context, c target.Target) (target.VerifyMacReply, error) {
	return c.VerifyMac(ctx, target.VerifyMacRequest{KeyID: keyID, Algorithm: engine.HMACSHA256, Message: []byte("hello"), Tag: []byte("tag")})
}

// checkError looks at an error as far as all of them are alike.
func checkError(t *testing.T, err error, operation string, kind target.Kind, attempts int) *target.Error {
	t.Helper()
	var e *target.Error
	if !errors.As(err, &e) {
		t.Fatalf("%s: %v is no *target.Error", operation, err)
	}
	if e.Kind != kind || e.Operation != operation || e.Trace.Attempts != attempts {
		t.Errorf("%s: %v: kind %q, operation %q, attempts %d, want %q, %d", operation, e, e.Kind, e.Operation, e.Trace.Attempts, kind, attempts)
	}
	if strings.Contains(e.Error(), secretKey) || strings.ContainsAny(e.Error(), "\r\n\x00\x1b") {
		t.Errorf("%s: text %q", operation, e.Error())
	}
	return e
}

// listen accepts connections and lets each be handled; all end with the test.
func listen(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			// A test has few connections, and none outlives it.
			t.Cleanup(func() { _ = conn.Close() })
			go handle(conn)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return "http://" + l.Addr().String()
}

// readRequest takes a whole request off a connection.
func readRequest(conn net.Conn) error {
	var (
		buf  [16 << 10]byte
		have int
	)
	for {
		n, err := conn.Read(buf[have:])
		have += n
		text := string(buf[:have])
		if head, body, ok := strings.Cut(text, "\r\n\r\n"); ok && len(body) >= contentLength(head) {
			return nil
		}
		if err != nil {
			return err
		}
		if have == len(buf) {
			return io.ErrShortBuffer
		}
	}
}

func contentLength(head string) int {
	_, rest, _ := strings.Cut(head, "\r\nContent-Length: ")
	n := 0
	for _, c := range rest {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}
