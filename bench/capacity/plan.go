package capacity

import (
	"fmt"
	"math"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

// Plan answers the request. The error says what is wrong with it; a rate that
// nothing carries is answered with what it would take.
func Plan(r Request) (*results.Capacity, error) {
	r = r.WithDefaults()
	if err := r.Validate(); err != nil {
		return nil, err
	}
	out := &results.Capacity{
		Wanted: results.CapacityWanted{Rate: r.Rate, P99: r.P99, Region: r.Region, Generate: r.Generate, Verify: r.Verify, KeySpec: r.KeySpec, Client: r.Client, Arrivals: "poisson"},
		Quota:  r.quota(r.Rate), Curves: []results.CapacityCurve{}, Answers: []string{}, Notes: []string{}, WhatIf: []results.CapacityRow{},
	}
	if len(r.Trace) > 0 {
		out.Wanted.Arrivals = "trace"
	}
	for _, c := range r.Curves {
		out.Curves = append(out.Curves, c.section)
	}
	out.Latency = r.latency(out.Quota.PlaceRate)
	if c := r.best(); c != nil && out.Latency != nil && r.P99 > 0 {
		most := c.most(float64(r.P99))
		out.Latency.Most = &most
	}
	out.InFlight = r.inFlight(r.Rate, out.Quota.PlaceRate, out.Latency)
	out.Clients = r.clients(r.Rate, out.InFlight)
	out.Cost = r.cost(r.AverageRate, out.Quota.Places)
	out.Alternatives = r.alternatives()
	for _, rate := range r.WhatIf {
		out.WhatIf = append(out.WhatIf, r.row(rate))
	}
	out.Fits = r.fits(out)
	for _, c := range r.Curves {
		out.FitsOn = otherTargets[c.Target]
	}
	r.answer(out)
	r.notes(out)
	out.Assumptions = r.assumptions()
	return out, nil
}

// row is the plan of another rate in short.
func (r Request) row(rate float64) results.CapacityRow {
	n, part, _ := r.places(rate)
	row := results.CapacityRow{Rate: rate, Share: r.Quota.Used + rate/r.Quota.PerSecond, Places: n, Hosts: r.hosts(rate),
		Throttle: r.throttle(rate, 1, r.Quota.PerSecond, r.Quota.Bucket), Month: r.cost(rate*r.AverageRate/r.Rate, n).Month}
	l := r.latency(part)
	row.Beyond = r.beyond(part)
	if l != nil {
		row.P50, row.P99 = &l.P50, &l.P99
		row.Extrapolated = l.Basis != "neighbours" && r.best().fit.extrapolated(part)
	}
	if f := r.inFlight(rate, part, l); f != nil {
		row.Connections = f.Connections
	}
	return row
}

// knee is what the target carries in one place; without a curve that shows it,
// any rate.
func (r Request) knee() results.Uncertain {
	for _, curve := range r.Curves {
		if curve.section.Bound == "target" {
			return *curve.section.Capacity
		}
	}
	return certain(math.Inf(1))
}

// beyond reports whether a place is asked for more than the target carries,
// also if that is as much as its interval allows.
func (r Request) beyond(part float64) bool { return part > r.knee().High*fullest }

func (r Request) fits(out *results.Capacity) string {
	part := out.Quota.PlaceRate
	switch {
	case out.Quota.Places != 1, r.beyond(part):
		return "no"
	case r.P99 > 0 && out.Latency != nil && out.Latency.Meets != "yes":
		return out.Latency.Meets
	case r.P99 > 0 && out.Latency == nil, part > r.knee().Low*fullest:
		return "unknown"
	}
	return "yes"
}

// answer fills in the sentences.
func (r Request) answer(out *results.Capacity) {
	say := func(format string, args ...any) { out.Answers = append(out.Answers, fmt.Sprintf(format, args...)) }
	q := out.Quota
	share := fmt.Sprintf("%s/s are %s %% of the quota of %s/s in %s", figure(r.Rate), figure(100*r.Rate/q.PerSecond), figure(q.PerSecond), r.Region)
	if q.Used > 0 {
		share += fmt.Sprintf(", with the %.3g %% of others %s %%", 100*q.Used, figure(100*q.Share))
	}
	switch {
	case q.Places == 1:
		say("quota: %s: enough in one account and Region, %s/s to spare", share, figure(q.Headroom))
	case q.Places == 0:
		say("quota: %s: no number of accounts keeps throttling at %.2g %% with a bucket of %s", share, 100*q.MaxThrottle, r.Quota.Bucket)
	default:
		say("quota: %s: it takes %d accounts or Regions with that quota, each at most %.3g %% full; %s", share, q.Places, 100*q.PlaceShare, r.orElse(q))
	}
	r.answerLatency(out, say)
	for _, c := range out.Clients {
		if c.Client == r.Client {
			say("clients: on the road %s %s cores, hosts of %.3g cores: %d (%s)", c.Client, figure(c.Cores), c.HostCores, c.Hosts, c.Source)
		}
	}
}

// orElse is what else would help against the quota.
func (r Request) orElse(q results.CapacityQuota) string {
	var parts []string
	if q.QuotaToAsk > 0 {
		parts = append(parts, fmt.Sprintf("or a quota of %s/s in one, which can be asked for (Service Quotas)", figure(q.QuotaToAsk)))
	}
	switch n := len(q.Regions); {
	case n == 0:
		parts = append(parts, "no Region's default quota is enough")
	case n > 5:
		parts = append(parts, fmt.Sprintf("the default quota is enough in %d Regions (--show-data lists them)", n))
	default:
		parts = append(parts, "the default quota is enough in "+strings.Join(q.Regions, ", "))
	}
	return strings.Join(parts, "; ")
}

func (r Request) answerLatency(out *results.Capacity, say func(string, ...any)) {
	l, part := out.Latency, out.Quota.PlaceRate
	if r.beyond(part) {
		knee := r.knee().Value
		say("latency: %s/s in one place are more than the %s/s that the target was seen to carry: the queue grows for as long as it lasts; it takes %s of such targets, each at 85 %%", figure(part), figure(knee), figure(math.Ceil(r.Rate/(0.85*knee))))
		return
	}
	if l == nil {
		if r.best() != nil {
			say("latency: %s/s in one place are so near the knee that the queue may grow for as long as it lasts", figure(part))
		}
		return
	}
	text := fmt.Sprintf("latency: p99 about %s at %s/s in one place", between(l.P99), figure(part))
	switch l.Meets {
	case "yes":
		text += fmt.Sprintf(": within %s", r.P99)
	case "no":
		text += fmt.Sprintf(": above %s", r.P99)
		if l.Most != nil && l.Most.Value > 0 {
			text += fmt.Sprintf("; %s/s keep it, so it takes %s of such places", figure(l.Most.Value), figure(math.Ceil(r.Rate/l.Most.Value)))
		} else if l.Most != nil {
			text += "; no rate keeps it"
		}
	case "unknown":
		text += fmt.Sprintf(": whether that is within %s cannot be told", r.P99)
	}
	say("%s", text)
}

// notes are what limits the figures.
func (r Request) notes(out *results.Capacity) {
	say := func(format string, args ...any) { out.Notes = append(out.Notes, fmt.Sprintf(format, args...)) }
	if len(r.Curves) == 0 {
		say("no curve: response times are not known; kmsmac sweep --rate FROM-TO --poisson makes one")
	}
	for i, c := range r.Curves {
		r.curveNotes(i+1, c, say)
	}
	if c := r.best(); c != nil && out.Latency != nil && c.fit.extrapolated(out.Quota.PlaceRate) {
		say("extrapolated: the fit rests on %s to %s/s, and %s/s is more than a factor of %.3g away", figure(c.fit.from), figure(c.fit.to), figure(out.Quota.PlaceRate), ExtrapolationFactor)
	}
	if l := out.Latency; l != nil && l.Most != nil && r.best().fit.extrapolated(l.Most.Value) && l.Most.Value > 0 {
		say("extrapolated: the most with the p99 wanted, %s/s; the fit rests on %s to %s/s", figure(l.Most.Value), figure(r.best().fit.from), figure(r.best().fit.to))
	}
	if !r.Prices.Known {
		say("the prices of %s are not known here; those of the standard partition stand in", r.Region)
	}
	switch {
	case out.InFlight != nil:
	case r.beyond(out.Quota.PlaceRate):
		say("connections are not known: the queue grows")
	default:
		say("connections are not known: give --p99 or a curve")
	}
	if out.Quota.Places > 1 {
		say("several accounts or Regions: a tag is verified where its key is, so each needs a replica of one multi-Region key (charged as a key), or requests go where their key is")
	}
}

// otherTargets names the targets of curves that are not AWS KMS.
var otherTargets = map[string]string{"emulator": "the embedded emulator", "url": "an emulator", "engine": "the local engine"}

func (r Request) curveNotes(n int, c *Curve, say func(string, ...any)) {
	for _, why := range c.section.Why {
		say("curve %d: %s", n, why)
	}
	switch {
	case c.Target != "aws":
		say("curve %d: measured on %s, not on AWS KMS: it says nothing of how fast AWS answers", n, otherTargets[c.Target])
	case c.Region != r.Region:
		say("curve %d: measured in %s, the plan is for %s", n, c.Region, r.Region)
	}
	if c.Over == "rate" && !c.Poisson {
		say("curve %d: its arrivals were evenly spaced, which hides waiting; sweep with --poisson", n)
	}
	if c.Limited > 0 {
		say("curve %d: %d of %d loads were limited by the generator and were left out", n, c.Limited, len(c.points))
	}
	switch c.section.Bound {
	case "sweep":
		say("curve %d: it ended before a limit: the capacity is at least what it shows", n)
	case "generator":
		say("curve %d: it ended at what the generator could do: the target's capacity is at least that", n)
	case "throttles":
		say("curve %d: it ended at a quota: the capacity beyond it is not known", n)
	}
}

func (r Request) assumptions() []string {
	arrivals := "arrivals are Poisson: independent callers; peaks of a day are for --rate to hold"
	if len(r.Trace) > 0 {
		arrivals = fmt.Sprintf("throttling is that of the trace at %.3g times its speed, others spread evenly; response times are those of Poisson arrivals", r.Rate/r.traceRate())
	}
	list := []string{
		arrivals,
		fmt.Sprintf("the quota is a token bucket that holds %s of it (what AWS does is not documented; the table shows smaller ones), shared with %.3g %% of other use; throttled requests cost none of it", short(r.Quota.Bucket), 100*r.Quota.Used),
		"chance of throttling: loss of M/D/1/K, exact for such a bucket; further places have the same quota and no other use",
		"requests in flight: Little's law; connections: rate times p99, so that a slow spell finds enough of them",
		fmt.Sprintf("client cores are filled to %.0f %%; keys, retries and TLS handshakes are not counted", 100*CoreShare),
		fmt.Sprintf("a month has %d hours at the average rate of %s/s; the free requests of the account are all for this", hoursPerMonth, figure(r.AverageRate)),
	}
	if r.best() != nil {
		list = append(list, "response time: M/G/m by Erlang C (Jagerman's continuous form) with Allen and Cunneen's variability, waiting independent of service; intervals of 95 % for a run as long as the sweep's steps")
	}
	return list
}

// between is a time in milliseconds with its interval, no finer than that
// supports.
func between(u results.Uncertain) string { return u.Times(1e-6).String() + " ms" }

// figure is a count or rate with three digits and separators.
func figure(v float64) string { return results.Uncertain{Value: v, Low: v, High: v}.String() }
