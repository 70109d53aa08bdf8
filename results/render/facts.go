package render

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

// letter tells the runs of one page apart: A to Z, then numbers.
func letter(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return fmt.Sprint(i + 1)
}

// runName is what was run, and on what.
func runName(f *results.File) string {
	if target := targetText(f.Environment.Endpoint); target != "" {
		return f.Plan.Command + " on " + target
	}
	return f.Plan.Command
}

func targetText(e results.Endpoint) string {
	text := strings.Join(strings.Fields(e.Kind+" "+e.Host+" "+e.Region), " ")
	if e.InProcess {
		text += ", in this process"
	}
	return text
}

// facts are the run in a few words, for the table at the top.
func facts(f *results.File) []string {
	var out []string
	if v := f.Vectors; v != nil {
		out = append(out, fmt.Sprintf("%d vectors, %d failed", v.Total, v.Failed))
	}
	if c := f.Conformance; c != nil {
		out = append(out, fmt.Sprintf("%d cases: %s", len(c.Cases), countsText(c.Counts)))
	}
	for _, l := range f.Load {
		text := fmt.Sprintf("%s: %.0f/s", loadName(l, f.Load), l.AchievedRate)
		if l.Response != nil {
			text += fmt.Sprintf(", response p50 %s, p99 %s", ms(l.Response.P50), ms(l.Response.P99))
		}
		if l.WrongTags > 0 {
			text += fmt.Sprintf(", %d wrong tags", l.WrongTags)
		}
		out = append(out, text)
	}
	if s := f.Sweep; s != nil {
		out = append(out, cmp.Or(kneeText(s), stopText(s)))
	}
	if b := f.EngineBench; b != nil {
		out = append(out, fmt.Sprintf("%d engine cases", len(b.Cases)))
	}
	if c := f.Comparison; c != nil {
		out = append(out, fmt.Sprintf("%d figures compared: %s", len(c.Findings), changesText(c)))
	}
	return out
}

// countsText is "3 pass, 1 fail": what is none is left out.
func countsText(counts map[results.CaseVerdict]int) string {
	var out []string
	for _, v := range verdictOrder {
		if counts[v] > 0 {
			out = append(out, fmt.Sprintf("%d %s", counts[v], strings.ReplaceAll(string(v), "_", " ")))
		}
	}
	return strings.Join(out, ", ")
}

// allCounts names every verdict, zeros included.
func allCounts(counts map[results.CaseVerdict]int) string {
	var out []string
	for _, v := range verdictOrder {
		out = append(out, fmt.Sprintf("%d %s", counts[v], strings.ReplaceAll(string(v), "_", " ")))
	}
	return strings.Join(out, ", ")
}

func changesText(c *results.Comparison) string {
	counts := map[results.Change]int{}
	for _, f := range c.Findings {
		if !f.ShownOnly {
			counts[f.Change]++
		}
	}
	var out []string
	for _, change := range []results.Change{results.WorseOff, results.Better, results.Same, results.CannotTell} {
		if counts[change] > 0 {
			out = append(out, fmt.Sprintf("%d %s", counts[change], strings.ReplaceAll(string(change), "_", " ")))
		}
	}
	return strings.Join(out, ", ")
}
