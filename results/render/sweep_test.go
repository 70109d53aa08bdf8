package render_test

import (
	"io"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

func TestSweepText(t *testing.T) {
	point := results.SweepPoint{Value: 337.5, Phase: results.SweepRepeat, Repeat: 2, AnsweredRate: 310, AchievedRate: 300, Failed: 7, Throttled: 5,
		Response: &results.Latency{P50: 2e6, P99: 3e7}, Broken: []string{"throttle_share", "p99"}}
	limited := func(of int, label ...string) (out []results.SweepPoint) {
		for i := range of {
			out = append(out, results.SweepPoint{Value: 10, Phase: "climb"})
			if i < len(label) && label[i] != "" {
				out[i].Labels = []string{label[i]}
			}
		}
		return out
	}
	const generator, workers = "generator_limited", "concurrency_limited"
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
		{"one repeat", results.Sweep{Stopped: "limit", Knee: &results.Knee{Value: 748.55, Low: 748.55, High: 748.55, Repeats: make([]float64, 1)}}, []string{"  knee: 748.55, by one repeat, which gives no interval (--repeats)\n"}, "confidence"},
		{"one repeat, open above", results.Sweep{Knee: &results.Knee{Value: 8, High: 8, HighOpen: true, Repeats: make([]float64, 1)}}, []string{"knee: 8 or more, by one repeat"}, "between"},
		{"one repeat, below", results.Sweep{Knee: &results.Knee{LowOpen: true, Repeats: make([]float64, 1)}}, []string{"below the loads that were repeated, in the one repeat"}, "most of"},
		{"no label", results.Sweep{Points: limited(2)}, nil, "label"},
		{"half limited", results.Sweep{Points: limited(2, generator)}, []string{"  labels\n", "  generator_limited\n"}, "limited by"},
		{"most limited", results.Sweep{Points: limited(3, generator, "", generator)}, []string{"  labels\n", "  limited by the generator: 2 of 3 loads: their times say more about this machine than about the target, and plan uses none of them\n"}, "workers"},
		{"all limited", results.Sweep{Points: limited(2, generator, generator)}, []string{"limited by the generator: all 2 loads: "}, "workers"},
		{"the only one", results.Sweep{Points: limited(1, workers)}, []string{"  concurrency_limited\n", "short of free workers: the only load: arrivals waited for one"}, "limited by"},
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

// TestSweepLabels: labels and what they mean stand in the Markdown and on the
// page, too.
func TestSweepLabels(t *testing.T) {
	f := swept("rate")
	for i := range f.Sweep.Points[:5] {
		f.Sweep.Points[i].Labels = []string{"concurrency_limited", "generator_limited"}
	}
	for _, row := range []struct {
		name  string
		write func(io.Writer, *results.File) error
		want  []string
	}{
		{"Markdown", render.Markdown, []string{" | labels |\n", "| concurrency_limited, generator_limited |\n", "**limited by the generator: 5 of 8 loads: ", "**short of free workers: 5 of 8 loads: "}},
		{"page", func(w io.Writer, f *results.File) error { return render.HTML(w, f) },
			[]string{"labels</th>", "concurrency_limited, generator_limited</td>", `<p class="warn">limited by the generator: 5 of 8 loads: `}},
	} {
		var b strings.Builder
		if err := row.write(&b, f); err != nil {
			t.Fatal(err)
		}
		for _, want := range row.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: no %q in:\n%s", row.name, want, b.String())
			}
		}
	}
}
