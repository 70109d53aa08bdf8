package capacity

import (
	"encoding/json"
	"testing"

	"github.com/kmsmac/kmsmac/results"
)

// Whatever a file says, reading it ends in a curve that plans can be made of and
// written, or in an error.
func FuzzReadCurve(f *testing.F) {
	const most = 5 // loads: more are slow, not different
	for _, file := range []*results.File{openSweep(4, shapes[0].draw, shapes[0].mean, 1), closedSweep(4, shapes[0].draw, 1), {Sweep: &results.Sweep{}}} {
		file.Sweep.Points = file.Sweep.Points[:min(most, len(file.Sweep.Points))]
		raw, err := json.Marshal(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var file results.File
		if json.Unmarshal(raw, &file) != nil {
			return
		}
		if file.Sweep != nil && len(file.Sweep.Points) > most {
			return
		}
		c, err := ReadCurve(&file, 1)
		if err != nil {
			return
		}
		plan, err := Plan(Request{Rate: 100, P99: 1e9, Region: "us-east-1", Curves: []*Curve{c}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(plan); err != nil {
			t.Fatal(err)
		}
	})
}
