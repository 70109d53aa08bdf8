package render_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

// planned is a plan with every section, one curve of each kind.
func planned() *results.Capacity {
	about := func(v float64) results.Uncertain { return results.Uncertain{Value: v, Low: 0.9 * v, High: 1.15 * v} }
	capacity, most, mean, p50, p99 := about(880), about(720), about(5.8), about(8.5e6), about(27e6)
	line := func(loads ...float64) (out []results.CapacityLine) {
		for _, v := range loads {
			out = append(out, results.CapacityLine{Load: v, Rate: v, P50: 8e6, P99: 25e6 + 1e4*v, Low: 20e6, High: 40e6})
		}
		return out
	}
	return &results.Capacity{
		Wanted:  results.CapacityWanted{Rate: 600, P99: 30 * time.Millisecond, Region: "us-east-1", Generate: 0.7, Verify: 0.3, KeySpec: "HMAC_256", Client: "sdk", Arrivals: "poisson"},
		Fits:    "unknown",
		Answers: []string{"quota: enough", "latency: cannot be told <b>"}, Notes: []string{"curve 1: measured on an emulator"},
		Quota: results.CapacityQuota{PerSecond: 1000, Source: "--quota", Used: 0.5, MaxShare: 0.8, MaxThrottle: 1e-4, Share: 1.1, Headroom: -100, EmptyAfter: 10 * time.Second,
			Bursts: []results.Burst{{Depth: 10 * time.Millisecond, Throttle: 0.12}, {Depth: time.Second, Throttle: 0.0909, Decides: true}, {Depth: 2 * time.Second, Throttle: 1e-9}},
			Places: 2, PlaceRate: 550, PlaceShare: 0.55, QuotaToAsk: 1380, Regions: []string{"us-east-1"}},
		Curves: []results.CapacityCurve{
			{Over: "rate", Client: "sdk", Target: "emulator", Capacity: &capacity, Bound: "target", Line: line(100, 400, 800),
				Points: []results.CapacityPoint{{Load: 100, Answered: 100, P50: 8e6, P99: 25e6, Used: "fit"}, {Load: 800, Answered: 790, P50: 9e6, P99: 35e6, Used: "fit"}, {Load: 990, Answered: 880, P50: 9e8, P99: 2e9, Used: "capacity"}},
				Queue:  &results.QueueFit{Capacity: capacity, Servers: about(8), Variability: about(0.6), Residual: 0.025, From: 100, To: 800}},
			{Over: "concurrency", Client: "sdk", Target: "emulator", Capacity: &capacity, Bound: "sweep", Line: line(1, 8, 64),
				Points: []results.CapacityPoint{{Load: 1, Answered: 110, P50: 9e6, P99: 20e6, Used: "fit"}, {Load: 64, Answered: 870, P50: 7e7, P99: 9e7, Used: "throttled"}},
				USL:    &results.USLFit{Lambda: about(110), Sigma: about(0.02), Kappa: about(0.0004), Residual: 0.03, From: 1, To: 64, Peak: 49}, Why: []string{"no level"}},
		},
		Latency:      &results.CapacityLatency{Rate: 550, Basis: "fit", P50: p50, P99: p99, Meets: "unknown", Most: &most},
		InFlight:     &results.CapacityInFlight{Mean: &mean, Tail: 18.6, Connections: 19, Basis: "curve"},
		Clients:      []results.CapacityClient{{Client: "sdk", PerCore: 6600, Source: "reference", Cores: 0.15, CoreShare: 0.6, HostCores: 4, Hosts: 1, ConnectionsPerHost: 19}},
		Cost:         results.CapacityCost{AverageRate: 600, Per10000: 30_000, PerKeyMonth: 1e6, FreeRequests: 20_000, Keys: 2, Hour: 6_482_740, Day: 155_585_760, Month: 4_732_340_000, Source: "list price", Known: true},
		Alternatives: []results.CapacityAlternative{{Name: "cache verified tags", Rate: 456, Month: 3_597_000_000, Share: 0.956, Cores: 0.01, Adds: "a hit is answered from memory", Assumes: "80 %", GivesUp: "revocation"}},
		WhatIf: []results.CapacityRow{{Rate: 150, Share: 0.65, Places: 1, P50: &p50, P99: &p99, Connections: 5, Hosts: 1, Month: 1_180_000_000, Extrapolated: true},
			{Rate: 2400, Share: 2.9, Throttle: 0.65, Beyond: true, Hosts: 1, Month: 18_900_000_000}},
		Assumptions: []string{"arrivals are Poisson"},
	}
}

func TestPlanText(t *testing.T) {
	var b strings.Builder
	if err := render.PlanText(&b, planned()); err != nil {
		t.Fatal(err)
	}
	golden(t, "plan.txt", b.String())
}

func TestPlanPage(t *testing.T) {
	var b bytes.Buffer
	if err := render.Plan(&b, &results.File{Capacity: planned()}); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{"Curve 1: response time against rate", "Curve 2: throughput against requests in flight", "knee", "quota", "wanted", "p99 of 30ms", "latency: cannot be told &lt;b&gt;", "Gives up: revocation", "beyond the knee"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, bad := range []string{"http://", "https://", "<link", "NaN", "Inf"} {
		if strings.Contains(strings.ReplaceAll(page, "http://www.w3.org/", ""), bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if err := render.Plan(&b, &results.File{}); err == nil {
		t.Error("a result without a plan was rendered")
	}
	// Least of all: no curve, nothing known.
	bare := planned()
	bare.Curves, bare.Latency, bare.InFlight, bare.WhatIf, bare.Clients = nil, nil, nil, nil, nil
	bare.Quota.Places = 0
	if err := render.Plan(&b, &results.File{Capacity: bare}); err != nil {
		t.Error(err)
	}
	if err := render.PlanText(&b, bare); err != nil {
		t.Error(err)
	}
}
