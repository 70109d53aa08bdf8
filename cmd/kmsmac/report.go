package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

type reportCmd struct {
	Output string   `short:"o" default:"report.html" placeholder:"FILE" help:"File to write; - is standard output."`
	Format string   `enum:"html,text,markdown,junit" default:"html" help:"html, text, markdown or junit; only html takes several results."`
	Result []string `arg:"" help:"Result files or directories."`
}

// Run renders results. Its exit code says whether that worked, not what the
// results say.
func (c reportCmd) Run(a *app) error {
	files, err := readAll(a, c.Result...)
	if err != nil {
		return err
	}
	if c.Format != "html" && len(files) > 1 {
		return usagef("--format %s takes one result, %d were given", c.Format, len(files))
	}
	return writeOutput(a, c.Output, func(w io.Writer) error {
		switch c.Format {
		case "text":
			return render.Text(w, files[0])
		case "markdown":
			return render.Markdown(w, files[0])
		case "junit":
			return render.JUnit(w, files[0])
		}
		return render.HTML(w, files...)
	})
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
