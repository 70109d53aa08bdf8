package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/bench/capacity"
	"github.com/kmsmac/kmsmac/engine"
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
	Rate    *float64      `placeholder:"N" help:"Requests per second, all together, at the time of the peak."`
	P99     time.Duration `name:"p99" placeholder:"TIME" help:"Response time wanted at the 99th percentile."`
	Region  string        `placeholder:"REGION" help:"Region (default AWS_REGION, else us-east-1)."`
	Mix     string        `placeholder:"SHARES" help:"Shares of the operations (default those of the curve, else generate=50,verify=50)."`
	KeySpec string        `placeholder:"SPEC" help:"HMAC_224, HMAC_256, HMAC_384 or HMAC_512 (default that of the curve, else HMAC_256)."`
	Client  string        `placeholder:"ROAD" help:"Road whose hosts count: sdk, sdk-user, lean or raw (default that of the curve, else sdk)."`
	Burst   string        `enum:"poisson,trace" default:"poisson" help:"Arrivals that throttling is worked out for: poisson, or trace with --trace."`
	Trace   string        `placeholder:"FILE" help:"Arrivals of your own, one a line, in seconds since the start; run at the speed that makes their mean --rate."`
}

// planCurveFlags name sweeps.
type planCurveFlags struct {
	From  []string `placeholder:"RESULT" help:"Result of kmsmac sweep; repeatable: one over --rate with --poisson, one over --concurrency."`
	Force bool     `help:"Use a curve of another mix, key spec or road."`
}

