// Package render turns result files into what people and other tools read.
//
// Do not use it to compute anything: every figure it shows stands in the
// result file, and what is wrong there is wrong here.
//
// Each form is one function that takes a writer and a result (or a section)
// and returns the first error of writing. All of them are pure, may be called
// concurrently, and print maps in sorted order, so equal results give equal
// bytes. Results hold no secret, so neither does what is rendered.
package render

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// Text writes f for a terminal or a CI log: every section, warnings, then one
// line with the verdict.
func Text(w io.Writer, f *results.File) error {
	p := &printer{w: w}
	p.target(f.Environment.Endpoint)
	p.vectors(f.Vectors)
	p.conformance(f.Conformance)
	p.load(f.Load)
	p.shards(f.Shards)
	p.sweep(f.Sweep)
	p.engineBench(f.EngineBench)
	p.comparison(f.Comparison)
	p.plan(f.Capacity)
	for _, warning := range f.Warnings {
		p.printf("warning: %s\n", warning)
	}
	if f.Interrupted && f.Shards == nil { // of a merge the account and the warnings say what is torn
		p.printf("interrupted: what was measured until then stands above\n")
	}
	p.printf("verdict: %s\n", f.Verdict)
	return p.err
}

// printer keeps the first error, so that callers need not look after each line.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// table writes rows of cells in aligned columns.
func (p *printer) table(rows [][]string) {
	if p.err != nil {
		return
	}
	tw := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if _, p.err = fmt.Fprintln(tw, "  "+strings.Join(row, "\t")); p.err != nil {
			return
		}
	}
	p.err = tw.Flush()
}

// target names what was under test.
func (p *printer) target(e results.Endpoint) {
	if e.Kind == "" {
		return
	}
	p.printf("target: %s\n\n", TargetText(e))
}

// TargetText names what was under test, where it was, and whether it shared
// the process: "emulator at 127.0.0.1:4599, Region us-east-1, in this process".
func TargetText(e results.Endpoint) string {
	text := cmp.Or(e.Name, e.Kind)
	if e.Host != "" && !strings.Contains(text, e.Host) {
		text += " at " + e.Host
	}
	if e.Region != "" {
		text += ", Region " + e.Region
	}
	switch {
	case e.InProcess:
		text += ", in this process"
	case e.Kind == "emulator":
		text += ", in a process of its own"
	}
	return text
}

func (p *printer) vectors(v *results.Vectors) {
	if v == nil {
		return
	}
	p.printf("vectors: %d distinct, %d failed\n", v.Total, v.Failed)
	rows := [][]string{{"implementation", "run", "failed", "not applicable"}}
	for _, name := range slices.Sorted(maps.Keys(v.Impls)) {
		r := v.Impls[name]
		rows = append(rows, []string{name, itoa(r.Total), itoa(r.Failed), itoa(r.NotApplicable)})
	}
	p.table(rows)
	for _, name := range slices.Sorted(maps.Keys(v.Impls)) {
		for _, id := range v.Impls[name].Failures {
			p.printf("  FAIL %s: %s\n", name, id)
		}
	}
	p.printf("\n")
}

// verdictOrder is the order in which counts are shown.
var verdictOrder = []results.CaseVerdict{results.CasePass, results.CaseFail, results.CaseWarn,
	results.CaseInconclusive, results.CaseNotApplicable, results.CaseSkipped}

func (p *printer) conformance(c *results.Conformance) {
	if c == nil {
		return
	}
	p.printf("conformance: %d cases: %s\n", len(c.Cases), allCounts(c.Counts))
	for _, name := range slices.Sorted(maps.Keys(c.Profiles)) {
		p.printf("  profile %s: %s\n", name, c.Profiles[name])
	}
	for _, r := range c.Cases {
		p.caseLines(r)
	}
	p.reasons(c.Cases)
	p.known(c)
	for _, arn := range c.Left {
		p.printf("  left behind: %s (kmsmac cleanup takes it)\n", arn)
	}
	p.printf("\n")
}

