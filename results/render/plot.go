package render

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/kmsmac/kmsmac/results"
)

// palette tells lines apart in light, dark and, by dashes, without colour.
var palette = []color.Color{
	color.NRGBA{R: 0x1f, G: 0x77, B: 0xd0, A: 0xff}, color.NRGBA{R: 0xe0, G: 0x6c, B: 0x1a, A: 0xff},
	color.NRGBA{R: 0x2c, G: 0xa0, B: 0x5a, A: 0xff}, color.NRGBA{R: 0xc0, G: 0x4a, B: 0xc0, A: 0xff},
}

var dashes = [][]vg.Length{nil, {vg.Points(6), vg.Points(3)}, {vg.Points(2), vg.Points(2)}}

// curve is one line of a plot.
type curve struct {
	name   string
	points plotter.XYs
	text   string // in words, for those who do not see it
}

// latencyPlot draws response (and service) time by percentile, the HDR way: the
// axis counts nines. It is empty when no file has a histogram.
func latencyPlot(files []*results.File) (template.HTML, error) {
	var curves []curve
	for i, f := range files {
		for _, l := range f.Load {
			for _, clock := range []string{"response", "service"} {
				text := l.Histograms[clock]
				if text == "" {
					continue
				}
				c, err := percentileCurve(text)
				if err != nil {
					return "", fmt.Errorf("render: %s %s: %w", l.Operation, clock, err)
				}
				c.name = fmt.Sprintf("%s %s %s", strings.SplitN(fileLabel(i, f), ":", 2)[0], l.Operation, clock)
				curves = append(curves, c)
			}
		}
	}
	if len(curves) == 0 {
		return "", nil
	}
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "percentile", "milliseconds"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker = nines
	p.Y.Tick.Marker = plot.LogTicks{Prec: -1}
	return drawCurves(p, curves, "Latency by percentile")
}

// percentileCurve samples a histogram at evenly spaced points of 1/(1−q). The
// last point is the maximum, which stands at its own rank.
func percentileCurve(text string) (curve, error) {
	h, err := results.DecodeHistogram(text)
	if err != nil || h.TotalCount() == 0 {
		return curve{}, err
	}
	var c curve
	end := math.Log10(float64(max(h.TotalCount(), 10)))
	for x := 0.0; x <= end; x += 0.02 {
		q := 1 - math.Pow(10, -x)
		c.points = append(c.points, plotter.XY{X: math.Pow(10, x), Y: max(float64(results.ValueAt(h, q)), 1) / 1e6})
	}
	l := results.LatencyOf(h)
	c.text = fmt.Sprintf("p50 %s, p90 %s, p99 %s, p99.9 %s, maximum %s", ms(l.P50), ms(l.P90), ms(l.P99), ms(l.P999), ms(l.Max))
	return c, nil
}

// nines are the ticks of a percentile axis.
var nines = plot.ConstantTicks([]plot.Tick{
	{Value: 1, Label: "0 %"}, {Value: 2, Label: "50 %"}, {Value: 10, Label: "90 %"}, {Value: 100, Label: "99 %"},
	{Value: 1000, Label: "99.9 %"}, {Value: 1e4, Label: "99.99 %"}, {Value: 1e5, Label: "99.999 %"}, {Value: 1e6, Label: "99.9999 %"},
})

// drawCurves returns a figure: an SVG that takes its black from the page's
// text colour, and the same in words.
func drawCurves(p *plot.Plot, curves []curve, title string) (template.HTML, error) {
	p.BackgroundColor = nil
	p.Add(plotter.NewGrid())
	for i, c := range curves {
		if len(c.points) < 2 {
			continue
		}
		line, err := plotter.NewLine(c.points)
		if err != nil {
			return "", fmt.Errorf("render: %s: %w", c.name, err)
		}
		line.Color, line.Width = palette[i%len(palette)], vg.Points(1.5)
		line.Dashes = dashes[i/len(palette)%len(dashes)]
		p.Add(line)
	}
	canvas := vgsvg.New(24*vg.Centimeter, 12*vg.Centimeter)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", err
	}
	svg := b.String()
	svg = svg[strings.Index(svg, "<svg"):]
	svg = strings.Replace(svg, "<svg ", `<svg class="plot" role="img" aria-label="`+template.HTMLEscapeString(title)+`" `, 1)
	svg = strings.ReplaceAll(svg, "#000000", "currentColor")
	var words strings.Builder
	for i, c := range curves {
		fmt.Fprintf(&words, "<li>%s %s: %s</li>", swatch(i), template.HTMLEscapeString(c.name), template.HTMLEscapeString(c.text))
	}
	return template.HTML(`<figure><div class="scroll">` + svg + "</div><figcaption>" + template.HTMLEscapeString(title) + "<ul>" + words.String() + "</ul></figcaption></figure>"), nil
}

// swatch is a piece of line i for the caption, which serves as the legend.
func swatch(i int) string {
	r, g, b, _ := palette[i%len(palette)].RGBA()
	var dash []string
	for _, d := range dashes[i/len(palette)%len(dashes)] {
		dash = append(dash, fmt.Sprintf("%g", d.Points()))
	}
	return fmt.Sprintf(`<svg class="swatch" viewBox="0 0 40 12" aria-hidden="true"><path d="M0 6H40" fill="none" stroke="#%02x%02x%02x" stroke-width="3" stroke-dasharray="%s"/></svg>`,
		r>>8, g>>8, b>>8, strings.Join(dash, ","))
}
