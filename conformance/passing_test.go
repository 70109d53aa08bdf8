package conformance

import (
	"testing"

	"github.com/kmsmac/kmsmac/results"
)

// A key that leaves its passing state before it is asked accuses nobody; one
// that is used while in it does.
func TestPassingStates(t *testing.T) {
	rows := []struct {
		name    string
		states  []string // that DescribeKey shows, the last one from then on
		refuses int      // which requests are refused, from the n-th try on; 0 is none
		verdict results.CaseVerdict
		tries   int
	}{
		{"kept to", []string{"Updating"}, 1, results.CasePass, 1},
		{"ignored", []string{"Updating"}, 0, results.CaseFail, 1},
		{"left too soon, then kept to", []string{"Updating", "Enabled", "Updating"}, 2, results.CasePass, 2},
		{"never seen, then kept to", []string{"Enabled", "Updating"}, 1, results.CasePass, 2},
		{"left too soon, always", []string{"Updating", "Enabled", "Updating", "Enabled", "Updating", "Enabled", "Updating", "Enabled"}, 0, results.CaseNotApplicable, maxTries},
		{"never seen", []string{"Enabled"}, 0, results.CaseNotApplicable, maxTries},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			described, asked, tries := 0, 0, 0
			d := &double{answer: func(_ int, operation string, _ map[string]any) (int, string, error) {
				if operation == "DescribeKey" {
					state := r.states[min(described, len(r.states)-1)]
					described++
					return 200, `{"KeyMetadata":{"KeyState":"` + state + `"}}`, nil
				}
				if asked++; r.refuses > 0 && asked >= r.refuses {
					return 400, `{"__type":"KMSInvalidStateException","message":"k1 is updating."}`, nil
				}
				return 200, `{}`, nil
			}}
			c := runCases(t.Context(), t, d, Options{}, fakeCase("X-1", Documented, High, func(p *Probe) {
				tries++
				p.seen(Key{ID: "k1", ARN: "k1"}, "Updating")
				p.Call("EnableKey", Params{"KeyId": "k1"}).Want(wrongState(Key{ARN: "k1"}, "updating"))
			}))
			if got := c.Cases[0]; got.Verdict != r.verdict || tries != r.tries {
				t.Errorf("%s after %d tries (%s %v), want %s after %d", got.Verdict, tries, got.Reason, got.Differences, r.verdict, r.tries)
			}
		})
	}
}
