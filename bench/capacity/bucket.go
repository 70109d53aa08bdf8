package capacity

import "math"

// Throttle returns the share of requests that a token bucket refuses in the
// long run: Poisson arrivals at rate, quota tokens a second, at most depth
// tokens. A bucket admits a request exactly when a queue with one server, a
// constant service time of 1/quota and room for depth requests would, so the
// share is the loss of M/D/1/K: (p+ρ−1)/(p+ρ), where p is the chance that a
// departure leaves the queue empty (Gross and Harris, Fundamentals of Queueing
// Theory, embedded chain of M/G/1/K). What is below 1e-12 is 0. depth counts as a
// whole number, at least 1 and at most a million.
func Throttle(rate, quota, depth float64) float64 {
	switch {
	case rate <= 0:
		return 0
	case quota <= 0:
		return 1
	}
	k := int(min(max(depth, 1), 1e6))
	load := rate / quota
	// Lundberg's inequality bounds what is left out here by e^-30 (1-load solves
	// it below 1, since e^x·(1-x) <= 1): the bucket never, or always, runs dry.
	switch room := float64(k - 1); {
	case load < 1 && (1-load)*room > 30:
		return 0
	case load > 20 || load > 1 && (1-1/load)*room > 30:
		return 1 - 1/load
	}
	share := emptyChance(load, k)
	lost := (share + load - 1) / (share + load)
	if lost < 1e-12 {
		return 0
	}
	return lost
}

// emptyChance is the chance that a departure from M/D/1/k leaves nobody. The
// chances of n left follow from each other by the balance of what crosses the
// cut between n and n+1; all terms are positive, so nothing cancels.
func emptyChance(load float64, k int) float64 {
	more := poissonAbove(load)
	empty := math.Exp(-load)
	p := make([]float64, k) // unnormalised: p[0] = 1 at first
	p[0] = 1
	sum := 1.0
	for n := 0; n+1 < k; n++ {
		// Down across the cut: left n+1, nobody came. Up: left i, more than n-i
		// (for i = 0: than n, after one who came first) came.
		up := at(more, n) * p[0]
		for i := max(1, n+1-len(more)); i <= n; i++ {
			up += at(more, n-i+1) * p[i]
		}
		p[n+1] = up / empty
		sum += p[n+1]
		if sum > 1e200 { // far above the quota: keep it a number
			for i := range n + 2 {
				p[i] *= 1e-200
			}
			sum *= 1e-200
		}
	}
	return p[0] / sum
}

// poissonAbove lists P(A > j) for j = 0, 1, …, down to what does not matter.
func poissonAbove(mean float64) []float64 {
	var pmf []float64
	for j, v := 0, math.Exp(-mean); v > 1e-18 || float64(j) < mean; j++ {
		pmf = append(pmf, v)
		v *= mean / float64(j+1)
	}
	above := make([]float64, len(pmf))
	for j := len(pmf) - 2; j >= 0; j-- { // small ones first
		above[j] = above[j+1] + pmf[j+1]
	}
	return above
}

func at(v []float64, i int) float64 {
	if i < len(v) {
		return v[i]
	}
	return 0
}
