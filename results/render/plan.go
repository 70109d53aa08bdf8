package render

import (
	"fmt"
	"html/template"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

// PlanText writes a capacity plan for a terminal: the answer first, then the
// figures, what limits them, and what they assume.
func PlanText(w io.Writer, c *results.Capacity) error {
	p := &printer{w: w}
	p.plan(c)
	return p.err
}

// Plan writes one self-contained page of a result with a capacity plan: the
// answer, each curve with its knee, the quota and the wanted point, and the
// tables of PlanText.
func Plan(w io.Writer, f *results.File) error {
	if f.Capacity == nil {
		return fmt.Errorf("render: the result of %q holds no capacity plan", f.Plan.Command)
	}
	data := planData{Capacity: f.Capacity, Title: planTitle(f.Capacity), On: judgedOn(f.Capacity), Tables: planTables(f.Capacity)}
	for i, c := range f.Capacity.Curves {
		picture, err := planFigure(i+1, &c, f.Capacity).html()
		if err != nil {
			return err
		}
		data.Figures = append(data.Figures, picture)
	}
	return writePage(w, "kmsmac plan", "", f.Tool, "plan.body", data)
}

type planData struct {
	*results.Capacity
	Title   string
	On      string // on what Fits was judged
	Figures []template.HTML
	Tables  []planTable
}

// planTable is one table; its first row is the head.
type planTable struct {
	Title string
	Rows  [][]string
}

// judgedOn says on what it was judged whether the rate fits, unless on AWS KMS.
func judgedOn(c *results.Capacity) string {
	if c.FitsOn == "" {
		return ""
	}
	return ", as far as " + c.FitsOn + " is like AWS KMS"
}

func planTitle(c *results.Capacity) string {
	text := fmt.Sprintf("%s/s (GenerateMac %.3g %%, VerifyMac %.3g %%, %s) in %s", rough(c.Wanted.Rate), 100*c.Wanted.Generate, 100*c.Wanted.Verify, c.Wanted.KeySpec, c.Wanted.Region)
	if c.Wanted.P99 > 0 {
		text += fmt.Sprintf(" with a p99 of %s", c.Wanted.P99)
	}
	return text
}

func (p *printer) plan(c *results.Capacity) {
	if c == nil {
		return
	}
	p.printf("plan for %s\nfits in one account and Region: %s%s\n", planTitle(c), c.Fits, judgedOn(c))
	for _, a := range c.Answers {
		p.printf("  %s\n", a)
	}
	for _, t := range planTables(c) {
		p.printf("\n%s\n", t.Title)
		p.table(t.Rows)
	}
	p.printf("\n")
	for _, a := range c.Alternatives {
		p.printf("%s\n  %s; %s\n  gives up: %s\n", a.Name, a.Assumes, a.Adds, a.GivesUp)
	}
	p.printf("\nassumed\n")
	for _, a := range c.Assumptions {
		p.printf("  %s\n", a)
	}
	for _, n := range c.Notes {
		p.printf("warning: %s\n", n)
	}
}

// planTables are the figures of a plan, by section.
func planTables(c *results.Capacity) []planTable {
	tables := []planTable{quotaTable(c.Quota)}
	for i, curve := range c.Curves {
		tables = append(tables, curveTable(i+1, curve))
	}
	if c.Latency != nil || c.InFlight != nil {
		tables = append(tables, demandTable(c))
	}
	return append(tables, clientTable(c.Clients), costTable(c.Cost), alternativeTable(c.Alternatives), whatIfTable(c.WhatIf))
}

func quotaTable(q results.CapacityQuota) planTable {
	rows := [][]string{
		{"figure", "value", ""},
		{"quota", rough(q.PerSecond) + "/s", q.Source},
		{"taken in one place", shareText(q.Share), fmt.Sprintf("%s of it by others", shareText(q.Used))},
		{"headroom", rough(q.Headroom) + "/s", fmt.Sprintf("at most %s are to be taken", shareText(q.MaxShare))},
	}
	for _, b := range q.Bursts {
		why := ""
		if b.Decides {
			why = fmt.Sprintf("at most %s are wanted", shareText(q.MaxThrottle))
		}
		rows = append(rows, []string{fmt.Sprintf("throttled, bucket of %s", b.Depth), shareText(b.Throttle), why})
	}
	if q.EmptyAfter > 0 {
		rows = append(rows, []string{"a full bucket lasts", rough(q.EmptyAfter.Seconds()) + " s", "then throttling begins"})
	}
	places := []string{"accounts or Regions", fmt.Sprint(q.Places), fmt.Sprintf("at most %s full, %s/s each", shareText(q.PlaceShare), rough(q.PlaceRate))}
	if q.Places == 0 {
		places = []string{"accounts or Regions", "–", "no number is enough"}
	}
	return planTable{"quota (one bucket for GenerateMac, VerifyMac and six other operations)", append(rows, places)}
}

var curveBounds = map[string]string{
	"target": "the target's capacity", "throttles": "it ended at a quota", "generator": "it ended at what the generator could do", "sweep": "it ended before a limit",
}

func curveTable(i int, c results.CapacityCurve) planTable {
	rows := [][]string{{"figure", "value", ""}}
	if c.Capacity != nil {
		at := ""
		if c.Bound != "target" {
			at = "at least "
		}
		rows = append(rows, []string{"knee", at + c.Capacity.String() + "/s", curveBounds[c.Bound]})
	}
	if q := c.Queue; q != nil {
		why := fmt.Sprintf("off by %s, loads of %s to %s/s", shareText(q.Residual), rough(q.From), rough(q.To))
		if q.Derived {
			why = "derived from service time and knee, not fitted"
		}
		rows = append(rows, []string{"queue: servers", q.Servers.String(), why}, []string{"queue: variability", q.Variability.String(), "(Ca²+Cs²)/2; 1 is M/M"})
	}
	if u := c.USL; u != nil {
		rows = append(rows, []string{"USL: λ", u.Lambda.String() + "/s", fmt.Sprintf("off by %s, %s to %s in flight", shareText(u.Residual), rough(u.From), rough(u.To))},
			[]string{"USL: σ (contention)", u.Sigma.String(), ""}, []string{"USL: κ (coherency)", u.Kappa.String(), usuallyPeak(u)})
	}
	for _, why := range c.Why {
		rows = append(rows, []string{"no fit", "–", why})
	}
	return planTable{fmt.Sprintf("curve %d: over %s, client %s, %d loads", i, c.Over, c.Client, len(c.Points)), rows}
}

func usuallyPeak(u *results.USLFit) string {
	switch {
	case u.Peak == 0:
		return "it never falls"
	case u.Peak > u.To:
		return "its peak is beyond the loads"
	}
	return "its peak is at " + rough(u.Peak) + " in flight"
}

var latencyBases = map[string]string{"fit": "by the fit", "derived": "derived from a closed loop", "neighbours": "between the nearest loads that were measured"}

func demandTable(c *results.Capacity) planTable {
	rows := [][]string{{"figure", "value", ""}}
	if l := c.Latency; l != nil {
		rows = append(rows, []string{"p50", l.P50.Times(1e-6).String() + " ms", fmt.Sprintf("at %s/s in one place, %s", rough(l.Rate), latencyBases[l.Basis])},
			[]string{"p99", l.P99.Times(1e-6).String() + " ms", strings.TrimSpace(map[string]string{"yes": "as wanted", "no": "more than wanted", "unknown": "cannot be told from what is wanted"}[l.Meets])})
		if l.Most != nil {
			rows = append(rows, []string{"most with the p99 wanted", l.Most.String() + "/s", "in one place"})
		}
	}
	if f := c.InFlight; f != nil {
		if f.Mean != nil {
			rows = append(rows, []string{"in flight, mean", f.Mean.String(), "Little's law"})
		}
		rows = append(rows, []string{"connections", fmt.Sprint(f.Connections), map[string]string{"curve": "rate × the p99's upper end", "wanted": "rate × the p99 that is wanted"}[f.Basis]})
	}
	return planTable{"response time and requests in flight", rows}
}

func clientTable(list []results.CapacityClient) planTable {
	rows := [][]string{{"road", "a core carries", "cores", "hosts", "connections a host", "source"}}
	for _, c := range list {
		connections := "–"
		if c.ConnectionsPerHost > 0 {
			connections = fmt.Sprint(c.ConnectionsPerHost)
		}
		rows = append(rows, []string{c.Client, rough(c.PerCore) + "/s", rough(c.Cores), fmt.Sprint(c.Hosts), connections, c.Source})
	}
	title := "clients"
	if len(list) > 0 {
		title = fmt.Sprintf("clients: cores filled to %s, hosts of %.3g cores", shareText(list[0].CoreShare), list[0].HostCores)
	}
	return planTable{title, rows}
}

func costTable(c results.CapacityCost) planTable {
	return planTable{fmt.Sprintf("cost at an average of %s/s, keys: %d", rough(c.AverageRate), c.Keys), [][]string{
		{"for", "USD", ""},
		{"an hour", dollars(c.Hour), "without free requests"},
		{"a day", dollars(c.Day), "likewise"},
		{"a month of 730 hours", dollars(c.Month), fmt.Sprintf("%s free requests deducted", rough(float64(c.FreeRequests)))},
		{"10,000 requests", dollars(c.Per10000), c.Source},
		{"a key for a month", dollars(c.PerKeyMonth), ""},
	}}
}

func alternativeTable(list []results.CapacityAlternative) planTable {
	rows := [][]string{{"alternative", "to the KMS", "of one quota", "USD a month", "cores for it"}}
	for _, a := range list {
		rows = append(rows, []string{a.Name, rough(a.Rate) + "/s", shareText(a.Share), dollars(a.Month), rough(a.Cores)})
	}
	return planTable{"alternatives, and what each gives up (below)", rows}
}

func whatIfTable(list []results.CapacityRow) planTable {
	rows := [][]string{{"rate", "of one quota", "throttled", "places", "p50 ms", "p99 ms", "connections", "hosts", "USD a month", ""}}
	known := func(n int64) string {
		if n == 0 {
			return "–"
		}
		return fmt.Sprint(n)
	}
	for _, r := range list {
		p50, p99, note := "–", "–", ""
		if r.P50 != nil && r.P99 != nil {
			p50, p99 = r.P50.Times(1e-6).String(), r.P99.Times(1e-6).String()
		}
		switch {
		case r.Beyond:
			note = "beyond the knee"
		case r.Extrapolated:
			note = "extrapolated"
		}
		rows = append(rows, []string{rough(r.Rate) + "/s", shareText(r.Share), shareText(r.Throttle), known(r.Places), p50, p99, known(r.Connections), known(r.Hosts), dollars(r.Month), note})
	}
	return planTable{"what if (throttled: in one place; times: in each of the places)", rows}
}

// rough is a figure with three digits.
func rough(v float64) string { return results.Uncertain{Value: v, Low: v, High: v}.String() }

// shareText is a share with three digits; what is not 0 does not look like it.
func shareText(share float64) string {
	percent := 100 * share
	switch {
	case percent > 0 && percent < 1e-6:
		return "under 0.000001 %"
	case percent > 0 && percent < 1e-2:
		return strconv.FormatFloat(percent, 'f', int(math.Ceil(-math.Log10(percent))), 64) + " %"
	case percent >= 1000:
		return rough(percent) + " %"
	}
	return fmt.Sprintf("%.3g %%", percent)
}

// dollars is an amount in millionths, to cents from a dollar on and three
// digits from a thousand on: no bill is known better.
func dollars(micro int64) string {
	v := float64(micro) / 1e6
	switch {
	case v >= 1000:
		return rough(v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.4g", v)
}
