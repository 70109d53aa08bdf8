// Command gatepower holds the gate's arithmetic against rounds that were
// recorded on a noisy machine: how often it cries wolf, and how often it finds
// what is there.
//
// It is a tool of this project, not of its users: make gate-power runs it, and
// docs/results.md quotes what it prints. sim.go makes gates out of recorded
// rounds, goals.go says what is wanted of them, and this file holds flags, files
// and the exit code. Nothing here is secret or used concurrently by others.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

func main() { os.Exit(run(os.Stdout, os.Stderr, os.Args[1:])) }

// run prints one row a goal and exits 1 when one is short that docs/known-short.md
// does not list, 3 when there is nothing to simulate from.
func run(out, talk io.Writer, args []string) int {
	flags := flag.NewFlagSet("gatepower", flag.ContinueOnError)
	flags.SetOutput(talk)
	gates := flags.Int("gates", 1000, "simulated gates for each goal")
	dir := flags.String("rounds", "results/testdata/rounds", "folder of recordings, or FILE to write with -record")
	record := flags.String("record", "", "result directory of a kmsmac gate of a build with itself: write it as a recording")
	known := flags.String("known", "docs/known-short.md", "list of goals known to be short")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 || *gates < 1 {
		return 2
	}
	var ok bool
	var err error
	if *record != "" {
		ok, err = true, writeRecording(*record, *dir)
	} else {
		ok, err = simulate(out, *dir, *known, *gates)
	}
	switch {
	case err != nil:
		_, _ = fmt.Fprintf(talk, "gatepower: %v\n", err)
		return 3
	case !ok:
		return 1
	}
	return 0
}

// simulate prints the table. ok is false when a goal is short without excuse.
func simulate(out io.Writer, dir, known string, gates int) (ok bool, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return false, err
	}
	if len(paths) == 0 {
		return false, fmt.Errorf("%s holds no recording", dir)
	}
	excuses, err := os.ReadFile(known)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	ok = true
	met, all := 0, 0
	for _, path := range paths {
		rec, err := readRecording(path)
		if err != nil {
			return false, err
		}
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		for _, g := range goals(name, rec) {
			hits, err := rec.count(g.scenario, gates, runtime.GOMAXPROCS(0))
			if err != nil {
				return false, err
			}
			good := g.met(hits, gates)
			row := g.row(hits, gates)
			all++
			if good {
				met++
			} else if strings.Contains(string(excuses), "`"+g.id+"`") {
				row += " (known)"
			} else {
				ok = false
			}
			if _, err := fmt.Fprintln(out, row); err != nil {
				return false, err
			}
		}
	}
	_, err = fmt.Fprintf(out, "%d of %d\n", met, all)
	return ok, err
}
