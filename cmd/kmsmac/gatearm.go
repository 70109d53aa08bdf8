package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// armGrace is how long an arm may take to clean up after it was told to end.
const armGrace = 20 * time.Second

// gateArm is one arm of a gate: a command that is run twice a round, each time
// as a process of its own.
type gateArm struct {
	name   string // base, new
	binary string
	args   []string
	dir    string // of the result of a round
	failed string // where the result of a failed round is kept

	first   *results.File     // of the warm-up: environment, tool, plan
	given   map[[2]string]int // figure to the number of runs that gave it
	runs    int
	limited int // runs that the generator limited
	problem *results.Problem
}

// armError is an arm that ended badly.
type armError struct{ problem results.Problem }

func (e armError) Error() string { return e.problem.Text }

// measure runs the arm once and reads the figures from the result that it
// writes. An arm that finds a wrong answer, or nothing at all, ends the gate:
// timings of it mean nothing.
func (g *gateArm) measure(ctx context.Context) ([]results.Figure, error) {
	defer os.RemoveAll(g.dir)
	talk, err := g.run(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	f, readErr := results.Read(g.dir)
	if err != nil || readErr != nil {
		return nil, g.fail(f, talk, cmp.Or(err, readErr))
	}
	if g.first == nil {
		g.first, g.given = f, map[[2]string]int{}
	}
	g.runs++
	if slices.ContainsFunc(f.Load, func(l results.Load) bool { return len(l.Labels) > 0 }) {
		g.limited++
	}
	figures := results.Figures(f)
	for _, v := range figures {
		g.given[[2]string{v.Metric, v.Name}]++
	}
	return figures, nil
}

// run is one process. Ctrl-C in the terminal is for the gate, which then tells
// the arm once, so that the arm ends its own children and keys in good order.
func (g *gateArm) run(ctx context.Context) (talk string, err error) {
	cmd := exec.CommandContext(ctx, g.binary, g.args...)
	cmd.Args[0] = "kmsmac"
	cmd.Env = slices.DeleteFunc(withoutArrays(os.Environ()), func(v string) bool { return strings.HasPrefix(v, "GITHUB_STEP_SUMMARY=") })
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	separate(cmd)
	cmd.Cancel = func() error { return askToEnd(cmd.Process) }
	cmd.WaitDelay = armGrace
	err = cmd.Run()
	return stderr.String(), err
}

// fail turns a bad end into the gate's problem and keeps the result, if there
// is one, for the user to look at.
func (g *gateArm) fail(f *results.File, talk string, err error) error {
	why := lastLine(talk)
	g.problem = &results.Problem{Verdict: results.Inconclusive}
	if f != nil {
		why = firstOf(whatIsWrong(f), why)
		if renamed := os.Rename(g.dir, g.failed); renamed == nil {
			why += " (see " + filepath.Clean(g.failed) + ")"
		}
	}
	var exit *exec.ExitError
	if f != nil && f.Verdict == results.Fail && errors.As(err, &exit) && exit.ExitCode() == exitFailed {
		g.problem.Verdict = results.Fail
	}
	g.problem.Text = fmt.Sprintf("arm %s: %v", g.name, err)
	if why != "" {
		g.problem.Text += ": " + why
	}
	return armError{*g.problem}
}

// whatIsWrong says why a result is not a pass.
func whatIsWrong(f *results.File) string {
	for _, l := range f.Load {
		if l.WrongTags > 0 {
			return fmt.Sprintf("%d of %d replies to %s %s were wrong", l.WrongTags, l.Requests, l.Operation, l.KeySpec)
		}
	}
	for _, l := range f.Load {
		if l.Succeeded+l.Refused == 0 {
			return fmt.Sprintf("none of %d requests to %s %s succeeded in %s", l.Requests, l.Operation, l.KeySpec, l.Duration)
		}
	}
	if b := f.EngineBench; b != nil {
		for _, c := range b.Cases {
			if c.WrongTags > 0 {
				return fmt.Sprintf("%d of %d tags of %s were wrong", c.WrongTags, c.Checked, c.Name())
			}
		}
	}
	if len(f.Warnings) > 0 {
		return f.Warnings[0]
	}
	return ""
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// tolerated is the share of an arm's runs that the generator may have limited.
const tolerated = 0.1

// limitedMetrics are those that say nothing of a target when the generator is
// what limits: a slower target would show the same figure.
var limitedMetrics = []string{"p50-ns/op", "p99-ns/op", "service-p50-ns/op", "ops/s"}

// armProblems are what the arms' runs together say against a comparison of the
// metrics in gate; empty stands for all.
func armProblems(arms []*gateArm, gate []string) []results.Problem {
	timed := len(gate) == 0 || slices.ContainsFunc(gate, func(m string) bool { return slices.Contains(limitedMetrics, m) })
	var out []results.Problem
	for _, g := range arms {
		if g.problem != nil {
			out = append(out, *g.problem)
		}
		if timed && float64(g.limited) > tolerated*float64(g.runs) {
			out = append(out, results.Problem{Verdict: results.Inconclusive,
				Text: fmt.Sprintf("arm %s: the generator or its concurrency limited %d of %d runs: only allocations and CPU can be gated (--metric)", g.name, g.limited, g.runs)})
		}
	}
	return out
}

// unpaired are the figures of the metrics in gate (empty: all) that some arm did
// not give in every run, and that are therefore not in the comparison. What the
// base has is lost: nobody knows whether it is worse. What only the candidate has
// is told. One sentence for each reason.
func unpaired(arms [2]*gateArm, gate []string) (lost []results.Problem, added []string) {
	names := map[string][]string{}
	ofBase := map[string]bool{}
	seen := map[[2]string]bool{}
	for _, g := range arms {
		for id := range g.given {
			if seen[id] || len(gate) > 0 && !slices.Contains(gate, id[0]) {
				continue
			}
			seen[id] = true
			for _, other := range arms {
				if n := other.given[id]; n < other.runs {
					why := fmt.Sprintf("arm %s measured it in %d of %d runs", other.name, n, other.runs)
					names[why] = append(names[why], id[0]+" of "+id[1])
					ofBase[why] = ofBase[why] || arms[0].given[id] > 0
					break
				}
			}
		}
	}
	for _, why := range slices.Sorted(maps.Keys(names)) {
		text := "not compared: " + someOf(names[why]) + ": " + why
		if ofBase[why] {
			lost = append(lost, results.Problem{Verdict: results.Inconclusive, Text: text})
		} else {
			added = append(added, text)
		}
	}
	return lost, added
}

// someOf names the first three and counts the rest.
func someOf(names []string) string {
	slices.Sort(names)
	if more := len(names) - 3; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), more)
	}
	return strings.Join(names, ", ")
}
