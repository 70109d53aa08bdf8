package results

import "fmt"

// sweepFigures is the knee of a sweep over rates. A knee over concurrencies is
// no figure: more requests in flight are neither better nor worse.
func sweepFigures(s *Sweep) []Figure {
	if s == nil || s.Over != "rate" || s.Knee == nil || s.Knee.Value <= 0 {
		return nil
	}
	return []Figure{{"knee-ops/s", fmt.Sprintf("Sweep/mode=%s/client=%s", s.Mode, s.Client), s.Knee.Value, true}}
}
