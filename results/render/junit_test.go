package render_test

import (
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

// TestJUnitVerdict: sections without a fault do not make a run that found
// nothing out, or was cut short, a green one. Nobody interrupted a merge.
func TestJUnitVerdict(t *testing.T) {
	rows := []struct {
		name        string
		verdict     results.Verdict
		interrupted bool
		want        string
	}{
		{"pass", results.Pass, false, ""},
		{"fail", results.Fail, false, `<failure message="fail">1 of 51 arrivals was dropped</failure>`},
		{"inconclusive", results.Inconclusive, false, `<error message="inconclusive">1 of 51 arrivals was dropped</error>`},
		{"none", "", false, `<error message="inconclusive">`},
		{"interrupted", results.Pass, true, `<error message="interrupted">`},
		{"interrupted after a wrong answer", results.Fail, true, `<failure message="fail">`},
	}
	for _, row := range rows {
		f := &results.File{Verdict: row.verdict, Interrupted: row.interrupted, Warnings: []string{"1 of 51 arrivals was dropped"},
			Load: []results.Load{{Operation: "VerifyMac", KeySpec: "HMAC_256", Requests: 50, Succeeded: 50, Dropped: 1}}}
		var b strings.Builder
		if err := render.JUnit(&b, f); err != nil {
			t.Fatal(err)
		}
		_, run, ok := strings.Cut(b.String(), `<testsuite name="run" tests="1"`)
		if red := strings.Contains(run, "<error") || strings.Contains(run, "<failure"); !ok || red != (row.want != "") || !strings.Contains(run, row.want) {
			t.Errorf("%s: want %q in\n%s", row.name, row.want, b.String())
		}
	}
	for _, verdict := range []results.Verdict{results.Inconclusive, results.Pass} {
		var b strings.Builder
		if err := render.JUnit(&b, &results.File{Verdict: verdict, Interrupted: true, Shards: &results.Shards{Torn: 1, Degraded: true}}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), `<error message="inconclusive">`) || strings.Contains(b.String(), "interrupted") {
			t.Errorf("a merge with verdict %s:\n%s", verdict, b.String())
		}
	}
}
