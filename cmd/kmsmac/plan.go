package main

import (
	"crypto/rand"
	"encoding/hex"
	"io"
	"math"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/bench/capacity"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awsfacts"
)

type planCmd struct {
	planWantFlags  `group:"Wanted"`
	planCurveFlags `group:"Curve"`
	planQuotaFlags `group:"Quota"`
	planHostFlags  `group:"Clients"`
	planMoneyFlags `group:"Money"`
	planOtherFlags `group:"Alternatives"`
	WhatIf         []float64 `placeholder:"N" help:"Rates of the what-if table (default a quarter to four times --rate)."`
	JSON           bool      `name:"json" help:"Print the plan as a result file, which kmsmac report renders."`
	HTML           string    `name:"html" placeholder:"FILE" help:"Also write a page with the curve, the knee, the quota line and the wanted point."`
	Seed           uint64    `default:"1" help:"Seed of the bootstrap."`
	ShowData       bool      `help:"Print the quotas and prices that plans rest on, with their date and source, and end."`
}

// planWantFlags say what is wanted.
type planWantFlags struct {
	Rate    *float64       `placeholder:"N" help:"Requests per second, all together, at the time of the peak."`
	P99     *time.Duration `name:"p99" placeholder:"TIME" help:"Response time wanted at the 99th percentile."`
	Region  string         `placeholder:"REGION" help:"Region (default AWS_REGION, else us-east-1)."`
	Mix     string         `placeholder:"SHARES" help:"Shares of the operations (default those of the curve, else generate=50,verify=50)."`
	KeySpec string         `placeholder:"SPEC" help:"HMAC_224, HMAC_256, HMAC_384 or HMAC_512 (default that of the curve, else HMAC_256)."`
	Client  string         `placeholder:"ROAD" help:"Road whose hosts count: sdk, sdk-user, lean or raw (default that of the curve, else sdk)."`
	Burst   string         `enum:"poisson,trace" default:"poisson" help:"Arrivals that throttling is worked out for: poisson, or trace with --trace."`
	Trace   string         `placeholder:"FILE" help:"Arrivals of your own, one a line, in seconds since the start; run at the speed that makes their mean --rate."`
}

// planCurveFlags name sweeps.
type planCurveFlags struct {
	From  []string `placeholder:"RESULT" help:"Result of kmsmac sweep; repeatable: one over --rate with --poisson, one over --concurrency."`
	Force bool     `help:"Use a curve of another mix, key spec or road."`
}

// planQuotaFlags say what the account may do.
type planQuotaFlags struct {
	Quota         *float64      `placeholder:"N" help:"Symmetric request quota per second (default: Service Quotas if there are credentials, else the published default)."`
	ServiceQuotas *bool         `negatable:"" help:"Ask Service Quotas, a free call (default: if the environment names credentials)."`
	QuotaUsed     float64       `placeholder:"SHARE" help:"Share of it that others use: Decrypt, GenerateDataKey and so on count too."`
	MaxShare      float64       `default:"0.8" placeholder:"SHARE" help:"Share of it to use at most, others included."`
	MaxThrottle   float64       `default:"0.0001" placeholder:"SHARE" help:"Share of requests that may be throttled."`
	Bucket        time.Duration `default:"1s" placeholder:"TIME" help:"How much quota adds up unused (AWS does not say)."`
}

// planHostFlags say what a client host is.
type planHostFlags struct {
	HostCores float64 `default:"4" placeholder:"N" help:"Cores of a client host."`
	Calibrate bool    `help:"Measure what a core of this machine carries on each road: ten seconds (default: the curve's calibration and reference figures)."`
}

// planMoneyFlags are for the bill.
type planMoneyFlags struct {
	Keys        int64    `default:"1" help:"KMS keys in each account and Region; a replica is a key."`
	AverageRate *float64 `placeholder:"N" help:"Requests per second that the bill is made from, at most --rate (default --rate)."`
	Price       *float64 `placeholder:"USD" help:"Price of 10,000 requests (default the published one)."`
	KeyPrice    *float64 `placeholder:"USD" help:"Price of a key for a month, likewise."`
	FreeRequest *int64   `name:"free-requests" placeholder:"N" help:"Requests a month that cost nothing, likewise."`
}

// planOtherFlags are for the alternatives.
type planOtherFlags struct {
	DeriveEvery time.Duration `default:"1h" placeholder:"TIME" help:"How long a derived key would be used."`
	Batch       int64         `default:"16" placeholder:"N" help:"Messages that one tag would cover, 2 to 128."`
	CacheHits   float64       `default:"0.8" placeholder:"SHARE" help:"Share of verifications that a cache would answer."`
}

// Run computes the plan. Its exit code says whether that worked; whether the
// rate fits is the plan's second line.
func (c planCmd) Run(a *app) error {
	if c.ShowData {
		return showData(a, c.region(a))
	}
	r, err := c.request(a)
	if err != nil {
		return err
	}
	plan, err := capacity.Plan(r)
	if err != nil {
		return usageError(err)
	}
	f := planFile(a, r, plan, c)
	if c.HTML != "" {
		if err := writeOutput(a, c.HTML, func(w io.Writer) error { return render.Plan(w, f) }); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(a, f)
	}
	return writeOutput(a, "-", func(w io.Writer) error { return render.PlanText(w, plan) })
}

