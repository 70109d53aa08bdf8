//go:build unix

// Command field holds real emulators of AWS KMS against the conformance suite:
// pinned versions from package registries, started on loopback, one after the
// other.
//
// It is a tool of this project, not of its users: make field runs it and writes
// docs/scoreboard.md and docs/matrix.md; make field-check, in CI, fails when an
// emulator behaves otherwise than is written down. emulators/NAME holds what is
// pinned (emulator.yaml, and requirements.txt but for a crate), what it is known
// to do (expect.yaml, others.tsv), why that is (causes.yaml), and what was seen by
// who looked at each failure (looked.tsv). emulator.go starts and stops one, run.go measures it,
// expect.go compares, looked.go helps to look, board.go writes the scoreboard. Nothing
// here is secret or used concurrently by others.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Stdout, os.Stderr, os.Args[1:])
	stop()
	os.Exit(code)
}

// field is one execution of this command.
type field struct {
	ctx       context.Context
	out, talk io.Writer
	data      string // folder of the emulators' data
	work      string // folder of what is installed and measured
	kmsmac    string // the binary under which they are tested
	update    bool
}

// run returns 1 when an emulator behaves otherwise than is written down, and 3
// when one could not be run.
func run(ctx context.Context, out, talk io.Writer, args []string) int {
	flags := flag.NewFlagSet("field", flag.ContinueOnError)
	flags.SetOutput(talk)
	f := field{ctx: ctx, out: out, talk: talk}
	flags.StringVar(&f.data, "data", "cmd/field/emulators", "folder of the emulators' data")
	flags.StringVar(&f.work, "work", "bin/field", "folder for what is installed and measured")
	flags.StringVar(&f.kmsmac, "kmsmac", "bin/kmsmac", "the binary to test with")
	flags.BoolVar(&f.update, "update", false, "write down what the emulators do now")
	look := flags.Bool("look", false, "print, from the last run, what nobody has looked at yet; run nothing")
	check := flags.Bool("check", false, "compare only: measure no speed, write no page")
	docs := flags.String("docs", "docs", "folder of scoreboard.md and matrix.md")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	emulators, err := f.chosen(flags.Args())
	if err != nil {
		fmt.Fprintln(talk, "field:", err)
		return 2
	}
	if *look {
		return f.unlookedAll(emulators)
	}
	var tested []tested
	code := 0
	for _, e := range emulators {
		t, err := f.test(e, !*check)
		if err != nil {
			fmt.Fprintf(talk, "field: %s: %v\n", e.Name, err)
			return 3
		}
		if len(t.changes) > 0 {
			code = 1
		}
		tested = append(tested, t)
	}
	if *check || code != 0 {
		return code
	}
	if err := f.writePages(*docs, tested); err != nil {
		fmt.Fprintln(talk, "field:", err)
		return 3
	}
	return 0
}

func (f field) unlookedAll(emulators []emulator) int {
	for _, e := range emulators {
		if err := f.unlooked(e); err != nil {
			fmt.Fprintf(f.talk, "field: %s: %v\n", e.Name, err)
			return 3
		}
	}
	return 0
}

// chosen reads the emulators that are named, or all.
func (f field) chosen(names []string) ([]emulator, error) {
	if len(names) == 0 {
		dirs, err := filepath.Glob(filepath.Join(f.data, "*", "emulator.yaml"))
		if err != nil {
			return nil, err
		}
		for _, d := range dirs {
			names = append(names, filepath.Base(filepath.Dir(d)))
		}
	}
	var out []emulator
	for _, name := range names {
		e, err := readEmulator(filepath.Join(f.data, name))
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no emulator in %s", f.data)
	}
	return out, nil
}
