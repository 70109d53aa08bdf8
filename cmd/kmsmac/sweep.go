package main

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/results"
)

type sweepCmd struct {
	ladderFlags    `group:"Steps"`
	limitFlags     `group:"Limits"`
	workloadFlags  `group:"Workload"`
	clientFlags    `group:"Client"`
	calibrateFlags `group:"Client"`
	watchFlags     `group:"Watch"`
	implFlags
	targetFlags `group:"Target"`
	moneyFlags  `group:"Money"`
	outFlags    `group:"Output"`
	plotFlags   `group:"Output"`
}

// ladderFlags say which loads are tried.
type ladderFlags struct {
	Rate        string        `placeholder:"FROM-TO" help:"Open loop: arrivals per second from one to the other."`
	Concurrency string        `placeholder:"FROM-TO" help:"Closed loop: requests in flight (default 1-64)."`
	Factor      *float64      `placeholder:"X" help:"From one load to the next (default 1.5 for rates, 2 for concurrencies)."`
	Step        time.Duration `default:"5s" help:"Length of each load; what comes before its steady state, at most half, is cut off."`
	Resolution  float64       `default:"0.05" help:"How closely the knee is looked for."`
	Repeats     int           `default:"5" help:"Interleaved repeats of the loads around the knee: they give its interval."`
	Poisson     bool          `help:"Open loop: random gaps."`
	Workers     int           `placeholder:"N" help:"Open loop: most requests in flight (default: a quarter of the rate, 16 to 1000)."`
	Overload    string        `placeholder:"POLICY" help:"Open loop: an arrival that finds every worker busy: queue (default) or drop."`
	Pacer       string        `placeholder:"PACER" help:"Open loop: auto (default), sleep, nanosleep or spin."`
	Think       time.Duration `placeholder:"TIME" help:"Closed loop: pause between reply and next request."`
}

// limitFlags say when a load is too large.
type limitFlags struct {
	MaxThrottles float64       `default:"0.01" placeholder:"SHARE" help:"Share of throttled attempts above which a load is too large; 0 allows none."`
	MaxErrors    float64       `default:"0.01" placeholder:"SHARE" help:"Share of other failures, likewise."`
	MinAnswered  float64       `default:"0.95" placeholder:"SHARE" help:"Open loop: share of arrivals answered in time below which a load is too large."`
	MaxP99       time.Duration `name:"max-p99" placeholder:"TIME" help:"Response time at the 99th percentile, likewise (default: no limit)."`
}

// plan turns the flags into a sweep. Its errors are usage errors.
func (c sweepCmd) plan() (bench.SweepPlan, error) {
	p := bench.SweepPlan{Step: c.Step, Resolution: c.Resolution, Repeats: c.Repeats, Limits: &results.SweepLimits{
		ThrottleShare: c.MaxThrottles, ErrorShare: c.MaxErrors, AnsweredShare: c.MinAnswered, P99: c.MaxP99}}
	if err := c.refuseZeros(); err != nil {
		return p, err
	}
	if c.Factor != nil {
		p.Factor = *c.Factor
	}
	w, err := c.workload()
	if err != nil {
		return p, err
	}
	p.Load = bench.Plan{Seed: c.Seed, Timeout: c.Timeout, Workload: w}
	text := c.Concurrency
	switch {
	case c.Rate != "" && c.Concurrency != "":
		return p, usagef("--rate is an open loop and --concurrency a closed one: give one of them")
	case c.Rate != "":
		p.Over, text = bench.OverRate, c.Rate
		if c.Think != 0 {
			return p, usagef("--think is for --concurrency")
		}
		p.Load.Arrivals.Poisson, p.Load.Workers = c.Poisson, c.Workers
		p.Load.Overload, p.Load.Pacer = bench.Overload(c.Overload), bench.Pacing(c.Pacer)
	default:
		if c.Poisson || c.Workers != 0 || c.Overload != "" || c.Pacer != "" {
			return p, usagef("--poisson, --workers, --overload and --pacer are for --rate")
		}
		p.Over, text, p.Load.Think = bench.OverConcurrency, firstOf(text, "1-64"), c.Think
	}
	if p.From, p.To, err = parseRange(text); err != nil {
		return p, err
	}
	if p.Over == bench.OverConcurrency {
		p.Load.Concurrency = max(1, int(p.From))
	}
	if err := p.Validate(); err != nil {
		return p, usageError(err)
	}
	return p.WithDefaults(), nil
}

// refuseZeros keeps a 0 from meaning the default.
func (c ladderFlags) refuseZeros() error {
	switch {
	case c.Factor != nil && *c.Factor == 0:
		return usagef("--factor 0 is not between 1.05 and 10")
	case c.Step == 0:
		return usagef("--step 0s is not between 500ms and 1h")
	case c.Resolution == 0:
		return usagef("--resolution 0 is not between 0.01 and 0.5")
	case c.Repeats == 0:
		return usagef("--repeats 0 is not between 1 and 100")
	}
	return nil
}

// parseRange reads "100-5000".
func parseRange(text string) (from, to float64, err error) {
	a, b, ok := strings.Cut(text, "-")
	from, err1 := strconv.ParseFloat(a, 64)
	to, err2 := strconv.ParseFloat(b, 64)
	if !ok || err1 != nil || err2 != nil {
		return 0, 0, usagef("%q is not of the form FROM-TO, for example 100-5000", text)
	}
	return from, to, nil
}

