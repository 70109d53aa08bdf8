package render

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// panel is one pair of axes.
type panel struct {
	x, y   axis
	curves []curve
	bands  []band
}

// curve is one line of a panel.
type curve struct {
	name  string           // empty: it belongs to the curve before it
	text  string           // in words, for those who do not see it
	parts []plotter.XYs    // a line each; what was not measured is a gap
	paint paint            // colour; dashes tell apart what shares one
	marks draw.GlyphDrawer // at every point; nil draws the line alone
}

// band shades a stretch of the horizontal axis over the whole height.
type band struct {
	name     string
	from, to float64
	paint    paint
}

const textSize = vg.Length(10)

// plot makes the panel's axes, bands and lines.
func (p panel) plot(size picture) (*plot.Plot, error) {
	p = p.drawable()
	out := plot.New()
	out.BackgroundColor = nil
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = paintGrid, paintGrid
	grid.Vertical.Width, grid.Horizontal.Width = 0.5, 0.5
	out.Add(shades(p.bands), grid)
	for _, c := range p.curves {
		for _, part := range c.parts {
			if err := addLine(out, c, part); err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	p.x.limits(p.each(func(xy plotter.XY) float64 { return xy.X })).apply(&out.X, size.ticks, "")
	p.y.limits(p.each(func(xy plotter.XY) float64 { return xy.Y })).apply(&out.Y, min(size.ticks, 6), "\u00a0")
	return out, nil
}

// drawable leaves out points that have no place on the axes: what is not
// finite, and what is not above 0 on a logarithmic one. Only a file that was
// edited by hand holds such.
func (p panel) drawable() panel {
	fits := func(a axis, v float64) bool { return !math.IsNaN(v) && math.Abs(v) < 1e18 && (!a.log || v > 1e-18) }
	curves := slices.Clone(p.curves)
	for i, c := range curves {
		curves[i].parts = nil
		for _, part := range c.parts {
			part = slices.DeleteFunc(slices.Clone(part), func(xy plotter.XY) bool { return !fits(p.x, xy.X) || !fits(p.y, xy.Y) })
			curves[i].parts = append(curves[i].parts, parts(part)...)
		}
	}
	p.curves = curves
	return p
}

func addLine(out *plot.Plot, c curve, part plotter.XYs) error {
	if len(part) > 1 && c.name != "" {
		line, err := plotter.NewLine(part)
		if err != nil {
			return err
		}
		line.Color, line.Width, line.Dashes = c.paint, 1.5, c.paint.dashes()
		out.Add(line)
	}
	marks := c.marks
	if marks == nil && len(part) == 1 {
		marks = draw.CircleGlyph{} // a line of one point
	}
	if marks == nil {
		return nil
	}
	points, err := plotter.NewScatter(part)
	if err != nil {
		return err
	}
	points.GlyphStyle = draw.GlyphStyle{Color: c.paint, Radius: 2.5, Shape: marks}
	if _, ok := marks.(draw.CrossGlyph); ok {
		points.Radius = 4 // its lines are thin
	}
	out.Add(points)
	return nil
}

// each picks one coordinate of every point.
func (p panel) each(of func(plotter.XY) float64) []float64 {
	var out []float64
	for _, c := range p.curves {
		for _, part := range c.parts {
			for _, xy := range part {
				out = append(out, of(xy))
			}
		}
	}
	return out
}

// shades draws bands. A stall is hatched, too: it is told apart without colour.
type shades []band

// Plot draws the bands over the whole height of c.
func (s shades) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, b := range s {
		if b.to < p.X.Min || b.from > p.X.Max {
			continue
		}
		from, to := x(max(b.from, p.X.Min)), x(min(b.to, p.X.Max))
		if to-from < 1 { // a stretch too short for the picture is shown all the same
			from, to = from-0.5, from+0.5
		}
		c.FillPolygon(b.paint, []vg.Point{{X: from, Y: c.Min.Y}, {X: to, Y: c.Min.Y}, {X: to, Y: c.Max.Y}, {X: from, Y: c.Max.Y}})
		if b.paint != paintStall {
			continue
		}
		for at := from; at <= to; at += 4 {
			c.StrokeLine2(draw.LineStyle{Color: b.paint, Width: 1}, at, c.Min.Y, at, c.Max.Y)
		}
	}
}
