package render

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

// Comparison writes c for a terminal: what differs first, then one line per
// metric with effect, interval and verdict.
func Comparison(w io.Writer, c results.Comparison) error {
	p := &printer{w: w}
	p.comparison(&c)
	p.printf("verdict: %s\n", c.Verdict)
	return p.err
}

func (p *printer) comparison(c *results.Comparison) {
	if c == nil {
		return
	}
	if len(c.Differences) == 0 {
		p.printf("plan and environment: the same\n")
	} else {
		p.printf("differs:\n")
		for _, d := range c.Differences {
			p.printf("  %s: %s → %s\n", d.Where, d.Base, d.New)
		}
	}
	p.printf("%s\n", sessionText(c))
	rows := [][]string{comparisonHead}
	for _, f := range c.Findings {
		rows = append(rows, comparisonRow(f))
	}
	p.table(rows)
	for _, line := range reasons(c.Findings) {
		p.printf("  %s\n", line)
	}
	for _, problem := range c.Problems {
		p.printf("%s: %s\n", problem.Verdict, problem.Text)
	}
}

// sessionText says what the comparison can judge.
func sessionText(c *results.Comparison) string {
	if c.Interleaved {
		return "arms of one interleaved session"
	}
	return "separate runs: timings are shown, not judged"
}

// reasons says why findings have no verdict, one line for each distinct reason:
// with metric and name where it is of one finding, else with the metrics.
func reasons(findings []results.Finding) []string {
	var order []string
	of := map[string][]results.Finding{}
	for _, f := range findings {
		if f.Reason == "" {
			continue
		}
		why := reason(f)
		if of[why] == nil {
			order = append(order, why)
		}
		of[why] = append(of[why], f)
	}
	for i, why := range order {
		what := of[why][0].Metric + " " + of[why][0].Name
		if len(of[why]) > 1 {
			var metrics []string
			for _, f := range of[why] {
				if !slices.Contains(metrics, f.Metric) {
					metrics = append(metrics, f.Metric)
				}
			}
			what = strings.Join(metrics, ", ")
		}
		order[i] = what + ": " + why
	}
	return order
}

// reason is why a finding has no verdict.
func reason(f results.Finding) string {
	if f.ShownOnly {
		return f.Reason
	}
	return "cannot tell: " + f.Reason
}

var comparisonHead = []string{"metric", "what", "base", "new", "change", "95 % interval", "p (Holm)", "pairs", "detectable", "A/A", "verdict"}

func comparisonRow(f results.Finding) []string {
	e := f.Effect
	row := []string{f.Metric, f.Name, number(f.Base), number(f.New), "–", "–", "–", strconv.Itoa(e.Pairs), "–", "–", strings.ReplaceAll(string(f.Change), "_", " ")}
	if f.ShownOnly {
		row[10] = "–"
	}
	if e.Ratio > 0 {
		row[4] = percent(e.Ratio)
	}
	if e.Pairs > 1 {
		row[5] = percent(e.Lo) + " … " + percent(e.Hi)
		row[6] = fmt.Sprintf("%.3f", f.Adjusted)
	}
	if e.Pairs > 1 && f.PairsNeeded == 0 { // else no change can be found
		row[8] = fmt.Sprintf("%.1f%%", 100*e.MDE)
	}
	if f.Noise != nil && f.Noise.Ratio > 0 {
		row[9] = percent(f.Noise.Ratio)
	}
	return row
}

func percent(ratio float64) string { return fmt.Sprintf("%+.1f%%", 100*(ratio-1)) }

// number shows four significant digits without an exponent.
func number(v float64) string {
	if v >= 1000 || v == float64(int64(v)) {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// ComparisonMarkdown writes c as a table for a CI job summary.
func ComparisonMarkdown(w io.Writer, c results.Comparison) error {
	p := &printer{w: w}
	p.printf("**kmsmac: %s**, %s\n\n", c.Verdict, sessionText(&c))
	for _, d := range c.Differences {
		p.printf("- differs: `%s`: %s → %s\n", d.Where, cell(d.Base), cell(d.New))
	}
	if len(c.Differences) > 0 {
		p.printf("\n")
	}
	p.printf("| %s |\n|%s\n", strings.Join(comparisonHead, " | "), strings.Repeat("---|", len(comparisonHead)))
	for _, f := range c.Findings {
		row := comparisonRow(f)
		for i := range row {
			row[i] = cell(row[i])
		}
		p.printf("| %s |\n", strings.Join(row, " | "))
	}
	for _, line := range reasons(c.Findings) {
		p.printf("\n%s\n", cell(line))
	}
	for _, problem := range c.Problems {
		p.printf("\n**%s**: %s\n", problem.Verdict, cell(problem.Text))
	}
	return p.err
}

// cell keeps text from breaking a Markdown table.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;").Replace(s)
}

// ComparisonCSV writes the findings for spreadsheets: full precision, one line
// a metric.
func ComparisonCSV(w io.Writer, c results.Comparison) error {
	out := csv.NewWriter(w)
	full := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	rows := [][]string{{"metric", "name", "base", "new", "ratio", "lo", "hi", "p", "adjusted_p", "pairs", "mde", "margin", "change", "reason"}}
	for _, f := range c.Findings {
		e := f.Effect
		rows = append(rows, []string{f.Metric, f.Name, full(f.Base), full(f.New), full(e.Ratio), full(e.Lo), full(e.Hi), full(e.P),
			full(f.Adjusted), strconv.Itoa(e.Pairs), full(e.MDE), full(f.Margin), string(f.Change), f.Reason})
	}
	return out.WriteAll(rows)
}
