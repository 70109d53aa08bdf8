package results

import (
	"io"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Timeline is a load over time, all operations together.
type Timeline struct {
	RunID     string
	Intervals []TimelineInterval // in the order of time; not every run has one a second
	Cut       bool               // the run did not come to its end, or the log is torn
}

// TimelineInterval is one interval of a load.
type TimelineInterval struct {
	From, To time.Duration // since the start of the measured part
	Response *Latency      // of the successes that finished in it; nil without any
	// What happened in it.
	Due, Succeeded, Failed, Throttled, Dropped int64
}

// Rate is the successes per second.
func (i TimelineInterval) Rate() float64 {
	if i.To <= i.From {
		return 0
	}
	return float64(i.Succeeded) / (i.To - i.From).Seconds()
}

// stallFactor is how far above the run's median an interval's median is when
// the target stalled.
const stallFactor = 10

// Stalled reports for each interval whether the target stood still: nothing
// succeeded in it although requests were due, were dropped or failed; or half
// of what succeeded took more than ten times the median of all intervals'
// medians.
func (t *Timeline) Stalled() []bool {
	var medians []float64
	for _, i := range t.Intervals {
		if i.Response != nil {
			medians = append(medians, float64(i.Response.P50))
		}
	}
	usual := medianOrZero(medians)
	out := make([]bool, len(t.Intervals))
	for k, i := range t.Intervals {
		out[k] = i.Response != nil && float64(i.Response.P50) > stallFactor*usual ||
			i.Succeeded == 0 && i.Due+i.Failed+i.Dropped > 0
	}
	return out
}

// ReadTimeline reads an interval log as a timeline. Intervals of a log that
// does not tell their times are left out.
func ReadTimeline(r io.Reader) (*Timeline, error) {
	b := timelineBuilder{}
	run, err := ReadIntervalLog(r, b.histogram)
	if err != nil {
		return nil, err
	}
	t := &Timeline{RunID: run.Header.RunID, Cut: run.Torn || !run.Final}
	var before LogCounts
	for _, c := range run.Commits {
		sum := sumCounts(c.Counts)
		if !c.To.After(c.From) {
			// The end of the run comes as an interval without a length when it
			// falls on a second: what it counts belongs to the one before.
			if n := len(t.Intervals); n > 0 {
				t.Intervals[n-1].count(before, sum)
				before = sum
			}
			continue
		}
		i := TimelineInterval{From: c.From.Sub(run.Header.Started), To: c.To.Sub(run.Header.Started), Response: LatencyOf(b.responses[c.From.UnixMilli()])}
		i.count(before, sum)
		before = sum
		t.Intervals = append(t.Intervals, i)
	}
	return t, nil
}

// timelineBuilder adds up the response times of each interval's successes.
type timelineBuilder struct {
	responses map[int64]*hdrhistogram.Histogram // by start, ms since 1970
}

func (b *timelineBuilder) histogram(iv LoggedInterval) {
	if !strings.HasSuffix(iv.Tag, "/ok/response") {
		return
	}
	if b.responses == nil {
		b.responses = map[int64]*hdrhistogram.Histogram{}
	}
	at := int64(iv.Start*1000 + 0.5)
	if b.responses[at] == nil {
		b.responses[at] = NewHistogram()
	}
	b.responses[at].Merge(iv.Histogram) // of one shape: nothing is dropped
}

// count adds what was counted between two readings.
func (i *TimelineInterval) count(before, after LogCounts) {
	i.Due += after.Due - before.Due
	i.Succeeded += after.Succeeded - before.Succeeded
	i.Throttled += after.Throttled - before.Throttled
	i.Dropped += after.Dropped - before.Dropped
	i.Failed += failures(after) - failures(before)
}

func failures(c LogCounts) (n int64) {
	for _, v := range c.Errors {
		n += v
	}
	return n
}

// sumCounts adds up the operations of one commit.
func sumCounts(counts []LogCounts) LogCounts {
	sum := LogCounts{Errors: map[string]int64{}}
	for _, c := range counts {
		sum.Due += c.Due
		sum.Succeeded += c.Succeeded
		sum.Throttled += c.Throttled
		sum.Dropped += c.Dropped
		for code, n := range c.Errors {
			sum.Errors[code] += n
		}
	}
	return sum
}
