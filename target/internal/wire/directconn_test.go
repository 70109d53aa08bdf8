package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

// pair is a counted connection and its other end.
func pair(t *testing.T) (ours net.Conn, theirs *net.TCPConn, totals *Totals) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	totals = new(Totals)
	ours, theirs = totals.Count(c), s.(*net.TCPConn)
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	return ours, theirs, totals
}

// More than the socket's buffers hold goes through in both directions at once.
func TestCountedConnMovesEverything(t *testing.T) {
	ours, theirs, totals := pair(t)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<19) // 8 MiB
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := io.Copy(theirs, theirs) // echo, until our side is closed for writing
		if err != nil {
			t.Error(err)
		}
	})
	wg.Go(func() {
		n, err := ours.Write(sent)
		if n != len(sent) || err != nil {
			t.Errorf("%d of %d bytes written, %v", n, len(sent), err)
		}
	})
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(ours, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("what came back differs (%v)", err)
	}
	if n, err := ours.Read(nil); n != 0 || err != nil {
		t.Errorf("reading nothing: %d, %v", n, err)
	}
	if n, err := ours.Write(nil); n != 0 || err != nil {
		t.Errorf("writing nothing: %d, %v", n, err)
	}
	_ = theirs.CloseRead()
	_ = theirs.CloseWrite()
	if n, err := ours.Read(got); n != 0 || err != io.EOF {
		t.Errorf("at the end: %d, %v, want EOF", n, err)
	}
	_ = ours.Close()
	wg.Wait()
	if c := totals.Counters(); c.BytesSent != int64(len(sent)) || c.BytesReceived != int64(len(sent)) || c.ConnectionsOpened != 1 {
		t.Errorf("%+v", c)
	}
}

// What ends a wait ends it as package net does.
func TestCountedConnEnds(t *testing.T) {
	ours, _, _ := pair(t)
	if err := ours.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := ours.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after the deadline: %v", err)
	}
	_ = ours.SetReadDeadline(time.Time{})
	done := make(chan error, 1)
	go func() {
		_, err := ours.Read(make([]byte, 1))
		done <- err
	}()
	_ = ours.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed while it waited: %v", err)
	}
	if _, err := ours.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("written to after Close: %v", err)
	}

	ours, theirs, _ := pair(t)
	_ = theirs.SetLinger(0)
	_ = theirs.Close() // a reset
	var err error
	for err == nil {
		_, err = ours.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after a reset: %v", err)
	}
	if _, err := ours.Write([]byte("x")); err == nil {
		t.Error("written to after a reset without an error")
	}
}

func TestCountedConnDoesNotAllocate(t *testing.T) {
	ours, theirs, _ := pair(t)
	buf := make([]byte, 16)
	n := testing.AllocsPerRun(100, func() {
		_, err1 := ours.Write(buf)
		_, err2 := io.ReadFull(theirs, buf)
		_, err3 := theirs.Write(buf)
		_, err4 := io.ReadFull(ours, buf)
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations for each exchange", n)
	}
}
