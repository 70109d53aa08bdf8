package render

import (
	"bytes"
	"fmt"
	"html/template"
	"regexp"
	"strings"

	"gonum.org/v1/plot"
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
