package results

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/kmsmac/kmsmac/internal/proof"
)

// gateGoal is one row of make gate-power.
type gateGoal struct {
	id       string // as docs/known-short.md names it
	what     string
	scenario scenario
	found    func([]Finding) bool
	power    bool // share is a lower bound and, as a speed, may be known to be short; otherwise it is an upper one
	share    float64
}

func exitsOne(f []Finding) bool { return JudgeVerdict(f) == Fail }

func anyDifference(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool {
		return !f.ShownOnly && (f.Change == WorseOff || f.Change == Better)
	})
}

// gateGoals of one recording. The slowdown is put on the metric that CPU shows
// in: CPU per request of a load, time per tag of the engine.
func gateGoals(name string, r *recording) []gateGoal {
	cpu := "ns/op"
	if r.has("cpu-ns/op") {
		cpu = "cpu-ns/op"
	}
	// Whatever slowed all runs of a round but its first is not the candidate.
	unsteady := scenario{0.05, cpu, [4]float64{1, 1.4, 1.4, 1.4}}
	return []gateGoal{
		{name + "-false-alarm", "a build against itself, margin 5 %: exit 1", scenario{margin: 0.05}, exitsOne, false, 0.01},
		{name + "-unsteady", "base differs from itself by 40 %, margin 5 %: exit 1", unsteady, exitsOne, false, 0.01},
		{name + "-slow-15", "15 % more " + cpu + ", margin 5 %: exit 1", candidateSlower(0.05, cpu, 1.15), exitsOne, true, 0.85},
		{name + "-slow-8", "8 % more " + cpu + ", margin 0: exit 1", candidateSlower(0, cpu, 1.08), exitsOne, true, 0.80},
		{name + "-alarm-0", "a build against itself, margin 0: any difference", scenario{}, anyDifference, false, 0.065},
	}
}

func (g gateGoal) met(hits, of int) bool {
	share := float64(hits) / float64(of)
	if g.power {
		return share >= g.share
	}
	return share <= g.share
}

// fullGates is how many gates it takes for a share to be held to its goal as it
// is. Fewer are short of it only if their whole interval is.
const fullGates = 1000

// open reports whether so few gates leave it open that the goal is met.
func (g gateGoal) open(hits, of int) bool {
	lo, hi := wilson(hits, of)
	return !g.met(hits, of) && of < fullGates && lo <= g.share && g.share <= hi
}

// row is the goal with what was found.
func (g gateGoal) row(hits, of int) proof.Row {
	lo, hi := wilson(hits, of)
	bound := "at most"
	if g.power {
		bound = "at least"
	}
	r := proof.Row{Name: g.id, Goal: fmt.Sprintf("%s %.1f %%", bound, 100*g.share), Met: g.met(hits, of), Speed: g.power,
		Figure: fmt.Sprintf("%s: %.1f %% (%.1f … %.1f, %d of %d)", g.what, 100*float64(hits)/float64(of), 100*lo, 100*hi, hits, of)}
	if g.open(hits, of) {
		r.Open = "too few gates"
	}
	return r
}

// gatePower prints a row for each goal of each recording and reports whether
// all that is short is power that known names.
func gatePower(w io.Writer, j judge, recordings map[string]*recording, known map[string]string, gates, workers int) (ok bool) {
	tally := proof.Tally{Known: known}
	for _, name := range slices.Sorted(maps.Keys(recordings)) {
		r := recordings[name]
		_, _ = fmt.Fprintf(w, "%s: %s, %s, %d rounds, %s\n", name, r.Command, r.Machine, r.Rounds, r.Date)
		for _, g := range gateGoals(name, r) {
			line, _ := tally.Judge(g.row(r.simulate(j, g.scenario, g.found, gates, workers), gates))
			_, _ = fmt.Fprintln(w, line)
		}
	}
	_, _ = fmt.Fprintln(w, tally.Last())
	return !tally.Failed
}

// wilson is the 95 % score interval of a share (Wilson 1927).
func wilson(hits, of int) (lo, hi float64) {
	const z = 1.959964
	n := float64(of)
	p := float64(hits) / n
	center, half := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, (center-half)/(1+z*z/n)), min(1, (center+half)/(1+z*z/n))
}
