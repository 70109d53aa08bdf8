package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// moneyFlags are the limits that hold against real AWS.
type moneyFlags struct {
	MaxCost     float64 `default:"1" placeholder:"USD" help:"Against aws: refuse, and stop, above this cost; raising it is the consent."`
	MaxRequests int64   `default:"20000" help:"Against aws: refuse, and stop, above this many requests."`

	of string `kong:"-"` // what the limits are a share of; empty if they are whole
}

// share is an n-th of the limits: what one shard may spend, so that all of them
// together keep to what was consented to.
func (f moneyFlags) share(n int) moneyFlags {
	if n < 2 {
		return f
	}
	f.of = fmt.Sprintf(": a shard has an equal share, of %d, of --max-cost %.2f and --max-requests %d", n, f.MaxCost, f.MaxRequests)
	f.MaxCost, f.MaxRequests = f.MaxCost/float64(n), f.MaxRequests/int64(n)
	return f
}

// estimate is what a command may do to an account at most.
type estimate struct {
	requests      map[string]int64 // by operation
	keys          int
	keyLife       time.Duration // until their deletion is scheduled
	peakPerSecond float64       // of the symmetric operations
	lasts         time.Duration // about how long it takes; 0 is not known
}

func (e estimate) total() int64 {
	var n int64
	for _, v := range e.requests {
		n += v
	}
	return n
}

func (e estimate) plus(o estimate) estimate {
	sum := estimate{requests: maps.Clone(e.requests), keys: e.keys + o.keys,
		keyLife: max(e.keyLife, o.keyLife), peakPerSecond: max(e.peakPerSecond, o.peakPerSecond), lasts: e.lasts + o.lasts}
	if sum.requests == nil {
		sum.requests = map[string]int64{}
	}
	for op, n := range o.requests {
		sum.requests[op] += n
	}
	return sum
}

// cost in US dollars, never under-stated.
func (e estimate) cost() awsfacts.MicroUSD { return awsfacts.Cost(e.total(), e.keys, e.keyLife) }

// symmetricQuota asks Service Quotas, a free call, and falls back on the table.
func symmetricQuota(ctx context.Context, t target.Target, region string) (perSecond float64, source string) {
	if c, ok := t.(interface {
		SymmetricQuota(context.Context) (float64, error)
	}); ok {
		ctx, cancel := context.WithTimeout(ctx, reachTimeout)
		defer cancel()
		if perSecond, err := c.SymmetricQuota(ctx); err == nil && perSecond > 0 {
			return perSecond, "Service Quotas"
		}
	}
	return float64(awsfacts.SymmetricPerSecond(region)), "default as of " + awsfacts.AsOf
}

// consent prints what a command will do to a real account and refuses what
// goes beyond the limits. Other targets cost nothing and are not asked about.
func (f moneyFlags) consent(a *app, o *opened, e estimate) error {
	if !o.aws {
		return nil
	}
	var parts []string
	for _, op := range slices.Sorted(maps.Keys(e.requests)) {
		parts = append(parts, fmt.Sprintf("%s %d", op, e.requests[op]))
	}
	region := o.Info().Region
	perSecond, source := symmetricQuota(a.ctx, o.Target, region)
	share := "a share not known beforehand"
	if e.peakPerSecond > 0 {
		share = fmt.Sprintf("%.2f%%", 100*e.peakPerSecond/perSecond)
	}
	a.say("aws %s: at most %d requests (%s), %d new keys, %s of the symmetric quota of %.0f/s (%s), at most %s (%s)",
		region, e.total(), strings.Join(parts, ", "), e.keys, share, perSecond, source,
		e.cost(), awsfacts.PriceNote)
	if e.lasts > 0 {
		a.say("expected duration: about %s, with requests spaced to the per-operation quotas", roughly(e.lasts))
	}
	if !awsfacts.PriceKnown(region) {
		a.say("warning: the prices of %s are not known here; the figure is that of the standard partition", region)
	}
	switch {
	case e.total() > f.MaxRequests:
		return usagef("refused: %d requests are above --max-requests %d%s", e.total(), f.MaxRequests, f.of)
	case e.cost().USD() > f.MaxCost:
		return usagef("refused: %s is above --max-cost %.2f%s", e.cost(), f.MaxCost, f.of)
	}
	return nil
}

func (f moneyFlags) check() error {
	switch {
	case !(f.MaxCost >= 0) || math.IsInf(f.MaxCost, 0): // NaN is not >= 0
		return usagef("--max-cost must be an amount of US dollars, 0 or more, not %v", f.MaxCost)
	case f.MaxRequests < 0:
		return usagef("--max-requests must be 0 or more, not %d", f.MaxRequests)
	}
	return nil
}

// roughly rounds a duration to what is worth reading.
func roughly(d time.Duration) time.Duration {
	switch {
	case d > 10*time.Minute:
		return d.Round(time.Minute)
	case d > time.Minute:
		return d.Round(10 * time.Second)
	}
	return max(d.Round(time.Second), time.Second)
}

// capped makes the limits hard stops of a running load, too.
func (f moneyFlags) capped(p bench.Plan) bench.Plan {
	p.MaxRequests = f.MaxRequests
	p.MaxCost = awsfacts.MicroUSD(f.MaxCost * 1e6)
	return p
}
