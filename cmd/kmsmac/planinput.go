package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/bench/capacity"
	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

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
