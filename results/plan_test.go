package results_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/kmsmac/kmsmac/results"
)

// A plan that was written and read has its hash, whatever its numbers.
func TestPlanKeepsItsNumbers(t *testing.T) {
	for _, v := range []any{uint64(math.MaxUint64), uint64(1)<<53 + 1, int64(math.MinInt64 + 1), 0, -1, 0.05, 1.5, 1e-9, 1e21, 1e300, math.MaxFloat64, "text", nil,
		[]any{uint64(math.MaxUint64), map[string]any{"x": uint64(math.MaxUint64 - 1)}}} {
		p := results.Plan{Seed: math.MaxUint64, Settings: map[string]any{"a": v, "load": map[string]any{"seed": v}}}
		want, err := p.Hash()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var back results.Plan
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		if got, err := back.Hash(); err != nil || got != want {
			t.Errorf("%v: hash %s, %v, want %s (read as %v)", v, got, err, want, back.Settings)
		}
	}
	var p results.Plan
	if err := json.Unmarshal([]byte(`{"settings":{"x":1e999999999}}`), &p); err != nil {
		t.Errorf("a number beyond everything: %v", err)
	}
	if err := json.Unmarshal([]byte(`{"settings":{"x":2,"y":0.1}}`), &p); err != nil || p.Settings["x"] != 2.0 || p.Settings["y"] != 0.1 {
		t.Errorf("small numbers are %v, %v, want float64", p.Settings, err)
	}
}
