package bench

import (
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
)

func TestNewGoal(t *testing.T) {
	known := map[string]string{"g": "slow shifts"}
	rows := []struct {
		name   string
		unit   string
		goal   float64
		values []float64
		value  float64
		met    bool
	}{
		{"at least, just", unitTimes, 2, []float64{1.9, 2, 2.1}, 2, true},
		{"at least, short", unitTimes, 2, []float64{1.9, 1.99, 2.1}, 1.99, false},
		{"at most, just", unitPercent, 3, []float64{3, 1, 9}, 3, true},
		{"at most, over", unitPercent, 3, []float64{3.1}, 3.1, false},
		{"count", unitCount, 0, []float64{0}, 0, true},
	}
	for _, row := range rows {
		g := newGoal("g", "", row.unit, row.goal, row.values, known)
		if g.Value != row.value || g.Met != row.met || (g.Excuse == "slow shifts") == row.met {
			t.Errorf("%s: value %v, met %v, excuse %q; want %v, %v", row.name, g.Value, g.Met, g.Excuse, row.value, row.met)
		}
	}
}

// TestJudgeGoals: the fastest peer of each block counts, and the blocks' middle.
func TestJudgeGoals(t *testing.T) {
	alg := engine.HMACSHA256
	ours := engineSpec{"ours", results.OpBatch, alg, one(64), 128}
	a, b := ours, ours
	a.impl, b.impl = "a", "b"
	m := &goalMeasures{block: 2, cases: map[string]results.EngineCase{}}
	for s, rounds := range map[engineSpec][]float64{
		ours: {40, 41, 50, 60, 45, 44},
		a:    {80, 90, 100, 100, 200, 201}, // ratios 2, 2, 4.54
		b:    {100, 100, 75, 100, 90, 90},  // ratios 2.5, 1.5, 2.05
	} {
		c := results.EngineCase{RoundsNs: rounds}
		c.Summarize()
		m.cases[s.name()] = c
	}
	g := m.judge([]speedGoal{{id: "x", unit: unitTimes, goal: 2, ours: ours, peers: []engineSpec{a, b}}}, nil)[0]
	if !g.Met || g.Value != 2 || g.Lowest != 1.5 || g.High != 90.0/44 {
		t.Errorf("got %+v, want 2 between 1.5 and 2.05", g)
	}
	if want := "ours 40.0 ns, b 75.0 ns"; g.Detail != want {
		t.Errorf("detail %q, want %q", g.Detail, want)
	}
}

func TestCountGoals(t *testing.T) {
	none, some := 0.0, 0.5
	goals := countGoals([]results.EngineCase{
		{Allocs: &none, Checked: 3}, {Checked: 2, WrongTags: 1}, {Impl: CryptoHMAC, Allocs: &some}})
	if g := goals[0]; !g.Met || g.Value != 0 {
		t.Errorf("allocations %+v", g)
	}
	if g := goals[1]; g.Met || g.Value != 1 || !strings.Contains(g.Detail, "5 tags") {
		t.Errorf("wrong tags %+v", g)
	}
	if g := countGoals([]results.EngineCase{{Impl: "ours", Allocs: &some}})[0]; g.Met || g.Excuse != "" {
		t.Errorf("allocations %+v", g)
	}
}

func TestGoalsNeedIntel(t *testing.T) {
	_, err := MeasureEngineGoals(t.Context(), EnginePlan{}, EngineOptions{}, nil)
	if err == nil || !strings.Contains(err.Error(), "multi-buffer") {
		t.Errorf("got %v", err)
	}
}

// TestGoalsAreDistinct: an id names one goal.
func TestGoalsAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range engineGoals(fakeVariants) {
		if seen[g.id] || g.id == "" || g.what == "" || g.goal <= 0 {
			t.Errorf("goal %+v", g)
		}
		seen[g.id] = true
	}
	if len(seen) != 11 {
		t.Errorf("%d goals on speed, want 11", len(seen))
	}
}
