package capacity

import (
	"math"

	"gonum.org/v1/gonum/optimize"
)

// replicates of the bootstrap.
const replicates = 100

// leastSquares returns where the sum of squares of f's residuals is least,
// looked for from start by the method of Nelder and Mead, and that sum. f may
// return NaN or infinities where it has no value.
func leastSquares(f func(x []float64) float64, start []float64, evaluations int) ([]float64, float64) {
	whole := func(x []float64) float64 {
		if v := f(x); !math.IsNaN(v) && !math.IsInf(v, 0) {
			return v
		}
		return 1e12
	}
	// An error says that the evaluations were used up: the best place counts.
	res, err := optimize.Minimize(optimize.Problem{Func: whole}, start, &optimize.Settings{FuncEvaluations: evaluations}, &optimize.NelderMead{SimplexSize: 0.2})
	if res == nil || err != nil && len(res.X) == 0 {
		return start, whole(start)
	}
	return res.X, res.F
}
