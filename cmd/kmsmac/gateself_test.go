package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/kmsmac/kmsmac/internal/proof"
)

var gateTries = flag.Int("gate-tries", 0, "gate the engine with itself so often, and once with a slower build, print a row each, and run no test")

// gateSelfOr is the tests, or make gate-self.
type gateSelfOr struct{ *testing.M }

func (m gateSelfOr) Run() int {
	flag.Parse()
	if *gateTries < 1 {
		return m.M.Run()
	}
	code, err := gateSelf(os.Stdout, *gateTries)
	if err != nil {
		fmt.Fprintf(os.Stderr, "gate-self: %v\n", err)
	}
	return code
}

// gateSelf runs the command as its users do: one gate of the engine with a
// build that computes every tag twice, which must exit 1, and so many with
// itself, of which at most one in fifty, or one of fewer, may.
func gateSelf(w io.Writer, tries int) (code int, err error) {
	dir, err := os.MkdirTemp("", "gate-self")
	if err != nil {
		return exitInconclusive, err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	base, err := buildKmsmac(ctx, dir, "base", "", "")
	if err != nil {
		return exitInconclusive, err
	}
	slow, err := buildKmsmac(ctx, dir, "slow", sumOnce, sumTwice)
	if err != nil {
		return exitInconclusive, err
	}
	found, err := gateCodes(ctx, dir, base, slow, 1)
	if err != nil {
		return exitInconclusive, err
	}
	itself, err := gateCodes(ctx, dir, base, base, tries)
	if err != nil {
		return exitInconclusive, err
	}
	return gateSelfRows(w, found, itself, tries), nil
}

// gateSelfRows prints a row for each of the two and counts those that are met.
func gateSelfRows(w io.Writer, found, itself map[int]int, tries int) int {
	most := max(1, tries/50)
	figure := func(what string, codes map[int]int) string {
		return fmt.Sprintf("%s: exit 0: %d, 1: %d, 3: %d", what, codes[exitOK], codes[exitFailed], codes[exitInconclusive])
	}
	var tally proof.Tally
	for _, r := range []proof.Row{
		{Name: "gate-slow", Figure: figure("the engine with a build that works twice", found), Goal: "exit 1", Met: found[exitFailed] == 1},
		{Name: "gate-self", Figure: figure("the engine with itself", itself), Goal: fmt.Sprintf("at most %d of %d exit 1", most, tries), Met: itself[exitFailed] <= most},
	} {
		line, _ := tally.Judge(r)
		_, _ = fmt.Fprintln(w, line)
	}
	_, _ = fmt.Fprintln(w, tally.Last())
	if tally.Failed {
		return exitFailed
	}
	return exitOK
}

// gateCodes counts the exit codes of so many gates. A code that is no verdict
// is an error.
func gateCodes(ctx context.Context, dir, base, fresh string, tries int) (map[int]int, error) {
	codes := map[int]int{}
	for i := range tries {
		out := filepath.Join(dir, fmt.Sprintf("%s-%d", filepath.Base(fresh), i))
		args := append([]string{"gate", "--base", base, "--new", fresh, "--rounds", "12", "--out", out}, engineWords...)
		text, err := exec.CommandContext(ctx, base, args...).CombinedOutput()
		code := exitOK
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			code, err = exit.ExitCode(), nil
		}
		if err != nil || code != exitOK && code != exitFailed && code != exitInconclusive {
			return nil, fmt.Errorf("gate %d: exit %d (%v): %s", i+1, code, err, text)
		}
		codes[code]++
	}
	return codes, nil
}
