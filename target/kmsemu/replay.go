package kmsemu

import (
	"errors"
	"fmt"
	"sort"
	"time"
)

// LatencySpan is how long answers took in one span of a recording.
type LatencySpan struct {
	Length time.Duration
	Values []LatencyCount // none: nothing was answered in the span
}

// LatencyCount is how many answers took so long.
type LatencyCount struct {
	Latency time.Duration
	Count   int64
}

// replay plays spans one after another and then from the start again.
type replay struct {
	ends  []time.Duration // of the spans, since the start
	sums  [][]int64       // of the counts of each span
	spans []LatencySpan
}

// NewReplay returns the distribution of a recording: an answer that begins in a
// span takes as long as one of those recorded in it, each as likely as it was
// frequent. In a span without an answer the target stood still: an answer waits
// for the next span that has one. After the last span the first follows.
func NewReplay(spans []LatencySpan) (*Latency, error) {
	r := &replay{}
	var total time.Duration
	any := false
	for i, s := range spans {
		if s.Length <= 0 || s.Length > longestLatency {
			return nil, fmt.Errorf("kmsemu: span %d of the recording lasts %v, not up to %v", i+1, s.Length, longestLatency)
		}
		sums, n := make([]int64, len(s.Values)), int64(0)
		for j, v := range s.Values {
			if v.Latency < 0 || v.Latency > longestLatency || v.Count < 1 {
				return nil, fmt.Errorf("kmsemu: span %d of the recording: %d answers of %v", i+1, v.Count, v.Latency)
			}
			n += v.Count
			sums[j] = n
		}
		any = any || n > 0
		total += s.Length
		r.ends, r.sums, r.spans = append(r.ends, total), append(r.sums, sums), append(r.spans, s)
	}
	if !any {
		return nil, errors.New("kmsemu: the recording holds no answer")
	}
	return &Latency{kind: "replay", replay: r}, nil
}

// at is Latency.At.
func (r *replay) at(u float64, sinceStart time.Duration) time.Duration {
	t := sinceStart % r.ends[len(r.ends)-1]
	i := sort.Search(len(r.ends), func(i int) bool { return r.ends[i] > t })
	wait := time.Duration(0)
	for len(r.sums[i]) == 0 {
		wait += r.ends[i] - t
		if i++; i == len(r.ends) {
			i = 0
		}
		t = r.ends[i] - r.spans[i].Length
	}
	sums := r.sums[i]
	rank := int64(u * float64(sums[len(sums)-1]))
	j := sort.Search(len(sums), func(j int) bool { return sums[j] > rank })
	return min(wait+r.spans[i].Values[j].Latency, longestLatency)
}
