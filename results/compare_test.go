package results_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kmsmac/kmsmac/results"
)

// arm is one arm of an interleaved session with n rounds around value.
func arm(t *testing.T, id string, n int, value float64) *results.File {
	t.Helper()
	f := sample(t)
	f.RunID, f.SessionID, f.Load = id, "s1", nil
	r := results.Rounds{Metric: "cpu-ns/op", Name: "GenerateMac"}
	for i := range n {
		r.Values = append(r.Values, value*(1+0.01*float64(i%5)))
	}
	f.Rounds = []results.Rounds{r}
	return f
}

func TestCompareInterleaved(t *testing.T) {
	rows := []struct {
		name  string
		fresh float64
		want  results.Change
		exit  results.Verdict
	}{
		{"slower", 120, results.WorseOff, results.Fail},
		{"faster", 80, results.Better, results.Pass},
		{"same", 100, results.Same, results.Pass},
	}
	for _, row := range rows {
		c, err := results.Compare(arm(t, "aaaaaaaa", 30, 100), arm(t, "bbbbbbbb", 30, row.fresh), results.JudgeOptions{Margin: 0.05})
		if err != nil {
			t.Fatal(err)
		}
		if !c.Interleaved || c.Findings[0].Change != row.want || c.Verdict != row.exit {
			t.Errorf("%s: interleaved %v, %s, verdict %s; want %s, %s", row.name, c.Interleaved, c.Findings[0].Change, c.Verdict, row.want, row.exit)
		}
	}
}

// TestCompareApart: separate runs never get a verdict on timings, however far
// apart they are.
func TestCompareApart(t *testing.T) {
	base, fresh := sample(t), sample(t)
	fresh.RunID = "ffffffffffff"
	fresh.Environment.Go = "go1.99.0"
	fresh.Plan.Settings = map[string]any{"rate": 200.0}
	slow := *fresh.Load[0].Response
	slow.P50 *= 10
	fresh.Load[0].Response = &slow
	c, err := results.Compare(base, fresh, results.JudgeOptions{Margin: 0.05})
	if err != nil {
		t.Fatal(err)
	}
	if c.Verdict != results.Inconclusive {
		t.Errorf("verdict %s, want inconclusive", c.Verdict)
	}
	for _, f := range c.Findings {
		if f.Change != results.CannotTell || !strings.Contains(f.Reason, "separate runs") {
			t.Errorf("%s: %s (%s)", f.Metric, f.Change, f.Reason)
		}
	}
	want := []results.Difference{{Where: "plan.settings.rate", Base: "100", New: "200"}, {Where: "environment.go", Base: "go1.26.0", New: "go1.99.0"}}
	if d := cmp.Diff(want, c.Differences); d != "" {
		t.Errorf("differences (-want +got):\n%s", d)
	}
}

// TestDifferencesNested: a setting of settings is named, not its whole map.
func TestDifferencesNested(t *testing.T) {
	settings := func(workers float64, more map[string]any) *results.File {
		f := sample(t)
		f.Plan.Settings = map[string]any{"load": map[string]any{"workers": workers, "arrivals": map[string]any{"rate": 5.0}, "more": more}, "rate": 1.0}
		return f
	}
	rows := []struct {
		name      string
		base, new *results.File
		want      []results.Difference
	}{
		{"the same", settings(25, nil), settings(25, nil), []results.Difference{}},
		{"one below", settings(25, nil), settings(1, nil), []results.Difference{{Where: "plan.settings.load.workers", Base: "25", New: "1"}}},
		{"in one only", settings(1, map[string]any{"a": 1.0}), settings(1, map[string]any{"b": 2.0}),
			[]results.Difference{{Where: "plan.settings.load.more.a", Base: "1", New: "–"}, {Where: "plan.settings.load.more.b", Base: "–", New: "2"}}},
	}
	for _, row := range rows {
		if d := cmp.Diff(row.want, results.Differences(row.base, row.new)); d != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, d)
		}
	}
}

