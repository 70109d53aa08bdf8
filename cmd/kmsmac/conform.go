package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/results"
)

type conformCmd struct {
	targetFlags
	outFlags
	moneyFlags
	Profile      string   `default:"full" placeholder:"NAME,…" help:"Profiles: core, lifecycle, governance, import, multi-region, wire, auth, quota, full."`
	Case         []string `placeholder:"ID" help:"Only this case or group; repeatable."`
	Strict       bool     `help:"Warnings fail."`
	Parallel     int      `placeholder:"N" help:"Cases side by side (default 8; 4 on aws)."`
	Differential int      `default:"200" placeholder:"N" help:"Random imported keys and messages on which engine and target are held against each other; 0 for none."`
	List         bool     `help:"List the catalogue: id, evidence, confidence, profile, operation, input."`
	Explain      string   `placeholder:"ID" help:"Say why AWS does this, with its source; no target needed."`
}

// Run holds the target against the behaviour table and writes a result.
func (c conformCmd) Run(a *app) error {
	switch {
	case c.List:
		return listCases(a)
	case c.Explain != "":
		return explainCase(a, c.Explain)
	}
	if err := c.moneyFlags.check(); err != nil {
		return err
	}
	spec, err := c.spec(a.env)
	if err != nil {
		return err
	}
	if c.Parallel < 0 || c.Parallel > 64 || c.Differential < 0 || c.Differential > 100_000 {
		return usagef("--parallel must be 1 to 64 and --differential 0 to 100000")
	}
	opts := c.options(spec)
	if _, err := conformance.Plan(opts); err != nil {
		return conformError(err)
	}
	rec, err := newRecord(a, c.outFlags, "conform", map[string]any{
		"target": c.Target, "profile": c.Profile, "cases": c.Case, "strict": c.Strict, "differential": c.Differential, "region2": c.Region2})
	if err != nil {
		return err
	}
	o, err := spec.open(a, c.targetFlags, clientOptions{connections: 64, client: "sdk"}, inProcessEmulator)
	if err != nil {
		rec.drop()
		return err
	}
	return errors.Join(c.hold(a, o, opts, rec), o.close())
}

func (c conformCmd) options(spec targetSpec) conformance.Options {
	return conformance.Options{
		Profile: c.Profile, Cases: c.Case, Strict: c.Strict, Parallel: c.Parallel, Seed: c.Seed,
		Host: hostname(), Region2: spec.region2, Differential: c.Differential, Timeout: c.Timeout,
	}
}

func (c conformCmd) hold(a *app, o *opened, opts conformance.Options, rec *record) error {
	e, err := conformEstimate(opts)
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
	if o.aws {
		opts.MaxRequests = int(min(c.MaxRequests, 1<<31-1))
	}
	section, err := runConformance(a, o, opts, rec)
	if err != nil {
		rec.drop()
		return conformError(err)
	}
	rec.file.Conformance = &section
	rec.file.Verdict = conformance.Verdict(section)
	rec.file.Environment.Endpoint = o.endpoint
	return rec.finish(a, c.JSON, func(string) any { return section })
}

// runConformance runs the suite with live progress. An interrupted run returns
// what it has.
func runConformance(a *app, o *opened, opts conformance.Options, rec *record) (results.Conformance, error) {
	opts.RunID = rec.file.RunID
	p := newProgress(a.streams)
	defer p.done()
	opts.Observer = func(e conformance.Event) {
		p.update(fmt.Sprintf("conformance %d of %d: %s", e.Done, e.Total, e.ID))
	}
	section, err := conformance.Run(a.ctx, o.Target, opts)
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
	e := estimate{requests: map[string]int64{}, keys: est.Keys, keyLife: time.Hour}
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
