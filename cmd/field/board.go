//go:build unix

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/results"
)

// writePages writes scoreboard.md and matrix.md.
func (f field) writePages(docs string, all []tested) error {
	if err := os.WriteFile(filepath.Join(docs, "scoreboard.md"), scoreboard(all), 0o644); err != nil {
		return err
	}
	args := []string{"matrix", "-o", "-"}
	for _, t := range all {
		args = append(args, t.title()+"="+t.result)
	}
	table, err := exec.CommandContext(f.ctx, f.kmsmac, args...).Output()
	if err != nil {
		return fmt.Errorf("kmsmac matrix: %w", err)
	}
	return os.WriteFile(filepath.Join(docs, "matrix.md"), append([]byte(matrixHead), table...), 0o644)
}

const generated = "<!-- Written by make field; do not edit. -->\n"

const matrixHead = "# Matrix\n\n" + generated + `
Every case against every emulator of the [scoreboard](scoreboard.md): the verdict, and the facts that differ. What a case asks and
what AWS answers tells ` + "`kmsmac conform --explain ID`" + `. [conformance.md](conformance.md) says what decides.

`

func (t tested) title() string { return t.Name + " " + t.Version }

// page is a Markdown page in the making.
type page struct{ bytes.Buffer }

func (p *page) line(format string, args ...any) { fmt.Fprintf(&p.Buffer, format+"\n", args...) }

func (p *page) row(cells ...string) { p.line("| %s |", strings.Join(cells, " | ")) }

func (p *page) head(cells ...string) {
	p.row(cells...)
	p.line("|%s", strings.Repeat("---|", len(cells)))
}

func scoreboard(all []tested) []byte {
	var p page
	p.line("# Scoreboard\n\n%s", generated)
	p.line("Emulators of AWS KMS from package registries, pinned, each started on loopback and held against the behaviour of AWS KMS with HMAC keys.")
	p.line("[matrix.md](matrix.md) has every case.\n")
	p.line("```sh\nmake field                                  # all of it: installs, starts, measures, writes these pages\nmake field-check                            # compares with what is written down, as CI does\n```\n")
	p.line("A *failure* contradicts a recording of real AWS, its documentation or its service model. Each was looked at by hand, by the emulator's")
	p.line("own answer, and given a cause: `cmd/field/emulators/NAME/looked.tsv` holds the deciding request, the answer and what differs, and no failure")
	p.line("is added without such a line. `make field` keeps every exchange. A *warning* rests on inference or a field report, or is about a text alone: it accuses nobody.")
	p.line("*Inconclusive* is what could not be found out, mostly because an operation on the way ended in a page of HTML; *not applicable*")
	p.line("is what an emulator says it does not have, signature checks, and request quotas, which are not used up on other people's servers.\n")
	p.overview(all)
	p.profiles(all)
	for _, t := range all {
		p.emulator(t)
	}
	return p.Bytes()
}

func (p *page) overview(all []tested) {
	p.head("emulator", "licence", "tested", "pass", "warn", "fail", "causes", "inconclusive", "not applicable", "GenerateMac/s", "p50", "p99")
	for _, t := range all {
		c := t.file.Conformance.Counts
		n := func(v results.CaseVerdict) string { return fmt.Sprint(c[v]) }
		p.row(append([]string{
			fmt.Sprintf("[%s](https://github.com/%s) %s", t.Name, t.Home, t.Version), t.Licence, t.file.Started.UTC().Format(time.DateOnly),
			n(results.CasePass), n(results.CaseWarn), n(results.CaseFail), fmt.Sprint(len(t.causes)),
			n(results.CaseInconclusive), n(results.CaseNotApplicable)}, t.speed()...)...)
	}
	first := all[0].file
	p.line("\nTested with %s %s on %s. Speed: one connection, closed loop, 64-byte messages, through the AWS SDK for Go, emulator and", first.Tool.Name, first.Tool.Version, first.Environment.CPU)
	p.line("generator on one machine of %d cores: it ranks orders of magnitude, not neighbours.\n", first.Environment.CPUs)
}

