package render

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

// Benchfmt writes the figures of f (results.Figures) in Go's benchmark format
// (golang.org/design/14313-benchmark-format, with unit metadata as benchstat
// reads it): where and with what was measured, which way each unit is better,
// then one line for each name. The number after a name is always 1: a figure is
// of a whole run. A result without figures gives nothing.
func Benchfmt(w io.Writer, f *results.File) error {
	figures := results.Figures(f)
	if len(figures) == 0 {
		return nil
	}
	p := &printer{w: w}
	p.benchConfig(f)
	p.benchUnits(figures)
	p.benchLines(figures)
	return p.err
}

// benchConfig uses the words of go test where it has one.
func (p *printer) benchConfig(f *results.File) {
	e := f.Environment
	for _, c := range [][2]string{
		{"goos", e.OS}, {"goarch", e.Arch}, {"cpu", e.CPU}, {"go", e.Go}, {"gomaxprocs", positive(e.GOMAXPROCS)},
		{"kmsmac", f.Tool.Version}, {"command", f.Plan.Command}, {"target", e.Endpoint.Kind}, {"run", f.RunID},
	} {
		if value := strings.Join(strings.Fields(c[1]), " "); value != "" { // a line is a line
			p.printf("%s: %s\n", c[0], value)
		}
	}
	p.printf("\n")
}

func positive(n int) string {
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// exactUnits come out the same however often they are measured.
var exactUnits = []string{"allocs/op", "B/op"}

func (p *printer) benchUnits(figures []results.Figure) {
	var seen []string
	for _, f := range figures {
		if slices.Contains(seen, f.Metric) {
			continue
		}
		seen = append(seen, f.Metric)
		better := "lower"
		if f.HigherIsBetter {
			better = "higher"
		}
		p.printf("Unit %s better=%s\n", f.Metric, better)
		if slices.Contains(exactUnits, f.Metric) {
			p.printf("Unit %s assume=exact\n", f.Metric)
		}
	}
}

// benchLines puts the figures of one name on one line, in the order of names.
func (p *printer) benchLines(figures []results.Figure) {
	var names []string
	values := map[string]string{}
	for _, f := range figures {
		if _, ok := values[f.Name]; !ok {
			names = append(names, f.Name)
		}
		values[f.Name] += " " + strconv.FormatFloat(f.Value, 'f', -1, 64) + " " + f.Metric
	}
	for _, name := range names {
		p.printf("Benchmark%s 1%s\n", strings.ReplaceAll(name, " ", "_"), values[name])
	}
}
