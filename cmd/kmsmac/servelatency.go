package main

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// latencyOptions reads --latency.
func (c serveCmd) latencyOptions(o *kmsemu.Options) error {
	path, ok := strings.CutPrefix(c.Latency, "log:")
	if !ok {
		o.Latency = c.Latency
		return nil
	}
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		path = filepath.Join(path, results.LogFileName)
	}
	f, err := os.Open(path)
	if err != nil {
		return unknownf("the interval log cannot be read: %w", err)
	}
	defer f.Close()
	spans, err := recordedLatencies(f)
	if err != nil {
		return unknownf("%s: %w", path, err)
	}
	o.Replay = spans
	return nil
}

// recordedLatencies takes from an interval log how long the target needed: the
// wire time of all successes, or their service time where there is none.
func recordedLatencies(log *os.File) ([]kmsemu.LatencySpan, error) {
	type interval struct {
		wire, service []kmsemu.LatencyCount
	}
	byStart := map[int64]*interval{} // in milliseconds
	run, err := results.ReadIntervalLog(log, func(iv results.LoggedInterval) {
		at := int64(iv.Start*1000 + 0.5)
		if byStart[at] == nil {
			byStart[at] = new(interval)
		}
		var values []kmsemu.LatencyCount
		for _, bar := range iv.Histogram.Distribution() {
			if bar.Count > 0 {
				values = append(values, kmsemu.LatencyCount{Latency: time.Duration(bar.To), Count: bar.Count})
			}
		}
		switch {
		case strings.HasSuffix(iv.Tag, "/ok/wire"):
			byStart[at].wire = append(byStart[at].wire, values...)
		case strings.HasSuffix(iv.Tag, "/ok/service"):
			byStart[at].service = append(byStart[at].service, values...)
		}
	})
	if err != nil {
		return nil, err
	}
	var spans []kmsemu.LatencySpan
	for _, c := range run.Commits {
		if !c.To.After(c.From) {
			continue
		}
		s := kmsemu.LatencySpan{Length: c.To.Sub(c.From)}
		if iv := byStart[c.From.UnixMilli()]; iv != nil {
			if s.Values = iv.wire; len(s.Values) == 0 {
				s.Values = iv.service
			}
		}
		slices.SortFunc(s.Values, func(a, b kmsemu.LatencyCount) int { return cmp.Compare(a.Latency, b.Latency) })
		spans = append(spans, s)
	}
	return spans, nil
}
