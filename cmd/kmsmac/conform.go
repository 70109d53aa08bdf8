package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

type conformCmd struct {
	implFlags
	targetFlags
	outFlags
	moneyFlags
	recordFlags
	Profile      string   `default:"full" placeholder:"NAME,…" help:"Profiles: core, lifecycle, governance, import, multi-region, wire, auth, quota, full; golden also asks what nobody knows."`
	Case         []string `placeholder:"ID" help:"Only this case or group; repeatable."`
	Strict       bool     `help:"Warnings fail."`
	Parallel     int      `placeholder:"N" help:"Cases side by side (default 8; 4 on aws)."`
	Differential int      `default:"200" placeholder:"N" help:"Random imported keys and messages on which engine and target are held against each other; 0 for none."`
	AllowQuota   bool     `help:"Run the cases that use up a request quota of the target, too."`
	List         bool     `help:"List the catalogue: id, evidence, confidence, profile, operation, input."`
	Explain      string   `placeholder:"ID" help:"Say why AWS does this, with its source; no target needed."`
}

// Run holds the target against the behaviour table, or a record, and writes a
// result.
func (c conformCmd) Run(a *app) error {
	switch {
	case c.List:
		return listCases(a)
	case c.Explain != "":
		return explainCase(a, c.Explain)
	}
	if err := errors.Join(c.force(a), c.check()); err != nil {
		return err
	}
	spec, replayed, err := c.subject(a)
	if err != nil {
		return err
	}
	opts, known, err := c.options(spec, replayed)
	if err != nil {
		return err
	}
	rec, err := newRecord(a, c.outFlags, "conform", map[string]any{
		"target": c.Target, "profile": c.Profile, "cases": c.Case, "strict": c.Strict, "differential": opts.Differential, "region2": opts.Region2,
		"baseline": c.Baseline, "expect": c.Expect})
	if err != nil {
		return err
	}
	o, err := c.open(a, spec, replayed)
	if err != nil {
		rec.drop()
		return err
	}
	return errors.Join(a.removing(o, rec, func() error { return c.hold(a, o, opts, known, rec) }), o.close())
}

func (c conformCmd) check() error {
	if err := c.moneyFlags.check(); err != nil {
		return err
	}
	if c.Parallel < 0 || c.Parallel > 64 || c.Differential < 0 || c.Differential > 100_000 {
		return usagef("--parallel must be 1 to 64 and --differential 0 to 100000")
	}
	if c.Record != "" && (c.Target == string(kindEngine) || strings.HasPrefix(c.Target, replayPrefix)) {
		return usagef("--record keeps what was on the wire, and --target %s has none", c.Target)
	}
	return nil
}

// replayPrefix begins the name of a target that is a record.
const replayPrefix = "replay:"

// subject is what --target names, with the record if it is one.
func (c conformCmd) subject(a *app) (targetSpec, *conformance.Record, error) {
	name, isRecord := strings.CutPrefix(c.Target, replayPrefix)
	if !isRecord {
		spec, err := c.spec(a.env)
		return spec, nil, err
	}
	rec, err := readRecord(name)
	return targetSpec{kind: kindReplay, region2: c.Region2}, rec, err
}

// open connects the target; a record needs no connection.
func (c conformCmd) open(a *app, spec targetSpec, replayed *conformance.Record) (*opened, error) {
	if replayed == nil {
		flags := c.targetFlags
		flags.Timeout *= conformance.SlowFactor // the suite has its own bounds
		return spec.open(a, flags, clientOptions{connections: 64, client: "sdk"}, inProcess(everything(spec)))
	}
	t := replayed.Target(c.Target)
	if !replayed.Golden() {
		a.say("this record is not golden: it does not prove what AWS does")
	}
	return &opened{Target: t, close: t.Close, endpoint: results.Endpoint{Name: c.Target, Kind: string(kindReplay), Host: replayed.Header.Host, Region: t.Info().Region}}, nil
}

// smallQuota is the quota of symmetric operations of the embedded emulator
// where quotas hold: AWS's own is more than a test can use up.
const smallQuota = 20

// replicaDelay is how long the embedded emulator takes for replicas, so that
// their passing states are seen.
const replicaDelay = time.Second

// everything are the options of an embedded emulator on which every case can
// run: it knows its callers, has quotas in one Region of their own, and takes
// its time with replicas.
func everything(spec targetSpec) kmsemu.Options {
	return kmsemu.Options{
		Credentials:  []kmsemu.Credential{{AccessKeyID: "test", SecretAccessKey: "test"}},
		Quota:        fmt.Sprintf("us-east-1:symmetric=%d:in=%s", smallQuota, quotaRegion(spec)),
		ReplicaDelay: replicaDelay,
	}
}

// quotaRegion is a Region in which nothing else runs.
func quotaRegion(spec targetSpec) string {
	for _, r := range []string{"eu-central-1", "eu-west-1"} {
		if r != spec.region && r != spec.region2 {
			return r
		}
	}
	return "us-east-2"
}

func (c conformCmd) options(spec targetSpec, replayed *conformance.Record) (conformance.Options, *conformance.Known, error) {
	o := conformance.Options{
		Profile: c.Profile, Cases: c.Case, Strict: c.Strict, Parallel: c.Parallel, Seed: c.Seed,
		Host: hostname(), Region2: spec.region2, Differential: c.Differential, Timeout: c.Timeout,
	}
	if c.AllowQuota || spec.kind == kindEmulator {
		o.Allow = []conformance.Feature{conformance.FeatureQuota}
	}
	if spec.kind == kindEmulator {
		o.QuotaRegion, o.SymmetricPerSecond = quotaRegion(spec), smallQuota
	}
	if replayed != nil {
		o = replayed.Options(o)
	}
	var known *conformance.Known
	var err error
	if c.Baseline != "" {
		o.Baseline, err = readRecord(c.Baseline)
	}
	if err == nil && c.Expect != "" {
		known, err = readKnown(c.Expect)
	}
	if err == nil {
		if _, err = conformance.Plan(o); err != nil {
			err = conformError(err)
		}
	}
	return o, known, err
}

