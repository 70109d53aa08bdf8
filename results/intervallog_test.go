package results

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

var logStart = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// writeLog writes three intervals of two tags and returns the log and the
// totals.
func writeLog(t *testing.T) (string, map[string]*hdrhistogram.Histogram) {
	t.Helper()
	var b bytes.Buffer
	l, err := NewIntervalLog(&b, LogHeader{RunID: "r1", PlanHash: "abc", Shard: 1, Shards: 3, Started: logStart})
	if err != nil {
		t.Fatal(err)
	}
	totals := map[string]*hdrhistogram.Histogram{}
	for i := range 3 {
		from := logStart.Add(time.Duration(i) * time.Second)
		for _, tag := range []string{"GenerateMac/HMAC_256/sdk/ok/response", "GenerateMac/HMAC_256/sdk/ok/lag"} {
			h := NewHistogram()
			for v := range int64(10) {
				_ = h.RecordValue(v*v*1e6 + int64(i) + int64(len(tag)))
			}
			if totals[tag] == nil {
				totals[tag] = NewHistogram()
			}
			totals[tag].Merge(h)
			l.Add(tag, from, from.Add(time.Second), h)
		}
		l.Add("empty", from, from, NewHistogram())
		l.Add("none", from, from, nil)
		if err := l.Commit(logCounts(i), i == 2); err != nil {
			t.Fatal(err)
		}
	}
	return b.String(), totals
}

func logCounts(i int) []LogCounts {
	return []LogCounts{{Operation: "GenerateMac", KeySpec: "HMAC_256", Requests: int64(10 * (i + 1)), Errors: map[string]int64{"timeout": 1}}}
}

func TestIntervalLogRoundTrip(t *testing.T) {
	text, want := writeLog(t)
	seen := 0
	got, err := ReadIntervalLog(strings.NewReader(text), func(iv LoggedInterval) {
		if iv.Seconds != 1 || iv.Start != float64(logStart.Unix()+int64(seen/2)) {
			t.Errorf("interval %d: start %v, %v s", seen, iv.Start, iv.Seconds)
		}
		seen++
	})
	if err != nil || seen != 6 || !got.Final || got.Torn {
		t.Fatalf("%d intervals, final %v, torn %v, %v; want 6, true, false", seen, got.Final, got.Torn, err)
	}
	if !reflect.DeepEqual(got.Counts, logCounts(2)) || got.Header.RunID != "r1" || got.Header.Shards != 3 || !got.Header.Started.Equal(logStart) {
		t.Errorf("counts %+v, header %+v", got.Counts, got.Header)
	}
	for tag, h := range want {
		if got.Totals[tag] == nil || !got.Totals[tag].Equals(h) {
			t.Errorf("%s: the totals are not the sum of what was written", tag)
		}
	}
}

// Whatever HdrHistogram reads, it reads the same.
func TestIntervalLogIsReadByHdrHistogram(t *testing.T) {
	text, want := writeLog(t)
	r := hdrhistogram.NewHistogramLogReader(strings.NewReader(text))
	got := map[string]*hdrhistogram.Histogram{}
	for {
		h, err := r.NextIntervalHistogram()
		if err != nil {
			t.Fatal(err)
		}
		if h == nil {
			break
		}
		if got[h.Tag()] == nil {
			got[h.Tag()] = NewHistogram()
		}
		got[h.Tag()].Merge(h)
	}
	for tag, h := range want {
		if got[tag] == nil || !got[tag].Equals(h) {
			t.Errorf("%s differs", tag)
		}
	}
}

// A run can be killed at any byte. The log then holds whole intervals, never
// half of one.
func TestIntervalLogCutAnywhere(t *testing.T) {
	text, _ := writeLog(t)
	header := strings.Index(text, "]\n#[StartTime") // the first line that counts
	for cut := range len(text) {
		if cut > 2 && cut%7 > 0 && !strings.Contains(text[cut-2:min(cut+2, len(text))], "\n") {
			continue // all places around line ends, a seventh of the others
		}
		got, err := ReadIntervalLog(strings.NewReader(text[:cut]), nil)
		if cut < header+2 {
			if err == nil {
				t.Fatalf("cut at %d: a log without a header was read", cut)
			}
			continue
		}
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		commits := 0
		for line := range strings.Lines(text[:cut]) {
			if strings.HasPrefix(line, markCommit) && strings.HasSuffix(line, "\n") {
				commits++
			}
		}
		var n int64
		for _, h := range got.Totals {
			n += h.TotalCount()
		}
		if n != int64(20*commits) || commits > 0 && got.Counts[0].Requests != int64(10*commits) || got.Final {
			t.Fatalf("cut at %d after %d commits: %d values, counts %+v", cut, commits, n, got.Counts)
		}
		atEnd := text[cut-1] == '\n' && (strings.HasSuffix(text[:cut], "}]\n") || commits == 0 && !strings.Contains(text[:cut], "Tag="))
		if got.Torn == atEnd {
			t.Fatalf("cut at %d: torn %v", cut, got.Torn)
		}
	}
}

func TestIntervalLogDamage(t *testing.T) {
	text, _ := writeLog(t)
	lines := strings.SplitAfter(text, "\n")
	drop := func(i int) string { return strings.Join(append(append([]string{}, lines[:i]...), lines[i+1:]...), "") }
	for _, tc := range []struct{ name, text, want string }{
		{"empty", "", "no header"},
		{"another tool's log", "#[Histogram log format version 1.3]\n", "no header"},
		{"a histogram is missing", drop(4), "line 6: the interval has 1 histograms, its commit says 2"},
		{"a payload is changed", strings.Replace(text, "HIST", "HOST", 1), "line 5"},
		{"a field is missing", strings.Replace(text, "Tag=GenerateMac/HMAC_256/sdk/ok/response,", "Tag=GenerateMac/HMAC_256/sdk/ok/response,1,", 1), "line 5: 5 fields"},
		{"a commit is cut", strings.Replace(text, "}]\nTag", "}\nTag", 1), "cut off"},
		{"a commit is not JSON", strings.Replace(text, markCommit+"{", markCommit+"{{", 1), "line 7"},
		{"an endless line", text + strings.Repeat("x", maxLogLine+1) + "\n", "longer than"},
	} {
		if _, err := ReadIntervalLog(strings.NewReader(tc.text), nil); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}

type brokenWriter struct{ left int }

func (b *brokenWriter) Write(p []byte) (int, error) {
	if b.left--; b.left < 0 {
		return 0, errors.New("disk full")
	}
	return len(p), nil
}

func TestIntervalLogReportsWhatItCannotWrite(t *testing.T) {
	if _, err := NewIntervalLog(&brokenWriter{0}, LogHeader{}); err == nil {
		t.Error("a header that was not written is no error")
	}
	l, err := NewIntervalLog(&brokenWriter{2}, LogHeader{})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for range 3 {
		texts = append(texts, fmt.Sprint(l.Commit(nil, false)))
	}
	want := "results: interval log: disk full"
	if texts[0] != "<nil>" || texts[1] != want || texts[2] != want {
		t.Errorf("%q, want nothing, then twice %q", texts, want)
	}
}

func FuzzReadIntervalLog(f *testing.F) {
	f.Add("#[kmsmac: {}]\nTag=a,1,2,3,HISTFAAA\n#[commit: {\"intervals\":1}]\n")
	f.Add("#[kmsmac: {}]\n1,2,3,\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ReadIntervalLog(strings.NewReader(text), nil)
		if (got == nil) == (err == nil) {
			t.Errorf("result %v and error %v", got, err)
		}
	})
}
