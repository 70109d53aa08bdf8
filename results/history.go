package results

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// HistorySchema is the version of the lines that AppendHistory writes.
const HistorySchema = 1

// HistoryEntry is one run in a history: one line of JSON.
type HistoryEntry struct {
	Schema   int             `json:"schema"`
	RunID    string          `json:"run_id"`
	Started  time.Time       `json:"started"`
	Version  string          `json:"version"`
	Commit   string          `json:"commit,omitempty"`
	Command  string          `json:"command"`
	PlanHash string          `json:"plan_hash"`
	Machine  string          `json:"machine"` // what a change of is no change of the code: CPU, system
	Figures  []HistoryFigure `json:"figures"`
}

// HistoryFigure is one figure of a run, named as benchmarks name it.
type HistoryFigure struct {
	Metric         string  `json:"metric"`
	Name           string  `json:"name"`
	Value          float64 `json:"value"`
	HigherIsBetter bool    `json:"higher_is_better,omitempty"`
}

// EntryOf is the line of f: its figures or, of an arm of a gate, the medians of
// its rounds. A run that failed, found nothing out, was interrupted, is merged
// with holes, or measured nothing is an error: its figures would stand in the
// trend as if they were sound. Of a load that the generator or its concurrency
// limited only the costs are in the line: its times and rates say nothing of
// the target.
func EntryOf(f *File) (HistoryEntry, error) {
	e := HistoryEntry{Schema: HistorySchema, RunID: f.RunID, Started: f.Started.UTC(), Version: f.Tool.Version, Commit: f.Tool.Commit,
		Command: f.Plan.Command, PlanHash: f.PlanHash,
		Machine: fmt.Sprintf("%s, %d CPUs, %s/%s", f.Environment.CPU, f.Environment.CPUs, f.Environment.OS, f.Environment.Arch)}
	switch {
	case f.Verdict == Fail:
		return e, fmt.Errorf("results: run %s failed", f.RunID)
	case f.Interrupted:
		return e, fmt.Errorf("results: run %s was interrupted", f.RunID)
	case f.Shard != nil:
		return e, fmt.Errorf("results: run %s is a shard: merge it first", f.RunID)
	case f.Shards != nil && f.Shards.Degraded:
		return e, fmt.Errorf("results: run %s lacks whole shards", f.RunID)
	case f.Verdict == Inconclusive:
		return e, fmt.Errorf("results: run %s is inconclusive", f.RunID)
	}
	for _, v := range Figures(withoutLimited(f)) {
		e.Figures = append(e.Figures, HistoryFigure(v))
	}
	for _, r := range f.Rounds {
		if len(r.Values) > 0 {
			e.Figures = append(e.Figures, HistoryFigure{r.Metric, r.Name, median(slices.Concat(r.Values, r.Again)), r.HigherIsBetter})
		}
	}
	e.Figures = slices.DeleteFunc(e.Figures, func(v HistoryFigure) bool { return math.IsNaN(v.Value) || math.IsInf(v.Value, 0) })
	if len(e.Figures) == 0 {
		return e, fmt.Errorf("results: run %s has no figure", f.RunID)
	}
	return e, nil
}

// withoutLimited is f without the times and rates of loads that carry a label.
func withoutLimited(f *File) *File {
	out := *f
	out.Load = slices.Clone(f.Load)
	for i := range out.Load {
		if l := &out.Load[i]; len(l.Labels) > 0 {
			l.Response, l.Service, l.Succeeded = nil, nil, 0
		}
	}
	return &out
}

// AppendHistory adds e as a line to the file at path, which it makes if need
// be, and syncs it. A run that is in the file already is not added again. A
// last line that a crash cut off is removed first. Damage elsewhere is an
// error, and nothing is written.
func AppendHistory(path string, e HistoryEntry) (added bool, err error) {
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("results: %w", err)
	}
	entries, _, err := parseHistory(path, raw)
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(entries, func(o HistoryEntry) bool { return o.RunID == e.RunID }) {
		return false, nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return false, fmt.Errorf("results: %w", err)
	}
	whole := raw[:bytes.LastIndexByte(raw, '\n')+1]
	_, err = WriteFile(path, append(append(whole[:len(whole):len(whole)], line...), '\n'))
	return err == nil, err
}

// HistoryFileName is the file of a history folder that runs of a command go to.
func HistoryFileName(command string) string {
	return strings.ReplaceAll(command, " ", "-") + ".jsonl"
}

