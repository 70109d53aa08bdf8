package results

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// timelineLog is a log of five seconds: as usual, throttled, without an answer,
// slow, as usual; then the end of the run, which falls on the second. Counts
// are from the start; two operations have a histogram each.
func timelineLog(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	l, err := NewIntervalLog(&b, LogHeader{RunID: "r1", Started: logStart})
	if err != nil {
		t.Fatal(err)
	}
	sum := LogCounts{Operation: "GenerateMac"}
	for i, s := range []struct {
		n                  int64
		took               time.Duration
		throttled, dropped int64
	}{{10, 2 * time.Millisecond, 0, 0}, {6, 2 * time.Millisecond, 4, 0}, {0, 0, 0, 7}, {10, 100 * time.Millisecond, 0, 0}, {10, 2 * time.Millisecond, 0, 0}} {
		from := logStart.Add(time.Duration(i) * time.Second)
		for _, tag := range []string{"GenerateMac/HMAC_256/sdk/ok/response", "VerifyMac/HMAC_256/sdk/ok/response", "VerifyMac/HMAC_256/sdk/failed/response", "VerifyMac/HMAC_256/sdk/ok/lag"} {
			h := NewHistogram()
			v := s.took
			if !strings.HasSuffix(tag, "/ok/response") {
				v = time.Minute // of no interest here
			}
			if s.n > 0 {
				_ = h.RecordValues(int64(v), s.n/2)
			}
			l.Add(tag, from, from.Add(time.Second), h)
		}
		sum.Due, sum.Succeeded, sum.Throttled, sum.Dropped = sum.Due+10, sum.Succeeded+s.n, sum.Throttled+s.throttled, sum.Dropped+s.dropped
		sum.Errors = map[string]int64{"ThrottlingException": sum.Throttled}
		if err := l.Commit([]LogCounts{sum}, false); err != nil {
			t.Fatal(err)
		}
	}
	end := logStart.Add(5 * time.Second)
	l.Add("GenerateMac/HMAC_256/sdk/ok/response", end, end, nil)
	sum.Succeeded++ // came with the end
	if err := l.Commit([]LogCounts{sum}, true); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReadTimeline(t *testing.T) {
	text := timelineLog(t)
	got, err := ReadTimeline(strings.NewReader(text))
	if err != nil || got.RunID != "r1" || got.Cut || len(got.Intervals) != 5 {
		t.Fatalf("got %+v, %v", got, err)
	}
	for i, want := range []TimelineInterval{
		{Due: 10, Succeeded: 10}, {Due: 10, Succeeded: 6, Failed: 4, Throttled: 4}, {Due: 10, Dropped: 7}, {Due: 10, Succeeded: 10}, {Due: 10, Succeeded: 11},
	} {
		iv := got.Intervals[i]
		want.From, want.To = time.Duration(i)*time.Second, time.Duration(i+1)*time.Second
		want.Response = iv.Response
		if iv != want {
			t.Errorf("interval %d: got %+v, want %+v", i, iv, want)
		}
		if iv.Rate() != float64(want.Succeeded) {
			t.Errorf("interval %d: rate %v, want %d", i, iv.Rate(), want.Succeeded)
		}
		p50 := int64(0)
		if iv.Response != nil {
			p50 = iv.Response.P50 / 1e6
		}
		if want := []int64{2, 2, 0, 100, 2}[i]; p50 != want {
			t.Errorf("interval %d: p50 %d ms, want %d", i, p50, want)
		}
	}
	if stalled := got.Stalled(); !slices.Equal(stalled, []bool{false, false, true, true, false}) {
		t.Errorf("stalled: %v", stalled)
	}
}

// TestReadTimelineCut: what is left of a log is read, and is known to be cut.
func TestReadTimelineCut(t *testing.T) {
	text := timelineLog(t)
	half, err := ReadTimeline(strings.NewReader(text[:len(text)/2]))
	if err != nil || !half.Cut || len(half.Intervals) == 0 || len(half.Intervals) > 4 {
		t.Errorf("half a log: %+v, %v", half, err)
	}
	if _, err := ReadTimeline(strings.NewReader("no log")); err == nil {
		t.Error("what is no log was read")
	}
	if _, err := ReadTimeline(io.MultiReader()); err == nil {
		t.Error("nothing was read as a log")
	}
	if r := (TimelineInterval{Succeeded: 5}).Rate(); r != 0 {
		t.Errorf("an interval without a length has a rate of %v", r)
	}
	if s := (&Timeline{}).Stalled(); len(s) != 0 {
		t.Errorf("no intervals stall: %v", s)
	}
}
