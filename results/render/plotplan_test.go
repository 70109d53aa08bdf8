package render

import (
	"math"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// TestPlanFigure: the legend names only what is drawn, and the upright line of
// what is wanted reaches its mark.
func TestPlanFigure(t *testing.T) {
	points := []results.CapacityPoint{{Load: 100, Answered: 100, P99: 2e6, Used: "fit"}, {Load: 200, Answered: 190, P99: 4e6, Used: "fit"}}
	line := []results.CapacityLine{{Load: 100, Rate: 100, P99: 2e6, Low: 1e6, High: 3e6}, {Load: 200, Rate: 200, P99: 4e6, Low: 3e6, High: 5e6}}
	for _, row := range []struct {
		name       string
		over       string
		line       []results.CapacityLine
		wanted     time.Duration
		latency    float64 // expected p99
		fit        bool
		mark, from float64 // the mark's height, the line's lower end
		to         float64
	}{
		{"fit", "rate", line, 0, 3e6, true, 3e6, 1e6, 5e6},
		{"above all", "rate", line, 50 * time.Millisecond, 3e6, true, 5e7, 1e6, 5e7},
		{"below all", "rate", nil, time.Millisecond, 0, false, 1e6, 1e6, 4e6},
		{"no height is known", "rate", nil, 0, 0, false, 4e6, 2e6, 4e6},
		{"closed", "concurrency", line, 0, 0, true, 0, 0, 0},
		{"closed without a fit", "concurrency", nil, 0, 0, false, 0, 0, 0},
	} {
		plan := &results.Capacity{Wanted: results.CapacityWanted{P99: row.wanted}, Quota: results.CapacityQuota{PerSecond: 1000, PlaceRate: 150}}
		if row.latency > 0 {
			plan.Latency = &results.CapacityLatency{P99: results.Uncertain{Value: row.latency}}
		}
		names := map[string]curve{}
		var mark curve
		for _, c := range planFigure(1, &results.CapacityCurve{Over: row.over, Points: points, Line: row.line}, plan).panels[0].curves {
			names[c.name] = c
			if c.name == "" {
				mark = c
			}
		}
		_, fit := names["fit"]
		_, interval := names["95 %"]
		if fit != row.fit || interval != (row.fit && row.over == "rate") {
			t.Errorf("%s: fit %v, interval %v", row.name, fit, interval)
		}
		if row.over != "rate" {
			continue
		}
		wanted := names["wanted"].parts[0]
		if from, to := math.Min(wanted[0].Y, wanted[1].Y), math.Max(wanted[0].Y, wanted[1].Y); mark.parts[0][0].Y != row.mark || from != row.from || to != row.to {
			t.Errorf("%s: the mark at %v, the line from %v to %v; want %v, %v, %v", row.name, mark.parts[0][0].Y, from, to, row.mark, row.from, row.to)
		}
	}
}
