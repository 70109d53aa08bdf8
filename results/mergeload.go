package results

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// loadKey is what tells the loads of one file apart.
type loadKey struct{ operation, spec, mode, client string }

func mergeLoads(parts []Part) ([]Load, error) {
	var order []loadKey
	loads := map[loadKey][]Load{}
	for _, p := range parts {
		for _, l := range p.File.Load {
			k := loadKey{l.Operation, l.KeySpec, l.Mode, l.Client}
			if loads[k] == nil {
				order = append(order, k)
			}
			loads[k] = append(loads[k], l)
		}
	}
	var out []Load
	for _, k := range order {
		l, err := mergeLoad(loads[k])
		if err != nil {
			return nil, fmt.Errorf("results: %s %s: %w", k.operation, k.spec, err)
		}
		out = append(out, l)
	}
	return out, nil
}

// mergeLoad adds up one load's parts.
func mergeLoad(parts []Load) (Load, error) {
	out := parts[0]
	out.Errors, out.OfferedRate = map[string]int64{}, offeredRate(parts)
	out.Labels = nil
	// Of one process and its machine; a merged run has no such thing.
	out.PacerLag, out.WorkersNeeded, out.Network, out.Calibration = nil, 0, nil, nil
	out.CPUPerRequest, out.AllocsPerRequest, out.BytesPerRequest = nil, nil, nil
	for i, l := range parts {
		if i > 0 {
			out.add(l)
		}
		for code, n := range l.Errors {
			out.Errors[code] += n
		}
		out.Duration = max(out.Duration, l.Duration)
		if l.VerifiedBy != out.VerifiedBy {
			out.VerifiedBy = "consistency" // the weaker of the two
		}
		out.Labels = append(out.Labels, l.Labels...)
	}
	slices.Sort(out.Labels)
	out.Labels = slices.Compact(out.Labels)
	out.AchievedRate = 0
	if out.Duration > 0 {
		out.AchievedRate = float64(out.Succeeded) / out.Duration.Seconds()
	}
	return out, out.mergeHistograms(parts)
}

// due is the number of arrivals that the part knows of.
func (l Load) due() int64 { return l.Requests + l.Dropped }

// dueSpan is the span in which they were due.
func (l Load) dueSpan() time.Duration {
	if l.OfferedRate == nil || *l.OfferedRate <= 0 {
		return 0
	}
	return time.Duration(math.Round(float64(l.due()) / *l.OfferedRate * 1e9))
}

// offeredRate is what all parts had due over the longest span of one: a part
// that was cut short does not count for longer than it ran. It is nil without a
// schedule.
func offeredRate(parts []Load) *float64 {
	var due int64
	var span time.Duration
	open := false
	for _, l := range parts {
		open = open || l.OfferedRate != nil
		due, span = due+l.due(), max(span, l.dueSpan())
	}
	if !open {
		return nil
	}
	rate := 0.0
	if span > 0 {
		rate = float64(due) / span.Seconds()
	}
	return &rate
}

// add adds the counts of another part.
func (l *Load) add(o Load) {
	l.Requests += o.Requests
	l.Succeeded += o.Succeeded
	l.Attempts += o.Attempts
	l.Throttled += o.Throttled
	l.Dropped += o.Dropped
	l.Late += o.Late
	l.ConnectionsOpened += o.ConnectionsOpened
	l.WrongTags += o.WrongTags
	l.Refused += o.Refused
	l.Unfinished += o.Unfinished
	l.Verified += o.Verified
	l.Waited += o.Waited
}

// mergeHistograms merges bucket for bucket and takes the percentiles anew.
func (l *Load) mergeHistograms(parts []Load) error {
	merged := map[string]*hdrhistogram.Histogram{}
	l.Histograms = nil
	for _, p := range parts {
		if l.Histograms == nil && p.Histograms != nil {
			l.Histograms = map[string]string{}
		}
		if p.Histograms == nil && p.Response != nil {
			return errors.New("a part has percentiles but no histograms, so it cannot be merged")
		}
		for name, text := range p.Histograms {
			h, err := DecodeHistogram(text)
			if err != nil {
				return err
			}
			if merged[name] == nil {
				merged[name] = NewHistogram()
			}
			if dropped := merged[name].Merge(h); dropped > 0 {
				return fmt.Errorf("%d values of histogram %s are out of range", dropped, name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(merged)) {
		text, err := EncodeHistogram(merged[name])
		if err != nil {
			return err
		}
		l.Histograms[name] = text
	}
	l.Response, l.Service = LatencyOf(merged["response"]), LatencyOf(merged["service"])
	l.Lag, l.Wire = LatencyOf(merged["lag"]), LatencyOf(merged["wire"])
	return nil
}
