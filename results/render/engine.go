package render

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

// fewCases are shown one by one, with every figure; more as tables of
// nanoseconds.
const fewCases = 24

func (p *printer) engineBench(b *results.EngineBench) {
	if b == nil {
		return
	}
	p.printf("%s\n", engineHead(b))
	for _, library := range sortedKeys(b.Peers) {
		p.printf("  peer %s %s: the fastest of its ways is shown\n", library, b.Peers[library])
	}
	for _, t := range engineTables(b) {
		if t.Title != "" {
			p.printf("\n%s\n", t.Title)
		}
		p.table(t.Rows)
	}
	for _, c := range b.Cases {
		if c.WrongTags > 0 {
			p.printf("  FAIL %s: %d of %d tags wrong\n", c.Name(), c.WrongTags, c.Checked)
		}
	}
	p.engineGoals(b.Goals)
	p.printf("\n")
}

// engineHead says what was measured, and how.
func engineHead(b *results.EngineBench) string {
	clock := "clock not known"
	if b.ClockGHz != nil {
		clock = fmt.Sprintf("%.2f GHz", *b.ClockGHz)
	}
	return fmt.Sprintf("engine: %d cases, %d rounds of turns of %s side by side, %s", len(b.Cases), b.Rounds, b.Turn, clock)
}

// work is what a case does, without who does it.
type work struct {
	alg, op  string
	jobs     int
	min, max int
}

func workOf(c results.EngineCase) work {
	return work{c.Algorithm, c.Operation, c.Jobs, c.MinBytes, c.MaxBytes}
}

// fastestOfLibraries keeps, of each library and piece of work, the fastest way.
func fastestOfLibraries(cases []results.EngineCase) []results.EngineCase {
	type key struct {
		library string
		work    work
	}
	best := map[key]int{}
	var out []results.EngineCase
	for _, c := range cases {
		k := key{c.Library, workOf(c)}
		at, ok := best[k]
		switch {
		case c.Library == "" || !ok:
			best[k] = len(out)
			out = append(out, c)
		case c.LowNs < out[at].LowNs:
			out[at] = c
		}
	}
	return out
}

// table is rows under a title; the first row is the head.
type table struct {
	Title string
	Rows  [][]string
}

// engineTables are the section's figures: none where goals carry them, a line
// for each of few cases, else a table for each algorithm, operation and batch.
func engineTables(b *results.EngineBench) []table {
	cases := fastestOfLibraries(b.Cases)
	switch {
	case len(b.Goals) > 0 || len(cases) == 0:
		return nil
	case len(cases) <= fewCases:
		return []table{engineCases(cases, b.ClockGHz)}
	}
	var out []table
	for len(cases) > 0 {
		first := workOf(cases[0])
		var same, rest []results.EngineCase
		for _, c := range cases {
			w := workOf(c)
			if w.alg == first.alg && w.op == first.op && w.jobs == first.jobs {
				same = append(same, c)
			} else {
				rest = append(rest, c)
			}
		}
		out, cases = append(out, engineTable(same, b.ClockGHz)), rest
	}
	return out
}

// engineCases shows each case on a line, fastest first within a piece of work.
func engineCases(cases []results.EngineCase, clock *float64) table {
	slices.SortStableFunc(cases, func(a, b results.EngineCase) int {
		return cmp.Or(compareWork(workOf(a), workOf(b)), cmp.Compare(a.LowNs, b.LowNs))
	})
	rows := [][]string{{"algorithm", "operation", "jobs", "bytes", "implementation", "ns/MAC (p2)", "(p50)", "GB/s", "cycles/byte", "allocs/op"}}
	for _, c := range cases {
		allocs := "–"
		if c.Allocs != nil {
			allocs = strconv.FormatFloat(*c.Allocs, 'g', 3, 64)
		}
		rows = append(rows, []string{c.Algorithm, c.Operation, itoa(c.Jobs), c.SizeText(), c.Impl,
			ns(c.LowNs), ns(c.MedianNs), fmt.Sprintf("%.2f", c.GBPerSecond()), cyclesPerByte(c, clock), allocs})
	}
	return table{Rows: rows}
}

