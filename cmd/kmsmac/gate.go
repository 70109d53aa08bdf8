package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

type gateCmd struct {
	judgeFlags
	Out        string   `placeholder:"DIR" help:"Result directory (default ./kmsmac-results/<UTC>-<run id>)."`
	Junit      string   `placeholder:"FILE" help:"Write the verdicts as JUnit."`
	Seed       uint64   `default:"1" help:"Seed of the resampling."`
	Base       string   `placeholder:"BINARY" help:"kmsmac built from the base (default: this one)."`
	New        string   `placeholder:"BINARY" help:"kmsmac built from the candidate (default: this one)."`
	BaseTarget string   `placeholder:"TARGET" help:"--target of the base arm."`
	NewTarget  string   `placeholder:"TARGET" help:"--target of the candidate arm."`
	Rounds     int      `default:"30" placeholder:"N" help:"Interleaved rounds; each runs base and candidate twice. p99-ns/op is judged from 60 on."`
	Words      []string `arg:"" passthrough:"" help:"After --: the command of every arm, for example bench kms --rate 200 --duration 1s."`
}

// Run measures base and candidate side by side and exits with the verdict.
func (c gateCmd) Run(a *app) error {
	words, opts, err := c.check(a)
	if err != nil {
		return err
	}
	rec, err := newRecord(a, outFlags{Out: c.Out, Seed: c.Seed}, "gate", map[string]any{
		"words": words, "rounds": c.Rounds, "margin_percent": c.Margin, "metric": c.Metric, "base_target": c.BaseTarget, "new_target": c.NewTarget})
	if err != nil {
		return err
	}
	rec.file.SessionID = rec.file.RunID
	arms, err := c.arms(words, rec)
	if err != nil {
		return err
	}
	series, err := c.session(a, arms, rec)
	var bad armError
	known := errors.As(err, &bad)
	if err != nil && len(series) == 0 && bad.problem.Verdict != results.Fail {
		rec.drop()
		return err
	}
	if err != nil && a.ctx.Err() == nil && !known {
		rec.warn("%v", err)
	}
	lost, added := unpaired(arms, opts.Gate)
	for _, w := range added {
		rec.warn("%s", w)
	}
	cmp := results.Gated(series, opts, armDifferences(arms), append(armProblems(arms[:], opts.Gate), lost...))
	if err := c.keep(a, rec, arms, series, &cmp); err != nil {
		return unknownf("%w", err)
	}
	for _, w := range rec.file.Warnings {
		a.say("warning: %s", w)
	}
	if err := c.print(a, cmp); err != nil {
		return unknownf("the comparison cannot be printed: %w", err)
	}
	return verdictError(cmp.Verdict, a.ctx.Err() != nil)
}

func (c gateCmd) check(a *app) (words []string, o results.JudgeOptions, err error) {
	words = c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	if len(words) < 2 || words[0] != "bench" {
		return nil, o, usagef("name what every arm runs after --, for example: kmsmac gate --new ./new -- bench kms --duration 1s")
	}
	if has(words, "--json") || has(words, "--out") {
		return nil, o, usagef("--json and --out are the gate's own: leave them out of the words after --")
	}
	if c.Rounds < 1 || c.Rounds > bench.MaxRounds {
		return nil, o, usagef("--rounds must be between 1 and %d", bench.MaxRounds)
	}
	if c.Base == "" && c.New == "" && c.BaseTarget == "" && c.NewTarget == "" {
		return nil, o, usagef("name what differs: --base or --new, or --base-target or --new-target")
	}
	if (c.BaseTarget != "" || c.NewTarget != "") && has(words, "--target") {
		return nil, o, usagef("--target stands after -- and in --base-target or --new-target: name it once for each arm")
	}
	if err := c.refuseAWS(a, words); err != nil {
		return nil, o, err
	}
	o, err = c.options(c.Seed)
	return words, o, err
}

// has reports whether words hold the flag, alone or as --flag=value.
func has(words []string, flag string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return w == flag || strings.HasPrefix(w, flag+"=") })
}