// TestCompareCountsApart: counts of separate runs are judged, but not what a
// process does beside its work.
func TestCompareCountsApart(t *testing.T) {
	rows := []struct {
		name      string
		base, new float64
		requests  int64
		want      results.Change
	}{
		{"as many", 330, 330.4, 1000, results.Same},
		{"a tenth more", 330, 363, 1000, results.WorseOff},
		{"a tenth fewer", 330, 300, 1000, results.Better},
		{"a tenth more of a short run", 330, 363, 999, results.CannotTell},
		{"stray ones where there were none", 0, 0.3, 1000, results.Same},
		{"one where there was none", 0, 1, 1000, results.WorseOff},
		{"one fewer of one", 1, 0, 1000, results.Better},
		{"less than none", -1, 0, 1000, results.CannotTell},
	}
	for _, row := range rows {
		base, fresh := sample(t), sample(t)
		fresh.RunID = "ffffffffffff"
		base.Load[0].AllocsPerRequest, fresh.Load[0].AllocsPerRequest = &row.base, &row.new
		fresh.Load[0].Requests = row.requests
		c, err := results.Compare(base, fresh, results.JudgeOptions{Margin: 0.05, Gate: []string{"allocs/op"}})
		if err != nil {
			t.Fatal(err)
		}
		f := c.Findings[len(c.Findings)-1]
		if f.Metric != "allocs/op" || f.Change != row.want || (f.Change == results.CannotTell) != (f.Reason != "") {
			t.Errorf("%s: %s %s (%s), want %s", row.name, f.Metric, f.Change, f.Reason, row.want)
		}
	}
}

func TestCompareRefuses(t *testing.T) {
	f := sample(t)
	empty := sample(t)
	empty.RunID, empty.Load = "eeeeeeeeeeee", nil
	empty.PlanHash = "of another plan"
	rows := []struct {
		name        string
		base, fresh *results.File
		want        string
	}{
		{"itself", f, f, "with itself: both files are run"},
		{"nothing in common", f, empty, "no figure in common"},
	}
	for _, row := range rows {
		_, err := results.Compare(row.base, row.fresh, results.JudgeOptions{})
		if !errors.Is(err, results.ErrNotComparable) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
}

// TestCompareLost: a figure that one file lacks is not passed over.
func TestCompareLost(t *testing.T) {
	two := func(id string) *results.File {
		f := arm(t, id, 30, 100)
		f.Rounds = append(f.Rounds, results.Rounds{Metric: "allocs/op", Name: "GenerateMac", Values: flat(30, 3)})
		return f
	}
	nothing := arm(t, "bbbbbbbb", 30, 100)
	nothing.Rounds = nil
	rows := []struct {
		name      string
		base, new *results.File
		plan      string
		gate      []string
		verdict   results.Verdict
		problem   string
		differs   string
	}{
		{"both have both", two("aaaaaaaa"), two("bbbbbbbb"), "", nil, results.Pass, "", ""},
		{"new lacks one", two("aaaaaaaa"), arm(t, "bbbbbbbb", 30, 100), "", nil, results.Inconclusive, "allocs/op of GenerateMac is in the base file only", ""},
		{"base lacks one", arm(t, "aaaaaaaa", 30, 100), two("bbbbbbbb"), "", nil, results.Pass, "", "allocs/op of GenerateMac: –, measured"},
		{"new measured nothing", arm(t, "aaaaaaaa", 30, 100), nothing, "", nil, results.Inconclusive, "cpu-ns/op of GenerateMac is in the base file only", ""},
		{"nobody gates it", two("aaaaaaaa"), arm(t, "bbbbbbbb", 30, 100), "", []string{"cpu-ns/op"}, results.Pass, "", ""},
		{"another plan, but one session", two("aaaaaaaa"), arm(t, "bbbbbbbb", 30, 100), "other", nil, results.Inconclusive, "allocs/op of GenerateMac is in the base file only", ""},
	}
	for _, row := range rows {
		if row.plan != "" {
			row.new.PlanHash = row.plan
		}
		c, err := results.Compare(row.base, row.new, results.JudgeOptions{Margin: 0.05, Gate: row.gate})
		if err != nil {
			t.Fatal(err)
		}
		var problem, differs string
		for _, p := range c.Problems {
			problem += p.Text
		}
		for _, d := range c.Differences {
			differs += d.Where + ": " + d.Base + ", " + d.New
		}
		if c.Verdict != row.verdict || problem != row.problem || differs != row.differs {
			t.Errorf("%s: %s, problem %q, differs %q; want %s, %q, %q", row.name, c.Verdict, problem, differs, row.verdict, row.problem, row.differs)
		}
	}
}

// flat returns n times v.
func flat(n int, v float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}
