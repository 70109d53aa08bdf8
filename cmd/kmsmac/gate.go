package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/results"
)

type gateCmd struct {
	judgeFlags
	Out        string   `placeholder:"DIR" help:"Result directory (default ./kmsmac-results/<UTC>-<run id>)."`
	Seed       uint64   `default:"1" help:"Seed of the resampling."`
	Base       string   `placeholder:"BINARY" help:"kmsmac built from the base (default: this one)."`
	New        string   `placeholder:"BINARY" help:"kmsmac built from the candidate (default: this one)."`
	BaseTarget string   `placeholder:"TARGET" help:"--target of the base arm."`
	NewTarget  string   `placeholder:"TARGET" help:"--target of the candidate arm."`
	Rounds     int      `default:"30" placeholder:"N" help:"Interleaved rounds; each runs base, candidate and the base once more."`
	Metric     []string `placeholder:"NAME" help:"Gate on these metrics only, for example cpu-ns/op; repeatable (default: all that the arms give)."`
	Words      []string `arg:"" passthrough:"" help:"After --: the command of every arm, for example bench kms --rate 200 --duration 1s."`
}

// Run measures base and candidate side by side and exits with the verdict.
func (c gateCmd) Run(a *app) error {
	words, opts, err := c.check()
	if err != nil {
		return err
	}
	rec, err := newRecord(a, outFlags{Out: c.Out, Seed: c.Seed}, "gate", map[string]any{
		"words": words, "rounds": c.Rounds, "margin_percent": c.Margin, "metric": c.Metric, "base_target": c.BaseTarget, "new_target": c.NewTarget})
	if err != nil {
		return err
	}
	rec.file.SessionID = rec.file.RunID
	series, err := c.session(a, words, rec)
	if err != nil && len(series) == 0 {
		rec.drop()
		return err
	}
	if err != nil {
		rec.warn("%v", err)
	}
	cmp := results.Comparison{Differences: []results.Difference{}, Interleaved: true, Findings: results.Judge(c.wanted(series), opts)}
	cmp.Verdict = results.JudgeVerdict(cmp.Findings)
	if err := c.keep(rec, series, &cmp); err != nil {
		return unknownf("%w", err)
	}
	if err := c.print(a, cmp); err != nil {
		return unknownf("the comparison cannot be printed: %w", err)
	}
	return verdictError(cmp.Verdict, a.ctx.Err() != nil)
}

func (c gateCmd) check() (words []string, o results.JudgeOptions, err error) {
	words = c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	if len(words) < 2 || words[0] != "bench" {
		return nil, o, usagef("name what every arm runs after --, for example: kmsmac gate --new ./new -- bench kms --duration 1s")
	}
	if slices.Contains(words, "--json") || slices.Contains(words, "--out") {
		return nil, o, usagef("--json and --out are the gate's own: leave them out of the words after --")
	}
	if c.Rounds < 1 || c.Rounds > bench.MaxRounds {
		return nil, o, usagef("--rounds must be between 1 and %d", bench.MaxRounds)
	}
	if c.Base == "" && c.New == "" && c.BaseTarget == "" && c.NewTarget == "" {
		return nil, o, usagef("name what differs: --base or --new, or --base-target or --new-target")
	}
	o, err = c.options(c.Seed)
	return words, o, err
}

// session runs the rounds; each arm is a process of its own.
func (c gateCmd) session(a *app, words []string, rec *record) ([]results.Series, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp(rec.dir, "rounds-")
	if err != nil {
		return nil, unknownf("the result directory cannot be written: %w", err)
	}
	defer os.RemoveAll(scratch)
	arm := func(binary, target string) bench.MeasureArm {
		args := slices.Clone(words)
		if target != "" {
			args = append(args, "--target", target)
		}
		return measureProcess(firstOf(binary, self), append(args, "--json", "--out", filepath.Join(scratch, "arm")))
	}
	p := newProgress(a.streams)
	defer p.done()
	arms := bench.Arms{Base: arm(c.Base, c.BaseTarget), New: arm(c.New, c.NewTarget), Again: arm(c.Base, c.BaseTarget)}
	return bench.Interleave(a.ctx, arms, c.Rounds, func(round int) {
		p.update(fmt.Sprintf("gate: round %d of %d", round, c.Rounds))
	})
}

// measureProcess runs one arm and reads its figures from the result file that
// it writes.
func measureProcess(binary string, args []string) bench.MeasureArm {
	dir := args[len(args)-1]
	return func(ctx context.Context) ([]results.Figure, error) {
		defer os.RemoveAll(dir)
		cmd := exec.CommandContext(ctx, binary, args...)
		cmd.Args[0] = "kmsmac"
		var out, talk bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &talk
		err := cmd.Run()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w: %s", binary, strings.Join(args, " "), err, lastLine(talk.String()))
		}
		if !json.Valid(out.Bytes()) {
			return nil, fmt.Errorf("%s did not print JSON", binary)
		}
		f, err := results.Read(dir)
		if err != nil {
			return nil, err
		}
		return results.Figures(f), nil
	}
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// wanted keeps the metrics that the gate is on.
func (c gateCmd) wanted(all []results.Series) []results.Series {
	if len(c.Metric) == 0 {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(s results.Series) bool { return !slices.Contains(c.Metric, s.Metric) })
}

// keep writes the gate's result and, beside it, one result for each arm with
// its rounds, so that compare can judge them again.
func (c gateCmd) keep(rec *record, series []results.Series, cmp *results.Comparison) error {
	rec.file.Comparison, rec.file.Verdict = cmp, cmp.Verdict
	rec.file.Finished = time.Now().UTC()
	var errs []error
	for _, arm := range []struct {
		name   string
		values func(results.Series) []float64
	}{
		{"base", func(s results.Series) []float64 { return s.Base }},
		{"new", func(s results.Series) []float64 { return s.New }},
		{"again", func(s results.Series) []float64 { return s.Again }},
	} {
		f := rec.file
		f.Comparison = nil
		f.RunID = rec.file.RunID + arm.name[:1]
		for _, s := range series {
			f.Rounds = append(f.Rounds, results.Rounds{Metric: s.Metric, Name: s.Name, HigherIsBetter: s.HigherIsBetter, Values: arm.values(s)})
		}
		_, err := results.Write(filepath.Join(rec.dir, arm.name), &f)
		errs = append(errs, err)
	}
	_, err := results.Write(rec.dir, &rec.file)
	return errors.Join(append(errs, err)...)
}
