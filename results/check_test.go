package results_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// TestReadChecksSections: what is derived in a section follows from what is raw
// in it.
func TestReadChecksSections(t *testing.T) {
	engine := func(f *results.File) {
		c := results.EngineCase{Impl: "stdlib", Operation: results.OpSum, Algorithm: "HMAC_SHA_256", Jobs: 1, RoundsNs: []float64{3, 1, 2}}
		c.Summarize()
		f.EngineBench = &results.EngineBench{Cases: []results.EngineCase{c}}
	}
	sweep := func(f *results.File) {
		p := results.SweepPoint{Value: 10, Response: f.Load[0].Response, Histogram: f.Load[0].Histograms["response"]}
		f.Sweep = &results.Sweep{Points: []results.SweepPoint{p}}
	}
	rows := []struct {
		name   string
		change func(f *results.File)
		want   string // "" reads well
	}{
		{"as written", func(*results.File) {}, ""},
		{"without sections", func(f *results.File) { f.Load, f.Conformance, f.Vectors = nil, nil, nil }, ""},
		{"a load without a request", func(f *results.File) {
			f.Load = []results.Load{{Operation: "GenerateMac", KeySpec: "HMAC_256", Mode: "closed", Client: "sdk", Histograms: map[string]string{}}}
		}, ""},
		{"engine bench", engine, ""},
		{"engine bench made faster", func(f *results.File) { engine(f); f.EngineBench.Cases[0].LowNs = 0.5 }, "low_ns is 0.5 and median_ns 2; its rounds say 1 and 2"},
		{"engine bench of no job", func(f *results.File) { engine(f); f.EngineBench.Cases[0].Jobs = 0 }, "jobs is 0"},
		{"sweep", sweep, ""},
		{"sweep made faster", func(f *results.File) {
			sweep(f)
			f.Sweep.Points[0].Response = &results.Latency{P50: 1}
		}, "sweep point 1: response_ns is p50 1"},
		{"sweep of less than nothing", func(f *results.File) { sweep(f); f.Sweep.Points[0].Length = -time.Second }, "sweep point 1: length_ns is -1000000000"},
		{"rounds", func(f *results.File) {
			f.Rounds = []results.Rounds{{Metric: "ns/op", Name: "x", Values: []float64{1, 2}, Again: []float64{1, 2}}}
		}, ""},
		{"rounds cut off", func(f *results.File) {
			f.Rounds = []results.Rounds{{Metric: "ns/op", Name: "x", Values: []float64{1, 2}, Again: []float64{1}}}
		}, "rounds ns/op x: 2 values and 1 again"},
	}
	for _, row := range rows {
		f := sample(t)
		row.change(f)
		raw, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "r.json")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = results.Read(path)
		if (err == nil) != (row.want == "") || err != nil && !(strings.Contains(err.Error(), row.want) && strings.Contains(err.Error(), path)) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
}
