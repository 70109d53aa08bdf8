package main

import (
	"fmt"
	"math"
)

// goal is what is wanted of the gate.
type goal struct {
	id       string // as docs/known-short.md names it
	what     string
	scenario scenario
	least    bool    // share is a lower bound; otherwise an upper one
	share    float64 // of the gates
}

// pairs is the number of rounds of every simulated gate: the default of
// kmsmac gate.
const pairs = 30

// goals of one recording. The slowdown is put on the metric that CPU shows in:
// CPU per request of a load, time per tag of the engine.
func goals(name string, r *recording) []goal {
	cpu := "ns/op"
	if r.has("cpu-ns/op") {
		cpu = "cpu-ns/op"
	}
	return []goal{
		{name + "-false-alarm", "a build against itself, margin 5 %: exit 1", scenario{margin: 0.05, found: exitsOne}, false, 0.01},
		{name + "-slow-15", "15 % more " + cpu + ", margin 5 %: exit 1", scenario{margin: 0.05, metric: cpu, slowdown: 1.15, found: exitsOne}, true, 0.85},
		{name + "-slow-8", "8 % more " + cpu + ", margin 0: exit 1", scenario{metric: cpu, slowdown: 1.08, found: exitsOne}, true, 0.80},
		{name + "-alarm-0", "a build against itself, margin 0: any difference", scenario{found: anyDifference}, false, 0.065},
	}
}

func (g goal) met(hits, of int) bool {
	share := float64(hits) / float64(of)
	if g.least {
		return share >= g.share
	}
	return share <= g.share
}

// row is the goal's line: figure with interval, goal, ok or short.
func (g goal) row(hits, of int) string {
	lo, hi := wilson(hits, of)
	sign, verdict := "≤", "short"
	if g.least {
		sign = "≥"
	}
	if g.met(hits, of) {
		verdict = "ok"
	}
	return fmt.Sprintf("%-16s %-52s %5.1f %% (%.1f … %.1f, %d of %d)  goal %s %.1f %%  %s",
		g.id, g.what, 100*float64(hits)/float64(of), 100*lo, 100*hi, hits, of, sign, 100*g.share, verdict)
}

// wilson is the 95 % score interval of a share (Wilson 1927).
func wilson(hits, of int) (lo, hi float64) {
	const z = 1.959964
	n := float64(of)
	p := float64(hits) / n
	center, half := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, (center-half)/(1+z*z/n)), min(1, (center+half)/(1+z*z/n))
}
