package render

import (
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"

	"github.com/kmsmac/kmsmac/results"
)

// History writes trends for a terminal: one line each, with a curve in small
// and below it every change point with its size, chance and run.
func History(w io.Writer, trends []results.Trend) error {
	p := &printer{w: w}
	for i, t := range trends {
		if i == 0 || t.Command != trends[i-1].Command || t.Machine != trends[i-1].Machine || t.PlanHash != trends[i-1].PlanHash {
			p.printf("%s on %s, plan %.12s\n", t.Command, t.Machine, t.PlanHash)
		}
		p.printf("  %s %s: %s, %s, newest %s\n", t.Metric, t.Name, spark(t.Points), runs(len(t.Points)), number(t.Points[len(t.Points)-1].Value))
		for _, c := range t.Changes {
			p.printf("    %s\n", changeLine(t, c))
		}
	}
	changed := slices.IndexFunc(trends, func(t results.Trend) bool { return len(t.Changes) == 0 })
	if changed < 0 {
		changed = len(trends)
	}
	p.printf("%d figures, %d with a change (level 1 %% for each figure); a history informs, it is no gate\n", len(trends), changed)
	return p.err
}

func runs(n int) string {
	if n == 1 {
		return "1 run"
	}
	return fmt.Sprintf("%d runs", n)
}

// changeLine tells of one change point.
func changeLine(t results.Trend, c results.ChangePoint) string {
	at := t.Points[c.At]
	size := ""
	if c.Before > 0 {
		size = " (" + percent(c.After/c.Before) + ")"
	}
	commit := at.Version
	if at.Commit != "" {
		commit += ", commit " + at.Commit
	}
	return fmt.Sprintf("%s since run %s of %s (%s): %s → %s%s, p %.3f", t.Direction(c), at.RunID, at.Started.UTC().Format("2006-01-02 15:04"), commit,
		number(c.Before), number(c.After), size, c.P)
}

// spark is a curve of at most 40 characters, the newest run last.
func spark(points []results.TrendPoint) string {
	points = points[max(0, len(points)-40):]
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range points {
		low, high = min(low, p.Value), max(high, p.Value)
	}
	bars := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, p := range points {
		at := 0
		if high > low {
			at = int((p.Value - low) / (high - low) * float64(len(bars)-1))
		}
		b.WriteRune(bars[at])
	}
	return b.String()
}

// MaxTrendPlots is the most plots on a page of HistoryHTML; the trends beyond
// are in its table only.
const MaxTrendPlots = 40

// HistoryHTML writes trends as one self-contained page: a table of all, then a
// plot for each of the first MaxTrendPlots that have at least two runs.
func HistoryHTML(w io.Writer, trends []results.Trend, tool results.Tool) error {
	data := historyData{All: len(trends)}
	for _, t := range trends {
		row := historyRow{Trend: t, Spark: spark(t.Points), Newest: number(t.Points[len(t.Points)-1].Value)}
		for _, c := range t.Changes {
			row.Lines = append(row.Lines, changeLine(t, c))
		}
		if len(t.Points) > 1 && data.Plots < MaxTrendPlots {
			data.Plots++
			var err error
			if row.Plot, err = trendFigure(t).html(); err != nil {
				return err
			}
		}
		data.Rows = append(data.Rows, row)
	}
	return writePage(w, "kmsmac history", "", tool, "history.body", data)
}

type historyData struct {
	All, Plots int
	Rows       []historyRow
}

type historyRow struct {
	results.Trend
	Spark, Newest string
	Lines         []string
	Plot          template.HTML // empty beyond MaxTrendPlots
}

// trendFigure shows the runs and, over them, the levels between change points.
func trendFigure(t results.Trend) figure {
	var runs plotter.XYs
	for i, p := range t.Points {
		runs = append(runs, plotter.XY{X: float64(i + 1), Y: p.Value})
	}
	text := "no change"
	var lines []string
	for _, c := range t.Changes {
		lines = append(lines, changeLine(t, c))
	}
	if len(lines) > 0 {
		text = strings.Join(lines, "; ")
	}
	n := float64(len(runs))
	y := axis{label: t.Metric, text: rateText}
	if strings.HasSuffix(t.Metric, "ns/op") {
		y = axis{label: strings.TrimSuffix(t.Metric, "-ns/op"), text: timeText}
	}
	return figure{title: t.Metric + " of " + t.Name, panels: []panel{{x: axis{label: "run, oldest first", min: 0.5, max: n + 0.5}, y: y,
		curves: []curve{
			{name: "runs", text: fmt.Sprintf("%d, newest %s", len(runs), number(runs[len(runs)-1].Y)), parts: parts(runs), marks: draw.CircleGlyph{}},
			{name: "level", text: text, parts: parts(levels(t)), paint: 1},
		}}}}
}

// levels is a line along the median of each stretch between change points.
func levels(t results.Trend) plotter.XYs {
	var out plotter.XYs
	from := 0
	stretch := func(to int) {
		values := make([]float64, 0, to-from)
		for _, p := range t.Points[from:to] {
			values = append(values, p.Value)
		}
		y := results.Quantile(values, 0.5)
		out = append(out, plotter.XY{X: float64(from) + 0.5, Y: y}, plotter.XY{X: float64(to) + 0.5, Y: y})
		from = to
	}
	for _, c := range t.Changes {
		stretch(c.At)
	}
	stretch(len(t.Points))
	return out
}
