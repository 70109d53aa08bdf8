package results

import "fmt"

// costFigures are what one request costs the generator: one of each a result,
// because the process makes the requests of all loads. Compare and gate judge
// them before any latency: they vary least.
func costFigures(loads []Load) []Figure {
	for _, l := range loads {
		name := costName(l)
		var out []Figure
		for _, f := range []struct {
			metric string
			value  *float64
		}{{"cpu-ns/op", l.CPUPerRequest}, {"allocs/op", l.AllocsPerRequest}, {"B/op", l.BytesPerRequest}} {
			if f.value != nil {
				out = append(out, Figure{f.metric, name, *f.value, false})
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// costName names what the requests of l cost.
func costName(l Load) string { return fmt.Sprintf("Load/mode=%s/client=%s", l.Mode, l.Client) }