func (c conformCmd) hold(a *app, o *opened, opts conformance.Options, known *conformance.Known, rec *record) error {
	e, err := conformEstimate(opts)
	if err == nil {
		err = c.consent(a, o, e)
	}
	if err == nil {
		ctx, cancel := context.WithTimeout(a.ctx, c.Timeout)
		err = o.reach(ctx)
		cancel()
	}
	var kept *recordFile
	if err == nil && c.Record != "" {
		kept, err = createRecord(c.Record, c.recordHeader(a, o, opts, rec))
	}
	if err != nil {
		rec.drop()
		return err
	}
	if kept != nil {
		opts.Recorder = kept.Recorder
	}
	if o.aws {
		opts.MaxRequests = int(min(c.MaxRequests, 1<<31-1))
	}
	section, err := runConformance(a, o, opts, rec)
	if err != nil {
		kept.drop()
		rec.drop()
		return conformError(err)
	}
	return c.tell(a, o, section, known, kept, rec)
}

// tell writes everything that was asked for; the verdict comes last.
func (c conformCmd) tell(a *app, o *opened, section results.Conformance, known *conformance.Known, kept *recordFile, rec *record) error {
	var errs []error
	if kept != nil {
		errs = append(errs, kept.finish(a, rec))
	}
	if c.WriteExpect != "" {
		errs = append(errs, writeReport(c.WriteExpect, conformance.KnownOf(section, c.Target, known).Write))
	}
	if known != nil {
		known.Apply(&section)
	}
	rec.file.Conformance = &section
	rec.file.Verdict = conformance.Verdict(section)
	rec.file.Environment.Endpoint = o.endpoint
	errs = append(errs, c.reports(a, &rec.file))
	return worstOf(append(errs, rec.finish(a, c.JSON, func(string) any { return section })))
}

// worstOf joins errors so that a file that could not be written is told, and a
// failed verdict still decides the exit code.
func worstOf(errs []error) error {
	last := errs[len(errs)-1]
	err := errors.Join(errs[:len(errs)-1]...)
	switch {
	case err == nil:
		return last
	case last == nil:
		return err
	}
	return &exitError{exitCode(last), err}
}

// runConformance runs the suite with live progress. An interrupted run returns
// what it has.
func runConformance(a *app, o *opened, opts conformance.Options, rec *record) (results.Conformance, error) {
	opts.NewKey = a.impl.newKey
	if opts.RunID == "" { // else that of a record
		opts.RunID = rec.file.RunID
	}
	p := newProgress(a.streams)
	defer p.done()
	opts.Observer = func(e conformance.Event) {
		p.update(fmt.Sprintf("conformance %d of %d: %s", e.Done, e.Total, e.ID))
	}
	section, err := conformance.Run(a.ctx, o.Target, opts)
	rec.left = rec.left || slices.ContainsFunc(section.Left, func(left string) bool { return !strings.Contains(left, conformance.Elsewhere) })
	if errors.Is(err, context.Canceled) {
		rec.file.Interrupted = true
		return section, nil
	}
	return section, err
}

func conformError(err error) error {
	if errors.Is(err, conformance.ErrUsage) {
		return usageError(err)
	}
	return unknownf("%w", err)
}

func conformEstimate(opts conformance.Options) (estimate, error) {
	est, err := conformance.Plan(opts)
	if err != nil {
		return estimate{}, conformError(err)
	}
	e := estimate{requests: map[string]int64{}, keys: est.Keys, keyLife: max(time.Hour, est.Paced), lasts: est.Paced}
	for op, n := range est.Operations {
		e.requests[op] = int64(n)
	}
	return e, nil
}

func listCases(a *app) error {
	for _, c := range conformance.Catalogue() {
		_, err := fmt.Fprintf(a.streams.out, "%s\t%s\t%s\t%s\t%s\t%s\n", c.ID, c.Evidence.Class, c.Evidence.Confidence, c.Profile, c.Operation, c.Title)
		if err != nil {
			return err
		}
	}
	return nil
}

func explainCase(a *app, id string) error {
	x, err := conformance.Explain(id)
	if err != nil {
		return conformError(err)
	}
	r := x.Row
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n  given:     %s\n  expected:  %s\n  evidence:  %s, confidence %s\n", r.ID, r.Operation, r.Input, r.Expected, r.Evidence.Class, r.Evidence.Confidence)
	fmt.Fprintf(&b, "  source:    %s\n", strings.TrimSpace(r.Evidence.Source+" "+r.Evidence.Date))
	if r.Note != "" {
		fmt.Fprintf(&b, "  note:      %s\n", r.Note)
	}
	if x.Reason != "" {
		fmt.Fprintf(&b, "  not run:   %s\n", x.Reason)
	} else {
		fmt.Fprintf(&b, "  profile:   %s\n", x.Profile)
	}
	for i, step := range x.Steps {
		fmt.Fprintf(&b, "  step %d:    %s\n", i+1, step)
	}
	_, err = io.WriteString(a.streams.out, b.String())
	return err
}
