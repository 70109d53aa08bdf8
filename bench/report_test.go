package bench

import (
	"testing"

	"github.com/kmsmac/kmsmac/results"
)

// TestUnsure: a load that tells nothing of speed says why, and the verdict
// agrees with what it says.
func TestUnsure(t *testing.T) {
	const more = ": more than 1 % unanswered says nothing of speed"
	rows := []struct {
		name string
		load results.Load
		want string
	}{
		{"all well", results.Load{Requests: 100, Succeeded: 100}, ""},
		{"refused, as was wanted", results.Load{Requests: 100, Refused: 100}, ""},
		{"one in a hundred", results.Load{Requests: 99, Succeeded: 99, Dropped: 1}, ""},
		{"one of 51", results.Load{Requests: 50, Succeeded: 50, Dropped: 1}, "1 of 51 arrivals was dropped" + more},
		{"two of 51", results.Load{Requests: 49, Succeeded: 49, Dropped: 2}, "2 of 51 arrivals were dropped" + more},
		{"errors", results.Load{Requests: 50, Succeeded: 48, Errors: map[string]int64{"timeout": 2}}, "2 of 50 arrivals failed other than by a throttle" + more},
		{"throttles", results.Load{Requests: 50, Succeeded: 10, Errors: map[string]int64{"ThrottlingException": 40}}, ""},
		{"both", results.Load{Requests: 50, Succeeded: 48, Dropped: 3, Errors: map[string]int64{"timeout": 2}}, "3 of 53 arrivals were dropped and 2 failed other than by a throttle" + more},
		{"no success", results.Load{Requests: 1, Errors: map[string]int64{"ThrottlingException": 1}}, "none of 1 arrival succeeded"},
		{"nothing", results.Load{}, "no request was due"},
	}
	for _, row := range rows {
		row.load.Operation, row.load.KeySpec = "VerifyMac", "HMAC_256"
		want, verdict := "", results.Pass
		if row.want != "" {
			want, verdict = "VerifyMac HMAC_256: "+row.want, results.Inconclusive
		}
		if got := unsure(row.load); got != want {
			t.Errorf("%s: %q, want %q", row.name, got, want)
		}
		if got := (&Report{Loads: []results.Load{row.load}}).Verdict(); got != verdict {
			t.Errorf("%s: verdict %s, want %s", row.name, got, verdict)
		}
	}
}
