package render_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

// What is of the generator is shown once, with nothing that is not known.
func TestGeneratorText(t *testing.T) {
	v := func(f float64) *float64 { return &f }
	one := results.Load{Operation: "GenerateMac", Client: "lean", Refused: 7, Labels: []string{"concurrency_limited"}, WorkersNeeded: 90,
		CPUPerRequest: v(31_400), AllocsPerRequest: v(12.25), BytesPerRequest: v(2048),
		Network:     &results.Network{BytesSent: 10, BytesReceived: 20, Protocol: "HTTP/1.1", DateDelta: -3 * time.Second},
		Calibration: &results.Calibration{Floor: results.Latency{P50: 41_000, P99: 90_000}, CeilingPerSecond: 23_456.7, Concurrency: 64}}
	unknown := one
	unknown.CPUPerRequest = nil
	for _, row := range []struct {
		name  string
		loads []results.Load
		want  []string
		not   []string
	}{
		{"all", []results.Load{one, one}, []string{
			"each request: 31.4 µs of CPU time, 12.2 allocations, 2048 bytes", "service time 0.041 ms at p50", "at most 23457/s, 64 at a time",
			"clock is off by -3s", "concurrency_limited: arrivals waited for a free worker; 90 workers would do", "refused 7"}, nil},
		{"no CPU time", []results.Load{unknown}, []string{"CPU time not known here"}, []string{"0.0 µs"}},
		{"none", []results.Load{{Operation: "GenerateMac"}}, nil, []string{"generator:", "refused"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var b strings.Builder
			if err := render.Text(&b, &results.File{Load: row.loads}); err != nil {
				t.Fatal(err)
			}
			for _, want := range row.want {
				if !strings.Contains(b.String(), want) {
					t.Errorf("no %q in:\n%s", want, b.String())
				}
			}
			for _, not := range row.not {
				if strings.Contains(b.String(), not) {
					t.Errorf("%q in:\n%s", not, b.String())
				}
			}
			if n := strings.Count(b.String(), "generator:"); n > 1 {
				t.Errorf("the generator is shown %d times", n)
			}
		})
	}
}
