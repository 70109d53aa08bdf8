package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

type reportCmd struct {
	Output string   `short:"o" placeholder:"FILE" help:"File to write; - is standard output (default: report.html for html, else -)."`
	Format string   `enum:"html,text,markdown,junit,csv,benchfmt" default:"html" help:"html, text, markdown, junit, csv or benchfmt; only html takes several results."`
	Plot   bool     `help:"Draw the curves of all results with characters, and write nothing else."`
	Result []string `arg:"" help:"Result files or directories. Two of them are compared, too."`
}

// Run renders results. Its exit code says whether that worked, not what the
// results say.
func (c reportCmd) Run(a *app) error {
	files, err := readAll(a, c.Result...)
	if err != nil {
		return err
	}
	if (c.Plot || c.Format != "html") && c.Output == "" {
		c.Output = "-"
	}
	switch {
	case c.Plot && c.Format != "html":
		return usagef("--plot draws in the terminal: leave out --format %s", c.Format)
	case c.Plot:
		return writeOutput(a, c.Output, func(w io.Writer) error { return render.Plots(w, runsOf(files)...) })
	case c.Format == "html":
		return c.page(a, files)
	case len(files) > 1:
		return usagef("--format %s takes one result, %d were given", c.Format, len(files))
	}
	write := map[string]func(io.Writer, *results.File) error{"text": render.Text, "markdown": render.Markdown, "junit": render.JUnit,
		"csv": render.CSV, "benchfmt": render.Benchfmt}[c.Format]
	render := func(w io.Writer) error { return write(w, files[0]) }
	err = writeOutput(a, c.Output, render)
	if c.Format == "markdown" {
		err = errors.Join(err, jobSummary(a, render))
	}
	return err
}

// page writes the HTML report: with the interval logs that stand beside the
// results and, of two results, what they say of each other.
func (c reportCmd) page(a *app, files []*results.File) error {
	if len(files) == 1 && files[0].Capacity != nil {
		return writeOutput(a, firstOf(c.Output, "report.html"), func(w io.Writer) error { return render.Plan(w, files[0]) })
	}
	runs := runsOf(files)
	for i, path := range c.Result {
		runs[i].Timeline = timelineBeside(a, path, files[i])
	}
	var between *results.Comparison
	if len(files) == 2 {
		cmp, err := results.Compare(files[0], files[1], results.JudgeOptions{Margin: defaultMargin, Seed: 1})
		if err == nil {
			between = &cmp
		} else {
			a.say("not compared: %v", err)
		}
	}
	return writeOutput(a, firstOf(c.Output, "report.html"), func(w io.Writer) error { return render.Report(w, runs, between) })
}

// defaultMargin is that of compare and gate.
const defaultMargin = 0.05

func runsOf(files []*results.File) []render.Run {
	var runs []render.Run
	for _, f := range files {
		runs = append(runs, render.Run{File: f})
	}
	return runs
}

type matrixCmd struct {
	Output string   `short:"o" default:"-" placeholder:"FILE" help:"File to write; - is standard output. FILE.html is a page, anything else Markdown."`
	Result []string `arg:"" help:"Conformance results, each as FILE or NAME=FILE."`
}

// Run sets conformance results side by side.
func (c matrixCmd) Run(a *app) error {
	var names, paths []string
	for _, r := range c.Result {
		name, path, named := strings.Cut(r, "=")
		if !named {
			path = r
		}
		names, paths = append(names, name), append(paths, path)
	}
	files, err := readAll(a, paths...)
	if err != nil {
		return err
	}
	for i, f := range files {
		if names[i] == c.Result[i] {
			names[i] = fmt.Sprintf("%s %s", f.Environment.Endpoint.Kind, f.RunID)
		}
	}
	return writeOutput(a, c.Output, func(w io.Writer) error {
		if strings.HasSuffix(c.Output, ".html") {
			return render.Matrix(w, files, names)
		}
		return render.MatrixMarkdown(w, files, names)
	})
}

func readAll(a *app, paths ...string) ([]*results.File, error) {
	var files []*results.File
	for _, path := range paths {
		f, err := results.Read(path)
		if err != nil {
			return nil, unknownf("%w", err)
		}
		if f.Interrupted {
			a.say("warning: %s: %s", path, firstOf(strings.Join(f.Warnings, "; "), "the run was interrupted"))
		}
		files = append(files, f)
	}
	return files, nil
}

// writeOutput renders into memory first, so that a failure leaves no half file.
func writeOutput(a *app, name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return unknownf("%w", err)
	}
	if name == "-" {
		_, err := a.streams.out.Write(b.Bytes())
		return err
	}
	path, err := results.WriteFile(name, b.Bytes())
	if err != nil {
		return unknownf("%w", err)
	}
	a.say("report: %s", path)
	return nil
}