func (t tested) speed() []string {
	if t.load == nil || t.load.Response == nil {
		return []string{"not measured", "", ""}
	}
	ms := func(ns int64) string { return fmt.Sprintf("%.1f ms", float64(ns)/1e6) }
	return []string{fmt.Sprintf("%.0f", t.load.AchievedRate), ms(t.load.Response.P50), ms(t.load.Response.P99)}
}

func (p *page) profiles(all []tested) {
	p.line("## Profiles\n\nPassed of judged cases (passed, warned or failed), and how the profile ended.\n")
	cells := []string{"profile"}
	for _, t := range all {
		cells = append(cells, t.title())
	}
	p.head(cells...)
	profileOf := map[string]string{}
	for _, c := range conformance.Catalogue() {
		profileOf[c.ID] = c.Profile
	}
	for _, profile := range conformance.Profiles() {
		cells := []string{"`" + profile + "`"}
		for _, t := range all {
			passed, judged := 0, 0
			for _, r := range t.file.Conformance.Cases {
				if cmp.Or(profileOf[r.ID], conformance.ProfileImport) != profile { // the random pairs are in no catalogue
					continue
				}
				switch r.Verdict {
				case results.CasePass:
					passed++
					judged++
				case results.CaseWarn, results.CaseFail:
					judged++
				}
			}
			cells = append(cells, fmt.Sprintf("%d of %d, %s", passed, judged, t.file.Conformance.Profiles[profile]))
		}
		p.row(cells...)
	}
	p.line("")
}

func (p *page) emulator(t tested) {
	p.line("## %s\n", t.title())
	if t.Note != "" {
		p.line("Run %s.\n", t.Note)
	}
	byID := map[string]results.CaseResult{}
	for _, r := range t.file.Conformance.Cases {
		byID[r.ID] = r
	}
	for _, kind := range kinds {
		p.causes(t, kind.name, kind.words, byID)
	}
	p.unjudged(t)
}

func (p *page) causes(t tested, kind, words string, byID map[string]results.CaseResult) {
	var of []cause
	for _, c := range t.causes {
		if c.Kind == kind {
			of = append(of, c)
		}
	}
	if len(of) == 0 {
		return
	}
	slices.SortStableFunc(of, func(a, b cause) int { return len(b.Cases) - len(a.Cases) })
	p.line("**%s**\n", upperFirst(words))
	p.head("what", "cases", "evidence")
	for _, c := range of {
		what := c.What
		if c.Upstream != "" {
			what += fmt.Sprintf(" ([report](upstream/%s))", c.Upstream)
		}
		var evidence []string
		for _, id := range c.Cases {
			if e := byID[id].Evidence; e != "" && !slices.Contains(evidence, e) {
				evidence = append(evidence, e)
			}
		}
		p.row(what, strings.Join(c.Cases, ", "), strings.Join(evidence, ", "))
	}
	p.line("")
}

// unjudged lists why cases were not judged, the commonest reason first.
func (p *page) unjudged(t tested) {
	count := map[string]int{}
	for _, r := range t.file.Conformance.Cases {
		switch r.Verdict {
		case results.CaseInconclusive, results.CaseNotApplicable:
			count[strings.ReplaceAll(string(r.Verdict), "_", " ")+" | "+plainReason(r.Reason)]++
		}
	}
	var order []string
	for key := range count {
		order = append(order, key)
	}
	slices.SortFunc(order, func(a, b string) int { return cmp.Or(count[b]-count[a], strings.Compare(a, b)) })
	if len(order) == 0 {
		return
	}
	p.line("**Not judged**\n")
	p.head("cases", "verdict", "reason")
	for _, key := range order {
		p.row(fmt.Sprint(count[key]), key)
	}
	p.line("")
}

var (
	ids     = regexp.MustCompile(`(mrk-)?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}`)
	repeats = regexp.MustCompile(`^no answer to (\w+) \(\w+\): target: \w+: \w+: `)
)

// plainReason is a reason without what differs from run to run, fit for a
// table.
func plainReason(s string) string {
	s = repeats.ReplaceAllString(ids.ReplaceAllString(s, "…"), "$1: ")
	return strings.NewReplacer("|", "\\|", "<", "&lt;", "\n", " ").Replace(s)
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
