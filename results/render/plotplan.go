package render

import (
	"fmt"
	"math"
	"time"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"

	"github.com/kmsmac/kmsmac/results"
)

// planFigure draws a curve with the knee, the quota and the wanted point.
func planFigure(i int, c *results.CapacityCurve, plan *results.Capacity) figure {
	if c.Over == "concurrency" {
		return closedFigure(i, c, plan)
	}
	p := panel{x: axis{label: "requests per second in one place", log: true, text: rateText}, y: timeAxis("p99 of the response time")}
	p.y.log = true
	used, left := planPoints(c, func(pt results.CapacityPoint) plotter.XY { return plotter.XY{X: pt.Load, Y: float64(pt.P99)} })
	p.curves = append(p.curves, curve{name: "measured", text: fmt.Sprintf("%d loads", len(used)), parts: singles(used), marks: draw.CircleGlyph{}})
	p.curves = append(p.curves, curve{name: "too much, or not used", text: fmt.Sprintf("%d loads", len(left)), parts: singles(left), marks: draw.CrossGlyph{}})
	var fit, low, high plotter.XYs
	for _, l := range c.Line {
		fit, low, high = append(fit, plotter.XY{X: l.Rate, Y: l.P99}), append(low, plotter.XY{X: l.Rate, Y: l.Low}), append(high, plotter.XY{X: l.Rate, Y: l.High})
	}
	if len(fit) > 0 {
		p.curves = append(p.curves, curve{name: "fit", text: "p99 by the queue", parts: parts(fit), paint: 1},
			curve{name: "95 %", text: "interval of the fit", parts: append(parts(low), parts(high)...), paint: 5})
	}
	mark := wantedMark(plan)
	bottom, top := extent(append([]plotter.XYs{used, left, fit, low, high}, mark.parts...)...)
	upright := func(name, text string, x float64, colour paint) {
		p.curves = append(p.curves, curve{name: name, text: text, parts: parts(plotter.XYs{{X: x, Y: bottom}, {X: x, Y: top}}), paint: colour})
	}
	if c.Capacity != nil {
		upright("knee", c.Capacity.String()+"/s", c.Capacity.Value, 2)
	}
	room := plan.Quota.PerSecond * (1 - plan.Quota.Used)
	upright("quota", rough(room)+"/s left by others", room, 6)
	upright(mark.name, mark.text, plan.Quota.PlaceRate, mark.paint)
	mark.name, mark.text = "", ""
	if mark.parts == nil {
		mark.parts = singles(plotter.XYs{{X: plan.Quota.PlaceRate, Y: top}})
	}
	p.curves = append(p.curves, mark)
	return figure{title: fmt.Sprintf("Curve %d: response time against rate", i), note: "The wanted point stands at the p99 wanted, else at the one expected.", panels: []panel{p}}
}

// wantedMark is where the plan wants to be; without a point if neither the plan
// nor the curve says how high that is.
func wantedMark(plan *results.Capacity) curve {
	at := plotter.XY{X: plan.Quota.PlaceRate}
	text := rough(plan.Quota.PlaceRate) + "/s in one place"
	switch {
	case plan.Wanted.P99 > 0:
		at.Y = float64(plan.Wanted.P99)
		text += ", p99 of " + plan.Wanted.P99.String()
	case plan.Latency != nil:
		at.Y = plan.Latency.P99.Value
	}
	out := curve{name: "wanted", text: text, paint: 3, marks: draw.PyramidGlyph{}}
	if at.Y > 0 {
		out.parts = singles(plotter.XYs{at})
	}
	return out
}

func closedFigure(i int, c *results.CapacityCurve, plan *results.Capacity) figure {
	p := panel{x: axis{label: "requests in flight", log: true}, y: axis{label: "answered per second", log: true, text: rateText}}
	used, left := planPoints(c, func(pt results.CapacityPoint) plotter.XY { return plotter.XY{X: pt.Load, Y: pt.Answered} })
	var fit plotter.XYs
	for _, l := range c.Line {
		fit = append(fit, plotter.XY{X: l.Load, Y: l.Rate})
	}
	all := append(append(plotter.XYs{}, used...), left...)
	from, to := math.Inf(1), 0.0
	for _, xy := range all {
		from, to = min(from, xy.X), max(to, xy.X)
	}
	level := func(name, text string, y float64, colour paint) {
		p.curves = append(p.curves, curve{name: name, text: text, parts: parts(plotter.XYs{{X: from, Y: y}, {X: to, Y: y}}), paint: colour})
	}
	p.curves = append(p.curves, curve{name: "measured", text: fmt.Sprintf("%d loads", len(used)), parts: singles(used), marks: draw.CircleGlyph{}},
		curve{name: "not used", text: fmt.Sprintf("%d loads", len(left)), parts: singles(left), marks: draw.CrossGlyph{}})
	if len(fit) > 0 {
		p.curves = append(p.curves, curve{name: "fit", text: "Universal Scalability Law", parts: parts(fit), paint: 1})
	}
	if c.Capacity != nil {
		level("knee", c.Capacity.String()+"/s", c.Capacity.Value, 2)
	}
	room := plan.Quota.PerSecond * (1 - plan.Quota.Used)
	level("quota", rough(room)+"/s left by others", room, 6)
	level("wanted", rough(plan.Quota.PlaceRate)+"/s in one place", plan.Quota.PlaceRate, 7)
	return figure{title: fmt.Sprintf("Curve %d: throughput against requests in flight", i), panels: []panel{p}}
}

// planPoints parts the loads that a figure rests on from the others.
func planPoints(c *results.CapacityCurve, at func(results.CapacityPoint) plotter.XY) (used, left plotter.XYs) {
	for _, pt := range c.Points {
		if pt.Used == "fit" {
			used = append(used, at(pt))
		} else {
			left = append(left, at(pt))
		}
	}
	return used, left
}

// singles are points without a line between them.
func singles(points plotter.XYs) []plotter.XYs {
	var out []plotter.XYs
	for i := range points {
		out = append(out, points[i:i+1])
	}
	return out
}

// extent is the least and the greatest height, above 0.
func extent(lists ...plotter.XYs) (bottom, top float64) {
	bottom, top = math.Inf(1), 0
	for _, list := range lists {
		for _, xy := range list {
			if xy.Y > 0 && !math.IsInf(xy.Y, 0) {
				bottom, top = min(bottom, xy.Y), max(top, xy.Y)
			}
		}
	}
	if top == 0 {
		return float64(time.Millisecond), float64(time.Second)
	}
	return bottom, top
}
