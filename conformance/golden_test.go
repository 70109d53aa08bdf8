package conformance_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// TestGoldenAsks: the profile golden asks all 27 unknowns, keeps the answers
// and fails nobody, whatever they are; a baseline judges them.
func TestGoldenAsks(t *testing.T) {
	t.Parallel()
	o := whole()
	o.Profile, o.Cases, o.Differential = conformance.ProfileGolden, []string{"U"}, 0
	_, rec, c := recordOf(t, serve(t, kmsemu.Options{}), o)
	if len(c.Cases) != 27 || c.Counts[results.CasePass] != 27 {
		t.Fatalf("%d cases: %v", len(c.Cases), c.Counts)
	}
	for i, r := range c.Cases {
		if r.ID != fmt.Sprintf("U-%02d", i+1) || r.Observed == "" || r.Evidence != "inferred" || r.Confidence != "low" {
			t.Errorf("case %d: %+v", i, r)
		}
	}
	if !strings.Contains(c.Cases[0].Observed, "(KMSInvalidMacException)") && !strings.Contains(c.Cases[0].Observed, "(DryRunOperationException)") {
		t.Errorf("U-01 does not say which candidate it saw: %q", c.Cases[0].Observed)
	}
	wrong := kmsemu.Options{Deviations: []string{"dryrun-412", "state-409", "type-with-namespace"}}
	if c := run(t, serve(t, wrong), o); c.Counts[results.CasePass] != 27 {
		t.Errorf("a wrong target: %v, want 27 pass: nobody knows what is right", c.Counts)
	}
	o.Baseline = rec
	if c := run(t, serve(t, wrong), o); c.Counts[results.CaseFail] < 10 || c.Counts[results.CaseNotApplicable] > 0 {
		t.Errorf("a wrong target by a baseline: %v, want failures", c.Counts)
	}
	c = run(t, serve(t, kmsemu.Options{}), o)
	for _, r := range c.Cases {
		if r.Verdict != results.CasePass {
			t.Errorf("the same target by a baseline: %s: %s %v %s", r.ID, r.Verdict, r.Differences, r.Reason)
		}
	}
}

// TestFullLeavesTheUnknownsOut: they are asked only when they are wanted, and
// the long vectors only by those who ask for everything.
func TestFullLeavesTheUnknownsOut(t *testing.T) {
	cases := func(profile string, ids ...string) int {
		e, err := conformance.Plan(conformance.Options{Profile: profile, Cases: ids})
		if err != nil {
			return 0
		}
		return e.Cases
	}
	if full, golden := cases(""), cases("golden"); golden != full+27 || full < 400 {
		t.Errorf("golden has %d cases, full %d: want 27 more", golden, full)
	}
	if n := cases("import", "WYP"); n != 0 {
		t.Errorf("profile import has %d Wycheproof cases, want none", n)
	}
	if n := cases("full", "WYP"); n < 20 {
		t.Errorf("profile full has %d Wycheproof cases, want them", n)
	}
}
