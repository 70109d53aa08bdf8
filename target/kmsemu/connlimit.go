package kmsemu

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// slots limit the connections that are open. A slot is taken by the listener
// and given back when net/http lets go of the connection, so that connections
// need not be wrapped.
type slots struct {
	free chan struct{} // holds a value for each that is taken
	open atomic.Int64
}

// follow implements http.Server.ConnState.
func (s *slots) follow(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.open.Add(-1)
		<-s.free
	}
}

// limitedListener accepts while there is a free slot.
type limitedListener struct {
	net.Listener
	slots  *slots
	once   sync.Once
	closed chan struct{}
}

// Accept implements net.Listener.
func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.slots.free <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots.free
	}
	return c, err
}

// Close implements net.Listener.
func (l *limitedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}
