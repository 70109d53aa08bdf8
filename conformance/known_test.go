package conformance

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kmsmac/kmsmac/results"
)

func section(cases ...results.CaseResult) results.Conformance {
	c := results.Conformance{Counts: map[results.CaseVerdict]int{}, Cases: cases}
	for _, r := range cases {
		c.Counts[r.Verdict]++
	}
	return c
}

// Only changes fail: a new failure, a failure in other facts, a known one that
// is fixed.
func TestKnownDeviations(t *testing.T) {
	known := Known{Schema: 1, Deviations: []KnownDeviation{
		{Case: "GM-25", Differs: []string{"status", "code"}, Note: "issue 7"}, {Case: "GM-01"},
	}}
	ended := func(id string, v results.CaseVerdict, differs ...string) results.CaseResult {
		return results.CaseResult{ID: id, Verdict: v, Differs: differs}
	}
	rows := []struct {
		name    string
		cases   []results.CaseResult
		verdict results.Verdict
		marks   []results.KnownChange
	}{
		{"as known", []results.CaseResult{ended("GM-25", results.CaseFail, "code", "status"), ended("GM-02", results.CasePass)}, results.Pass, []results.KnownChange{results.KnownExpected, ""}},
		{"nothing but known failures", []results.CaseResult{ended("GM-25", results.CaseFail, "code", "status")}, results.Pass, []results.KnownChange{results.KnownExpected}},
		{"any facts", []results.CaseResult{ended("GM-01", results.CaseFail, "member Mac")}, results.Pass, []results.KnownChange{results.KnownExpected}},
		{"a new failure", []results.CaseResult{ended("GM-02", results.CaseFail, "status")}, results.Fail, []results.KnownChange{results.KnownNew}},
		{"other facts", []results.CaseResult{ended("GM-25", results.CaseFail, "code")}, results.Fail, []results.KnownChange{results.KnownChanged}},
		{"more facts", []results.CaseResult{ended("GM-25", results.CaseFail, "code", "status", "message")}, results.Fail, []results.KnownChange{results.KnownChanged}},
		{"fixed", []results.CaseResult{ended("GM-25", results.CasePass)}, results.Fail, []results.KnownChange{results.KnownFixed}},
		{"only warns by now", []results.CaseResult{ended("GM-25", results.CaseWarn, "text")}, results.Fail, []results.KnownChange{results.KnownFixed}},
		{"could not be found out", []results.CaseResult{ended("GM-25", results.CaseInconclusive), ended("GM-02", results.CasePass)}, results.Inconclusive, []results.KnownChange{"", ""}},
		{"not run", []results.CaseResult{ended("GM-25", results.CaseNotApplicable), ended("GM-02", results.CasePass)}, results.Pass, []results.KnownChange{"", ""}},
		{"nothing judged", []results.CaseResult{ended("GM-25", results.CaseNotApplicable)}, results.Inconclusive, []results.KnownChange{""}},
	}
	for _, r := range rows {
		c := section(r.cases...)
		known.Apply(&c)
		var marks []results.KnownChange
		for _, x := range c.Cases {
			marks = append(marks, x.Known)
		}
		if got := Verdict(c); got != r.verdict || !slices.Equal(marks, r.marks) {
			t.Errorf("%s: %s %q, want %s %q; changes %q", r.name, got, marks, r.verdict, r.marks, c.Known.Changes)
		}
	}
}

// What is written is read again, keeps notes, and keeps what was not run.
func TestKnownIsWrittenAgain(t *testing.T) {
	old := Known{Schema: 1, Deviations: []KnownDeviation{
		{Case: "GM-25", Differs: []string{"status"}, Note: "issue 7"}, {Case: "GM-01", Note: "fixed since"}, {Case: "KS-01", Note: "not selected"}, {Case: "GM-26", Note: "no answer"},
	}}
	c := section(
		results.CaseResult{ID: "GM-01", Verdict: results.CasePass},
		results.CaseResult{ID: "GM-25", Verdict: results.CaseFail, Differs: []string{"code", "code", "status"}},
		results.CaseResult{ID: "GM-26", Verdict: results.CaseInconclusive},
		results.CaseResult{ID: "VM-06", Verdict: results.CaseFail, Differs: []string{"message"}},
		results.CaseResult{ID: "VM-07", Verdict: results.CaseWarn, Differs: []string{"text"}},
		results.CaseResult{ID: "DIFF-HMAC_256-2", Verdict: results.CaseFail, Differs: []string{"member Mac"}},
	)
	var b bytes.Buffer
	if err := KnownOf(c, "http://127.0.0.1:4566", &old).Write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := ReadKnown(&b)
	if err != nil {
		t.Fatal(err)
	}
	want := &Known{Schema: 1, Target: "http://127.0.0.1:4566", Deviations: []KnownDeviation{
		{Case: "GM-25", Differs: []string{"code", "status"}, Note: "issue 7"}, {Case: "GM-26", Note: "no answer"},
		{Case: "VM-06", Differs: []string{"message"}}, {Case: "DIFF-HMAC_256-2", Differs: []string{"member Mac"}}, {Case: "KS-01", Note: "not selected"},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestReadKnownRefuses(t *testing.T) {
	rows := []struct{ name, text, why string }{
		{"empty", "", "empty"},
		{"not YAML", "{", "known deviations"},
		{"no schema", "deviations: []", "schema 0"},
		{"newer", "schema: 2", "schema 2"},
		{"mistyped member", "schema: 1\ndeviation: []", "deviation"},
		{"unknown case", "schema: 1\ndeviations:\n  - case: GM-99", "GM-99"},
		{"no part", "schema: 1\ndeviations:\n  - case: DIFF-HMAC_256-1", "DIFF-HMAC_256-1"},
		{"twice", "schema: 1\ndeviations:\n  - case: GM-01\n  - case: GM-01", "twice"},
	}
	for _, r := range rows {
		if _, err := ReadKnown(strings.NewReader(r.text)); !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), r.why) {
			t.Errorf("%s: %v, want an error of usage with %q", r.name, err, r.why)
		}
	}
}