func (c planCmd) region(a *app) string {
	return firstOf(c.Region, a.env("AWS_REGION"), a.env("AWS_DEFAULT_REGION"), "us-east-1")
}

// request turns flags and files into what is asked. What can be said without
// a file or a network is checked first.
func (c planCmd) request(a *app) (r capacity.Request, err error) {
	if c.Rate == nil {
		return r, usagef("--rate is missing: how many requests per second are wanted?")
	}
	r = capacity.Request{Rate: *c.Rate, P99: given(c.P99), Region: c.region(a), Client: c.Client, KeySpec: c.KeySpec, HostCores: c.HostCores, Keys: c.Keys, AverageRate: given(c.AverageRate), WhatIf: c.WhatIf,
		Quota: capacity.Quota{PerSecond: given(c.Quota), Source: "--quota", Used: c.QuotaUsed, MaxShare: c.MaxShare, MaxThrottle: c.MaxThrottle, Bucket: c.Bucket},
		Local: capacity.Local{DeriveEvery: c.DeriveEvery, Batch: c.Batch, CacheHits: c.CacheHits}}
	if err := c.check(r); err != nil {
		return r, err
	}
	if c.Mix != "" {
		if r.Generate, r.Verify, err = parseMix(c.Mix); err != nil {
			return r, err
		}
	}
	if err := r.WithDefaults().Validate(); err != nil {
		return r, usageError(err)
	}
	if err := c.curves(&r); err != nil {
		return r, err
	}
	if err := c.trace(&r); err != nil {
		return r, err
	}
	c.serviceQuota(a, &r)
	if r.Prices, err = c.prices(r.Region); err != nil {
		return r, err
	}
	r.Local.TagTime, r.Local.TagSource = measureTag(r.WithDefaults().KeySpec)
	return r, c.roads(a, &r)
}

// given is the value of a flag, and the zero value, which stands for the
// default, without it.
func given[T any](flag *T) (v T) {
	if flag != nil {
		v = *flag
	}
	return v
}

// check refuses what the zero values of a request would hide, and names.
func (c planCmd) check(r capacity.Request) error {
	for _, v := range []struct {
		name  string
		value float64
		zero  bool // is a value like others, or the flag is not there
	}{
		{"--rate", r.Rate, false}, {"--p99", float64(r.P99), c.P99 == nil}, {"--quota", r.Quota.PerSecond, c.Quota == nil}, {"--quota-used", r.Quota.Used, true},
		{"--max-share", r.Quota.MaxShare, false}, {"--max-throttle", r.Quota.MaxThrottle, false}, {"--bucket", float64(r.Quota.Bucket), false},
		{"--host-cores", r.HostCores, false}, {"--keys", float64(r.Keys), false}, {"--average-rate", r.AverageRate, c.AverageRate == nil},
		{"--derive-every", float64(r.Local.DeriveEvery), false}, {"--batch", float64(r.Local.Batch), false}, {"--cache-hits", r.Local.CacheHits, false},
	} {
		if !(v.value >= 0) || math.IsInf(v.value, 0) || v.value == 0 && !v.zero {
			return usagef("%s must be a number %s", v.name, map[bool]string{true: "from 0", false: "above 0"}[v.zero])
		}
	}
	if !awsfacts.IsRegion(r.Region) {
		return usagef("unknown Region %q: AWS has %s", r.Region, strings.Join(awsfacts.Regions(), ", "))
	}
	if _, ok := target.AlgorithmOf(r.WithDefaults().KeySpec); !ok {
		return usagef("unknown key spec %q: HMAC_224, HMAC_256, HMAC_384 or HMAC_512", r.KeySpec)
	}
	if r.Client != "" && !isRoad(r.Client) {
		return usagef("unknown road %q: sdk, sdk-user, lean or raw", r.Client)
	}
	if (c.Burst == "trace") != (c.Trace != "") {
		return usagef("--burst trace and --trace FILE go together")
	}
	return nil
}

func isRoad(name string) bool {
	for _, road := range capacity.ReferenceRoads() {
		if road.Client == name {
			return true
		}
	}
	return false
}

// planFile wraps the plan in a result file.
func planFile(a *app, r capacity.Request, plan *results.Capacity, c planCmd) *results.File {
	r = r.WithDefaults()
	id := make([]byte, 6)
	_, _ = rand.Read(id) // never fails, by its documentation
	now := time.Now().UTC()
	f := &results.File{Schema: results.Schema, Tool: tool(), RunID: hex.EncodeToString(id), Started: now, Finished: now, Args: a.args,
		Plan: results.Plan{Command: "plan", Seed: c.Seed, Settings: map[string]any{"rate": r.Rate, "p99_ns": r.P99, "region": r.Region, "client": r.Client, "from": c.From,
			"quota": r.Quota.PerSecond, "quota_used": r.Quota.Used, "max_share": r.Quota.MaxShare, "max_throttle": r.Quota.MaxThrottle, "bucket_ns": r.Quota.Bucket}},
		Environment: environment(a.env), Warnings: []string{}, Verdict: results.Pass, Capacity: plan}
	a.impl.describe(&f.Environment)
	f.PlanHash, _ = f.Plan.Hash() // plain figures and names
	return f
}