func compareWork(a, b work) int {
	return cmp.Or(strings.Compare(a.alg, b.alg), strings.Compare(a.op, b.op), cmp.Compare(a.jobs, b.jobs),
		cmp.Compare(a.max, b.max), cmp.Compare(a.min, b.min))
}

func ns(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

func cyclesPerByte(c results.EngineCase, clock *float64) string {
	if clock == nil {
		return "–"
	}
	return fmt.Sprintf("%.2f", c.CyclesPerByte(*clock))
}

// engineTable has a row for each implementation and a column for each size,
// then the best in other units.
func engineTable(cases []results.EngineCase, clock *float64) table {
	var names, sizes []string
	cells := map[[2]string]string{}
	best := map[string]results.EngineCase{}
	for _, c := range cases {
		name, size := cmp.Or(c.Library, c.Impl), c.SizeText()
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		if !slices.Contains(sizes, size) {
			sizes = append(sizes, size)
		}
		cells[[2]string{name, size}] = ns(c.LowNs)
		if b, ok := best[size]; c.Library == "" && (!ok || c.LowNs < b.LowNs) {
			best[size] = c
		}
	}
	rows := [][]string{append([]string{"bytes"}, sizes...)}
	for _, name := range names {
		row := []string{name}
		for _, size := range sizes {
			row = append(row, cmp.Or(cells[[2]string{name, size}], "–"))
		}
		rows = append(rows, row)
	}
	for _, line := range []struct {
		name string
		of   func(results.EngineCase) string
	}{
		{"our best", func(c results.EngineCase) string { return c.Impl }},
		{"  median ns", func(c results.EngineCase) string { return ns(c.MedianNs) }},
		{"  GB/s", func(c results.EngineCase) string { return fmt.Sprintf("%.2f", c.GBPerSecond()) }},
		{"  cycles/byte", func(c results.EngineCase) string { return cyclesPerByte(c, clock) }},
	} {
		row := []string{line.name}
		for _, size := range sizes {
			if c, ok := best[size]; ok {
				row = append(row, line.of(c))
			}
		}
		if len(row) == len(sizes)+1 {
			rows = append(rows, row)
		}
	}
	return table{fmt.Sprintf("%s, %s, %d at a time: ns/MAC at the 2nd percentile", cases[0].Algorithm, cases[0].Operation, cases[0].Jobs), rows}
}

// engineGoals shows each goal with its verdict and, last, how many are met.
func (p *printer) engineGoals(goals []results.EngineGoal) {
	if len(goals) == 0 {
		return
	}
	rows, met := goalRows(goals)
	p.table(rows)
	for _, g := range goals {
		if g.Excuse != "" {
			p.printf("  known to be short: %s: %s\n", g.ID, g.Excuse)
		}
	}
	p.printf("%d of %d\n", met, len(goals))
}

func amount(v float64, unit string) string {
	return strings.TrimSpace(strconv.FormatFloat(v, 'f', 2, 64) + " " + unit)
}

// goalRows is the head and one row for each goal, and how many are met.
func goalRows(goals []results.EngineGoal) (rows [][]string, met int) {
	rows = [][]string{{"", "goal", "figure", "spread", "wanted", "measured"}}
	for _, g := range goals {
		verdict := "short"
		if g.Met {
			verdict, met = "ok", met+1
		}
		bound := "at most "
		if g.Unit == "times" {
			bound = "at least "
		}
		rows = append(rows, []string{verdict, g.What, amount(g.Value, g.Unit),
			fmt.Sprintf("%s … %s", amount(g.Lowest, ""), amount(g.High, "")), bound + amount(g.Goal, g.Unit), g.Detail})
	}
	return rows, met
}
