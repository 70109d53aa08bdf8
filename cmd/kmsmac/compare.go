package main

import (
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

// judgeFlags say what counts as a difference.
type judgeFlags struct {
	Margin  float64            `default:"5" placeholder:"PERCENT" help:"Tolerated change."`
	Margins map[string]float64 `name:"metric-margin" placeholder:"METRIC=PERCENT" help:"Tolerated change of one metric, for example p50-ns/op=10; repeatable."`
	Metric  []string           `placeholder:"METRIC" help:"Judge these metrics only, for example cpu-ns/op; repeatable (default: all but service-p50-ns/op and ops/s, which repeat p50-ns/op, and p99-ns/op of fewer than 60 pairs)."`
	Format  string             `enum:"text,markdown,csv,json" default:"text" help:"text, markdown, csv or json."`
	JSON    bool               `name:"json" help:"The same as --format json."`
}

func (f judgeFlags) options(seed uint64) (results.JudgeOptions, error) {
	o := results.JudgeOptions{Margin: f.Margin / 100, Margins: map[string]float64{}, Gate: f.Metric, Seed: seed}
	if !(o.Margin >= 0 && o.Margin <= 10) {
		return o, usagef("--margin %v is not between 0 and 1000 percent", f.Margin)
	}
	for metric, percent := range f.Margins {
		if !(percent >= 0 && percent <= 1000) {
			return o, usagef("--metric-margin %s=%v is not between 0 and 1000 percent", metric, percent)
		}
		o.Margins[metric] = percent / 100
	}
	return o, nil
}

// print writes c to stdout in the format asked for, and as Markdown to the
// file that GitHub shows as the job's summary, if there is one.
func (f judgeFlags) print(a *app, c results.Comparison) error {
	var err error
	switch {
	case f.JSON || f.Format == "json":
		err = printJSON(a, c)
	case f.Format == "markdown":
		err = render.ComparisonMarkdown(a.streams.out, c)
	case f.Format == "csv":
		err = render.ComparisonCSV(a.streams.out, c)
	default:
		err = render.Comparison(a.streams.out, c)
	}
	return errors.Join(err, jobSummary(a, func(w io.Writer) error { return render.ComparisonMarkdown(w, c) }))
}

// jobSummary appends to the file named by GITHUB_STEP_SUMMARY, if that is set.
func jobSummary(a *app, write func(io.Writer) error) error {
	name := a.env("GITHUB_STEP_SUMMARY")
	if name == "" {
		return nil
	}
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return unknownf("the job summary cannot be written: %w", err)
	}
	_, err = io.WriteString(f, results.MaskAccounts(b.String())+"\n")
	return errors.Join(err, f.Close())
}

type compareCmd struct {
	judgeFlags
	Base string `arg:"" help:"Result file or directory to compare with."`
	New  string `arg:"" help:"Result file or directory to judge."`
}

// Run compares two result files.
func (c compareCmd) Run(a *app) error {
	o, err := c.options(1)
	if err != nil {
		return err
	}
	files, err := readAll(a, c.Base, c.New)
	if err != nil {
		return err
	}
	cmp, err := results.Compare(files[0], files[1], o)
	if err != nil {
		return unknownf("%w", err)
	}
	if err := c.print(a, cmp); err != nil {
		return unknownf("the comparison cannot be printed: %w", err)
	}
	return verdictError(cmp.Verdict, false)
}
