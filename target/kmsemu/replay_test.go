package kmsemu

import (
	"testing"
	"time"
)

func TestReplay(t *testing.T) {
	const ms = time.Millisecond
	l, err := NewReplay([]LatencySpan{
		{Length: time.Second, Values: []LatencyCount{{2 * ms, 3}, {40 * ms, 1}}},
		{Length: 500 * ms},
		{Length: time.Second, Values: []LatencyCount{{7 * ms, 1}}},
		{Length: 250 * ms},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		at   time.Duration
		want map[time.Duration]float64 // share of each latency
	}{
		{"as frequent as recorded", 0, map[time.Duration]float64{2 * ms: 0.75, 40 * ms: 0.25}},
		{"to the end of the span", time.Second - 1, map[time.Duration]float64{2 * ms: 0.75, 40 * ms: 0.25}},
		{"standing still", time.Second, map[time.Duration]float64{507 * ms: 1}},
		{"standing still, later", 1400 * ms, map[time.Duration]float64{107 * ms: 1}},
		{"another span", 1500 * ms, map[time.Duration]float64{7 * ms: 1}},
		{"standing still at the end", 2600 * ms, map[time.Duration]float64{152 * ms: 0.75, 190 * ms: 0.25}},
		{"from the start again", 2750 * ms, map[time.Duration]float64{2 * ms: 0.75, 40 * ms: 0.25}},
		{"the tenth time", 9*2750*ms + 1500*ms, map[time.Duration]float64{7 * ms: 1}},
	} {
		t.Run(row.name, func(t *testing.T) {
			const n = 20_000
			got := map[time.Duration]int{}
			for i := range uint64(n) {
				got[l.At(1, i, row.at)]++
			}
			if len(got) != len(row.want) {
				t.Errorf("latencies %v, want %v", got, row.want)
			}
			for d, share := range row.want {
				if s := float64(got[d]) / n; s < share-0.02 || s > share+0.02 {
					t.Errorf("%v: share %.3f, want %.3f", d, s, share)
				}
			}
		})
	}
}

func TestReplayRefuses(t *testing.T) {
	for name, spans := range map[string][]LatencySpan{
		"nothing":         nil,
		"no answer":       {{Length: time.Second}},
		"no length":       {{Values: []LatencyCount{{1, 1}}}},
		"negative":        {{Length: time.Second, Values: []LatencyCount{{-1, 1}}}},
		"counted nowhere": {{Length: time.Second, Values: []LatencyCount{{1, 0}}}},
		"days":            {{Length: 25 * time.Hour, Values: []LatencyCount{{1, 1}}}},
	} {
		if l, err := NewReplay(spans); err == nil {
			t.Errorf("%s: %+v", name, l)
		}
	}
	if _, err := New(Options{Latency: "constant:1ms", Replay: []LatencySpan{{Length: time.Second, Values: []LatencyCount{{1, 1}}}}}); err == nil {
		t.Error("a distribution and a recording at the same time")
	}
}
