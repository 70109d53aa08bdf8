package render

import (
	"cmp"
	"fmt"
	"slices"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"

	"github.com/kmsmac/kmsmac/results"
)

// sweepUnit is what a sweep raises.
func sweepUnit(s *results.Sweep) string {
	if s.Over == "concurrency" {
		return "requests in flight"
	}
	return "arrivals per second"
}

// sweepFigures are latency against throughput, and throughput against load with
// the knee. Sweeps of several runs lie over each other.
func sweepFigures(runs []Run) []figure {
	latency := figure{title: "Response time against throughput", note: "Each mark is one load; a cross broke a limit. The lines join the loads that broke none, by the median of repeats."}
	p := panel{x: axis{label: "successes per second", zero: true, text: rateText}, y: timeAxis("response time")}
	var load []figure
	for i, r := range runs {
		if r.Sweep == nil || len(r.Sweep.Points) == 0 {
			continue
		}
		p.sweepCurves(letter(i), r.Sweep)
		load = append(load, kneeFigure(letter(i), r.Sweep))
	}
	latency.panels = []panel{p}
	return append([]figure{latency}, load...)
}

func (p *panel) sweepCurves(name string, s *results.Sweep) {
	for _, c := range []struct {
		name string
		of   func(*results.Latency) int64
	}{{"p50", func(l *results.Latency) int64 { return l.P50 }}, {"p99", func(l *results.Latency) int64 { return l.P99 }}} {
		at := func(pt results.SweepPoint) plotter.XY {
			return plotter.XY{X: pt.AchievedRate, Y: max(float64(c.of(pt.Response)), leastDrawn)}
		}
		held, broken := split(s.Points, at)
		colour := paint(len(p.curves) / 3)
		line := medians(s.Points, at)
		p.curves = append(p.curves, curve{name: name + " " + c.name, text: lineText(line), parts: parts(line), paint: colour},
			curve{parts: parts(held), paint: colour, marks: draw.CircleGlyph{}}, curve{parts: parts(broken), paint: colour, marks: draw.CrossGlyph{}})
	}
}

// parts is one unbroken line, or none.
func parts(points plotter.XYs) []plotter.XYs {
	if len(points) == 0 {
		return nil
	}
	return []plotter.XYs{points}
}

// split separates the loads that kept the limits from those that did not.
// Loads without a success have no place in the picture.
func split(points []results.SweepPoint, at func(results.SweepPoint) plotter.XY) (held, broken plotter.XYs) {
	for _, pt := range points {
		switch {
		case pt.Response == nil:
		case len(pt.Broken) == 0:
			held = append(held, at(pt))
		default:
			broken = append(broken, at(pt))
		}
	}
	return held, broken
}

// medians is one point for each load that broke no limit in any of its turns,
// by rising load.
func medians(points []results.SweepPoint, at func(results.SweepPoint) plotter.XY) plotter.XYs {
	turns, over := map[float64]plotter.XYs{}, map[float64]bool{}
	for _, pt := range points {
		if pt.Response == nil || len(pt.Broken) > 0 {
			over[pt.Value] = true
			continue
		}
		turns[pt.Value] = append(turns[pt.Value], at(pt))
	}
	var out plotter.XYs
	for _, value := range sortedKeys(turns) {
		if over[value] {
			continue
		}
		var xs, ys []float64
		for _, xy := range turns[value] {
			xs, ys = append(xs, xy.X), append(ys, xy.Y)
		}
		out = append(out, plotter.XY{X: results.Quantile(xs, 0.5), Y: results.Quantile(ys, 0.5)})
	}
	return out
}

func lineText(line plotter.XYs) string {
	if len(line) == 0 {
		return "no load kept the limits"
	}
	first, last := line[0], line[len(line)-1]
	return fmt.Sprintf("%s at %.0f/s, %s at %.0f/s", timeText(first.Y), first.X, timeText(last.Y), last.X)
}

// kneeFigure is throughput against load, with the knee and its interval.
func kneeFigure(name string, s *results.Sweep) figure {
	f := figure{title: name + ": throughput against load"}
	p := panel{x: axis{label: sweepUnit(s), log: true, text: rateText}, y: axis{label: "successes per second", zero: true, text: rateText}}
	at := func(pt results.SweepPoint) plotter.XY { return plotter.XY{X: pt.Value, Y: pt.AchievedRate} }
	all := slices.SortedFunc(slices.Values(s.Points), func(a, b results.SweepPoint) int { return cmp.Compare(a.Value, b.Value) })
	held, broken := split(all, at)
	p.curves = []curve{{name: "successes per second", text: fmt.Sprintf("%d loads, a cross for each of the %d that broke a limit", len(all), len(all)-len(held)), parts: parts(medians(s.Points, at))},
		{parts: parts(held), marks: draw.CircleGlyph{}}, {parts: parts(broken), marks: draw.CrossGlyph{}}}
	if s.Over != "concurrency" {
		ideal := plotter.XYs{{X: all[0].Value, Y: all[0].Value}, {X: all[len(all)-1].Value, Y: all[len(all)-1].Value}}
		p.curves = append(p.curves, curve{name: "all that was asked for", text: "where the line would be if nothing were lost", parts: straight(ideal), paint: lineColours + 2})
	}
	if k := s.Knee; k != nil && k.Value > 0 {
		p.bands = []band{{kneeText(s), k.Value, k.Value, 1}}
		if len(k.Repeats) != 1 { // else there is no interval
			p.bands = append([]band{{kneeText(s), k.Low, max(k.High, k.Low), paintKnee}}, p.bands...)
		}
	}
	f.panels = []panel{p}
	return f
}

// straight gives a line enough points to be straight on a plain scale where the
// axis is logarithmic.
func straight(ends plotter.XYs) []plotter.XYs {
	const n = 32
	var out plotter.XYs
	for i := range n + 1 {
		share := float64(i) / n
		out = append(out, plotter.XY{X: ends[0].X + (ends[1].X-ends[0].X)*share, Y: ends[0].Y + (ends[1].Y-ends[0].Y)*share})
	}
	return []plotter.XYs{out}
}
