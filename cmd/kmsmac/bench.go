package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/results"
)

type benchCmd struct {
	Kms    benchKMSCmd    `cmd:"" name:"kms" help:"Load on a target: GenerateMac and VerifyMac."`
	Engine benchEngineCmd `cmd:"" name:"engine" help:"The engine's implementations side by side, on this machine."`
}

type benchKMSCmd struct {
	loadFlags
	calibrateFlags `group:"Client"`
	watchFlags     `group:"Watch"`
	implFlags
	formatFlags `group:"Output"`
	plotFlags   `group:"Output"`
	targetFlags `group:"Target"`
	moneyFlags  `group:"Money"`
	outFlags    `group:"Output"`
}

// Run measures and writes a result.
func (c benchKMSCmd) Run(a *app) error {
	if err := errors.Join(c.force(a), c.resolve(a.env), c.into(&c.Out), c.refusePlot(c.format(c.JSON))); err != nil {
		return err
	}
	plan, spec, err := c.check(a)
	if err != nil {
		return err
	}
	startAt, err := c.startAt(plan)
	if err != nil {
		return err
	}
	secrets, err := c.secrets()
	if err != nil {
		return err
	}
	rec, err := newRecord(a, c.outFlags, "bench kms", loadSettings(plan, c.targetFlags, c.Client))
	if err != nil {
		return err
	}
	rec.file.Shard = c.shardOf(plan, startAt)
	if s := rec.file.Shard; s != nil {
		a.say("shard %d of %d%s, plan %.12s", s.Index, s.Count, c.origin(), rec.file.PlanHash)
	}
	client := c.options(plan)
	o, err := spec.open(a, c.targetFlags, client, childEmulator())
	if err != nil {
		rec.drop()
		return err
	}
	l := loadRun{plan: plan, secrets: secrets, startAt: startAt}
	calibrate := func() (*results.Calibration, error) {
		return c.calibrate(a, spec, c.targetFlags, client, plan)
	}
	return errors.Join(a.removing(o, rec, func() error { return c.measure(a, o, l, calibrate, rec) }), o.close())
}

// options say how the load wants its client.
func (c benchKMSCmd) options(plan bench.Plan) clientOptions {
	return clientOptions{connections: plan.InFlight(), client: c.Client, bounded: true}
}

func (c benchKMSCmd) check(a *app) (bench.Plan, targetSpec, error) {
	if err := c.moneyFlags.check(); err != nil {
		return bench.Plan{}, targetSpec{}, err
	}
	spec, err := c.spec(a.env)
	if err != nil {
		return bench.Plan{}, spec, err
	}
	plan, err := c.plan(c.Seed, c.Timeout)
	if err != nil {
		return plan, spec, c.because(err)
	}
	if spec.aws {
		plan = c.share(plan.Shards).capped(plan)
	}
	return plan, spec, err
}

// measure asks for consent, calibrates, runs the load, and writes the result.
func (c benchKMSCmd) measure(a *app, o *opened, l loadRun, calibrate func() (*results.Calibration, error), rec *record) error {
	e, err := loadEstimate(l.plan, o.aws)
	if err == nil {
		err = c.share(l.plan.Shards).consent(a, o, e)
	}
	if err == nil {
		err = o.reach(a.ctx)
	}
	var restore func()
	if err == nil {
		rec.file.Environment.GOGC, restore, err = c.setGOGC(a)
	}
	if err != nil {
		rec.drop()
		return err
	}
	defer restore()
	a.say("client %s, GOGC %s", c.Client, rec.file.Environment.GOGC)
	rec.file.Environment.Endpoint = o.endpoint
	if l.calibration, err = calibrate(); err != nil && a.ctx.Err() == nil {
		rec.warn("the client was not measured by itself: %v", err)
	}
	rec.file.Verdict, err = l.watched(a, o, c.watchFlags, rec)
	if err != nil {
		for _, w := range rec.file.Warnings {
			a.say("warning: %s", w)
		}
		rec.drop()
		return err
	}
	if err := c.plot(a, &rec.file); err != nil {
		a.say("%v", err)
	}
	return rec.finishAs(a, c.format(c.JSON), func(string) any { return map[string]any{"bench": rec.file.Load} })
}

// loadEstimate is the plan's estimate in the form of the money rules.
func loadEstimate(plan bench.Plan, paced bool) (estimate, error) {
	b, err := plan.Estimate(paced)
	if err != nil {
		return estimate{}, usageError(err)
	}
	e := estimate{requests: map[string]int64{}, keys: b.Keys, keyLife: b.Lasts, peakPerSecond: b.PeakPerSecond, lasts: b.Lasts}
	for _, m := range []map[string]int64{b.Load, b.SetUp} {
		for op, n := range m {
			e.requests[op] += n
		}
	}
	return e, nil
}

// progressLine sums up a running load in one line.
func progressLine(p bench.Progress) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s of %s: achieved %.0f/s", p.Phase, p.Elapsed.Round(time.Second), p.Total.Round(time.Second), p.Achieved)
	if p.Offered > 0 {
		fmt.Fprintf(&b, " of %.0f/s offered", p.Offered)
	}
	fmt.Fprintf(&b, ", in flight %d", p.InFlight)
	if p.Waiting > 0 {
		fmt.Fprintf(&b, ", waiting %d", p.Waiting)
	}
	if r := p.Response; r != nil {
		fmt.Fprintf(&b, ", response p50 %.2f ms p99 %.2f ms", float64(r.P50)/1e6, float64(r.P99)/1e6)
	}
	if p.Lag != nil {
		fmt.Fprintf(&b, ", lag p99 %.2f ms", float64(p.Lag.P99)/1e6)
	}
	fmt.Fprintf(&b, ", errors %d, throttles %d, wrong tags %d, dropped %d", p.Errors, p.Throttled, p.WrongTags, p.Dropped)
	return b.String()
}