func (p *printer) caseLines(r results.CaseResult) {
	switch r.Verdict {
	case results.CaseFail, results.CaseWarn, results.CaseInconclusive:
	default:
		return
	}
	verdict := strings.ToUpper(string(r.Verdict))
	if r.Known == results.KnownExpected {
		verdict = "known"
	}
	p.printf("  %s %s: %s [%s, %s]\n", verdict, r.ID, r.Title, r.Evidence, r.Confidence)
	if r.Verdict == results.CaseInconclusive {
		p.printf("      %s\n", r.Reason)
		return
	}
	if r.Known == results.KnownExpected {
		return // counted below
	}
	p.printf("      expected: %s\n      observed: %s\n", r.Expected, r.Observed)
	if len(r.Differences) == 0 && len(r.Differs) > 0 { // written by an older version
		p.printf("      differs:  %s\n", strings.Join(r.Differs, ", "))
	}
	for _, d := range r.Differences {
		p.printf("      %s: want %s, got %s\n", d.Fact, d.Want, d.Got)
	}
}

// known tells of deviations that were known before.
func (p *printer) known(c *results.Conformance) {
	if c.Known == nil {
		return
	}
	p.printf("  known deviations: %d as expected, %d changes\n", c.Known.Expected, len(c.Known.Changes))
	for _, change := range c.Known.Changes {
		p.printf("  CHANGE %s\n", change)
	}
}

// reasons sums up why cases did not apply, one line a reason.
func (p *printer) reasons(cases []results.CaseResult) {
	byReason := map[string]int{}
	for _, r := range cases {
		if r.Verdict == results.CaseNotApplicable || r.Verdict == results.CaseSkipped {
			byReason[r.Reason]++
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		p.printf("  not run: %d: %s\n", byReason[reason], reason)
	}
}

func (p *printer) load(loads []results.Load) {
	for _, l := range loads {
		p.loadOne(l)
	}
	p.generator(loads)
}

func (p *printer) loadOne(l results.Load) {
	offered := "closed loop"
	if l.OfferedRate != nil {
		offered = fmt.Sprintf("offered %.1f/s", *l.OfferedRate)
	}
	p.printf("load: %s %s, %s, client %s: %s, achieved %.1f/s over %s\n",
		l.Operation, l.KeySpec, cmp.Or(l.Mode, "-"), cmp.Or(l.Client, "-"), offered, l.AchievedRate, l.Duration.Round(time.Millisecond))
	p.printf("  requests %d, succeeded %d, attempts %d, throttled %d, dropped %d, late %d, connections opened %d\n",
		l.Requests, l.Succeeded, l.Attempts, l.Throttled, l.Dropped, l.Late, l.ConnectionsOpened)
	p.printf("  verified %d by %s, wrong tags %d\n", l.Verified, l.VerifiedBy, l.WrongTags)
	p.outcomes(l)
	for _, code := range slices.Sorted(maps.Keys(l.Errors)) {
		p.printf("  error %s: %d\n", code, l.Errors[code])
	}
	rows := [][]string{{"", "p50", "p90", "p99", "p99.9", "max"}}
	for _, row := range []struct {
		name string
		l    *results.Latency
	}{{"response time", l.Response}, {"service time", l.Service}, {"lag", l.Lag}} {
		if row.l != nil {
			rows = append(rows, []string{row.name, ms(row.l.P50), ms(row.l.P90), ms(row.l.P99), ms(row.l.P999), ms(row.l.Max)})
		}
	}
	if len(rows) > 1 {
		p.table(rows)
	}
	p.labels(l)
	p.printf("\n")
}

func itoa(n int) string { return fmt.Sprint(n) }

// ms shows nanoseconds as milliseconds with three decimals: below a
// microsecond nothing here is meaningful.
func ms(ns int64) string { return fmt.Sprintf("%.3f ms", float64(ns)/1e6) }
