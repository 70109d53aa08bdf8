package kmsemu

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// Limits of a Server beside those of ServerOptions.
const (
	headerTimeout  = 10 * time.Second // to send the headers of a request
	idleTimeout    = 2 * time.Minute  // between requests of a connection
	patience       = 30 * time.Second // to send a body, or to take an answer
	maxHeaderBytes = 64 << 10
)

// ServerOptions configure an endpoint. The zero value is plain HTTP/1.1 on a
// free port of loopback.
type ServerOptions struct {
	// Address is where to listen, default 127.0.0.1:0; port 0 picks a free one.
	// Addresses that are not loopback are served too: the caller is the one to
	// warn of that.
	Address string
	// Certificate, if set, makes the endpoint speak TLS 1.2 or newer, HTTP/2
	// and HTTP/1.1; default plain HTTP/1.1.
	Certificate *tls.Certificate
	// MaxConnections are open at a time, more wait to be accepted; default
	// 1024.
	MaxConnections int
	// ErrorLog takes what goes wrong with connections; default nothing is
	// logged. No secret is ever written to it.
	ErrorLog *log.Logger
}

// Server is a running endpoint of an Emulator. Beside the operations it answers
// GET /healthz, and GET /metrics in Prometheus' text format. All methods may be
// called concurrently.
type Server struct {
	// URL is where it answers, for example http://127.0.0.1:40123.
	URL string
	// Emulator answers.
	Emulator *Emulator

	http   *http.Server
	slots  *slots
	ended  chan struct{}
	client *http.Client // nil: any client will do
}

// Listen starts an endpoint on a TCP address; port 0 picks a free one. The
// caller must Close it.
func (e *Emulator) Listen(address string) (*Server, error) {
	return e.Serve(ServerOptions{Address: address})
}

// Serve starts an endpoint. The caller must Close it.
func (e *Emulator) Serve(opt ServerOptions) (*Server, error) {
	if opt.Address == "" {
		opt.Address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", opt.Address)
	if err != nil {
		return nil, fmt.Errorf("kmsemu: %w", err)
	}
	scheme := "http://"
	if opt.Certificate != nil {
		scheme = "https://"
	}
	return e.serveOn(l, scheme+l.Addr().String(), opt), nil
}

func (e *Emulator) serveOn(l net.Listener, url string, opt ServerOptions) *Server {
	if opt.MaxConnections <= 0 {
		opt.MaxConnections = 1024
	}
	if opt.ErrorLog == nil {
		opt.ErrorLog = log.New(io.Discard, "", 0)
	}
	s := &Server{URL: url, Emulator: e, slots: &slots{free: make(chan struct{}, opt.MaxConnections)}, ended: make(chan struct{})}
	watch := &connWatch{}
	s.http = &http.Server{Handler: http.HandlerFunc(s.front), MaxHeaderBytes: maxHeaderBytes, ErrorLog: opt.ErrorLog,
		ConnState: func(c net.Conn, state http.ConnState) {
			s.slots.follow(c, state)
			watch.follow(c, state)
		}}
	s.http.ConnContext = watch.enter
	if opt.Certificate != nil { // many requests share a connection of HTTP/2
		s.http.ReadHeaderTimeout, s.http.IdleTimeout = headerTimeout, idleTimeout
		s.http.ConnState, s.http.ConnContext = s.slots.follow, nil
	}
	limited := &limitedListener{Listener: l, slots: s.slots, closed: make(chan struct{})}
	go func() {
		defer close(s.ended)
		defer watch.stop()
		if opt.Certificate == nil {
			_ = s.http.Serve(limited) // ends with Close or Shutdown
			return
		}
		s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*opt.Certificate}}
		_ = s.http.ServeTLS(limited, "", "")
	}()
	return s
}

// front answers what is not the service's own before the emulator sees it.
func (s *Server) front(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		switch r.URL.Path {
		case "/healthz":
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			io.WriteString(w, "ok\n")
			return
		case "/metrics":
			s.metrics(w)
			return
		}
	}
	due, _ := r.Context().Value(dueKey{}).(*connDue)
	s.Emulator.answer(w, r, pace{patience, due})
}

// Close stops the endpoint at once and waits until it has ended. The emulator
// and its keys stay; close it separately. A second Close does nothing.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.ended
	return err
}

// Shutdown stops accepting, waits for the requests being answered, at most
// until ctx ends, and then closes.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	<-s.ended
	return err
}

// TB is what Start needs of a *testing.T, *testing.B or *testing.F.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Start gives a test an endpoint on loopback that ends with the test. Without
// options it is the zero Options; more than one is an error.
func Start(t TB, opt ...Options) *Server {
	t.Helper()
	e := newFor(t, opt)
	s, err := e.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { s.Close(); e.Close() })
	return s
}

func newFor(t TB, opt []Options) *Emulator {
	t.Helper()
	var o Options
	switch len(opt) {
	case 0:
	case 1:
		o = opt[0]
	default:
		t.Fatalf("kmsemu: %d Options, want one or none", len(opt))
	}
	e, err := New(o)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return e
}
