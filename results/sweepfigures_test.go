package results

import "testing"

// TestSweepFigures: only a knee over rates that was found is a figure.
func TestSweepFigures(t *testing.T) {
	knee := &Knee{Value: 800, Low: 700, High: 900}
	for _, row := range []struct {
		name  string
		sweep *Sweep
		want  int
	}{
		{"knee", &Sweep{Over: "rate", Mode: "open", Client: "sdk", Knee: knee}, 1},
		{"over concurrency", &Sweep{Over: "concurrency", Knee: knee}, 0},
		{"no knee", &Sweep{Over: "rate"}, 0},
		{"below the smallest load", &Sweep{Over: "rate", Knee: &Knee{LowOpen: true}}, 0},
		{"no sweep", nil, 0},
	} {
		got := Figures(&File{Sweep: row.sweep})
		if len(got) != row.want {
			t.Errorf("%s: got %v, want %d", row.name, got, row.want)
			continue
		}
		if row.want == 1 && got[0] != (Figure{"knee-ops/s", "Sweep/mode=open/client=sdk", 800, true}) {
			t.Errorf("%s: got %+v", row.name, got[0])
		}
	}
}