// ReadHistory reads a history file, or every *.jsonl of a folder, in the order
// of time. Warnings name files whose last line was cut off by a crash; that
// line is left out. Any other damage is an error that names file and line, and
// so is a history without a run.
func ReadHistory(path string) (entries []HistoryEntry, warnings []string, err error) {
	paths := []string{path}
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		if paths, err = filepath.Glob(filepath.Join(path, "*.jsonl")); err != nil {
			return nil, nil, fmt.Errorf("results: %w", err)
		}
	}
	for _, p := range paths {
		raw, err := readBounded(p)
		if err != nil {
			return nil, nil, err
		}
		got, torn, err := parseHistory(p, raw)
		if err != nil {
			return nil, nil, err
		}
		if torn {
			warnings = append(warnings, fmt.Sprintf("%s: the last line is cut off and was left out", p))
		}
		entries = append(entries, got...)
	}
	if len(entries) == 0 {
		return nil, warnings, fmt.Errorf("results: %s holds no run: add one with kmsmac history add", path)
	}
	slices.SortStableFunc(entries, func(a, b HistoryEntry) int {
		return cmp.Or(a.Started.Compare(b.Started), strings.Compare(a.RunID, b.RunID))
	})
	return entries, warnings, nil
}

// parseHistory reads lines; torn tells of a last one without its newline that
// is no JSON.
func parseHistory(path string, raw []byte) (entries []HistoryEntry, torn bool, err error) {
	n := 0
	for len(raw) > 0 {
		n++
		line, rest, whole := bytes.Cut(raw, []byte("\n"))
		raw = rest
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if !whole {
			return entries, true, nil
		}
		var e HistoryEntry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, false, fmt.Errorf("results: %s: line %d: %w", path, n, err)
		}
		switch {
		case e.Schema > HistorySchema:
			return nil, false, fmt.Errorf("results: %s: line %d has schema %d, this kmsmac reads up to %d: use a newer kmsmac", path, n, e.Schema, HistorySchema)
		case e.Schema < 1 || e.RunID == "" || e.Started.IsZero():
			return nil, false, fmt.Errorf("results: %s: line %d is not a run of a history", path, n)
		}
		entries = append(entries, e)
	}
	return entries, false, nil
}

// Trend is one figure over the runs of one plan on one kind of machine.
type Trend struct {
	Metric         string        `json:"metric"`
	Name           string        `json:"name"`
	Command        string        `json:"command"`
	PlanHash       string        `json:"plan_hash"`
	Machine        string        `json:"machine"`
	HigherIsBetter bool          `json:"higher_is_better,omitempty"`
	Points         []TrendPoint  `json:"points"`
	Changes        []ChangePoint `json:"changes"` // indexes are into Points
}

// TrendPoint is one run's value.
type TrendPoint struct {
	RunID   string    `json:"run_id"`
	Started time.Time `json:"started"`
	Version string    `json:"version"`
	Commit  string    `json:"commit,omitempty"`
	Value   float64   `json:"value"`
}

// MaxTrendPoints bounds the newest runs that Trends looks at: the work grows
// with their square.
const MaxTrendPoints = 500

// Trends follows every figure through the newest runs, at most last of them for
// each figure (0 and above MaxTrendPoints stand for that). Runs of another plan or
// machine are another trend: their figures say nothing of each other. Trends
// with change points come first, then all by command, plan, machine, name and
// metric.
func Trends(entries []HistoryEntry, last int, seed uint64) []Trend {
	if last <= 0 || last > MaxTrendPoints {
		last = MaxTrendPoints
	}
	byKey := map[[5]string]*Trend{}
	for _, e := range entries {
		for _, v := range e.Figures {
			key := [5]string{e.Command, e.PlanHash, e.Machine, v.Name, v.Metric}
			t := byKey[key]
			if t == nil {
				t = &Trend{Metric: v.Metric, Name: v.Name, Command: e.Command, PlanHash: e.PlanHash, Machine: e.Machine, HigherIsBetter: v.HigherIsBetter}
				byKey[key] = t
			}
			t.Points = append(t.Points, TrendPoint{e.RunID, e.Started, e.Version, e.Commit, v.Value})
		}
	}
	out := make([]Trend, 0, len(byKey))
	for _, key := range slices.SortedFunc(maps.Keys(byKey), func(a, b [5]string) int { return slices.Compare(a[:], b[:]) }) {
		t := byKey[key]
		t.Points = t.Points[max(0, len(t.Points)-last):]
		values := make([]float64, len(t.Points))
		for i, p := range t.Points {
			values[i] = p.Value
		}
		t.Changes = ChangePoints(values, seed)
		out = append(out, *t)
	}
	slices.SortStableFunc(out, func(a, b Trend) int { return cmp.Compare(min(1, len(b.Changes)), min(1, len(a.Changes))) })
	return out
}

// Direction says whether a change of t is better or worse.
func (t Trend) Direction(c ChangePoint) Change {
	if (c.After > c.Before) == t.HigherIsBetter {
		return Better
	}
	return WorseOff
}
