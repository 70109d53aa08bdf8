package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/kmsmac/kmsmac/results"
)

// MeasureArm runs one arm of an interleaved session once and returns its
// figures.
type MeasureArm func(ctx context.Context) ([]results.Figure, error)

// Arms are what an interleaved session measures side by side.
type Arms struct{ Base, New MeasureArm }

// MaxRounds bounds an interleaved session.
const MaxRounds = 1000

// slot is one of the four runs of a round.
type slot int

const (
	slotBase slot = iota
	slotNew
	slotAgain // the base once more, so that the session shows its own noise
	slotNewAgain
	slots
)

// orders are those of four rounds: every arm runs twice in each, inside or
// outside of the other's two, and each of its runs is first as often as second.
var orders = [4][slots]slot{
	{slotBase, slotNew, slotNewAgain, slotAgain},
	{slotNew, slotBase, slotAgain, slotNewAgain},
	{slotAgain, slotNewAgain, slotNew, slotBase},
	{slotNewAgain, slotAgain, slotBase, slotNew},
}

// Interleave measures both arms twice in each of so many rounds, after one run
// of each to warm up, which is not kept: base, new, new, base, then new, base,
// base, new, and so on, so that a drift of the machine weighs on both alike.
// observe, if not nil, hears of each kept round.
//
// A figure that some run of some round does not give is left out of the result.
// When ctx ends, the rounds finished until then are returned with its error.
// When an arm fails, so does the session.
func Interleave(ctx context.Context, arms Arms, rounds int, observe func(round int)) ([]results.Series, error) {
	if rounds < 1 || rounds > MaxRounds {
		return nil, fmt.Errorf("bench: %d rounds is not between 1 and %d", rounds, MaxRounds)
	}
	if arms.Base == nil || arms.New == nil {
		return nil, errors.New("bench: an interleaved session has two arms")
	}
	table := newRoundTable()
	for _, s := range []slot{slotBase, slotNew} {
		if _, err := arms.run(ctx, s); err != nil {
			return nil, fmt.Errorf("bench: warm-up: %w", err)
		}
	}
	for round := range rounds {
		var got [slots][]results.Figure
		for _, s := range orders[round%len(orders)] {
			figures, err := arms.run(ctx, s)
			if err != nil {
				return table.series(), fmt.Errorf("bench: round %d: %w", round+1, err)
			}
			got[s] = figures
		}
		table.add(got)
		if observe != nil {
			observe(round + 1)
		}
	}
	return table.series(), nil
}

// run measures the arm that s is a run of.
func (a Arms) run(ctx context.Context, s slot) ([]results.Figure, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	name, measure := "base", a.Base
	if s == slotNew || s == slotNewAgain {
		name, measure = "new", a.New
	}
	figures, err := measure(ctx)
	if err != nil {
		return nil, fmt.Errorf("arm %s: %w", name, err)
	}
	return figures, nil
}

// roundTable collects figures by metric and name.
type roundTable struct {
	order  []figureID
	values map[figureID]*results.Series
	rounds int
}

type figureID struct{ metric, name string }

func newRoundTable() *roundTable { return &roundTable{values: map[figureID]*results.Series{}} }

// add keeps the figures that all four runs gave.
func (t *roundTable) add(got [slots][]results.Figure) {
	t.rounds++
	values := map[figureID][]float64{}
	for _, figures := range got {
		for _, f := range figures {
			id := figureID{f.Metric, f.Name}
			values[id] = append(values[id], f.Value)
		}
	}
	for _, f := range got[slotBase] {
		id := figureID{f.Metric, f.Name}
		v := values[id]
		if len(v) != int(slots) {
			continue
		}
		if t.values[id] == nil {
			t.order = append(t.order, id)
			t.values[id] = &results.Series{Metric: f.Metric, Name: f.Name, HigherIsBetter: f.HigherIsBetter}
		}
		s := t.values[id]
		s.Base, s.New = append(s.Base, v[slotBase]), append(s.New, v[slotNew])
		s.Again, s.NewAgain = append(s.Again, v[slotAgain]), append(s.NewAgain, v[slotNewAgain])
	}
}

// series returns the figures that are there in every round.
func (t *roundTable) series() []results.Series {
	var out []results.Series
	for _, id := range t.order {
		if s := t.values[id]; len(s.Base) == t.rounds {
			out = append(out, *s)
		}
	}
	return out
}
