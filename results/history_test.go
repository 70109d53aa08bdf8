package results_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kmsmac/kmsmac/results"
)

func entry(id string, day int, value float64) results.HistoryEntry {
	return results.HistoryEntry{Schema: results.HistorySchema, RunID: id, Started: time.Date(2030, 1, 1+day, 0, 0, 0, 0, time.UTC), Version: "v1", Command: "bench kms",
		PlanHash: "p", Machine: "m", Figures: []results.HistoryFigure{{Metric: "cpu-ns/op", Name: "Load", Value: value}}}
}

func mustAdd(t *testing.T, path string, e results.HistoryEntry, want bool) {
	t.Helper()
	added, err := results.AppendHistory(path, e)
	if err != nil || added != want {
		t.Fatalf("run %s: added %v, %v; want %v", e.RunID, added, err, want)
	}
}

func TestHistoryRoundTrip(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sub", results.HistoryFileName("bench kms"))
	later, sooner := entry("bbbbbbbb", 2, 11), entry("aaaaaaaa", 1, 10)
	mustAdd(t, path, later, true)
	mustAdd(t, path, sooner, true)
	mustAdd(t, path, sooner, false)
	got, warnings, err := results.ReadHistory(filepath.Dir(path))
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	if d := cmp.Diff([]results.HistoryEntry{sooner, later}, got); d != "" {
		t.Errorf("read back (-want +got):\n%s", d)
	}
}

// TestHistoryCutAnywhere: whatever a crash leaves, whole lines are read, and
// adding mends the file.
func TestHistoryCutAnywhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.jsonl")
	for i, id := range []string{"aaaaaaaa", "bbbbbbbb", "cccccccc"} {
		mustAdd(t, path, entry(id, i, 1), true)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		lines := strings.Count(string(whole[:cut]), "\n")
		torn := cut > 0 && whole[cut-1] != '\n'
		got, warnings, err := results.ReadHistory(path)
		if (err != nil) != (lines == 0) || len(got) != lines || (len(warnings) == 1) != torn {
			t.Fatalf("cut at %d: %d runs, warnings %v, %v; want %d, torn %v", cut, len(got), warnings, err, lines, torn)
		}
		mustAdd(t, path, entry("dddddddd", 9, 1), true)
		if got, warnings, err = results.ReadHistory(path); err != nil || len(warnings) > 0 || len(got) != lines+1 {
			t.Fatalf("cut at %d, then added to: %d runs, warnings %v, %v; want %d", cut, len(got), warnings, err, lines+1)
		}
	}
}

func TestHistoryDamage(t *testing.T) {
	good := `{"schema":1,"run_id":"aaaaaaaa","started":"2030-01-01T00:00:00Z","figures":[]}` + "\n"
	rows := []struct{ name, text, want string }{
		{"empty", "", "holds no run"},
		{"blank lines", "\n\n", "holds no run"},
		{"not JSON", good + "{x\n" + good, "line 2"},
		{"another kind of JSON", good + "[1]\n", "line 2"},
		{"newer", `{"schema":2,"run_id":"a"}` + "\n", "schema 2"},
		{"no run", good + "{}\n", "line 2 is not a run"},
		{"a value that is text", `{"schema":1,"run_id":"aaaaaaaa","started":"2030-01-01T00:00:00Z","figures":[{"value":"x"}]}` + "\n", "line 1"},
	}
	for _, row := range rows {
		path := filepath.Join(t.TempDir(), "h.jsonl")
		if err := os.WriteFile(path, []byte(row.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := results.ReadHistory(path); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
		if !strings.HasPrefix(row.want, "line") {
			continue
		}
		if _, err := results.AppendHistory(path, entry("bbbbbbbb", 1, 1)); err == nil {
			t.Errorf("%s: was added to", row.name)
		}
		if raw, _ := os.ReadFile(path); string(raw) != row.text {
			t.Errorf("%s: was changed", row.name)
		}
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, _, err := results.ReadHistory(path); err == nil {
			t.Errorf("%s was read", path)
		}
	}
}

func TestEntryOf(t *testing.T) {
	f := sample(t)
	e, err := results.EntryOf(f)
	if err != nil || len(e.Figures) != len(results.Figures(f)) || e.RunID != f.RunID || e.PlanHash != f.PlanHash {
		t.Errorf("%+v, %v", e, err)
	}
	e, err = results.EntryOf(arm(t, "aaaaaaaa", 5, 100))
	if want := 102.0; err != nil || len(e.Figures) != 1 || e.Figures[0].Value != want {
		t.Errorf("an arm's rounds: %+v, %v; want their median %v", e.Figures, err, want)
	}
	cpu, limited := 1000.0, sample(t)
	limited.Load[0].Mode, limited.Load[0].Labels, limited.Load[0].CPUPerRequest = "closed", []string{"generator_limited"}, &cpu
	e, err = results.EntryOf(limited)
	if err != nil || len(e.Figures) != 1 || e.Figures[0].Metric != "cpu-ns/op" || limited.Load[0].Response == nil {
		t.Errorf("a limited load: %+v, %v; want its CPU time alone", e.Figures, err)
	}
	rows := []struct {
		want   string
		change func(*results.File)
	}{
		{"is inconclusive", func(f *results.File) { f.Verdict = results.Inconclusive }},
		{"lacks whole shards", func(f *results.File) {
			f.Verdict, f.Shards = results.Inconclusive, &results.Shards{Degraded: true}
		}},
		{"has no figure", func(f *results.File) { f.Load[0].Labels = []string{"concurrency_limited"} }},
		{"failed", func(f *results.File) { f.Verdict = results.Fail }},
		{"was interrupted", func(f *results.File) { f.Interrupted = true }},
		{"is a shard", func(f *results.File) { f.Shard = &results.Shard{Count: 1} }},
		{"has no figure", func(f *results.File) { f.Load = nil }},
	}
	for _, row := range rows {
		f := sample(t)
		row.change(f)
		if _, err := results.EntryOf(f); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("got %v, want %q", err, row.want)
		}
	}
}

func TestTrends(t *testing.T) {
	var entries []results.HistoryEntry
	for day := range 24 {
		e := entry("aaaaaaaa", day, 100+float64(day%3))
		e.Figures = append(e.Figures, results.HistoryFigure{Metric: "ops/s", Name: "Load", Value: 1000 + float64(day%3), HigherIsBetter: true})
		if day >= 12 {
			e.Figures[1].Value *= 0.8
		}
		if day == 23 {
			e.Machine = "another"
		}
		entries = append(entries, e)
	}
	got := results.Trends(entries, 0, 1)
	var shape []string
	for _, tr := range got {
		shape = append(shape, strings.Join([]string{tr.Metric, tr.Machine}, " "))
	}
	if d := cmp.Diff([]string{"ops/s m", "cpu-ns/op another", "ops/s another", "cpu-ns/op m"}, shape); d != "" {
		t.Fatalf("trends (-want +got):\n%s", d)
	}
	c := got[0].Changes
	if len(c) != 1 || c[0].At != 12 || got[0].Direction(c[0]) != results.WorseOff || len(got[0].Points) != 23 {
		t.Errorf("%+v of %d points", c, len(got[0].Points))
	}
	if got := results.Trends(entries, 5, 1); len(got[0].Changes) != 0 || len(got[2].Points) != 5 {
		t.Errorf("the last five: %+v", got)
	}
}
