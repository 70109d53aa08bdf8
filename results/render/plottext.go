package render

import (
	"fmt"
	"io"
	"math"
	"strings"

	"gonum.org/v1/plot/plotter"
)

// Size of a picture in a terminal, in characters, and what its lines are made of.
const (
	textColumns = 64
	textRows    = 16
	textMarks   = "*o+x#%@&"
)

// Plots draws runs with characters: response time by percentile and, for
// sweeps, response time against throughput, all runs laid over each other. It
// prints nothing of runs that have neither.
func Plots(w io.Writer, runs ...Run) error {
	response, err := responseFigure(runs)
	if err != nil {
		return err
	}
	figures := []figure{response, sweepFigures(runs)[0]}
	p := &printer{w: w}
	for _, f := range figures {
		if !f.empty() {
			p.figure(f)
		}
	}
	return p.err
}

// figure draws the first panel of f and its legend.
func (p *printer) figure(f figure) {
	panel := f.panels[0].drawable()
	x := panel.x.limits(panel.each(func(xy plotter.XY) float64 { return xy.X }))
	y := panel.y.limits(panel.each(func(xy plotter.XY) float64 { return xy.Y }))
	grid := make([][]rune, textRows)
	for i := range grid {
		grid[i] = []rune(strings.Repeat(" ", textColumns))
	}
	p.printf("%s\n", f.title)
	var legend []string
	for _, c := range panel.curves {
		if c.name == "" {
			continue
		}
		mark := rune(textMarks[len(legend)%len(textMarks)])
		for _, part := range c.parts {
			stroke(grid, part, x, y, mark)
		}
		legend = append(legend, fmt.Sprintf("  %c %s: %s\n", mark, c.name, c.text))
	}
	p.axes(grid, x, y)
	for _, line := range legend {
		p.printf("%s", line)
	}
	p.printf("\n")
}

// stroke draws a line: in each column between two points, the cell nearest to it.
func stroke(grid [][]rune, points plotter.XYs, x, y axis, mark rune) {
	last := -1.0
	var lastRow float64
	for _, xy := range points {
		column, row := x.place(xy.X)*(textColumns-1), y.place(xy.Y)*(textRows-1)
		steps := 1.0
		if last >= 0 {
			steps = max(1, math.Ceil(math.Abs(column-last)))
		} else {
			last, lastRow = column, row
		}
		for i := 1.0; i <= steps; i++ {
			c, r := last+(column-last)*i/steps, lastRow+(row-lastRow)*i/steps
			grid[textRows-1-int(math.Round(r))][int(math.Round(c))] = mark
		}
		last, lastRow = column, row
	}
}

// place is where on the axis v stands, 0 to 1.
func (a axis) place(v float64) float64 {
	if a.log {
		return math.Log(v/a.min) / math.Log(a.max/a.min)
	}
	return (v - a.min) / (a.max - a.min)
}

// axes prints the grid with labelled ticks to the left and below.
func (p *printer) axes(grid [][]rune, x, y axis) {
	labels := map[int]string{}
	for _, t := range y.tickList(y.min, y.max, 6) {
		if t.Label != "" {
			labels[textRows-1-int(math.Round(y.place(t.Value)*(textRows-1)))] = t.Label
		}
	}
	for i, row := range grid {
		p.printf("%9s |%s\n", labels[i], strings.TrimRight(string(row), " "))
	}
	below := []rune(strings.Repeat(" ", textColumns+20))
	free := 0
	for _, t := range x.tickList(x.min, x.max, 5) {
		at := int(math.Round(x.place(t.Value) * (textColumns - 1)))
		if t.Label == "" || at < free {
			continue
		}
		free = at + copy(below[at:], []rune(t.Label)) + 1
	}
	p.printf("%9s +%s\n", "", strings.Repeat("-", textColumns))
	p.printf("%9s  %s\n%9s  %s\n", "", strings.TrimRight(string(below), " "), "", x.label)
}