// planQuotaFlags say what the account may do.
type planQuotaFlags struct {
	Quota         float64       `placeholder:"N" help:"Symmetric request quota per second (default: Service Quotas if there are credentials, else the published default)."`
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
	AverageRate float64  `placeholder:"N" help:"Requests per second that the bill is made from (default --rate)."`
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
// rate fits is the plan's first line.
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
	r = capacity.Request{Rate: *c.Rate, P99: c.P99, Region: c.region(a), Client: c.Client, KeySpec: c.KeySpec, HostCores: c.HostCores, Keys: c.Keys, AverageRate: c.AverageRate, WhatIf: c.WhatIf,
		Quota: capacity.Quota{PerSecond: c.Quota, Source: "--quota", Used: c.QuotaUsed, MaxShare: c.MaxShare, MaxThrottle: c.MaxThrottle, Bucket: c.Bucket},
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

// check refuses what the zero values of a request would hide, and names.
func (c planCmd) check(r capacity.Request) error {
	for _, v := range []struct {
		name  string
		value float64
		zero  bool // is a value like others
	}{
		{"--rate", r.Rate, false}, {"--p99", float64(r.P99), true}, {"--quota", r.Quota.PerSecond, true}, {"--quota-used", r.Quota.Used, true},
		{"--max-share", r.Quota.MaxShare, false}, {"--max-throttle", r.Quota.MaxThrottle, false}, {"--bucket", float64(r.Quota.Bucket), false},
		{"--host-cores", r.HostCores, false}, {"--keys", float64(r.Keys), false}, {"--average-rate", r.AverageRate, true},
		{"--derive-every", float64(r.Local.DeriveEvery), false}, {"--batch", float64(r.Local.Batch), false}, {"--cache-hits", r.Local.CacheHits, false},
	} {
		if !(v.value >= 0) || math.IsInf(v.value, 0) || v.value == 0 && !v.zero {
			return usagef("%s must be a number above 0", v.name)
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

// curves reads the sweeps, takes from them what was not given, and refuses
// those that were measured with something else.
func (c planCmd) curves(r *capacity.Request) error {
	for _, path := range c.From {
		f, err := results.Read(path)
		if err != nil {
			return unknownf("%w", err)
		}
		curve, err := capacity.ReadCurve(f, c.Seed)
		if err != nil {
			return unknownf("%s: %w", path, err)
		}
		if differs := curve.Mismatch(r.Generate, r.Verify, r.KeySpec, r.Client); len(differs) > 0 && !c.Force {
			return unknownf("the curve %s is not for this plan: %s; sweep again, or use it with --force", path, strings.Join(differs, "; "))
		}
		if r.Generate+r.Verify == 0 {
			r.Generate, r.Verify = curve.Generate, curve.Verify
		}
		if r.KeySpec == "" && len(curve.KeySpecs) == 1 {
			r.KeySpec = curve.KeySpecs[0]
		}
		if r.Client == "" && isRoad(curve.Client) {
			r.Client = curve.Client
		}
		r.Curves = append(r.Curves, curve)
	}
	return nil
}

// trace reads the arrivals.
func (c planCmd) trace(r *capacity.Request) error {
	if c.Trace == "" {
		return nil
	}
	file, err := os.Open(c.Trace)
	if err != nil {
		return unknownf("the trace cannot be read: %w", err)
	}
	defer file.Close()
	var arrivals bench.Arrivals
	if err := arrivals.ReadTrace(file); err != nil {
		return usageError(err)
	}
	s, err := arrivals.Schedule(0, bench.MaxDuration)
	if err != nil {
		return usageError(err)
	}
	for due, ok := s.Next(); ok && len(r.Trace) <= capacity.MaxTrace; due, ok = s.Next() {
		r.Trace = append(r.Trace, due.At)
	}
	if err := r.WithDefaults().Validate(); err != nil {
		return usageError(err)
	}
	return nil
}

// namesCredentials are the variables that say that there are credentials.
var namesCredentials = []string{"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"}

// quotaTimeout bounds the call to Service Quotas.
const quotaTimeout = 3 * time.Second

// serviceQuota asks for the account's own quota, unless it was given.
func (c planCmd) serviceQuota(a *app, r *capacity.Request) {
	ask := false
	for _, name := range namesCredentials {
		ask = ask || a.env(name) != ""
	}
	if c.ServiceQuotas != nil {
		ask = *c.ServiceQuotas
	}
	if r.Quota.PerSecond > 0 || !ask {
		return
	}
	perSecond, err := askQuota(a, r.Region)
	if err != nil {
		a.say("Service Quotas did not answer (%s): the published default stands in", target.KindOf(err))
		return
	}
	r.Quota.PerSecond, r.Quota.Source = perSecond, "Service Quotas, "+time.Now().UTC().Format(time.DateOnly)
}

func askQuota(a *app, region string) (float64, error) {
	ctx, cancel := context.WithTimeout(a.ctx, quotaTimeout)
	defer cancel()
	spec := targetSpec{kind: kindAWS, aws: true, region: region}
	bounded := *a
	bounded.ctx = ctx
	t, err := spec.connect(&bounded, targetFlags{Target: "aws:" + region, Timeout: quotaTimeout}, clientOptions{connections: 1})
	if err != nil {
		return 0, err
	}
	defer t.Close()
	asker, ok := t.(interface {
		SymmetricQuota(context.Context) (float64, error)
	})
	if !ok {
		return 0, errors.New("the client cannot ask")
	}
	return asker.SymmetricQuota(ctx)
}

// prices are the published ones, changed by flags.
func (c planCmd) prices(region string) (capacity.Prices, error) {
	p := capacity.DefaultPrices(region)
	var given []string
	for _, f := range []struct {
		flag  string
		value *float64
		to    *int64
	}{{"--price", c.Price, &p.Per10000}, {"--key-price", c.KeyPrice, &p.PerKeyMonth}} {
		if f.value == nil {
			continue
		}
		if !(*f.value >= 0 && *f.value <= 1000) {
			return p, usagef("%s must be an amount from 0 to 1000 US dollars", f.flag)
		}
		*f.to = int64(math.Round(*f.value * 1e6))
		given = append(given, f.flag)
	}
	if c.FreeRequest != nil {
		if *c.FreeRequest < 0 || *c.FreeRequest > 1e15 {
			return p, usagef("--free-requests must not be negative")
		}
		p.Free, given = *c.FreeRequest, append(given, "--free-requests")
	}
	if len(given) > 0 {
		p.Source = "by " + strings.Join(given, ", ") + "; else " + p.Source
	}
	p.Known = p.Known || c.Price != nil && c.KeyPrice != nil
	return p, nil
}

// roads says what a core carries: as measured now, by the curves, or by the
// reference.
func (c planCmd) roads(a *app, r *capacity.Request) error {
	r.Roads = capacity.ReferenceRoads()
	for i := range r.Roads {
		road := &r.Roads[i]
		for _, curve := range r.Curves {
			if curve.Client == road.Client && curve.CeilingPerCore > 0 {
				road.PerCore, road.Source = curve.CeilingPerCore, "calibration of the curve"
			}
		}
		if !c.Calibrate {
			continue
		}
		p := bench.Plan{Concurrency: 32 * runtime.GOMAXPROCS(0), Workload: bench.Workload{Generate: r.Generate, Verify: r.Verify}}
		if r.KeySpec != "" {
			p.Workload.KeySpecs = []string{r.KeySpec}
		}
		spec := targetSpec{kind: kindEmulator, region: r.Region}
		cal, err := calibrateFlags{Calibrate: true}.calibrate(a, spec, targetFlags{Timeout: quotaTimeout}, clientOptions{connections: p.Concurrency, client: road.Client, bounded: true}, p)
		if err != nil {
			return unknownf("the road %s was not calibrated: %w", road.Client, err)
		}
		cores := runtime.GOMAXPROCS(0)
		road.PerCore = cal.CeilingPerSecond / float64(cores)
		road.Source = fmt.Sprintf("calibrated on this machine, %d cores shared with the responder", cores)
	}
	return nil
}

// measureTag is how long the local engine takes for a tag over 32 bytes: the
// shortest of a few rounds, as neighbours only add.
func measureTag(keySpec string) (time.Duration, string) {
	alg, _ := target.AlgorithmOf(keySpec)
	key, err := engine.NewKey(alg, make([]byte, 32))
	if err != nil {
		return 0, ""
	}
	const rounds, calls = 10, 500
	best, message, tag := time.Hour, make([]byte, 32), make([]byte, 0, 64)
	for range rounds {
		begin := time.Now()
		for range calls {
			tag = key.Sum(tag[:0], message)
		}
		best = min(best, time.Since(begin)/calls)
	}
	return max(best, 1), "measured now, 32 bytes"
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

// showData prints the facts that plans rest on.
func showData(a *app, region string) error {
	if !awsfacts.IsRegion(region) {
		return usagef("unknown Region %q: AWS has %s", region, strings.Join(awsfacts.Regions(), ", "))
	}
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("AWS KMS, as of %s; --quota, --price, --key-price and --free-requests override", awsfacts.AsOf)
	say("\nSymmetric request quota of a Region, per second and account (code %s)\n  source: %s", awsfacts.SymmetricQuotaCode, awsfacts.SourceQuotas)
	for _, name := range awsfacts.Regions() {
		say("  %-16s %7d  %s", name, awsfacts.SymmetricPerSecond(name), awsfacts.Partition(name))
	}
	say("\nRequest quotas in %s, per second and account; the shared ones draw on one bucket", region)
	for _, q := range awsfacts.Quotas(region) {
		say("  %-32s %7d  %s", q.Operation, q.PerSecond, map[bool]string{true: "shared", false: "own"}[q.Shared])
	}
	say("\nResource quotas\n  source: %s\n  %-32s %7d", awsfacts.SourceResources, "keys per account and Region", awsfacts.MaxKeys)
	say("\nPrices of the standard partition, in US dollars\n  source: %s", awsfacts.SourcePrices)
	say("  %-32s %7.2f", "10,000 requests", awsfacts.Per10000Requests.USD())
	say("  %-32s %7.2f", "a key for a month", awsfacts.PerKeyMonth.USD())
	say("  %-32s %7s", "free requests a month", strconv.Itoa(awsfacts.FreeRequestsPerMonth))
	return writeOutput(a, "-", func(w io.Writer) error {
		_, err := io.WriteString(w, b.String())
		return err
	})
}
