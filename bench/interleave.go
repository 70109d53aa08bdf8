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

// Arms are what an interleaved session measures side by side. Again is the
// base once more, so that the session shows its own noise.
type Arms struct{ Base, New, Again MeasureArm }

// MaxRounds bounds an interleaved session.
const MaxRounds = 1000

// Interleave measures the arms in turn, rounds times, after one round of
// warm-up that is not kept: base, new, again, then again, new, base, and so on,
// so that a drift of the machine weighs on all arms alike. observe, if not
// nil, hears of each kept round.
//
// Every arm must give the same figures in every round: a figure that is missing
// somewhere is left out of the result. When ctx ends, the rounds finished until
// then are returned with its error. When an arm fails, so does the session.
func Interleave(ctx context.Context, arms Arms, rounds int, observe func(round int)) ([]results.Series, error) {
	if rounds < 1 || rounds > MaxRounds {
		return nil, fmt.Errorf("bench: %d rounds is not between 1 and %d", rounds, MaxRounds)
	}
	if arms.Base == nil || arms.New == nil || arms.Again == nil {
		return nil, errors.New("bench: an interleaved session has three arms")
	}
	table := newRoundTable()
	for round := -1; round < rounds; round++ {
		got, err := arms.round(ctx, round%2 != 0)
		if err != nil {
			return table.series(), fmt.Errorf("bench: round %d: %w", round+1, err)
		}
		if round < 0 {
			continue
		}
		table.add(got)
		if observe != nil {
			observe(round + 1)
		}
	}
	return table.series(), nil
}

// round measures all arms once; the result is base, new, again in any case.
func (a Arms) round(ctx context.Context, backwards bool) ([3][]results.Figure, error) {
	order := [3]int{0, 1, 2}
	if backwards {
		order = [3]int{2, 1, 0}
	}
	var got [3][]results.Figure
	for _, i := range order {
		if err := ctx.Err(); err != nil {
			return got, err
		}
		figures, err := [3]MeasureArm{a.Base, a.New, a.Again}[i](ctx)
		if err != nil {
			return got, fmt.Errorf("arm %s: %w", [3]string{"base", "new", "again"}[i], err)
		}
		got[i] = figures
	}
	return got, nil
}

// roundTable collects figures by metric and name.
type roundTable struct {
	order  []figureID
	values map[figureID]*results.Series
	rounds int
}

type figureID struct{ metric, name string }

func newRoundTable() *roundTable { return &roundTable{values: map[figureID]*results.Series{}} }

// add keeps the figures that all three arms gave.
func (t *roundTable) add(got [3][]results.Figure) {
	byID := [3]map[figureID]results.Figure{}
	for i, figures := range got {
		byID[i] = map[figureID]results.Figure{}
		for _, f := range figures {
			byID[i][figureID{f.Metric, f.Name}] = f
		}
	}
	for _, f := range got[0] {
		id := figureID{f.Metric, f.Name}
		fresh, ok1 := byID[1][id]
		again, ok2 := byID[2][id]
		if !ok1 || !ok2 {
			continue
		}
		if t.values[id] == nil {
			t.order = append(t.order, id)
			t.values[id] = &results.Series{Metric: f.Metric, Name: f.Name, HigherIsBetter: f.HigherIsBetter}
		}
		s := t.values[id]
		s.Base, s.New, s.Again = append(s.Base, f.Value), append(s.New, fresh.Value), append(s.Again, again.Value)
	}
	t.rounds++
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
