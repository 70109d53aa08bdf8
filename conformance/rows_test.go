package conformance

import "testing"

// The counts are those that the behaviour table gives of itself.
func TestRowsAreWhole(t *testing.T) {
	classes, confidences := map[Class]int{}, map[Confidence]int{}
	seen := map[string]bool{}
	for _, r := range Rows() {
		classes[r.Evidence.Class]++
		confidences[r.Evidence.Confidence]++
		if seen[r.ID] {
			t.Errorf("row %s stands twice", r.ID)
		}
		seen[r.ID] = true
		if r.Operation == "" || r.Input == "" || r.Expected == "" || r.Evidence.Source == "" {
			t.Errorf("row %s has an empty cell: %+v", r.ID, r)
		}
	}
	if len(seen) != 466 {
		t.Errorf("%d rows, want 466", len(seen))
	}
	for class, want := range map[Class]int{Recorded: 115 + 28, Field: 20, Documented: 172, ByModel: 24, Measured: 21, Inferred: 86} {
		if classes[class] != want {
			t.Errorf("%d rows of class %s, want %d", classes[class], class, want)
		}
	}
	for conf, want := range map[Confidence]int{High: 307, Medium: 141, Low: 18} {
		if confidences[conf] != want {
			t.Errorf("%d rows of confidence %s, want %d", confidences[conf], conf, want)
		}
	}
}
