package awskms

import (
	"context"
	"net"

	"github.com/kmsmac/kmsmac/target"
)

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// countDials counts connections and the bytes on them, under TLS.
func (w *wire) countDials(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		w.opened.Add(1)
		target.Dialled(ctx)
		counted := &countedConn{Conn: conn, wire: w}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.conns == nil {
			w.conns = make(map[*countedConn]struct{})
		}
		w.conns[counted] = struct{}{}
		return counted, nil
	}
}

func (w *wire) closeConnections() {
	w.mu.Lock()
	open := make([]net.Conn, 0, len(w.conns))
	for c := range w.conns {
		open = append(open, c.Conn)
	}
	clear(w.conns)
	w.mu.Unlock()
	for _, c := range open {
		_ = c.Close() // nothing is in flight: there is nothing to lose
	}
}

type countedConn struct {
	net.Conn
	wire *wire
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.wire.received.Add(int64(n))
	return n, err
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.wire.sent.Add(int64(n))
	return n, err
}

func (c *countedConn) Close() error {
	c.wire.mu.Lock()
	delete(c.wire.conns, c)
	c.wire.mu.Unlock()
	return c.Conn.Close()
}
