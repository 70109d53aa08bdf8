//go:build unix

package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/results"
)

// data returns the emulators and what is written down of them.
func data(t *testing.T) map[string]known {
	t.Helper()
	all, err := field{data: "emulators"}.chosen(nil)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]known{}
	for _, e := range all {
		if out[e.Name], err = readKnown(e.dir); err != nil {
			t.Fatal(err)
		}
	}
	if len(out) < 2 {
		t.Fatalf("%d emulators, want moto and ministack at least", len(out))
	}
	return out
}

// TestEveryFailureHasACause: nobody is accused of what nobody looked at, and
// nothing is counted twice.
func TestEveryFailureHasACause(t *testing.T) {
	for name, k := range data(t) {
		cause := map[string]string{}
		for _, c := range k.causes {
			if c.What == "" || !slices.ContainsFunc(kinds, func(k struct{ name, words string }) bool { return k.name == c.Kind }) {
				t.Errorf("%s: %+v has no words or no known kind", name, c)
			}
			for _, id := range c.Cases {
				if cause[id] != "" {
					t.Errorf("%s: %s has two causes", name, id)
				}
				cause[id] = c.What
			}
		}
		for _, d := range k.fails.Deviations {
			if cause[d.Case] == "" {
				t.Errorf("%s: %s fails without a cause", name, d.Case)
			}
			delete(cause, d.Case)
		}
		for id := range cause {
			t.Errorf("%s: %s has a cause and does not fail", name, id)
		}
	}
}

// TestEveryFailureWasLookedAt: looked.tsv has a line for each case that fails,
// about the facts that differ and the cause that is named, and for no other.
func TestEveryFailureWasLookedAt(t *testing.T) {
	for name, k := range data(t) {
		cause, left := k.causeOf(), maps.Clone(k.looks)
		for _, d := range k.fails.Deviations {
			l, there := left[d.Case]
			delete(left, d.Case)
			if !there {
				t.Errorf("%s: nobody looked at %s: read its exchange, then see go run ./cmd/field -look %s", name, d.Case, name)
				continue
			}
			want := told(d.Differs)
			if got := l.facts(); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
				t.Errorf("%s: %s was looked at when %v differed; now %v do", name, d.Case, got, want)
			}
			if l.Cause != cause[d.Case] {
				t.Errorf("%s: %s was looked at for %q, and is accused of %q", name, d.Case, l.Cause, cause[d.Case])
			}
			if l.Request == "" || l.Answer == "" {
				t.Errorf("%s: %s was looked at without an exchange", name, d.Case)
			}
		}
		for id := range left {
			t.Errorf("%s: %s was looked at and does not fail", name, id)
		}
	}
}

var caseFlag = regexp.MustCompile(`--case ([A-Z0-9-]+)`)

// evidenceOf is how a report names the evidence of a case: as the behaviour
// table does.
func evidenceOf(id string) string {
	for _, r := range conformance.Rows() {
		if r.ID == id {
			return fmt.Sprintf("%s %s, %s", id, r.Evidence.Class, r.Evidence.Source)
		}
	}
	return id + ", which is no row"
}