// Run climbs, finds the knee, and writes a result.
func (c sweepCmd) Run(a *app) error {
	if err := errors.Join(c.force(a), c.moneyFlags.check(), c.refusePlot(formatFlags{Format: "text"}.format(c.JSON))); err != nil {
		return err
	}
	spec, err := c.spec(a.env)
	if err != nil {
		return err
	}
	plan, err := c.plan()
	if err != nil {
		return err
	}
	if spec.aws {
		plan.Load = c.capped(plan.Load)
	}
	secrets, err := c.secrets()
	if err != nil {
		return err
	}
	rec, err := newRecord(a, c.outFlags, "sweep", map[string]any{"sweep": plan, "target": c.Target, "client": c.Client})
	if err != nil {
		return err
	}
	client := clientOptions{connections: plan.InFlight(), client: c.Client, bounded: true}
	o, err := spec.open(a, c.targetFlags, client, childEmulator())
	if err != nil {
		rec.drop()
		return err
	}
	calibrate := func() (*results.Calibration, error) {
		load := plan.Load
		load.Duration = plan.Step
		if plan.Over == bench.OverConcurrency {
			load.Concurrency = int(plan.To)
		} else {
			load.Arrivals.Rate = plan.To
		}
		return c.calibrate(a, spec, c.targetFlags, client, load)
	}
	err = a.removing(o, rec, func() error { return c.measure(a, o, plan, secrets, calibrate, rec) })
	if err != nil && len(rec.file.Warnings) == 0 && rec.file.Sweep == nil {
		rec.drop()
	}
	return errors.Join(err, o.close())
}

// measure asks for consent, calibrates, sweeps, and writes the result.
func (c sweepCmd) measure(a *app, o *opened, plan bench.SweepPlan, secrets [][]byte, calibrate func() (*results.Calibration, error), rec *record) error {
	e, err := sweepEstimate(plan, o.aws)
	if err == nil {
		err = c.consent(a, o, e)
	}
	if err == nil {
		err = o.reach(a.ctx)
	}
	var restore func()
	if err == nil {
		rec.file.Environment.GOGC, restore, err = c.setGOGC(a)
	}
	if err != nil {
		return err
	}
	defer restore()
	a.say("client %s, GOGC %s, at most %d loads of %s", c.Client, rec.file.Environment.GOGC, plan.Steps(), plan.Step)
	rec.file.Environment.Endpoint = o.endpoint
	cal, err := calibrate()
	if err != nil && a.ctx.Err() == nil {
		rec.warn("the client was not measured by itself: %v", err)
	}
	observe, end, err := c.watch(a, rec)
	if err != nil {
		return err
	}
	err = c.sweep(a, o, plan, secrets, cal, observe, rec)
	if err := end(); err != nil {
		rec.warn("profile or metrics did not end well: %v", err)
	}
	if err != nil {
		return err
	}
	if err := c.plot(a, &rec.file); err != nil {
		a.say("%v", err)
	}
	return rec.finish(a, c.JSON, func(string) any { return map[string]any{"sweep": rec.file.Sweep} })
}

// sweepEstimate is the sweep's estimate in the form of the money rules.
func sweepEstimate(plan bench.SweepPlan, paced bool) (estimate, error) {
	b, err := plan.Estimate(paced)
	if err != nil {
		return estimate{}, usageError(err)
	}
	e := estimate{requests: maps.Clone(b.Load), keys: b.Keys, keyLife: b.Lasts, peakPerSecond: b.PeakPerSecond, lasts: b.Lasts}
	for op, n := range b.SetUp {
		e.requests[op] += n
	}
	return e, nil
}

func (c sweepCmd) sweep(a *app, o *opened, plan bench.SweepPlan, secrets [][]byte, cal *results.Calibration, observe func(bench.Progress), rec *record) error {
	p := newProgress(a.streams)
	opts := bench.Options{RunID: rec.file.RunID, Host: hostname(), Secrets: map[string][]byte{}, NewKey: a.impl.newKey, Calibration: cal}
	now, unit := "", map[string]string{bench.OverRate: "/s", bench.OverConcurrency: " in flight"}[plan.Over]
	opts.Observer = func(b bench.Progress) {
		p.update("sweep: " + now + progressLine(b))
		observe(b)
	}
	for i, secret := range secrets {
		opts.Secrets[plan.Load.Workload.Keys[i]] = secret
	}
	section, report, err := bench.Sweep(a.ctx, o.Target, plan, opts, func(pt results.SweepPoint) {
		now = fmt.Sprintf("%s of %s%s done; ", pt.Phase, strconv.FormatFloat(math.Round(100*pt.Value)/100, 'f', -1, 64), unit)
	})
	p.done()
	if report != nil {
		loadRun{}.talk(report, rec)
	}
	if err != nil {
		return err
	}
	rec.file.Sweep = section
	rec.file.Interrupted = section.Stopped == bench.StoppedInterrupted
	rec.file.Verdict = sweepVerdict(section, report)
	return nil
}

// sweepVerdict: a wrong answer fails; a sweep that was cut short, or carried no
// load at all, found nothing out.
func sweepVerdict(s *results.Sweep, r *bench.Report) results.Verdict {
	var ok, wrong int64
	for _, pt := range s.Points {
		ok += pt.Succeeded
		wrong += pt.WrongTags
	}
	switch {
	case wrong > 0 || len(r.Wrong) > 0:
		return results.Fail
	case ok == 0, s.Stopped == bench.StoppedInterrupted, s.Stopped == bench.StoppedRequests, s.Stopped == bench.StoppedCost:
		return results.Inconclusive
	}
	return results.Pass
}
