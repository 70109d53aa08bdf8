package render

import (
	"bytes"
	"fmt"
	"html/template"
	"math"
	"regexp"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// figure is a picture and the same in words. Its panels stand one above the
// other and share the horizontal axis.
type figure struct {
	title  string
	note   string // what a reader must know to read it
	panels []panel
}

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

// paint is a colour that the page's style gives, so that it suits light, dark
// and paper: 0 to 3 are those of lines.
type paint int

const (
	lineColours    = 4
	paintStall     = paint(100)
	paintKnee      = paint(101)
	paintGrid      = paint(102)
	paintThrottled = paint(103) // and the two after it: the more, the darker
)

var paintNames = map[paint]string{paintStall: "stall", paintKnee: "knee", paintGrid: "line",
	paintThrottled: "throttled1", paintThrottled + 1: "throttled2", paintThrottled + 2: "throttled3"}

// css is the paint as the page's style names it.
func (p paint) css() string {
	if name := paintNames[p]; name != "" {
		return "var(--" + name + ")"
	}
	return fmt.Sprintf("var(--c%d)", int(p)%lineColours+1)
}

// RGBA stands for the paint until the SVG is written; see painted.
func (p paint) RGBA() (r, g, b, a uint32) { return 0x0180, 0x0180, uint32(p)<<8 | 0x80, 0xffff }

var paintMark = regexp.MustCompile(`#0101([0-9A-F]{2})`)

// painted puts the style's names in the place of colours, and the page's text
// colour in that of black.
func painted(svg string) string {
	svg = paintMark.ReplaceAllStringFunc(svg, func(m string) string {
		var p paint
		_, _ = fmt.Sscanf(m[5:], "%X", &p) // two hex digits, by the expression
		return p.css()
	})
	return strings.ReplaceAll(svg, "#000000", "currentColor")
}

// dashes of the curves that share a colour.
var dashes = [][]vg.Length{nil, {vg.Points(6), vg.Points(3)}, {vg.Points(2), vg.Points(2)}}

func (p paint) dashes() []vg.Length { return dashes[int(p)/lineColours%len(dashes)] }

// maxCurves is how many lines of one panel can be told apart.
var maxCurves = lineColours * len(dashes)

// picture is one size in which a figure is drawn: a page shows the one that
// fits its width, so that text stays legible.
type picture struct {
	class         string
	width, height vg.Length // of one panel
	ticks         int       // about as many on an axis
}

var pictures = []picture{{"wide", 720, 280, 8}, {"narrow", 340, 230, 5}}

// html draws the figure in all sizes, with its legend as the caption. It is
// empty if there is nothing to draw.
func (f figure) html() (template.HTML, error) {
	if f.empty() {
		return "", nil
	}
	var b strings.Builder
	b.WriteString("<figure>")
	for _, size := range pictures {
		svg, err := f.svg(size)
		if err != nil {
			return "", fmt.Errorf("render: %s: %w", f.title, err)
		}
		b.WriteString(svg)
	}
	fmt.Fprintf(&b, "<figcaption><b>%s</b><ul>", template.HTMLEscapeString(f.title))
	for _, k := range f.keys() {
		fmt.Fprintf(&b, "<li>%s %s</li>", k.swatch, template.HTMLEscapeString(k.text))
	}
	fmt.Fprintf(&b, "</ul>%s</figcaption></figure>\n", template.HTMLEscapeString(f.note))
	return template.HTML(b.String()), nil
}

func (f figure) empty() bool {
	for _, p := range f.panels {
		for _, c := range p.drawable().curves {
			if len(c.parts) > 0 {
				return false
			}
		}
	}
	return true
}

// svg draws one size. Its title and description are for those who do not see
// the picture.
func (f figure) svg(size picture) (string, error) {
	canvas := vgsvg.New(size.width, size.height*vg.Length(len(f.panels)))
	rows := make([][]*plot.Plot, len(f.panels))
	for i, p := range f.panels {
		drawn, err := p.plot(size)
		if err != nil {
			return "", err
		}
		if i < len(f.panels)-1 {
			drawn.X.Label.Text = ""
		}
		rows[i] = []*plot.Plot{drawn}
	}
	tiles := draw.Tiles{Rows: len(rows), Cols: 1, PadY: 6, PadTop: 4, PadRight: 14, PadBottom: 2, PadLeft: 2}
	for i, row := range plot.Align(rows, tiles, draw.New(canvas)) {
		rows[i][0].Draw(row[0])
	}
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", err
	}
	svg := b.String()
	at := strings.Index(svg, "<svg")
	end := at + strings.Index(svg[at:], ">") + 1
	var words []string
	for _, k := range f.keys() {
		words = append(words, k.text)
	}
	head := fmt.Sprintf(`<svg class="plot %s" role="img" aria-label="%s" viewBox="0 0 %g %g"><title>%s</title><desc>%s</desc>`, size.class,
		template.HTMLEscapeString(f.title), float64(size.width), float64(size.height)*float64(len(rows)),
		template.HTMLEscapeString(f.title), template.HTMLEscapeString(strings.Join(words, "; ")))
	return head + fontStyle.ReplaceAllString(painted(svg[end:]), ""), nil
}

// fontStyle is what the page's style says once for all text.
var fontStyle = regexp.MustCompile(`font-family:[^;"]*;font-variant:[^;"]*;font-weight:[^;"]*;font-style:[^;"]*;`)

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

// key is one line of a legend.
type key struct{ swatch, text string }

// keys are one for each curve, then one for each kind of band.
func (f figure) keys() []key {
	var out []key
	for _, p := range f.panels {
		for _, c := range p.curves {
			if c.name == "" { // the marks of a line that has one
				continue
			}
			out = append(out, key{c.paint.swatch(), c.name + ": " + c.text})
		}
	}
	seen := map[string]bool{}
	for _, p := range f.panels {
		for _, b := range p.bands {
			if !seen[b.name] {
				seen[b.name] = true
				out = append(out, key{fmt.Sprintf(`<svg class="swatch" viewBox="0 0 40 12" aria-hidden="true"><path d="M0 0H40V12H0Z" fill="%s"/></svg>`, b.paint.css()), b.name})
			}
		}
	}
	return out
}

// swatch is a piece of the line.
func (p paint) swatch() string {
	var dash []string
	for _, d := range p.dashes() {
		dash = append(dash, fmt.Sprintf("%g", 1.5*d.Points()))
	}
	return fmt.Sprintf(`<svg class="swatch" viewBox="0 0 40 12" aria-hidden="true"><path d="M0 6H40" fill="none" stroke="%s" stroke-width="3" stroke-dasharray="%s"/></svg>`,
		p.css(), strings.Join(dash, ","))
}
