package kmsemu

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// StartPipe gives a test an endpoint in memory that ends with the test: real
// HTTP over net.Pipe, for which Server.Client is the only client. Inside
// testing/synctest, latency and waiting periods pass in virtual time.
func StartPipe(t TB, opt ...Options) *Server {
	t.Helper()
	e := newFor(t, opt)
	l := newPipeListener()
	s := e.serveOn(l, "http://kms.local", ServerOptions{})
	s.client = &http.Client{Transport: &http.Transport{DialContext: l.dial}}
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		s.Close()
		e.Close()
	})
	return s
}

// Client returns a client that reaches the endpoint. All callers share it.
func (s *Server) Client() *http.Client {
	if s.client == nil {
		return http.DefaultClient
	}
	return s.client
}

// pipeListener is a net.Listener whose connections are pipes.
type pipeListener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// dial hands one end of a new pipe to Accept.
func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "kms.local" }
