package render_test

import (
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

func TestSweepText(t *testing.T) {
	point := results.SweepPoint{Value: 337.5, Phase: results.SweepRepeat, Repeat: 2, AnsweredRate: 310, AchievedRate: 300, Failed: 7, Throttled: 5,
		Response: &results.Latency{P50: 2e6, P99: 3e7}, Broken: []string{"throttle_share", "p99"}}
	for _, row := range []struct {
		name  string
		sweep results.Sweep
		want  []string
		not   string
	}{
		{"knee", results.Sweep{Over: "rate", Client: "lean", Points: []results.SweepPoint{point}, Stopped: "limit",
			Knee: &results.Knee{Value: 225, Low: 200, High: 250, Confidence: 0.9375, Repeats: make([]float64, 5)}},
			[]string{"sweep over arrivals per second, client lean", "337.5", "repeat 2", "310", "2.000 ms", "throttle_share, p99",
				"knee: 225, between 200 and 250 in 5 interleaved repeats (93.8 % confidence)"}, "–"},
		{"open ends", results.Sweep{Over: "concurrency", Stopped: "limit", Knee: &results.Knee{Value: 8, High: 10, LowOpen: true, HighOpen: true, Repeats: make([]float64, 2)}},
			[]string{"requests in flight", "between below the smallest that was repeated and 10 or more"}, "%!"},
		{"below", results.Sweep{Over: "rate", Stopped: "limit", Knee: &results.Knee{LowOpen: true, Repeats: make([]float64, 2)}}, []string{"below the loads that were repeated"}, "between"},
		{"no knee", results.Sweep{Over: "rate", Points: []results.SweepPoint{{Value: 1, Phase: "climb"}}, Stopped: "limit"}, []string{"no knee", "–"}, "%!"},
		{"end", results.Sweep{Over: "rate", Stopped: "end"}, []string{"no limit was broken"}, "knee"},
		{"cut short", results.Sweep{Over: "rate", Stopped: "max_cost"}, []string{"stopped by max_cost"}, "knee"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var b strings.Builder
			if err := render.Text(&b, &results.File{Sweep: &row.sweep}); err != nil {
				t.Fatal(err)
			}
			for _, want := range row.want {
				if !strings.Contains(b.String(), want) {
					t.Errorf("no %q in:\n%s", want, b.String())
				}
			}
			if strings.Contains(b.String(), row.not) {
				t.Errorf("%q in:\n%s", row.not, b.String())
			}
		})
	}
}
