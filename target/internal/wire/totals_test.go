package wire

import (
	"net"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

func TestTotalsDateDelta(t *testing.T) {
	var totals Totals
	steps := []struct {
		name, date string
		done       time.Time
		want       time.Duration
	}{
		{"none yet", "", noon, 0},
		{"ahead", "Mon, 09 Mar 2026 12:00:05 GMT", noon, 5 * time.Second},
		{"the same header later", "Mon, 09 Mar 2026 12:00:05 GMT", noon.Add(time.Second), 5 * time.Second},
		{"behind", "Mon, 09 Mar 2026 11:59:00 GMT", noon, -time.Minute},
		{"no date", "yesterday", noon, -time.Minute},
		{"absent", "", noon, -time.Minute},
		{"level", "Mon, 09 Mar 2026 12:00:00 GMT", noon.Add(400 * time.Millisecond), 0},
	}
	for _, s := range steps {
		totals.NoteAnswer("HTTP/1.1", []byte(s.date), s.done)
		if got := totals.Counters().DateDelta; got != s.want {
			t.Errorf("%s: delta %v, want %v", s.name, got, s.want)
		}
	}
	totals.NoteAnswer("HTTP/2.0", nil, noon)
	if got := totals.Counters().Protocol; got != "HTTP/2.0" {
		t.Errorf("protocol %q", got)
	}
	date := []byte("Mon, 09 Mar 2026 12:00:00 GMT")
	if n := testing.AllocsPerRun(100, func() { totals.NoteAnswer("HTTP/2.0", date, noon) }); n != 0 {
		t.Errorf("%v allocations for the same header, want 0", n)
	}
}

func TestTotalsCount(t *testing.T) {
	var totals Totals
	here, there := net.Pipe()
	defer there.Close()
	c := totals.Count(here)
	defer c.Close()
	go func() {
		b := make([]byte, 3)
		_, _ = there.Read(b)
		_, _ = there.Write([]byte("answer"))
	}()
	if _, err := c.Write([]byte("abc")); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 10)); n != 6 || err != nil {
		t.Fatal(n, err)
	}
	want := target.Counters{ConnectionsOpened: 1, BytesSent: 3, BytesReceived: 6}
	if got := totals.Counters(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
