package bench

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
)

// smallEngine is a plan of milliseconds.
func smallEngine() EnginePlan {
	return EnginePlan{Impls: []string{engine.Stdlib, CryptoHMAC}, Sizes: Sizes{one(64), mixed(128)},
		Batches: []int{1, 3}, Rounds: 3, Turn: 5 * time.Microsecond}
}

func TestMeasureEngine(t *testing.T) {
	var rounds []int
	b, err := MeasureEngine(t.Context(), smallEngine(), EngineOptions{Observer: func(round, of int) { rounds = append(rounds, round, of) }})
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 3, 2, 3, 3, 3}; !slices.Equal(rounds, want) {
		t.Errorf("observed %v, want %v", rounds, want)
	}
	if want := 2 * 4 * 3; len(b.Cases) != want || b.Rounds != 3 {
		t.Fatalf("%d cases in %d rounds, want %d in 3", len(b.Cases), b.Rounds, want)
	}
	for _, c := range b.Cases {
		if c.Checked != 2*c.Jobs || c.WrongTags != 0 {
			t.Errorf("%s: %d tags checked, %d wrong; want %d, 0", c.Name(), c.Checked, c.WrongTags, 2*c.Jobs)
		}
		if len(c.RoundsNs) != 3 || c.LowNs != slices.Min(c.RoundsNs) || c.LowNs <= 0 || c.MedianNs < c.LowNs {
			t.Errorf("%s: rounds %v, low %v, median %v", c.Name(), c.RoundsNs, c.LowNs, c.MedianNs)
		}
		if c.Allocs == nil {
			t.Errorf("%s: allocations were not counted", c.Name())
		}
		if c.Bytes < int64(c.Jobs*c.MinBytes) || c.Bytes > int64(c.Jobs*c.MaxBytes) {
			t.Errorf("%s: %d bytes", c.Name(), c.Bytes)
		}
		if (c.Operation == results.OpSum) != (c.Jobs == 1) {
			t.Errorf("%s: operation and jobs do not fit", c.Name())
		}
	}
	if v := EngineVerdict(b); v != results.Pass {
		t.Errorf("verdict %s", v)
	}
}

// TestEngineOperations: every operation of the engine is checked, and a lie is
// counted.
func TestEngineOperations(t *testing.T) {
	for _, op := range []string{results.OpSum, results.OpSumChained, results.OpVerify, results.OpBatch} {
		for _, jobs := range []int{1, 5} {
			spec := engineSpec{engine.Stdlib, op, engine.HMACSHA384, mixed(300), jobs}
			if op == results.OpSumChained && jobs > 1 {
				continue
			}
			w := newEngineWork(1, []engineSpec{spec})
			arm, err := newLocalArm(w, spec)
			if err != nil {
				t.Fatal(err)
			}
			if checked, wrong, err := arm.check(); err != nil || checked != jobs || wrong != 0 {
				t.Errorf("%s, %d jobs: %d checked, %d wrong, %v", op, jobs, checked, wrong, err)
			}
			arm.work(2)
			// Now the truth changes.
			w.tagsOf(spec.alg, spec.size)[jobs-1][47] ^= 1
			if _, wrong, err := arm.check(); err != nil || wrong != 1 {
				t.Errorf("%s, %d jobs: %d wrong after one tag was changed, %v; want 1", op, jobs, wrong, err)
			}
		}
	}
}

// TestEngineAllocs: what is allocated is counted per MAC, and nothing else is.
func TestEngineAllocs(t *testing.T) {
	var sink *[64]byte
	rows := []struct {
		name string
		jobs int
		work func(times int)
		want float64
	}{
		{"none", 1, func(int) {}, 0},
		{"one a MAC", 1, func(times int) {
			for range times {
				sink = new([64]byte)
			}
		}, 1},
		{"one a batch", 128, func(times int) {
			for range times {
				sink = new([64]byte)
			}
		}, 1.0 / 128},
	}
	for _, row := range rows {
		if got := *(&localArm{jobs: row.jobs, work: row.work}).allocs(); got != row.want {
			t.Errorf("%s: %v allocations per MAC, want %v", row.name, got, row.want)
		}
	}
	_ = sink
}

func TestEngineInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := smallEngine()
	p.Rounds = 50
	b, err := MeasureEngine(ctx, p, EngineOptions{Observer: func(round, _ int) {
		if round == 3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || b.Rounds != 2 {
		t.Fatalf("%d rounds, %v; want 2, canceled", b.Rounds, err)
	}
	for _, c := range b.Cases {
		if len(c.RoundsNs) != 2 || c.LowNs == 0 {
			t.Errorf("%s: rounds %v, low %v", c.Name(), c.RoundsNs, c.LowNs)
		}
	}
}

func TestEnginePlanRefuses(t *testing.T) {
	rows := []struct {
		name   string
		change func(*EnginePlan)
		want   string
	}{
		{"unknown implementation", func(p *EnginePlan) { p.Impls = []string{"abacus"} }, `"abacus" is not a known name`},
		{"no such algorithm", func(p *EnginePlan) { p.Algorithms = []engine.Algorithm{9} }, "unknown algorithm"},
		{"weights", func(p *EnginePlan) { p.Sizes = Sizes{{Min: 1, Max: 2, Weight: 3}} }, "no weight"},
		{"size 0", func(p *EnginePlan) { p.Sizes = Sizes{{Min: 0, Max: 2, Weight: 1}} }, "1 to 4096"},
		{"batch 0", func(p *EnginePlan) { p.Batches = []int{1, 0} }, "a batch of 0"},
		{"batch too large", func(p *EnginePlan) { p.Batches = []int{MaxEngineJobs + 1} }, "a batch of 4097"},
		{"rounds", func(p *EnginePlan) { p.Rounds = -1 }, "-1 rounds"},
		{"turn", func(p *EnginePlan) { p.Turn = time.Hour }, "a turn of 1h"},
		{"a mix of one", func(p *EnginePlan) { p.Sizes, p.Batches = Sizes{mixed(64)}, []int{1} }, "nothing to measure"},
		{"nothing left", func(p *EnginePlan) {
			p.Impls, p.Algorithms = []string{engine.SHA256SIMD}, []engine.Algorithm{engine.HMACSHA512}
		}, "nothing to measure"},
	}
	for _, row := range rows {
		p := smallEngine()
		row.change(&p)
		if row.name == "nothing left" {
			if _, err := engine.Lookup(engine.SHA256SIMD); err != nil {
				continue // purego, FIPS
			}
		}
		_, err := MeasureEngine(t.Context(), p, EngineOptions{})
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
	if err := (EnginePlan{}).Validate(); err != nil {
		t.Errorf("the zero plan: %v", err)
	}
}

func TestWrongTags(t *testing.T) {
	want := [][]byte{{1, 2}, {3, 4}}
	rows := []struct {
		name string
		got  []byte
		want int
	}{
		{"right", []byte{1, 2, 3, 4}, 0},
		{"one wrong", []byte{1, 2, 3, 5}, 1},
		{"order", []byte{3, 4, 1, 2}, 2},
		{"short", []byte{1, 2, 3}, 1},
		{"empty", nil, 2},
		{"long", []byte{1, 2, 3, 4, 5}, 1},
	}
	for _, row := range rows {
		if got := wrongTags(row.got, want); got != row.want {
			t.Errorf("%s: %d wrong, want %d", row.name, got, row.want)
		}
	}
}

func TestEngineVerdict(t *testing.T) {
	measured := results.EngineCase{RoundsNs: []float64{1}}
	wrong := results.EngineCase{RoundsNs: []float64{1}, WrongTags: 1}
	rows := []struct {
		name string
		b    results.EngineBench
		want results.Verdict
	}{
		{"nothing", results.EngineBench{}, results.Inconclusive},
		{"no round", results.EngineBench{Cases: []results.EngineCase{{}}}, results.Inconclusive},
		{"measured", results.EngineBench{Cases: []results.EngineCase{measured}}, results.Pass},
		{"wrong", results.EngineBench{Cases: []results.EngineCase{measured, wrong}}, results.Fail},
		{"short", results.EngineBench{Cases: []results.EngineCase{measured}, Goals: []results.EngineGoal{{}}}, results.Fail},
		{"short and known", results.EngineBench{Cases: []results.EngineCase{measured}, Goals: []results.EngineGoal{{Excuse: "x"}}}, results.Pass},
	}
	for _, row := range rows {
		if got := EngineVerdict(row.b); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}
