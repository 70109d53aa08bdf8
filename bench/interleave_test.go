package bench_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/results"
)

// arms notes the order of calls and answers with a running number.
func countingArms(order *strings.Builder) bench.Arms {
	n := 0.0
	arm := func(letter string) bench.MeasureArm {
		return func(context.Context) ([]results.Figure, error) {
			order.WriteString(letter)
			n++
			return []results.Figure{{Metric: "cpu-ns/op", Name: "x", Value: n}}, nil
		}
	}
	return bench.Arms{Base: arm("b"), New: arm("n")}
}

func TestInterleaveOrder(t *testing.T) {
	var order strings.Builder
	got, err := bench.Interleave(t.Context(), countingArms(&order), 5, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "bn" + "bnnb" + "nbbn" + "bnnb" + "nbbn" + "bnnb"; order.String() != want {
		t.Errorf("order %s, want %s", order.String(), want)
	}
	want := []results.Series{{Metric: "cpu-ns/op", Name: "x", Base: []float64{3, 8, 14, 17, 19}, Again: []float64{6, 9, 11, 16, 22},
		New: []float64{4, 7, 13, 18, 20}, NewAgain: []float64{5, 10, 12, 15, 21}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("series (-want +got):\n%s", d)
	}
}

func TestInterleaveEnds(t *testing.T) {
	var order strings.Builder
	ctx, cancel := context.WithCancel(t.Context())
	got, err := bench.Interleave(ctx, countingArms(&order), 100, func(round int) {
		if round == 2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || len(got) != 1 || len(got[0].Base) != 2 {
		t.Errorf("cancelled after two rounds: %v, %v", got, err)
	}
	arms := countingArms(&order)
	broken := errors.New("it crashed")
	arms.New = func(context.Context) ([]results.Figure, error) { return nil, broken }
	if _, err := bench.Interleave(t.Context(), arms, 1, nil); !errors.Is(err, broken) || !strings.Contains(err.Error(), "arm new") {
		t.Errorf("a broken arm: %v", err)
	}
	for _, rounds := range []int{0, -1, bench.MaxRounds + 1} {
		if _, err := bench.Interleave(t.Context(), arms, rounds, nil); err == nil {
			t.Errorf("%d rounds were accepted", rounds)
		}
	}
}

// TestInterleaveLeavesOutWhatIsMissing: a figure that an arm lacks in some round
// cannot be paired.
func TestInterleaveLeavesOutWhatIsMissing(t *testing.T) {
	calls := 0
	sometimes := func(context.Context) ([]results.Figure, error) {
		calls++
		f := []results.Figure{{Metric: "a", Name: "x", Value: 1}}
		if calls%4 != 0 {
			f = append(f, results.Figure{Metric: "b", Name: "x", Value: 1})
		}
		return f, nil
	}
	got, err := bench.Interleave(t.Context(), bench.Arms{Base: sometimes, New: sometimes}, 4, nil)
	if err != nil || len(got) != 1 || got[0].Metric != "a" {
		t.Errorf("got %v, %v; want metric a alone", got, err)
	}
}
