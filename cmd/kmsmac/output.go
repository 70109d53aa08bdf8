package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

// outFlags are the flags of every command that writes a result.
type outFlags struct {
	Out  string `placeholder:"DIR" help:"Result directory (default ./kmsmac-results/<UTC>-<run id>)."`
	JSON bool   `name:"json" help:"Print the result for machines."`
	Seed uint64 `default:"1" help:"Seed of everything random in the plan."`
}

// record is a result file on its way.
type record struct {
	file results.File
	dir  string
	left bool // keys were left behind on the target
}

// newRecord starts a result and makes sure, before anything is measured, that
// it can be written.
func newRecord(a *app, out outFlags, command string, settings map[string]any) (*record, error) {
	id := make([]byte, 6)
	_, _ = rand.Read(id) // never fails, by its documentation
	now := time.Now().UTC()
	a.impl.setting(settings)
	args := make([]string, len(a.args))
	for i, arg := range a.args {
		args[i] = results.MaskAccounts(arg)
	}
	r := &record{dir: out.Out, file: results.File{
		Schema: results.Schema, Tool: tool(), RunID: hex.EncodeToString(id), Started: now, Args: args,
		Plan:        results.Plan{Command: command, Seed: out.Seed, Settings: settings},
		Environment: environment(a.env), Warnings: []string{},
	}}
	a.impl.describe(&r.file.Environment)
	if r.dir == "" {
		r.dir = filepath.Join("kmsmac-results", now.Format("20060102T150405Z")+"-"+r.file.RunID)
	}
	hash, err := r.file.Plan.Hash()
	if err != nil {
		return nil, err
	}
	r.file.PlanHash = hash
	return r, probeDir(r.dir)
}

// probeDir makes dir and writes and removes a file in it. It refuses a directory
// that holds a result already, or what a killed run left of one: neither is ever
// overwritten.
func probeDir(dir string) error {
	for _, name := range []string{results.FileName, results.LogFileName} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return usagef("%s holds a result already: name another --out", dir)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return unknownf("the result directory cannot be written: %w", err)
	}
	f, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return unknownf("the result directory cannot be written: %w", err)
	}
	name := f.Name()
	_ = f.Close()
	return os.Remove(name)
}

// drop removes the directory of a run that ended before anything was measured,
// if nothing else is in it.
func (r *record) drop() { _ = os.Remove(r.dir) }

// warn adds a sentence for the reader of the result.
func (r *record) warn(format string, args ...any) {
	r.file.Warnings = append(r.file.Warnings, results.MaskAccounts(fmt.Sprintf(format, args...)))
}

// formatFlags choose how a measurement is printed.
type formatFlags struct {
	Format string `enum:"text,json,benchfmt" default:"text" help:"Print text, json (the same as --json), or benchfmt (for benchstat)."`
}

// format is Format, or json where that was asked for otherwise.
func (f formatFlags) format(asJSON bool) string {
	if asJSON {
		return "json"
	}
	return f.Format
}

// finish writes the file and prints it: the text, or what machine returns.
func (r *record) finish(a *app, asJSON bool, machine func(path string) any) error {
	return r.finishAs(a, formatFlags{Format: "text"}.format(asJSON), machine)
}

// finishAs is finish with all formats.
func (r *record) finishAs(a *app, format string, machine func(path string) any) error {
	r.file.Finished = time.Now().UTC()
	r.file.Interrupted = r.file.Interrupted || a.ctx.Err() != nil
	path, lost := results.Write(r.dir, &r.file)
	var err error
	switch format {
	case "json":
		err = printJSON(a, machine(path))
	case "benchfmt":
		err = a.print(func(w io.Writer) error { return render.Benchfmt(w, &r.file) })
	default:
		err = a.print(func(w io.Writer) error { return render.Text(w, &r.file) })
	}
	if err != nil {
		err = unknownf("the result cannot be printed: %w", err)
	}
	err = errors.Join(err, jobSummary(a, func(w io.Writer) error { return render.Markdown(w, &r.file) }))
	switch {
	case lost != nil:
		err = errors.Join(err, unknownf("%w", lost)) // what was measured stands on stdout
	case format != "json":
		a.say("result: %s", path)
	}
	if err != nil && r.file.Verdict == results.Fail {
		return &exitError{exitFailed, err}
	}
	if err != nil {
		return err
	}
	return verdictError(r.file.Verdict, r.file.Interrupted)
}

func printJSON(a *app, v any) error {
	return a.print(func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	})
}

// print puts a result on stdout, without account ids.
func (a *app) print(write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	_, err := io.WriteString(a.streams.out, results.MaskAccounts(b.String()))
	return err
}
