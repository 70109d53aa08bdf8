package kmsemu

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Server is a running endpoint of an Emulator.
type Server struct {
	// URL is where it answers, for example http://127.0.0.1:40123.
	URL string
	// Emulator answers.
	Emulator *Emulator

	http     *http.Server
	listener net.Listener
	done     chan error
	client   *http.Client // nil: any client will do
}

// Listen starts an endpoint on a TCP address; port 0 picks a free one. The
// caller must Close it. Addresses that are not loopback are served too: the
// caller is the one to warn of that.
func (e *Emulator) Listen(address string) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("kmsemu: %w", err)
	}
	return e.serveOn(l, "http://"+l.Addr().String()), nil
}

func (e *Emulator) serveOn(l net.Listener, url string) *Server {
	s := &Server{URL: url, Emulator: e, listener: l, done: make(chan error, 1)}
	s.http = &http.Server{Handler: e, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	go func() { s.done <- s.http.Serve(l) }()
	return s
}

// Close stops the endpoint at once and waits until it has ended. The emulator
// and its keys stay; close it separately.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.done
	return err
}

// Shutdown stops accepting, waits for the requests being answered, at most
// until ctx ends, and then closes.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	<-s.done
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
