package render_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

// TestGoldenForms are the forms of results that TestGolden does not have.
func TestGoldenForms(t *testing.T) {
	formula := full()
	formula.Load[0].Errors = map[string]int64{"=cmd|' /C calc'!A0": 1}
	rows := []struct {
		name  string
		write func(io.Writer) error
	}{
		{"plot.txt", func(w io.Writer) error {
			return render.Plots(w, render.Run{File: loaded(t, 1000, time.Millisecond)}, render.Run{File: loaded(t, 2000, 3*time.Millisecond)})
		}},
		{"plot-sweep.txt", func(w io.Writer) error { return render.Plots(w, render.Run{File: swept("rate")}) }},
		{"full.csv", func(w io.Writer) error { return render.CSV(w, formula) }},
		{"sweep.csv", func(w io.Writer) error { return render.CSV(w, swept("concurrency")) }},
		{"engine.csv", func(w io.Writer) error { return render.CSV(w, engineFile(false)) }},
		{"sweep.txt", func(w io.Writer) error { return render.Text(w, swept("rate")) }},
		{"sweep.md", func(w io.Writer) error { return render.Markdown(w, swept("concurrency")) }},
		{"engine.md", func(w io.Writer) error { return render.Markdown(w, engineFile(true)) }},
		{"goals.md", func(w io.Writer) error { return render.Markdown(w, goalsFile()) }},
		{"sweep.xml", func(w io.Writer) error { return render.JUnit(w, swept("rate")) }},
		{"goals.xml", func(w io.Writer) error { return render.JUnit(w, goalsFile()) }},
		{"comparison.md", func(w io.Writer) error { return render.ComparisonMarkdown(w, *compared()) }},
		{"matrix.md", func(w io.Writer) error {
			return render.MatrixMarkdown(w, []*results.File{full(), full()}, []string{"one", "a | b"})
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var b strings.Builder
			if err := row.write(&b); err != nil {
				t.Fatal(err)
			}
			golden(t, row.name, b.String())
			if err := row.write(fullDisk{}); !errors.Is(err, errFull) {
				t.Errorf("on a full disk: got %v, want %v", err, errFull)
			}
		})
	}
}

func ExamplePlots() {
	sweep := &results.Sweep{Over: "concurrency", Points: []results.SweepPoint{
		{Value: 1, AchievedRate: 100, Response: &results.Latency{P50: 1e6, P99: 2e6}},
		{Value: 2, AchievedRate: 200, Response: &results.Latency{P50: 2e6, P99: 5e6}},
	}}
	if err := render.Plots(os.Stdout, render.Run{File: &results.File{Sweep: sweep}}); err != nil {
		panic(err)
	}
	// Output:
	// Response time against throughput
	//      5 ms |                                                            oo
	//           |                                                        oooo
	//           |                                                    oooo
	//           |                                                 ooo
	//           |                                             oooo
	//           |                                          ooo
	//           |                                      oooo
	//           |                                  oooo
	//           |                               ooo
	//      2 ms |                              o                          *****
	//           |                                                    *****
	//           |                                               *****
	//           |                                          *****
	//           |                                      ****
	//           |                                 *****
	//      1 ms |                              ***
	//           +----------------------------------------------------------------
	//            0              50             100            150             200
	//            successes per second
	//   * A p50: 1 ms at 100/s, 2 ms at 200/s
	//   o A p99: 2 ms at 100/s, 5 ms at 200/s
}
