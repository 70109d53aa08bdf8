package render

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// Markdown writes f for a CI job summary: the verdict, counts, what is not a
// pass, shards that fell short, and latencies.
func Markdown(w io.Writer, f *results.File) error {
	p := &printer{w: w}
	verdict := string(f.Verdict)
	if f.Shards != nil && f.Shards.Degraded {
		verdict += ", degraded"
	}
	p.printf("## kmsmac %s: %s\n\n", cell(f.Plan.Command), verdict)
	if e := f.Environment.Endpoint; e.Kind != "" {
		p.printf("Target: %s %s %s\n\n", cell(e.Kind), cell(e.Host), cell(e.Region))
	}
	p.shardsMarkdown(f.Shards)
	if v := f.Vectors; v != nil {
		p.printf("Vectors: %d distinct, %d failed, on %d implementations.\n\n", v.Total, v.Failed, len(v.Impls))
	}
	p.conformanceMarkdown(f.Conformance)
	p.loadMarkdown(f.Load)
	p.sweepMarkdown(f.Sweep)
	p.engineMarkdown(f.EngineBench)
	for _, warning := range f.Warnings {
		p.printf("- warning: %s\n", cell(warning))
	}
	if len(f.Warnings) > 0 {
		p.printf("\n")
	}
	if p.err == nil && f.Comparison != nil {
		p.err = ComparisonMarkdown(w, *f.Comparison)
	}
	return p.err
}

func (p *printer) conformanceMarkdown(c *results.Conformance) {
	if c == nil {
		return
	}
	p.printf("| profile | outcome |\n|---|---|\n")
	for _, name := range sortedKeys(c.Profiles) {
		p.printf("| %s | %s |\n", cell(name), c.Profiles[name])
	}
	p.printf("\n%d cases: %s.\n\n", len(c.Cases), allCounts(c.Counts))
	head := "| case | verdict | evidence | differs | expected | observed |\n|---|---|---|---|---|---|\n"
	for _, r := range c.Cases {
		switch r.Verdict {
		case results.CasePass, results.CaseNotApplicable, results.CaseSkipped:
			continue
		}
		if r.Known == results.KnownExpected {
			continue
		}
		p.printf("%s| %s %s | %s | %s, %s | %s | %s | %s |\n", head, r.ID, cell(r.Title), r.Verdict, r.Evidence, r.Confidence,
			cell(strings.Join(r.Differs, ", ")), cell(r.Expected), cell(cmp.Or(r.Observed, r.Reason)))
		head = ""
	}
	if head == "" {
		p.printf("\n")
	}
	if c.Known != nil {
		p.printf("Known deviations: %d as expected, %d changes.\n\n", c.Known.Expected, len(c.Known.Changes))
		for _, change := range c.Known.Changes {
			p.printf("- %s\n", cell(change))
		}
		if len(c.Known.Changes) > 0 {
			p.printf("\n")
		}
	}
}

func (p *printer) loadMarkdown(loads []results.Load) {
	if len(loads) == 0 {
		return
	}
	p.printf("| operation | offered/s | achieved/s | requests | errors | wrong tags | response p50 | p99 | p99.9 | service p50 | lag p99 | labels |\n")
	p.printf("|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, l := range loads {
		offered := "closed"
		if l.OfferedRate != nil {
			offered = fmt.Sprintf("%.1f", *l.OfferedRate)
		}
		var failed int64
		for _, n := range l.Errors {
			failed += n
		}
		at := func(l *results.Latency, pick func(*results.Latency) int64) string {
			if l == nil {
				return "–"
			}
			return ms(pick(l))
		}
		p50 := func(l *results.Latency) int64 { return l.P50 }
		p99 := func(l *results.Latency) int64 { return l.P99 }
		p999 := func(l *results.Latency) int64 { return l.P999 }
		p.printf("| %s %s | %s | %.1f | %d | %d | %d | %s | %s | %s | %s | %s | %s |\n", l.Operation, l.KeySpec, offered, l.AchievedRate, l.Requests,
			failed, l.WrongTags, at(l.Response, p50), at(l.Response, p99), at(l.Response, p999), at(l.Service, p50), at(l.Lag, p99), strings.Join(l.Labels, ", "))
	}
	p.printf("\n")
}

func (p *printer) sweepMarkdown(s *results.Sweep) {
	if s == nil {
		return
	}
	p.printf("Sweep over %s: %s.\n\n", sweepUnit(s), stopText(s))
	for _, text := range limitedTexts(s) {
		p.printf("**%s**\n\n", text)
	}
	if text := kneeText(s); text != "" {
		p.printf("**%s**\n\n", text)
	}
	p.rowsMarkdown(sweepRows(s))
}

func (p *printer) engineMarkdown(b *results.EngineBench) {
	if b == nil {
		return
	}
	p.printf("%s\n\n", cell(engineHead(b)))
	for _, c := range b.Cases {
		if c.WrongTags > 0 {
			p.printf("- **%s: %d of %d tags wrong**\n", c.Name(), c.WrongTags, c.Checked)
		}
	}
	for _, t := range engineTables(b) {
		if t.Title != "" {
			p.printf("%s\n\n", cell(t.Title))
		}
		p.rowsMarkdown(t.Rows)
	}
	if len(b.Goals) > 0 {
		rows, met := goalRows(b.Goals)
		p.rowsMarkdown(rows)
		p.printf("%d of %d goals met.\n\n", met, len(b.Goals))
	}
}

// rowsMarkdown writes rows under their head, which is the first.
func (p *printer) rowsMarkdown(rows [][]string) {
	for i, row := range rows {
		cells := make([]string, len(row))
		for k, text := range row {
			cells[k] = cell(text)
		}
		p.printf("| %s |\n", strings.Join(cells, " | "))
		if i == 0 {
			p.printf("|%s\n", strings.Repeat("---|", len(row)))
		}
	}
	p.printf("\n")
}
