// Package proof judges the goals of a proof: a make target that measures what
// the project promises and prints one row for each goal and a last line "N of M".
//
// It is for the project's own proofs, most of them in tests; of a result file only
// the reasons of `bench engine --goals` come from here. A goal of correctness that is missed always fails. A goal
// of speed that is missed fails unless docs/known-short.md names it with a reason.
// Nothing here is secret; a Tally is for one goroutine.
package proof

import (
	"fmt"
	"os"
	"strings"
)

// Row is one goal with what was found.
type Row struct {
	Name   string // as docs/known-short.md names it
	Figure string // what was measured, for people
	Goal   string // what is wanted
	Met    bool
	Speed  bool   // being short of it can be known; of any other goal it is a wrong number
	Open   string // why the figure decides nothing; empty if it decides
}

// Tally counts goals. The zero Tally excuses nothing.
type Tally struct {
	Known  map[string]string // reasons by goal, as Known reads them
	Met    int
	All    int
	Failed bool // a goal is short that is not excused
}

// Judge counts r and returns its line, without a line end, and whether it fails
// the proof.
func (t *Tally) Judge(r Row) (line string, failed bool) {
	t.All++
	verdict := t.verdict(r)
	failed = verdict == short
	t.Failed = t.Failed || failed
	return fmt.Sprintf("%-26s %-92s  %-44s  %s", r.Name, r.Figure, r.Goal, verdict), failed
}

const short = "short"

func (t *Tally) verdict(r Row) string {
	reason, listed := t.Known[r.Name]
	switch {
	case r.Open != "":
		return "open: " + r.Open
	case r.Met:
		t.Met++
		if listed {
			return "ok, but listed as short: take it out if it stays so"
		}
		return "ok"
	case r.Speed && reason != "":
		return "short (known)"
	}
	return short
}

// Last is the last line, without a line end.
func (t *Tally) Last() string { return fmt.Sprintf("%d of %d", t.Met, t.All) }

// ReadKnown is Known of a file.
func ReadKnown(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	known, err := Known(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return known, nil
}

// Known reads docs/known-short.md: items of the form "- `goal`: reason", whose
// reason may go on in lines that are indented. An item without a reason is an
// error, for it would excuse nothing.
func Known(text string) (map[string]string, error) {
	known, last := map[string]string{}, ""
	for line := range strings.Lines(text) {
		rest, item := strings.CutPrefix(line, "- `")
		switch {
		case item:
			name, reason, ok := strings.Cut(rest, "`: ")
			if reason = strings.TrimSpace(reason); !ok || reason == "" {
				return nil, fmt.Errorf("%q gives no reason", strings.TrimSpace(line))
			}
			known[name], last = reason, name
		case last != "" && strings.HasPrefix(line, "  "):
			known[last] += " " + strings.TrimSpace(line)
		default:
			last = ""
		}
	}
	return known, nil
}
