package results

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrNotMergeable marks files that are not shards of one run of one plan.
var ErrNotMergeable = errors.New("results: not shards of one run")

// Part is what one shard left.
type Part struct {
	Source string // where it was read from, for messages; may be empty
	File   *File
}

func (p Part) String() string {
	if p.Source == "" {
		return "run " + p.File.RunID
	}
	return fmt.Sprintf("%s (run %s)", p.Source, p.File.RunID)
}

// Merge joins the shards of one run into one result, exactly: counts are
// added, histograms merged bucket for bucket, and percentiles taken from the
// merged histograms. Nothing is averaged and nothing is rescaled. Shards are
// put side by side by their schedule, not by their clocks.
//
// The order of parts does not matter. Different plans, tools, modules or
// Regions, a shard that is there twice, a file that is no shard or one that
// does not exist are errors that wrap ErrNotMergeable; each such part is named.
// A missing shard, or a torn one, is no error: the merged verdict is at best
// Inconclusive, and the section Shards accounts for every shard. The inputs are
// not changed.
func Merge(parts ...Part) (*File, error) {
	parts = slices.Clone(parts)
	slices.SortStableFunc(parts, func(a, b Part) int { return a.index() - b.index() })
	if err := mergeable(parts); err != nil {
		return nil, err
	}
	out := joined(parts)
	var err error
	if out.Load, err = mergeLoads(parts); err != nil {
		return nil, err
	}
	out.Shards = account(parts, out.Load)
	out.Warnings = append(out.Warnings, out.Shards.warnings(out.Load)...)
	out.Warnings = append(out.Warnings, hostWarnings(parts)...)
	if out.Shards.Degraded || out.Shards.apart(out.Load) {
		out.Verdict = Worse(out.Verdict, Inconclusive)
	}
	return out, nil
}

func (p Part) index() int {
	if p.File.Shard == nil {
		return -1
	}
	return p.File.Shard.Index
}

// joined is the merged result without its sections.
func joined(parts []Part) *File {
	out := *parts[0].File
	out.Shard, out.Verdict, out.Warnings, out.Load, out.Unknown, out.Interrupted = nil, "", []string{}, nil, nil, false
	ids := sha256.New()
	for _, p := range parts {
		f := p.File
		fmt.Fprintln(ids, f.RunID)
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
	out.RunID = hex.EncodeToString(ids.Sum(nil)[:6]) // of these shards, in any order
	return &out
}

// mergeable reports everything that keeps parts, sorted by index, from being
// merged.
func mergeable(parts []Part) error {
	var faults []error
	refuse := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrNotMergeable}, args...)...))
	}
	if len(parts) == 0 {
		refuse("there are none")
	}
	var first, before *Part
	for i := range parts {
		p := &parts[i]
		s := p.File.Shard
		switch {
		case s == nil:
			refuse("%s is a whole run", p)
			continue
		case s.Count < 1 || s.Index < 0 || s.Index >= s.Count:
			refuse("%s is shard %d of %d, which does not exist", p, s.Index, s.Count)
			continue
		case first == nil:
			first = p
		case s.Count != first.File.Shard.Count:
			refuse("%s is one of %d shards, %s one of %d", first, first.File.Shard.Count, p, s.Count)
		case p.File.RunID == before.File.RunID:
			refuse("shard %d is there twice: %s and %s are the same run", s.Index, before, p)
		case s.Index == before.File.Shard.Index:
			refuse("shard %d is there twice: %s and %s are two runs of it; a retried shard sent its calls again, so name the one that counts", s.Index, before, p)
		}
		if what, a, b := difference(first.File, p.File); what != "" {
			refuse("%s of %s is %s, of %s %s", what, first, a, p, b)
		}
		before = p
	}
	return errors.Join(faults...)
}

// difference names the first thing that must not differ between shards but
// does.
func difference(a, b *File) (what, ofA, ofB string) {
	switch {
	case a.PlanHash != b.PlanHash:
		return "the plan", short(a.PlanHash), short(b.PlanHash)
	case a.Tool != b.Tool:
		return "the tool", a.Tool.version(), b.Tool.version()
	case a.Environment.Endpoint.Region != b.Environment.Endpoint.Region:
		return "the Region", a.Environment.Endpoint.Region, b.Environment.Endpoint.Region
	case a.Shard.ScheduledAll != b.Shard.ScheduledAll && a.Shard.ScheduledAll*b.Shard.ScheduledAll != 0:
		return "the schedule", fmt.Sprintf("%d arrivals", a.Shard.ScheduledAll), fmt.Sprintf("%d arrivals", b.Shard.ScheduledAll)
	case !sameTime(a.Shard.StartAt, b.Shard.StartAt):
		return "the start", timeText(a.Shard.StartAt), timeText(b.Shard.StartAt)
	}
	for name, v := range a.Environment.Modules {
		if other := b.Environment.Modules[name]; other != v {
			return name, v, other
		}
	}
	for name, v := range b.Environment.Modules {
		if other := a.Environment.Modules[name]; other != v {
			return name, other, v
		}
	}
	return "", "", ""
}

func short(hash string) string { return hash[:min(12, len(hash))] }

func (t Tool) version() string { return strings.TrimSpace(t.Version + " " + t.Commit) }

func sameTime(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }

func timeText(t *time.Time) string {
	if t == nil {
		return "not fixed"
	}
	return t.UTC().Format(time.RFC3339)
}

// hostWarnings tell of shards that did not load one host.
func hostWarnings(parts []Part) []string {
	var hosts []string
	for _, p := range parts {
		if host := p.File.Environment.Endpoint.Host; !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	if len(hosts) < 2 {
		return nil
	}
	slices.Sort(hosts)
	if parts[0].File.Environment.Endpoint.Kind == "emulator" {
		return []string{"each shard had an embedded emulator of its own: give --target the URL of one that all can reach"}
	}
	return []string{"the shards connected to different hosts: " + strings.Join(hosts, ", ")}
}
