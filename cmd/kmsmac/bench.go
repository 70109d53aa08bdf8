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
	implFlags
	formatFlags `group:"Output"`
	targetFlags `group:"Target"`
	moneyFlags  `group:"Money"`
	outFlags    `group:"Output"`
}

// Run measures and writes a result.
func (c benchKMSCmd) Run(a *app) error {
	if err := c.force(a); err != nil {
		return err
	}
	plan, spec, err := c.check(a)
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
	rec.file.Shard = c.shardOf(plan)
	o, err := spec.open(a, c.targetFlags, clientOptions{connections: plan.InFlight(), client: c.Client, bounded: true}, childEmulator())
	if err != nil {
		rec.drop()
		return err
	}
	err = c.measure(a, o, plan, secrets, rec)
	return errors.Join(err, o.close())
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
	if spec.aws {
		plan = c.capped(plan)
	}
	return plan, spec, err
}

func (c benchKMSCmd) measure(a *app, o *opened, plan bench.Plan, secrets [][]byte, rec *record) error {
	e, err := loadEstimate(plan, o.aws)
	if err == nil {
		err = c.consent(a, o, e)
	}
	if err == nil {
		err = o.reach(a.ctx)
	}
	if err != nil {
		rec.drop()
		return err
	}
	rec.file.Environment.Endpoint = o.endpoint
	rec.file.Verdict, err = runLoad(a, o, plan, secrets, rec)
	if err != nil {
		rec.drop()
		return err
	}
	return rec.finishAs(a, c.format(c.JSON), func(string) any { return map[string]any{"bench": rec.file.Load} })
}

// loadEstimate is the plan's estimate in the form of the money rules.
func loadEstimate(plan bench.Plan, paced bool) (estimate, error) {
	b, err := plan.Estimate(paced)
	if err != nil {
		return estimate{}, usageError(err)
	}
	e := estimate{requests: map[string]int64{}, keys: b.Keys, keyLife: b.Lasts, peakPerSecond: b.PeakPerSecond}
	for _, m := range []map[string]int64{b.Load, b.SetUp} {
		for op, n := range m {
			e.requests[op] += n
		}
	}
	return e, nil
}

// runLoad runs the plan with live progress and moves the report's talk into the
// record. Its verdict is the report's.
func runLoad(a *app, o *opened, plan bench.Plan, secrets [][]byte, rec *record) (results.Verdict, error) {
	p := newProgress(a.streams)
	defer p.done()
	opts := bench.Options{RunID: rec.file.RunID, Host: hostname(), Secrets: map[string][]byte{}, NewKey: a.impl.newKey,
		Observer: func(b bench.Progress) { p.update(progressLine(b)) }}
	for i, secret := range secrets {
		opts.Secrets[plan.Workload.Keys[i]] = secret
	}
	report, err := bench.Run(a.ctx, o.Target, plan, opts)
	for _, arn := range report.Left {
		rec.warn("key left behind, kmsmac cleanup takes it: %s", arn)
	}
	for _, w := range report.Warnings {
		rec.warn("%s", w)
	}
	for _, w := range report.Wrong {
		rec.warn("wrong answer outside the measured requests: %s", w)
	}
	if err != nil {
		return results.Inconclusive, err
	}
	if report.Stopped == bench.StoppedInterrupted {
		rec.file.Interrupted = true
	} else if report.Stopped != "" {
		rec.warn("stopped by %s before the plan ended", report.Stopped)
	}
	rec.file.Load = report.Loads
	return report.Verdict(), nil
}

// progressLine sums up a running load in one line.
func progressLine(p bench.Progress) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s of %s: achieved %.0f/s", p.Phase, p.Elapsed.Round(time.Second), p.Total.Round(time.Second), p.Achieved)
	if p.Offered > 0 {
		fmt.Fprintf(&b, " of %.0f/s offered", p.Offered)
	}
	fmt.Fprintf(&b, ", in flight %d", p.InFlight)
	if r := p.Response; r != nil {
		fmt.Fprintf(&b, ", response p50 %.2f ms p99 %.2f ms", float64(r.P50)/1e6, float64(r.P99)/1e6)
	}
	if p.Lag != nil {
		fmt.Fprintf(&b, ", lag p99 %.2f ms", float64(p.Lag.P99)/1e6)
	}
	fmt.Fprintf(&b, ", errors %d, throttles %d, wrong tags %d, dropped %d", p.Errors, p.Throttled, p.WrongTags, p.Dropped)
	return b.String()
}
