package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/results"
)

type benchCmd struct {
	Kms benchKMSCmd `cmd:"" name:"kms" help:"Load on a target: GenerateMac and VerifyMac."`
}

type benchKMSCmd struct {
	targetFlags
	outFlags
	moneyFlags
	loadFlags
}

// loadFlags define a load.
type loadFlags struct {
	Rate        float64       `placeholder:"N" help:"Open loop: arrivals per second (default 100)."`
	Concurrency int           `placeholder:"N" help:"Closed loop: requests in flight; excludes --rate."`
	Workers     int           `placeholder:"N" help:"Open loop: most requests in flight (default: a quarter of the rate, at least 16)."`
	Duration    time.Duration `default:"10s" help:"Measured span, after a warm-up of a tenth of it."`
	Mix         string        `default:"generate=50,verify=50" help:"Shares of the operations."`
	KeySpec     []string      `default:"HMAC_256" help:"Key specs: HMAC_224, HMAC_256, HMAC_384, HMAC_512."`
	MessageSize int           `default:"32" placeholder:"BYTES" help:"Message size, 1 to 4096."`
	Key         []string      `placeholder:"ID" help:"Existing key by id, ARN or alias; repeatable. Nothing is created, changed or deleted."`
	SecretFile  []string      `placeholder:"FILE" help:"File with the raw secret of the --key at the same place, so that the engine verifies its tags."`
	Client      string        `default:"sdk" enum:"sdk,sdk-user" help:"Client road: sdk (measuring settings) or sdk-user (your SDK settings)."`
}

// plan turns the flags into a plan. Its errors are usage errors.
func (f loadFlags) plan(seed uint64, timeout time.Duration, money moneyFlags) (bench.Plan, error) {
	p := bench.Plan{Seed: seed, Concurrency: f.Concurrency, Duration: f.Duration, Timeout: timeout}
	switch {
	case f.Concurrency != 0 && f.Rate != 0:
		return p, usagef("--rate is an open loop and --concurrency a closed one: give one of them")
	case f.Concurrency != 0 && f.Workers != 0:
		return p, usagef("--workers is for an open loop: with --concurrency the requests in flight are given")
	case f.Concurrency == 0:
		p.Arrivals.Rate, p.Workers = f.Rate, f.Workers
	}
	var err error
	if p.Workload.Generate, p.Workload.Verify, err = parseMix(f.Mix); err != nil {
		return p, err
	}
	p.Workload.Keys = f.Key
	if len(f.Key) == 0 {
		p.Workload.KeySpecs = f.KeySpec
	}
	p.Workload.Sizes = bench.Sizes{{Min: f.MessageSize, Max: f.MessageSize, Weight: 1}}
	if len(f.SecretFile) > 0 && len(f.SecretFile) != len(f.Key) {
		return p, usagef("%d --secret-file for %d --key: give one each, or none", len(f.SecretFile), len(f.Key))
	}
	if err := p.Validate(); err != nil {
		return p, usageError(err)
	}
	return p, nil
}

// parseMix reads "generate=70,verify=30"; an operation left out has no share.
func parseMix(text string) (generate, verify float64, err error) {
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		share, perr := strconv.ParseFloat(value, 64)
		if !ok || perr != nil || !(share >= 0) || share > 1e9 || seen[name] {
			return 0, 0, usagef("--mix %q is not of the form generate=70,verify=30", text)
		}
		seen[name] = true
		switch name {
		case "generate":
			generate = share
		case "verify":
			verify = share
		default:
			return 0, 0, usagef("--mix %q: unknown operation %q, use generate and verify", text, name)
		}
	}
	if generate+verify == 0 {
		return 0, 0, usagef("--mix %q asks for nothing", text)
	}
	return generate, verify, nil
}

// secrets reads the secret files. A secret is the file's bytes as they are.
func (f loadFlags) secrets() ([][]byte, error) {
	var out [][]byte
	for _, name := range f.SecretFile {
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, unknownf("the secret cannot be read: %w", err)
		}
		if len(raw) == 0 {
			return nil, usagef("the secret file %s is empty", name)
		}
		out = append(out, raw)
	}
	return out, nil
}

// Run measures and writes a result.
func (c benchKMSCmd) Run(a *app) error {
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
	o, err := spec.open(a, c.targetFlags, clientOptions{connections: plan.InFlight(), client: c.Client}, childEmulator())
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
	plan, err := c.plan(c.Seed, c.Timeout, c.moneyFlags)
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
	return rec.finish(a, c.JSON, func(string) any { return map[string]any{"bench": rec.file.Load} })
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

func loadSettings(p bench.Plan, t targetFlags, client string) map[string]any {
	return map[string]any{"load": p.WithDefaults(), "target": t.Target, "client": client}
}

// runLoad runs the plan with live progress and moves the report's talk into the
// record. Its verdict is the report's.
func runLoad(a *app, o *opened, plan bench.Plan, secrets [][]byte, rec *record) (results.Verdict, error) {
	p := newProgress(a.streams)
	defer p.done()
	opts := bench.Options{RunID: rec.file.RunID, Host: hostname(), Secrets: map[string][]byte{},
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