// TestUpstream: every report is of a cause, and says no more than fails.
func TestUpstream(t *testing.T) {
	const dir = "../../docs/upstream"
	used := map[string]bool{"README.md": true}
	for name, k := range data(t) {
		for _, c := range k.causes {
			if c.Upstream == "" {
				continue
			}
			used[c.Upstream] = true
			raw, err := os.ReadFile(filepath.Join(dir, c.Upstream))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if !strings.HasPrefix(c.Upstream, name+"-") || !strings.Contains(string(raw), "**Reproduce**") {
				t.Errorf("%s: %s is no report about it", name, c.Upstream)
			}
			for _, m := range caseFlag.FindAllStringSubmatch(string(raw), -1) {
				if evidence := evidenceOf(m[1]); !strings.Contains(string(raw), evidence) {
					t.Errorf("%s does not say %q", c.Upstream, evidence)
				}
				if !slices.ContainsFunc(k.fails.Deviations, func(d conformance.KnownDeviation) bool { return d.Case == m[1] }) {
					t.Errorf("%s names %s, which does not fail", c.Upstream, m[1])
				}
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d reports, %v", len(files), err)
	}
	for _, f := range files {
		if base := filepath.Base(f); !used[base] && base != "localemu-python-version.md" { // of its set-up, not of a case
			t.Errorf("%s: no cause names it", base)
		}
	}
}

// TestChanges: each way to end otherwise is a change, and nothing else is.
func TestChanges(t *testing.T) {
	k := known{
		fails: &conformance.Known{Schema: conformance.KnownSchema, Deviations: []conformance.KnownDeviation{
			{Case: "GM-01", Differs: []string{"status"}}, {Case: "GM-02", Differs: []string{"status"}}}},
		others: map[string]results.CaseVerdict{"GM-03": results.CaseWarn, "GM-04": results.CaseInconclusive},
	}
	rows := []struct {
		name    string
		id      string
		verdict results.CaseVerdict
		differs []string
		change  bool
	}{
		{"fails as known", "GM-01", results.CaseFail, []string{"status"}, false},
		{"fails otherwise", "GM-01", results.CaseFail, []string{"code"}, true},
		{"is fixed", "GM-01", results.CasePass, nil, true},
		{"no longer judged", "GM-01", results.CaseInconclusive, nil, true},
		{"warns as known", "GM-03", results.CaseWarn, []string{"text"}, false},
		{"warned, now passes", "GM-03", results.CasePass, nil, true},
		{"warned, now fails", "GM-03", results.CaseFail, []string{"text"}, true},
		{"inconclusive as known", "GM-04", results.CaseInconclusive, nil, false},
		{"inconclusive, now passes", "GM-04", results.CasePass, nil, true},
		{"passes", "GM-05", results.CasePass, nil, false},
		{"passed, now warns", "GM-05", results.CaseWarn, []string{"text"}, true},
		{"passed, now not applicable", "GM-05", results.CaseNotApplicable, nil, true},
		{"passed, now fails", "GM-05", results.CaseFail, []string{"status"}, true},
	}
	for _, r := range rows {
		got := k.changes(results.Conformance{Cases: []results.CaseResult{{ID: r.id, Verdict: r.verdict, Differs: r.differs}}})
		ids := slices.Collect(maps.Keys(got))
		if r.change != (len(ids) == 1 && ids[0] == r.id) || !r.change && len(ids) > 0 {
			t.Errorf("%s: changes %v, want %v", r.name, got, r.change)
		}
	}
}

// TestSteps: a crate is built by cargo, which is missed in words.
func TestSteps(t *testing.T) {
	e := emulator{Crate: "fake", Version: "1.2.3", Optimised: []string{"big"}}
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if _, err := (field{}).steps(e, "home"); err == nil || !strings.Contains(err.Error(), "needs cargo on the PATH") {
		t.Errorf("without cargo: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cargo"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	steps, err := field{}.steps(e, "home")
	const want = "[[cargo install --quiet --force --locked --debug --root home --version 1.2.3 --config profile.dev.package.big.opt-level=3 fake]]"
	if got := fmt.Sprint(steps); got != want || err != nil {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	one, _ := e.pinned()
	e.Optimised = nil
	if other, _ := e.pinned(); string(one) == string(other) {
		t.Errorf("%q does not say what is optimised", one)
	}
}

// TestLook: a look says what differs, and nothing that differs from run to run.
func TestLook(t *testing.T) {
	rows := []struct{ name, got, want string }{
		{"an error that is none", differences(results.CaseResult{
			Differs: []string{"status", "code", "code_place", "message", "text"}, Differences: []results.FactDifference{
				{Fact: "status", Got: "200", Want: "400"}, {Fact: "code", Got: "none", Want: "DisabledException"},
				{Fact: "code_place", Got: "none", Want: "body.__type"}, {Fact: "message", Got: "absent", Want: "present"}, {Fact: "text", Got: "a", Want: "b"}}}),
			"status: 200, not 400; code: none, not DisabledException"},
		{"only the message", differences(results.CaseResult{
			Differs: []string{"message", "text"}, Differences: []results.FactDifference{{Fact: "message", Got: "absent", Want: "present"}, {Fact: "text", Got: "a", Want: "b"}}}),
			"message: absent, not present"},
		{"members", differences(results.CaseResult{
			Differs: []string{"members A"}, Differences: []results.FactDifference{{Fact: "members A", Got: "x z", Want: "x y"}}}),
			"members A: lacks y, and has z"},
		{"ids and times", brief(`{"KeyId":"01234567-89ab-cdef-0123-456789abcdef", "At": 1795415480.588, "Alias":"alias/kmsmac-598c1720d2aa-gr-11-1","GrantId":"c6cad745"}`, 200),
			`{"KeyId":"…", "At": …, "Alias":"alias/kmsmac-…-gr-11-1","GrantId":…}`},
		{"tags of the run", brief(`{"KeySpec":"HMAC_256","Tags":[{"TagKey":"kmsmac:run","TagValue":"a"},{"TagKey":"b","TagValue":"c"}]}`, 200), `{"KeySpec":"HMAC_256"}`},
		{"long", brief(`{"Message":"`+strings.Repeat("A", 100)+`"}`, 200), `{"Message":"…"}`},
		{"the ARN of another account", brief(`{"KeyId":"arn:aws:kms:us-east-1:999999999999:key/01234567-89ab-cdef-0123-456789abcdef"}`, 200), `{"KeyId":"arn:aws:kms:us-east-1:999999999999:key/…"}`},
		{"columns", quiet("a\tb; c", 4), "a b,…"},
	}
	for _, r := range rows {
		if r.got != r.want {
			t.Errorf("%s: got %q, want %q", r.name, r.got, r.want)
		}
	}
}

func TestPlainReason(t *testing.T) {
	for in, want := range map[string]string{
		"no answer to GetParametersForImport (not_kms): target: GetParametersForImport: not_kms: the answer is no KMS's": "GetParametersForImport: the answer is no KMS's",
		"no key 0123abcd-0123-0123-0123-0123456789ab":                                                                    "no key …",
		"the answer to X is not a KMS's: status 500, \"<!doctype html>|\\n":                                              "the answer to X is not a KMS's: status 500, \"&lt;!doctype html>\\|\\n",
	} {
		if got := plainReason(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
