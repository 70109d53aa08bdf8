package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// varies is what differs from run to run: ids, and figures with their units.
var varies = regexp.MustCompile(`\b[0-9a-f]{8,}(-[0-9a-f]{4,})*\b|[+-]?\d+([.,]\d+)*( ?(ns|µs|ms|s)\b)?`)

// told is a number of faults: it is the same in every run, or the page has an
// ellipsis in its place.
var told = regexp.MustCompile(`\b\d+ (wrong|failed|lost|torn|missing)\b|\b(wrong|failed|lost|torn|missing)( tags)?:? +\d+\b`)

// alike makes s equal to what another run prints in its place.
func alike(s string) string {
	var out strings.Builder
	for {
		at := told.FindStringIndex(s)
		if at == nil {
			out.WriteString(varies.ReplaceAllString(s, "0"))
			return strings.Join(strings.Fields(out.String()), " ")
		}
		out.WriteString(varies.ReplaceAllString(s[:at[0]], "0") + s[at[0]:at[1]])
		s = s[at[1]:]
	}
}

// notIn returns the first line of shown that output does not have after the
// lines before it; "" if all are there. What varies is alike, and an ellipsis
// stands for anything, alone on its line for lines.
func notIn(output, shown string) string {
	rest := strings.Split(output, "\n")
	for line := range strings.Lines(shown) {
		found := slices.IndexFunc(rest, func(have string) bool {
			have = alike(have)
			for i, piece := range strings.Split(line, "…") {
				at := strings.Index(have, alike(piece))
				if at < 0 || i == 0 && at > 0 {
					return false
				}
				have = have[at+len(alike(piece)):]
			}
			return true
		})
		if found < 0 {
			return strings.TrimSpace(line)
		}
		if strings.Trim(line, " …\n") != "" {
			rest = rest[found+1:]
		}
	}
	return ""
}

// TestNotIn: what the documents show is found in an output in spite of what
// varies, and nothing else is.
func TestNotIn(t *testing.T) {
	const out = "load: GenerateMac, achieved 49.0/s over 1s\n  p50  0.595 ms  1.2 µs\nverdict: pass\nresult: a/0123456789ab\nkey: x/d4264ca0-87af-4f4d-b21b-da54fdd9be44, plan 7\n  wrong tags 0, 12 lost, failed 1 of 9\n"
	for _, row := range []struct{ name, shown, want string }{
		{"nothing", "", ""},
		{"other figures", "load: GenerateMac, achieved 200.1/s over 1s\n  p50 1 ms 44.1 ms\n", ""},
		{"lines left out", "…\nverdict: pass\n…\n", ""},
		{"a part left out", "load: … over 1s\nresult: a/…\n", ""},
		{"another id", "result: a/ba9876543210\n", ""},
		{"another key", "key: x/68bec80e-404e-43dc-b7c2-02ebb7363805, plan 9\n", ""},
		{"another word", "verdict: fail\n", "verdict: fail"},
		{"another order", "verdict: pass\nload: …\n", "load: …"},
		{"twice", "verdict: pass\nverdict: pass\n", "verdict: pass"},
		{"the end of a line", "pass\n", "pass"},
		{"faults", "wrong tags 0, 12 lost, failed 1 of 5\n", ""},
		{"more wrong", "wrong tags 7, 12 lost, failed 1 of 9\n", "wrong tags 7, 12 lost, failed 1 of 9"},
		{"more lost", "wrong tags 0, 13 lost, failed 1 of 9\n", "wrong tags 0, 13 lost, failed 1 of 9"},
		{"more failed", "wrong tags 0, 12 lost, failed 10 of 9\n", "wrong tags 0, 12 lost, failed 10 of 9"},
		{"lost left out", "wrong tags 0, … lost, failed 1\n", ""},
		{"parts in another order", "load: … over 1s … achieved\n", "load: … over 1s … achieved"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := notIn(out, row.shown); got != row.want {
				t.Errorf("notIn(%q) = %q, want %q", row.shown, got, row.want)
			}
		})
	}
}
