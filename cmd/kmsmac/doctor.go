package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

type doctorCmd struct {
	targetFlags
	moneyFlags
	Out  string `placeholder:"DIR" help:"Result directory that other commands are to write to (default ./kmsmac-results)."`
	JSON bool   `name:"json" help:"Print the findings for machines."`
}

// level says how grave a finding is.
type level string

const (
	levelOK      level = "ok"
	levelWarning level = "warning" // the figures may be worse than they could be, or not what was meant
	levelProblem level = "problem" // commands fail, or judge the wrong thing
)

// finding is what the doctor says of one thing. A warning and a problem have a
// remedy; none holds a secret.
type finding struct {
	Check  string `json:"check"`
	Level  level  `json:"level"`
	Found  string `json:"found"`
	Remedy string `json:"remedy,omitempty"`
}

func ok(check, format string, args ...any) finding {
	return finding{Check: check, Level: levelOK, Found: fmt.Sprintf(format, args...)}
}

func (f finding) warning(remedy string) finding { f.Level, f.Remedy = levelWarning, remedy; return f }
func (f finding) problem(remedy string) finding { f.Level, f.Remedy = levelProblem, remedy; return f }

// Run looks at the machine, the settings and the target, and prints what it
// found. Its exit code is 1 if there is a problem.
func (c doctorCmd) Run(a *app) error {
	if err := c.moneyFlags.check(); err != nil {
		return err
	}
	findings := machineFindings(a, c.Out)
	findings = append(findings, settingsFindings(a, c.targetFlags)...)
	if worst(findings, "region", "target", "redirect") != levelProblem { // else there is nothing to reach
		reached, err := c.targetFindings(a)
		if err != nil {
			return err
		}
		findings = append(findings, reached...)
	}
	for i := range findings {
		findings[i].Found = oneLine(results.MaskAccounts(findings[i].Found))
	}
	if err := printFindings(a, c.JSON, findings); err != nil {
		return err
	}
	if a.ctx.Err() != nil {
		return a.ctx.Err()
	}
	if worst(findings) == levelProblem {
		return &exitError{exitFailed, errQuiet}
	}
	return nil
}

// oneLine keeps what a server said from moving the cursor.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// worst is the gravest level of the checks that are named, or of all.
func worst(findings []finding, checks ...string) level {
	out := levelOK
	for _, f := range findings {
		named := len(checks) == 0
		for _, c := range checks {
			named = named || f.Check == c
		}
		if named && (f.Level == levelProblem || f.Level == levelWarning && out == levelOK) {
			out = f.Level
		}
	}
	return out
}

func printFindings(a *app, asJSON bool, findings []finding) error {
	if asJSON {
		enc := json.NewEncoder(a.streams.out)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"findings": findings, "worst": worst(findings)})
	}
	return a.print(func(w io.Writer) error {
		n := map[level]int{}
		for _, f := range findings {
			n[f.Level]++
			if _, err := fmt.Fprintf(w, "%-8s %-12s %s\n", f.Level, f.Check, f.Found); err != nil {
				return err
			}
			if f.Remedy == "" {
				continue
			}
			if _, err := fmt.Fprintf(w, "%21s do: %s\n", "", f.Remedy); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(w, "\n%d problems, %d warnings\n", n[levelProblem], n[levelWarning])
		return err
	})
}
