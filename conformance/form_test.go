package conformance_test

import (
	"testing"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// TestFormIsJudgedOnce: what an answer looks like is judged by the row that is
// about it, as gravely as that row can tell, and by no other.
func TestFormIsJudgedOnce(t *testing.T) {
	t.Parallel()
	rows := []struct {
		deviation string
		verdicts  map[string]results.CaseVerdict
	}{
		{"void-braces", map[string]results.CaseVerdict{
			"WI-05": results.CaseFail, "KS-01": results.CasePass, "KS-02": results.CasePass, "KS-18": results.CasePass, "AL-01": results.CasePass,
			"AL-15": results.CasePass, "TG-11": results.CasePass, "GR-14": results.CasePass, "GR-15": results.CasePass, "PO-05": results.CasePass,
			"MR-18": results.CasePass,
		}},
		{"plain-timestamps", map[string]results.CaseVerdict{
			"WI-23": results.CaseWarn, "CK-14": results.CasePass, "DE-03": results.CasePass,
		}},
		{"iso-timestamps", map[string]results.CaseVerdict{"WI-23": results.CaseFail}},
		{"echoed-key-id", map[string]results.CaseVerdict{"GM-05": results.CaseFail, "EC-01": results.CasePass}},
	}
	for _, r := range rows {
		t.Run(r.deviation, func(t *testing.T) {
			t.Parallel()
			tgt := serve(t, kmsemu.Options{Deviations: []string{r.deviation}})
			for id, want := range r.verdicts {
				if got := verdictOf(t, tgt, id); got != want {
					t.Errorf("%s: got %s, want %s", id, got, want)
				}
			}
		})
	}
}
