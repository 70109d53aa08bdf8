package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

// sweepStops say why a climb ended.
var sweepStops = map[string]string{
	"limit":      "a limit was broken twice in succession",
	"end":        "no limit was broken up to the end of the range",
	"plateau":    "more requests in flight brought no more",
	"ceiling":    "more would measure this generator and not the target",
	"wrong_tags": "an answer was wrong",
}

func (p *printer) sweep(s *results.Sweep) {
	if s == nil {
		return
	}
	p.printf("sweep over %s, client %s\n", sweepUnit(s), s.Client)
	p.table(sweepRows(s))
	for _, line := range append(limitedTexts(s), stopText(s), kneeText(s)) {
		if line != "" {
			p.printf("  %s\n", line)
		}
	}
	p.printf("\n")
}

// sweepRows is the head and one row for each load. A column of labels is there
// if a load has one.
func sweepRows(s *results.Sweep) [][]string {
	rows := [][]string{{s.Over, "phase", "answered/s", "achieved/s", "response p50", "p99", "throttled", "failed", "steady", "broken limits"}}
	labelled := slices.ContainsFunc(s.Points, func(pt results.SweepPoint) bool { return len(pt.Labels) > 0 })
	if labelled {
		rows[0] = append(rows[0], "labels")
	}
	for _, pt := range s.Points {
		phase := pt.Phase
		if pt.Repeat > 0 {
			phase += fmt.Sprintf(" %d", pt.Repeat)
		}
		p50, p99 := "–", "–"
		if pt.Response != nil {
			p50, p99 = ms(pt.Response.P50), ms(pt.Response.P99)
		}
		row := []string{fmt.Sprintf("%.5g", pt.Value), phase, fmt.Sprintf("%.0f", pt.AnsweredRate), fmt.Sprintf("%.0f", pt.AchievedRate), p50, p99,
			fmt.Sprint(pt.Throttled), fmt.Sprint(results.FailedOtherwise(pt.Errors)), map[bool]string{true: "yes", false: "no"}[pt.Steady], strings.Join(pt.Broken, ", ")}
		if labelled {
			row = append(row, strings.Join(pt.Labels, ", "))
		}
		rows = append(rows, row)
	}
	return rows
}

// sweepLabels say what a label means that most loads of a sweep have.
var sweepLabels = []struct{ label, what, so string }{
	{"generator_limited", "limited by the generator", "their times say more about this machine than about the target, and plan uses none of them"},
	{"concurrency_limited", "short of free workers", "arrivals waited for one; more --workers, if the client that is asked about has them"},
}

// limitedTexts say so where something of the generator limited more than half of
// the loads.
func limitedTexts(s *results.Sweep) (out []string) {
	for _, l := range sweepLabels {
		n := 0
		for _, pt := range s.Points {
			if slices.Contains(pt.Labels, l.label) {
				n++
			}
		}
		which := fmt.Sprintf("%d of %d loads", n, len(s.Points))
		switch {
		case 2*n <= len(s.Points):
			continue
		case n == 1:
			which = "the only load"
		case n == len(s.Points):
			which = fmt.Sprintf("all %d loads", n)
		}
		out = append(out, fmt.Sprintf("%s: %s: %s", l.what, which, l.so))
	}
	return out
}

// stopText says why the climb ended.
func stopText(s *results.Sweep) string {
	if why := sweepStops[s.Stopped]; why != "" {
		return why
	}
	return "stopped by " + s.Stopped
}

// kneeText is the knee, or why there is none, or nothing.
func kneeText(s *results.Sweep) string {
	k := s.Knee
	switch {
	case k == nil && s.Stopped == "limit":
		return "no knee: even the smallest load broke a limit, or the search was cut short"
	case k == nil:
		return ""
	case k.Value == 0 && len(k.Repeats) == 1:
		return "knee: below the loads that were repeated, in the one repeat"
	case k.Value == 0:
		return fmt.Sprintf("knee: below the loads that were repeated, in most of %d interleaved repeats", len(k.Repeats))
	}
	low, high := fmt.Sprintf("%.5g", k.Low), fmt.Sprintf("%.5g", k.High)
	if k.LowOpen {
		low = "below the smallest that was repeated"
	}
	if k.HighOpen {
		high += " or more"
	}
	if len(k.Repeats) == 1 {
		return fmt.Sprintf("knee: %s, by one repeat, which gives no interval (--repeats)", high)
	}
	return fmt.Sprintf("knee: %.5g, between %s and %s in %d interleaved repeats (%.1f %% confidence)", k.Value, low, high, len(k.Repeats), 100*k.Confidence)
}