// refuseAWS keeps a gate from spending: each arm would keep to --max-cost by
// itself, and a gate runs them more than a hundred times.
func (c gateCmd) refuseAWS(a *app, words []string) error {
	targets := []string{c.BaseTarget, c.NewTarget}
	for i, w := range words {
		if v, ok := strings.CutPrefix(w, "--target="); ok {
			targets = append(targets, v)
		} else if w == "--target" && i+1 < len(words) {
			targets = append(targets, words[i+1])
		}
	}
	for _, t := range targets {
		if t == "" {
			continue
		}
		spec, err := targetFlags{Target: t, Region2: "us-west-2", Timeout: time.Second}.spec(a.env)
		if spec.aws || strings.HasPrefix(t, string(kindAWS)) {
			return usagef("a gate against AWS would pay for each of its many runs: measure it with bench kms and set the results side by side with compare")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// arms are base and new.
func (c gateCmd) arms(words []string, rec *record) ([2]*gateArm, error) {
	self, err := os.Executable()
	if err != nil {
		return [2]*gateArm{}, err
	}
	arm := func(name, binary, target string) *gateArm {
		g := &gateArm{name: name, binary: firstOf(binary, self), args: slices.Clone(words),
			dir: filepath.Join(rec.dir, "round-"+name), failed: filepath.Join(rec.dir, "failed-"+name)}
		if target != "" {
			g.args = append(g.args, "--target", target)
		}
		if words[1] == "kms" && !has(words, "--calibrate") && !has(words, "--no-calibrate") {
			g.args = append(g.args, "--no-calibrate") // two seconds a round that no figure needs
		}
		g.args = append(g.args, "--json", "--out", g.dir)
		return g
	}
	return [2]*gateArm{arm("base", c.Base, c.BaseTarget), arm("new", c.New, c.NewTarget)}, nil
}

// session runs the rounds.
func (c gateCmd) session(a *app, arms [2]*gateArm, rec *record) ([]results.Series, error) {
	p := newProgress(a.streams)
	defer p.done()
	started := time.Now()
	return bench.Interleave(a.ctx, bench.Arms{Base: arms[0].measure, New: arms[1].measure}, c.Rounds, func(round int) {
		left := time.Since(started) / time.Duration(round+1) * time.Duration(c.Rounds-round)
		p.update(fmt.Sprintf("gate: round %d of %d, %s left", round, c.Rounds, left.Round(time.Second)))
	})
}

// armDifferences compares the arms by what each wrote of itself.
func armDifferences(arms [2]*gateArm) []results.Difference {
	if arms[0].first == nil || arms[1].first == nil {
		return []results.Difference{}
	}
	return results.Differences(arms[0].first, arms[1].first)
}

// keep writes the gate's result and, beside it, one result for each arm with
// its rounds, so that compare can judge them again.
func (c gateCmd) keep(a *app, rec *record, arms [2]*gateArm, series []results.Series, cmp *results.Comparison) error {
	rec.file.Comparison, rec.file.Verdict = cmp, cmp.Verdict
	rec.file.Finished, rec.file.Interrupted = time.Now().UTC(), a.ctx.Err() != nil
	var errs []error
	for i, g := range arms {
		if g.first == nil {
			continue
		}
		_, err := results.Write(filepath.Join(rec.dir, g.name), armFile(&rec.file, g, series, i == 1))
		errs = append(errs, err)
	}
	_, err := results.Write(rec.dir, &rec.file)
	errs = append(errs, err)
	if c.Junit != "" {
		errs = append(errs, writeOutput(a, c.Junit, func(w io.Writer) error { return render.JUnit(w, &rec.file) }))
	}
	return errors.Join(errs...)
}

// armFile is what one arm measured, with its own tool, plan and environment.
func armFile(gate *results.File, g *gateArm, series []results.Series, candidate bool) *results.File {
	f := *g.first
	f.RunID, f.SessionID = gate.RunID+g.name[:1], gate.SessionID
	f.Started, f.Finished, f.Interrupted = gate.Started, gate.Finished, gate.Interrupted
	f.Args = append([]string{"kmsmac"}, g.args...)
	f.Load, f.EngineBench, f.Unknown = nil, nil, nil // of one round only
	for _, s := range series {
		r := results.Rounds{Metric: s.Metric, Name: s.Name, HigherIsBetter: s.HigherIsBetter, Values: s.Base, Again: s.Again}
		if candidate {
			r.Values, r.Again = s.New, s.NewAgain
		}
		f.Rounds = append(f.Rounds, r)
	}
	for id := range g.given {
		if !slices.ContainsFunc(series, func(s results.Series) bool { return id == [2]string{s.Metric, s.Name} }) {
			f.Rounds = append(f.Rounds, results.Rounds{Metric: id[0], Name: id[1], Values: []float64{}}) // so that compare knows of it
		}
	}
	slices.SortStableFunc(f.Rounds[len(series):], func(a, b results.Rounds) int {
		return cmp.Or(strings.Compare(a.Metric, b.Metric), strings.Compare(a.Name, b.Name))
	})
	if g.problem != nil {
		f.Verdict = g.problem.Verdict
		f.Warnings = append(slices.Clone(f.Warnings), g.problem.Text)
	}
	return &f
}
