//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

// tested is what was found out about one emulator.
type tested struct {
	emulator
	causes  []cause
	file    *results.File // of conform
	load    *results.Load // nil unless speed was measured
	result  string        // path of file
	changes []string      // how it differs from what is written down
}

// test installs, starts, measures and stops one emulator.
func (f field) test(e emulator, speed bool) (t tested, err error) {
	t.emulator = e
	home, err := f.install(e)
	if err != nil {
		return t, err
	}
	s, err := f.start(e, home)
	if err != nil {
		return t, err
	}
	defer s.stop()
	t.result = filepath.Join(home, "conform")
	if t.file, err = f.conform(e, s, t.result, home); err != nil {
		return t, err
	}
	if speed && e.Crate == "" { // a crate is built without optimisation
		if t.load, err = f.bench(s, home); err != nil { // the board says that it was not measured
			fmt.Fprintf(f.talk, "field: %s: %v\n", e.Name, err)
		}
	}
	if t.changes, err = f.compare(s, home, &t); err != nil {
		return t, err
	}
	c := t.file.Conformance.Counts
	fmt.Fprintf(f.out, "%s %s: %d pass, %d warn, %d fail, %d inconclusive, %d not applicable\n", e.Name, e.Version,
		c[results.CasePass], c[results.CaseWarn], c[results.CaseFail], c[results.CaseInconclusive], c[results.CaseNotApplicable])
	for _, change := range t.changes {
		fmt.Fprintf(f.out, "  changed: %s\n", change)
	}
	return t, nil
}

// conform runs the suite and keeps every exchange.
func (f field) conform(e emulator, s *server, out, home string) (*results.File, error) {
	if err := os.RemoveAll(out); err != nil {
		return nil, err
	}
	args := []string{"conform", "--target", s.url, "--out", out, "--record", filepath.Join(home, "exchanges.jsonl")}
	if e.Parallel > 0 {
		args = append(args, "--parallel", strconv.Itoa(e.Parallel))
	}
	return f.measure(out, args...)
}

// bench measures GenerateMac on one connection.
func (f field) bench(s *server, home string) (*results.Load, error) {
	out := filepath.Join(home, "bench")
	if err := os.RemoveAll(out); err != nil {
		return nil, err
	}
	file, err := f.measure(out, "bench", "kms", "--target", s.url, "--concurrency", "1", "--duration", "5s", "--mix", "generate=100", "--out", out)
	if err != nil {
		return nil, err
	}
	if len(file.Load) != 1 {
		return nil, fmt.Errorf("%s holds %d loads, not one", out, len(file.Load))
	}
	return &file.Load[0], nil
}

// measure runs kmsmac and reads the result that it wrote. That the result is
// bad news is none for this command.
func (f field) measure(out string, args ...string) (*results.File, error) {
	cmd := exec.CommandContext(f.ctx, f.kmsmac, args...)
	var talk bytes.Buffer
	cmd.Stderr = &talk
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && (exit.ExitCode() == 1 || exit.ExitCode() == 3)) {
		return nil, fmt.Errorf("kmsmac %s: %w: %s", strings.Join(args, " "), err, lastLine(talk.String()))
	}
	file, err := results.Read(out)
	if err != nil {
		return nil, fmt.Errorf("kmsmac %s: %w: %s", strings.Join(args, " "), err, lastLine(talk.String()))
	}
	return file, nil
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
