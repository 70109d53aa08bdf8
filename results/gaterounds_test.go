package results

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// recording is a gate of a build with itself on a noisy machine.
type recording struct {
	Command string   `json:"command"` // what every arm ran
	Machine string   `json:"machine"`
	Version string   `json:"version"`
	Date    string   `json:"date"`
	Rounds  int      `json:"rounds"`
	Series  []Series `json:"series"`
}

// record turns the arms' results of the gate in dir into a recording at path,
// with values of five digits.
func record(dir, path string) error {
	var arms [2]*File
	for i, name := range []string{"base", "new"} {
		f, err := Read(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		arms[i] = f
	}
	base := arms[0]
	if d := Differences(base, arms[1]); len(d) > 0 {
		return fmt.Errorf("%s is not a gate of a build with itself: %s differs", dir, d[0].Where)
	}
	r := recording{Command: strings.Join(withoutOut(base.Args), " "), Version: base.Tool.Version, Date: base.Started.UTC().Format("2006-01-02"),
		Machine: fmt.Sprintf("%s, %d CPUs, %s, shared with other work", base.Environment.CPU, base.Environment.CPUs, base.Environment.Go)}
	for _, s := range pairUp(base.Rounds, arms[1].Rounds) {
		if _, shown := (JudgeOptions{}).shownOnly(Finding{Metric: s.Metric, Effect: Effect{Pairs: simRounds}}); shown {
			continue // no part in the verdict of a gate of so many rounds
		}
		r.Rounds = len(s.Base)
		for _, runs := range []*[]float64{&s.Base, &s.New, &s.Again, &s.NewAgain} {
			*runs = fiveDigits(*runs)
		}
		r.Series = append(r.Series, s)
	}
	if err := r.check(path); err != nil {
		return err
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = WriteFile(path, append(raw, '\n'))
	return err
}

// withoutOut drops the arm's own directory from its command line.
func withoutOut(args []string) []string {
	if i := slices.Index(args, "--out"); i >= 0 {
		return slices.Delete(slices.Clone(args), i, min(i+2, len(args)))
	}
	return args
}

func fiveDigits(x []float64) []float64 {
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
	if err := r.check(path); err != nil {
		return nil, err
	}
	r.level()
	return r, nil
}

// level takes out what the recording's arms differ on the whole. Both were one
// build, so that is chance; it would be in every simulated gate, as no chance
// is in every real one. What lasts for a few rounds stays.
func (r *recording) level() {
	for _, s := range r.Series {
		ratio := s.effect(1).Ratio
		if ratio <= 0 {
			continue // nothing but zeros
		}
		for i := range s.New {
			s.New[i] /= ratio
			s.NewAgain[i] /= ratio
		}
	}
}

func (r *recording) check(path string) error {
	if r.Rounds < 2*simRounds || len(r.Series) == 0 {
		return fmt.Errorf("%s: %d rounds of %d figures: at least %d rounds are needed", path, r.Rounds, len(r.Series), 2*simRounds)
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
	return slices.ContainsFunc(r.Series, func(s Series) bool { return s.Metric == metric })
}

const (
	// simRounds is the length of every simulated gate: the default of kmsmac gate.
	simRounds = 30
	// simBlock is the number of neighbouring rounds that are drawn together, so
	// that what lasts for several rounds on the machine does so in the simulation.
	simBlock = 5
)

// scenario is one kind of gate.
type scenario struct {
	margin float64
	metric string     // whose runs are made slower; "" none
	slower [4]float64 // factors of base, new, base again, new again
}

func candidateSlower(margin float64, metric string, factor float64) scenario {
	return scenario{margin, metric, [4]float64{1, factor, 1, factor}}
}

// judge is Judge, or what a test puts in its place.
type judge func([]Series, JudgeOptions) []Finding

// simulate judges so many gates and counts those that found says yes to. The
// seed of a gate is its number, so that the outcome does not depend on workers.
func (r *recording) simulate(j judge, s scenario, found func([]Finding) bool, gates, workers int) (hits int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			n := 0
			for g := w; g < gates; g += workers {
				if found(j(r.gate(s, uint64(g)), JudgeOptions{Margin: s.margin, Seed: uint64(g)})) {
					n++
				}
			}
			mu.Lock()
			hits += n
			mu.Unlock()
		})
	}
	wg.Wait()
	return hits
}

// gate draws blocks of rounds, none twice, as no gate measures a round twice: a
// test of independent rounds would take the copy for more evidence. All figures
// and runs of a round stay together, as they were measured. In every other
// block, by chance, base and candidate change places: both were one build.
func (r *recording) gate(s scenario, seed uint64) []Series {
	rng := rand.New(rand.NewPCG(seed, 0x67617465))
	type draw struct {
		round int
		swap  bool
	}
	// Blocks side by side from a random first round on, each at most once.
	offset := rng.IntN(simBlock)
	var draws []draw
	for _, b := range rng.Perm((r.Rounds - offset) / simBlock)[:simRounds/simBlock] {
		swap := rng.IntN(2) == 1
		for i := range simBlock {
			draws = append(draws, draw{offset + b*simBlock + i, swap})
		}
	}
	out := make([]Series, len(r.Series))
	for i, src := range r.Series {
		dst := Series{Metric: src.Metric, Name: src.Name, HigherIsBetter: src.HigherIsBetter}
		slower := [4]float64{1, 1, 1, 1}
		if src.Metric == s.metric {
			slower = s.slower
		}
		for _, d := range draws {
			b, n, again, newAgain := src.Base[d.round], src.New[d.round], src.Again[d.round], src.NewAgain[d.round]
			if d.swap {
				b, n, again, newAgain = n, b, newAgain, again
			}
			dst.Base, dst.New = append(dst.Base, slower[0]*b), append(dst.New, slower[1]*n)
			dst.Again, dst.NewAgain = append(dst.Again, slower[2]*again), append(dst.NewAgain, slower[3]*newAgain)
		}
		out[i] = dst
	}
	return out
}
