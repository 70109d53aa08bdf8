package results

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// ErrNotMergeable marks files that are not shards of one plan.
var ErrNotMergeable = errors.New("results: not shards of one plan")

// Merge joins the shards of one plan into one result, exactly: counts are
// added, histograms merged bucket for bucket, and percentiles taken from the
// merged histograms. Nothing is averaged and nothing is rescaled.
//
// The order of files does not matter. Different plans, tools, client roads or
// SDK versions, the same shard twice, or a file that is no shard are errors
// that wrap ErrNotMergeable and name the file by its run id. A missing shard is
// no error: the merged verdict is at best Inconclusive, and a warning says
// which shards are missing. The inputs are not changed.
func Merge(files []*File) (*File, error) {
	if len(files) == 0 {
		return nil, fmt.Errorf("%w: there are none", ErrNotMergeable)
	}
	files = slices.Clone(files)
	for _, f := range files {
		if err := sameAs(files[0], f); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(files, func(a, b *File) int { return a.Shard.Index - b.Shard.Index })
	out := *files[0]
	out.Shard, out.Verdict, out.Warnings, out.Load, out.Unknown = nil, "", []string{}, nil, nil
	for i, f := range files {
		if i > 0 && f.Shard.Index == files[i-1].Shard.Index {
			return nil, fmt.Errorf("%w: shard %d is there twice (runs %s and %s)", ErrNotMergeable, f.Shard.Index, files[i-1].RunID, f.RunID)
		}
		if f.Started.Before(out.Started) {
			out.Started = f.Started
		}
		if f.Finished.After(out.Finished) {
			out.Finished = f.Finished
		}
		out.Interrupted = out.Interrupted || f.Interrupted
		out.Verdict = Worse(out.Verdict, f.Verdict)
		for _, w := range f.Warnings {
			out.Warnings = append(out.Warnings, fmt.Sprintf("shard %d: %s", f.Shard.Index, w))
		}
	}
	if missing := missingShards(files); len(missing) > 0 {
		out.Warnings = append(out.Warnings, fmt.Sprintf("shards missing: %s of %d; rates are those achieved by the shards present",
			strings.Join(missing, ", "), files[0].Shard.Count))
		out.Verdict = Worse(out.Verdict, Inconclusive)
	}
	var err error
	out.Load, err = mergeLoads(files)
	return &out, err
}

// sameAs compares what must not differ between shards.
func sameAs(first, f *File) error {
	refuse := func(what, a, b string) error {
		return fmt.Errorf("%w: %s of run %s is %s, of run %s %s", ErrNotMergeable, what, first.RunID, a, f.RunID, b)
	}
	switch {
	case f.Shard == nil:
		return fmt.Errorf("%w: run %s is a whole run", ErrNotMergeable, f.RunID)
	case f.Shard.Count < 1 || f.Shard.Index < 0 || f.Shard.Index >= f.Shard.Count:
		return fmt.Errorf("%w: run %s is shard %d of %d, which does not exist", ErrNotMergeable, f.RunID, f.Shard.Index, f.Shard.Count)
	case first.Shard == nil || f.Shard.Count != first.Shard.Count:
		return fmt.Errorf("%w: runs %s and %s disagree on the number of shards", ErrNotMergeable, first.RunID, f.RunID)
	case f.PlanHash != first.PlanHash:
		return refuse("the plan", first.PlanHash[:min(12, len(first.PlanHash))], f.PlanHash[:min(12, len(f.PlanHash))])
	case f.Tool != first.Tool:
		return refuse("the tool", first.Tool.Version, f.Tool.Version)
	}
	for name := range first.Environment.Modules {
		if a, b := first.Environment.Modules[name], f.Environment.Modules[name]; a != b {
			return refuse(name, a, b)
		}
	}
	return nil
}

func missingShards(files []*File) []string {
	present := map[int]bool{}
	for _, f := range files {
		present[f.Shard.Index] = true
	}
	var missing []string
	for i := range files[0].Shard.Count {
		if !present[i] {
			missing = append(missing, fmt.Sprint(i))
		}
	}
	return missing
}

// loadKey is what tells the loads of one file apart.
type loadKey struct{ operation, spec, mode, client string }

func mergeLoads(files []*File) ([]Load, error) {
	var order []loadKey
	parts := map[loadKey][]Load{}
	for _, f := range files {
		for _, l := range f.Load {
			k := loadKey{l.Operation, l.KeySpec, l.Mode, l.Client}
			if parts[k] == nil {
				order = append(order, k)
			}
			parts[k] = append(parts[k], l)
		}
	}
	var out []Load
	for _, k := range order {
		l, err := mergeLoad(parts[k])
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
	out.Errors, out.OfferedRate = map[string]int64{}, nil
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
		if l.OfferedRate != nil {
			sum := *l.OfferedRate
			if out.OfferedRate != nil {
				sum += *out.OfferedRate
			}
			out.OfferedRate = &sum
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
	for _, p := range parts {
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
	l.Histograms = nil
	for _, name := range slices.Sorted(maps.Keys(merged)) {
		text, err := EncodeHistogram(merged[name])
		if err != nil {
			return err
		}
		if l.Histograms == nil {
			l.Histograms = map[string]string{}
		}
		l.Histograms[name] = text
	}
	l.Response, l.Service = LatencyOf(merged["response"]), LatencyOf(merged["service"])
	l.Lag, l.Wire = LatencyOf(merged["lag"]), LatencyOf(merged["wire"])
	return nil
}
