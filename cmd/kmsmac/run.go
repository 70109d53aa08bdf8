package main

import (
	"errors"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// runProfiles are the conformance profiles of the main job.
const runProfiles = "core,lifecycle,import"

type runCmd struct {
	implFlags
	targetFlags
	outFlags
	moneyFlags
	Rate     float64       `default:"200" placeholder:"N" help:"Arrivals per second of the load."`
	Duration time.Duration `default:"5s" help:"Measured span of the load."`
}

// Run does vectors, conformance and load, and ends with one verdict. A failure
// in one part does not keep the others from running.
func (c runCmd) Run(a *app) error {
	if err := c.force(a); err != nil {
		return err
	}
	if err := c.moneyFlags.check(); err != nil {
		return err
	}
	spec, err := c.spec(a.env)
	if err != nil {
		return err
	}
	plan, err := c.load().plan(c.Seed, c.Timeout)
	if err != nil {
		return err
	}
	opts := conformance.Options{Profile: runProfiles, Seed: c.Seed, Host: hostname(), Region2: spec.region2, Timeout: c.Timeout}
	settings := loadSettings(plan, c.targetFlags, "sdk")
	settings["profile"] = runProfiles
	rec, err := newRecord(a, c.outFlags, "run", settings)
	if err != nil {
		return err
	}
	o, err := spec.open(a, c.targetFlags, clientOptions{connections: max(64, plan.InFlight()), client: "sdk"}, inProcess(kmsemu.Options{ReplicaDelay: replicaDelay}))
	if err != nil {
		rec.drop()
		return err
	}
	return errors.Join(a.removing(o, rec, func() error { return c.all(a, o, opts, plan, rec) }), o.close())
}

func (c runCmd) load() loadFlags {
	return loadFlags{scheduleFlags: scheduleFlags{Rate: &c.Rate, Duration: &c.Duration}}
}

func (c runCmd) all(a *app, o *opened, opts conformance.Options, plan bench.Plan, rec *record) error {
	if err := c.admit(a, o, opts, plan); err != nil {
		rec.drop()
		return err
	}
	f := &rec.file
	f.Environment.Endpoint = o.endpoint

	v := checkVectors(engine.Impls())
	f.Vectors, f.Verdict = &v, vectorsVerdict(v)

	section, err := runConformance(a, o, opts, rec)
	if err != nil {
		rec.warn("%v", err)
		f.Verdict = results.Worse(f.Verdict, results.Inconclusive)
	} else {
		f.Conformance, f.Verdict = &section, results.Worse(f.Verdict, conformance.Verdict(section))
	}
	if a.ctx.Err() == nil {
		verdict, err := loadRun{plan: c.left(plan, section, o.aws)}.run(a, o, rec)
		if err != nil {
			rec.warn("%v", err)
		}
		f.Verdict = results.Worse(f.Verdict, verdict)
	}
	return rec.finish(a, c.JSON, func(path string) any { return results.Summarize(f, path) })
}

// admit asks for consent to the sum of both parts and makes the first call.
func (c runCmd) admit(a *app, o *opened, opts conformance.Options, plan bench.Plan) error {
	ce, err := conformEstimate(opts)
	if err != nil {
		return err
	}
	le, err := loadEstimate(plan, o.aws)
	if err != nil {
		return err
	}
	if err := c.consent(a, o, ce.plus(le)); err != nil {
		return err
	}
	return o.reach(a.ctx)
}

// left gives the load what the suite left of the limits.
func (c runCmd) left(plan bench.Plan, done results.Conformance, aws bool) bench.Plan {
	if !aws {
		return plan
	}
	used := int64(0)
	for _, r := range done.Cases {
		used += int64(r.Requests)
	}
	plan = c.capped(plan)
	plan.MaxRequests = max(1, plan.MaxRequests-used)
	return plan
}
