package conformance

import (
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

// TestEmptySuccess: a success that says nothing is an answer, and a wrong one;
// but a key that nobody named accuses no case that would have used it.
func TestEmptySuccess(t *testing.T) {
	rows := []struct {
		name, silent, body string
		verdict            results.CaseVerdict
		says               string
	}{
		{"no byte", "GenerateMac", "", results.CaseFail, "200 with an empty body"},
		{"null", "GenerateMac", " null\n", results.CaseFail, "200 with null"},
		{"empty object", "GenerateMac", "{}", results.CaseFail, "200 with {}"},
		{"a key of null", "CreateKey", "null", results.CaseInconclusive, "the answer names none"},
		{"a key of nothing", "CreateKey", "{}", results.CaseInconclusive, "the answer names none"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			d := &double{answer: func(_ int, operation string, params map[string]any) (int, string, error) {
				if operation == r.silent { // as the SDK does, which cannot use it
					return 200, r.body, &target.Error{Kind: target.NotKMS, Operation: operation, Status: 200}
				}
				return goodAnswer(operation, params)
			}}
			c, err := Run(t.Context(), d, Options{Cases: []string{"GM-01"}})
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Cases[0]; got.Verdict != r.verdict || !strings.Contains(got.Observed+got.Reason, r.says) {
				t.Errorf("%s: observed %q, reason %q; want %s and %q", got.Verdict, got.Observed, got.Reason, r.verdict, r.says)
			}
		})
	}
}
