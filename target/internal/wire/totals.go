package wire

import (
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

// Totals count what happens on the wire. The zero value works and may be used
// concurrently.
type Totals struct {
	Attempts, Throttles, Opened atomic.Int64
	Sent, Received              atomic.Int64 // bytes

	protocol atomic.Pointer[string]
	date     atomic.Pointer[dateSample]
}

// dateSample is a Date header and how far it was from the local clock when it
// was first seen.
type dateSample struct {
	header string
	delta  time.Duration
}

// NoteAnswer records the protocol and the Date header of an answer read at done.
// A Date is parsed when it changes, once a second at most, which is as fine as it
// is; otherwise nothing allocates.
func (t *Totals) NoteAnswer(protocol string, date []byte, done time.Time) {
	if p := t.protocol.Load(); p == nil || *p != protocol {
		newest := protocol // its own variable, so that only a change allocates
		t.protocol.Store(&newest)
	}
	if d := t.date.Load(); len(date) == 0 || d != nil && d.header == string(date) {
		return
	}
	text := string(date)
	if at, err := http.ParseTime(text); err == nil {
		t.date.Store(&dateSample{text, at.Sub(done).Round(time.Second)})
	}
}

// Counters returns the totals.
func (t *Totals) Counters() target.Counters {
	c := target.Counters{
		Attempts:          t.Attempts.Load(),
		Throttles:         t.Throttles.Load(),
		ConnectionsOpened: t.Opened.Load(),
		BytesSent:         t.Sent.Load(),
		BytesReceived:     t.Received.Load(),
	}
	if p := t.protocol.Load(); p != nil {
		c.Protocol = *p
	}
	if d := t.date.Load(); d != nil {
		c.DateDelta = d.delta
	}
	return c
}

// Count wraps a connection that was just opened: it and its bytes are counted.
func (t *Totals) Count(c net.Conn) net.Conn {
	t.Opened.Add(1)
	return &countedConn{Conn: directly(c), totals: t}
}

type countedConn struct {
	net.Conn
	totals *Totals
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.totals.Received.Add(int64(n))
	return n, err
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.totals.Sent.Add(int64(n))
	return n, err
}

// NetConn returns the connection that is counted.
func (c *countedConn) NetConn() net.Conn { return c.Conn }
