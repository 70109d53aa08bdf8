package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/kmsmac/kmsmac/results"
)

// recording is a gate of a build with itself.
type recording struct {
	Command string           `json:"command"` // what every arm ran
	Machine string           `json:"machine"`
	Version string           `json:"version"`
	Date    string           `json:"date"`
	Rounds  int              `json:"rounds"`
	Series  []results.Series `json:"series"`
}

// writeRecording turns the arms' results of a gate into a recording, with
// values of five digits.
func writeRecording(gate, path string) error {
	var arms [2]*results.File
	for i, name := range []string{"base", "new"} {
		f, err := results.Read(filepath.Join(gate, name))
		if err != nil {
			return err
		}
		arms[i] = f
	}
	base := arms[0]
	if d := results.Differences(base, arms[1]); len(d) > 0 {
		return fmt.Errorf("%s is not a gate of a build with itself: %s differs", gate, d[0].Where)
	}
	r := recording{Command: fmt.Sprint(base.Args), Version: base.Tool.Version, Date: base.Started.UTC().Format("2006-01-02"),
		Machine: fmt.Sprintf("%s, %d CPUs, %s, shared with other work", base.Environment.CPU, base.Environment.CPUs, base.Environment.Go)}
	for i, s := range base.Rounds {
		fresh := arms[1].Rounds[i]
		r.Rounds = len(s.Values)
		r.Series = append(r.Series, results.Series{Metric: s.Metric, Name: s.Name, HigherIsBetter: s.HigherIsBetter,
			Base: rounded(s.Values), New: rounded(fresh.Values), Again: rounded(s.Again), NewAgain: rounded(fresh.Again)})
	}
	if err := r.check(path); err != nil {
		return err
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = results.WriteFile(path, append(raw, '\n'))
	return err
}

func rounded(x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i], _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 5, 64), 64) // of our own text
	}
	return out
}

func readRecording(path string) (*recording, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(recording)
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, r.check(path)
}

func (r *recording) check(path string) error {
	if r.Rounds < 2*pairs || len(r.Series) == 0 {
		return fmt.Errorf("%s: %d rounds of %d figures: at least %d rounds are needed", path, r.Rounds, len(r.Series), 2*pairs)
	}
	for _, s := range r.Series {
		for _, runs := range [][]float64{s.Base, s.New, s.Again, s.NewAgain} {
			if len(runs) != r.Rounds {
				return fmt.Errorf("%s: %s %s has not %d rounds in each run", path, s.Metric, s.Name, r.Rounds)
			}
		}
	}
	return nil
}

func (r *recording) has(metric string) bool {
	return slices.ContainsFunc(r.Series, func(s results.Series) bool { return s.Metric == metric })
}

// scenario is one kind of gate and what counts as a hit.
type scenario struct {
	margin   float64
	metric   string  // slowed down in the candidate's arm; "" none
	slowdown float64 // factor
	found    func([]results.Finding) bool
}

func exitsOne(f []results.Finding) bool { return results.JudgeVerdict(f) == results.Fail }

func anyDifference(findings []results.Finding) bool {
	return slices.ContainsFunc(findings, func(f results.Finding) bool {
		return !f.ShownOnly && (f.Change == results.WorseOff || f.Change == results.Better)
	})
}

// count simulates so many gates and counts the hits. The seed of a gate is its
// number, so that the outcome does not depend on workers.
func (r *recording) count(s scenario, gates, workers int) (hits int, err error) {
	if s.metric != "" && !r.has(s.metric) {
		return 0, fmt.Errorf("the recording has no %s", s.metric)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			n := 0
			for g := w; g < gates; g += workers {
				if s.found(results.Judge(r.gate(s, uint64(g)), results.JudgeOptions{Margin: s.margin, Seed: uint64(g)})) {
					n++
				}
			}
			mu.Lock()
			hits += n
			mu.Unlock()
		})
	}
	wg.Wait()
	return hits, nil
}

// block is the number of neighbouring rounds that are drawn together, so that
// what lasts for several rounds on the machine does so in the simulation.
const block = 5

// gate draws blocks of rounds, with repetition: all figures and runs of a round
// stay together, as they were measured. In every other gate base and candidate
// change places, so that what little the recording's arms differ by chance
// cannot help a slowdown to be found.
func (r *recording) gate(s scenario, seed uint64) []results.Series {
	rng := rand.New(rand.NewPCG(seed, 0x67617465))
	var rounds []int
	for len(rounds) < pairs {
		from := rng.IntN(r.Rounds - block + 1)
		for i := range block {
			rounds = append(rounds, from+i)
		}
	}
	rounds = rounds[:pairs]
	out := make([]results.Series, len(r.Series))
	for i, src := range r.Series {
		if seed%2 == 1 {
			src.Base, src.New, src.Again, src.NewAgain = src.New, src.Base, src.NewAgain, src.Again
		}
		dst := results.Series{Metric: src.Metric, Name: src.Name, HigherIsBetter: src.HigherIsBetter}
		factor := 1.0
		if src.Metric == s.metric {
			factor = s.slowdown
		}
		for _, round := range rounds {
			dst.Base, dst.Again = append(dst.Base, src.Base[round]), append(dst.Again, src.Again[round])
			dst.New, dst.NewAgain = append(dst.New, factor*src.New[round]), append(dst.NewAgain, factor*src.NewAgain[round])
		}
		out[i] = dst
	}
	return out
}
