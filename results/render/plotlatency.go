package render

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot/plotter"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/kmsmac/kmsmac/results"
)

// leastDrawn is the shortest time that is drawn, in nanoseconds: below a
// microsecond nothing here is meaningful.
const leastDrawn = 1e3

// percentilePanel has the axes of time by percentile: the horizontal one counts
// nines, the way of HdrHistogram.
func percentilePanel(label string) panel { return panel{x: nines(0), y: timeAxis(label)} }

// add draws one histogram, unless it is empty.
func (p *panel) add(name, text string) error {
	h, err := results.DecodeHistogram(text)
	if err != nil {
		return fmt.Errorf("render: %s: %w", name, err)
	}
	if h.TotalCount() == 0 {
		return nil
	}
	l := results.LatencyOf(h)
	p.curves = append(p.curves, curve{name: name, parts: []plotter.XYs{percentiles(h)}, paint: paint(len(p.curves)),
		text: fmt.Sprintf("p50 %s, p90 %s, p99 %s, p99.9 %s, maximum %s", ms(l.P50), ms(l.P90), ms(l.P99), ms(l.P999), ms(l.Max))})
	p.x = nines(max(p.x.max, float64(h.TotalCount())))
	return nil
}

// percentiles are points of h evenly spaced along the nines. The last is the
// maximum, which stands at its own rank.
func percentiles(h *hdrhistogram.Histogram) plotter.XYs {
	n := float64(h.TotalCount())
	end := math.Log10(max(n, 10))
	steps := int(math.Ceil(end / 0.04))
	var out plotter.XYs
	for i := range steps + 1 {
		x := math.Pow(10, end*float64(i)/float64(steps))
		y := max(float64(results.ValueAt(h, 1-1/x)), leastDrawn)
		if last := len(out) - 1; last > 0 && i < steps && out[last].Y == y && out[last-1].Y == y {
			out[last].X = x // longer, not more
			continue
		}
		out = append(out, plotter.XY{X: x, Y: y})
	}
	return out
}

// responseFigure lays the response times of all runs over each other.
func responseFigure(runs []Run) (figure, error) {
	f := figure{title: "Response time by percentile", note: "Response time counts from the moment a request was due. Successes only."}
	p := percentilePanel("response time")
	left := 0
	for i, r := range runs {
		for _, l := range r.Load {
			switch {
			case l.Histograms["response"] == "":
			case len(p.curves) == maxCurves:
				left++
			default:
				if err := p.add(letter(i)+" "+loadName(l, r.Load), l.Histograms["response"]); err != nil {
					return f, err
				}
			}
		}
	}
	if left > 0 {
		f.note += fmt.Sprintf(" %d more are in the tables only.", left)
	}
	f.panels = []panel{p}
	return f, nil
}

// clocksFigure sets the clocks of one load side by side.
func clocksFigure(l results.Load, all []results.Load) (figure, error) {
	f := figure{title: loadName(l, all) + ": its clocks", note: "What is below 1 µs is drawn at 1 µs."}
	p := percentilePanel("time")
	for _, clock := range []struct{ key, name string }{{"response", "response time"}, {"service", "service time"}, {"lag", "lag"}, {"wire", "on the wire"}} {
		if text := l.Histograms[clock.key]; text != "" {
			if err := p.add(clock.name, text); err != nil {
				return f, err
			}
		}
	}
	f.panels = []panel{p}
	return f, nil
}

// loadName tells the loads of one run apart, and says no more than that takes.
func loadName(l results.Load, all []results.Load) string {
	parts := []string{l.Operation, l.KeySpec}
	for _, o := range all {
		if o.Operation == l.Operation && o.KeySpec == l.KeySpec && o.Mode != l.Mode {
			parts = append(parts, l.Mode)
			break
		}
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}
