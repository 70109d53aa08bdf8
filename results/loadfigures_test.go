package results_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kmsmac/kmsmac/results"
)

// One process makes the requests of all loads, so its costs are one figure
// each; what is not known is left out.
func TestCostFigures(t *testing.T) {
	v := func(f float64) *float64 { return &f }
	load := func(cpu, allocs, bytes *float64) results.Load {
		return results.Load{Mode: "closed", Client: "lean", CPUPerRequest: cpu, AllocsPerRequest: allocs, BytesPerRequest: bytes}
	}
	const name = "Load/mode=closed/client=lean"
	for _, row := range []struct {
		name  string
		loads []results.Load
		want  []results.Figure
	}{
		{"nothing known", []results.Load{load(nil, nil, nil)}, nil},
		{"two loads of one process", []results.Load{load(v(5), v(3), v(2)), load(v(5), v(3), v(2))}, []results.Figure{
			{Metric: "cpu-ns/op", Name: name, Value: 5}, {Metric: "allocs/op", Name: name, Value: 3}, {Metric: "B/op", Name: name, Value: 2},
		}},
		{"no CPU time", []results.Load{load(nil, v(0), v(2))}, []results.Figure{
			{Metric: "allocs/op", Name: name, Value: 0}, {Metric: "B/op", Name: name, Value: 2},
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, results.Figures(&results.File{Load: row.loads})); diff != "" {
				t.Error(diff)
			}
		})
	}
}
