package bench

import (
	"context"
	"fmt"
	"slices"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
)

// stepSizes and stepJobs are the batches that are held against the single path.
var (
	stepSizes = Sizes{one(32), one(64), one(256), one(1024), one(4096), mixed(128), mixed(4096)}
	stepJobs  = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 24, 31, 40, 128, 512}
)

// stepGoalPercent is how much slower than one after another a batch may be.
const stepGoalPercent = 3

// stepSessions is how often a batch is measured that looked too slow. Of several
// hundred pairs some do by chance alone: what is really slower stays so.
const stepSessions = 4

// step is a batch and the same messages one after another.
type step struct{ batch, singly engineSpec }

type stepResult struct {
	goal  results.EngineGoal
	cases []results.EngineCase // of the first session
}

// stepGoal looks for a batch that is slower than the single path.
func stepGoal(ctx context.Context, p EnginePlan, o EngineOptions, block int, known map[string]string) (stepResult, error) {
	left := allSteps()
	pairs := len(left)
	var out stepResult
	values := map[step][]float64{} // the lowest session's percentages
	for range stepSessions {
		var specs []engineSpec
		for _, s := range left {
			specs = append(specs, s.batch, s.singly)
		}
		b, err := measureEngine(ctx, p, specs, EngineOptions{Observer: o.Observer})
		if err != nil {
			return out, err
		}
		if out.cases == nil {
			out.cases = b.Cases
		}
		m := &goalMeasures{block: block, cases: casesByName(b)}
		left = slices.DeleteFunc(left, func(s step) bool {
			now := m.percent(s)
			if old, ok := values[s]; !ok || results.Quantile(now, 0.5) < results.Quantile(old, 0.5) {
				values[s] = now
			}
			return results.Quantile(values[s], 0.5) <= stepGoalPercent
		})
		if len(left) == 0 {
			break
		}
	}
	worst := allSteps()[0]
	for s, v := range values {
		if results.Quantile(v, 0.5) > results.Quantile(values[worst], 0.5) {
			worst = s
		}
	}
	out.goal = newGoal("batch-over-single", "a batch of any size, slower than one after another", unitPercent, stepGoalPercent, values[worst], known)
	out.goal.Detail = fmt.Sprintf("the slowest of %d: %s of %s, %d × %s B", pairs, worst.batch.impl, worst.batch.alg, worst.batch.jobs, worst.batch.size.set())
	return out, nil
}

// percent is how much slower the batch is, in each block.
func (m *goalMeasures) percent(s step) (out []float64) {
	for b := range m.blocks(s.batch) {
		out = append(out, 100*(m.low(s.batch, b)/m.low(s.singly, b)-1))
	}
	return out
}

func allSteps() (out []step) {
	for _, alg := range []engine.Algorithm{engine.HMACSHA256, engine.HMACSHA512} {
		impl := engine.Default(alg).Name()
		for _, size := range stepSizes {
			for _, jobs := range stepJobs {
				out = append(out, step{engineSpec{impl, results.OpBatch, alg, size, jobs}, engineSpec{impl, results.OpSum, alg, size, jobs}})
			}
		}
	}
	return out
}
