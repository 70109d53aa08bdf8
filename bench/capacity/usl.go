package capacity

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kmsmac/kmsmac/results"
)

// usl is the Universal Scalability Law (Gunther, Guerrilla Capacity Planning,
// 2007): throughput at n in flight.
type usl struct{ lambda, sigma, kappa float64 }

func (u usl) rate(n float64) float64 {
	return u.lambda * n / (1 + u.sigma*(n-1) + u.kappa*n*(n-1))
}

// peak is the concurrency with the largest throughput; 0 if it only rises.
func (u usl) peak() float64 {
	if u.kappa <= 1e-12 || u.sigma >= 1 {
		return 0
	}
	return math.Sqrt((1 - u.sigma) / u.kappa)
}

// throughput is a measured point of a closed loop.
type throughput struct{ n, rate float64 }

// fitUSL is the least squares of the relative error; rms is what is left.
func fitUSL(data []throughput, start usl, evaluations int) (u usl, rms float64) {
	of := func(x []float64) usl { return usl{math.Exp(x[0]), x[1] * x[1], x[2] * x[2]} }
	x, sum := leastSquares(func(x []float64) float64 {
		u, sum := of(x), 0.0
		for _, d := range data {
			e := math.Log(u.rate(d.n) / d.rate)
			sum += e * e
		}
		return sum
	}, []float64{math.Log(start.lambda), math.Sqrt(start.sigma), math.Sqrt(start.kappa)}, evaluations)
	return of(x), math.Sqrt(sum / float64(len(data)))
}

// What data a fit needs.
const (
	leastLoads  = 4    // distinct ones: one more than parameters
	mostScatter = 0.10 // root mean square of the relative error
)

// fitClosed makes what can be made of a sweep over concurrencies.
func (c *Curve) fitClosed(s *results.Sweep, seed uint64) {
	var data []throughput
	var used []point
	for _, p := range c.points {
		why := p.usable()
		if why == "" && p.AnsweredRate > 0 {
			why = "fit"
			data, used = append(data, throughput{p.Value, p.AnsweredRate}), append(used, p)
		}
		c.note(p, why)
	}
	if len(data) == 0 {
		c.section.Bound = boundOf(c, s)
		c.why("no load of the sweep can be used")
		return
	}
	c.plateau(data, used, s)
	c.fitConcurrency(data, used, seed)
	c.derive(used)
}

// flat is by how much throughput may still rise where it counts as level.
const flat = 0.05

// plateau sets the capacity: the level that throughput reaches and keeps over
// at least a doubling of the concurrency, or else the largest that was seen.
func (c *Curve) plateau(data []throughput, used []point, s *results.Sweep) {
	most, at := 0.0, map[float64][]float64{}
	for _, d := range data {
		at[d.n] = append(at[d.n], d.rate)
	}
	level := map[float64]float64{}
	for n, rates := range at {
		level[n] = results.Quantile(rates, 0.5)
		most = max(most, level[n])
	}
	var rates []float64
	first, last := math.Inf(1), 0.0
	for _, d := range data {
		last = max(last, d.n)
		if level[d.n] >= (1-flat)*most {
			first, rates = min(first, d.n), append(rates, d.rate)
		}
	}
	c.section.Bound = boundOf(c, s)
	capacity := certain(most)
	if last >= 2*first {
		slices.Sort(rates)
		capacity = medianInterval(rates)
		c.section.Bound = "target"
	}
	c.section.Capacity = &capacity
}

// medianInterval is the median with an interval of at least 95 % by order
// statistics, as far as there are enough values. v is sorted.
func medianInterval(v []float64) results.Uncertain {
	n := float64(len(v))
	out := max(0, int(math.Floor((n-1)/2-0.98*math.Sqrt(n))))
	return results.Uncertain{Value: results.Quantile(v, 0.5), Low: v[out], High: v[len(v)-1-out]}
}

// boundOf says what ended the sweep.
func boundOf(c *Curve, s *results.Sweep) string {
	throttled, short := false, false
	for _, p := range c.points {
		throttled, short = throttled || p.broke("throttle_share"), short || c.shortOfWorkers(p)
	}
	switch {
	case throttled:
		return "throttles"
	case s.Stopped == "ceiling" || c.Limited > 0 || short:
		return "generator"
	}
	return "sweep"
}

// fitConcurrency fits the USL and draws its line.
func (c *Curve) fitConcurrency(data []throughput, used []point, seed uint64) {
	from, to := math.Inf(1), 0.0
	loads := map[float64]bool{}
	for _, d := range data {
		from, to, loads[d.n] = min(from, d.n), max(to, d.n), true
	}
	if len(loads) < leastLoads {
		c.why("throughput against concurrency: %d different loads, the fit needs %d", len(loads), leastLoads)
		return
	}
	u, rms := fitUSL(data, usl{data[0].rate / data[0].n, 0.05, 0.001}, 600)
	if rms > mostScatter {
		c.why("throughput against concurrency: the Universal Scalability Law is off by %.0f %%, more than %.0f %%: the data do not follow it", 100*rms, 100*mostScatter)
		return
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	scatter := make([]float64, len(data))
	for i, d := range data {
		scatter[i] = d.rate / u.rate(d.n)
	}
	var lambda, sigma, kappa []float64
	for range replicates {
		var again []throughput
		for _, i := range resample(rng, used) {
			d := data[i]
			if used[i].group == "" {
				d.rate = u.rate(d.n) * scatter[rng.IntN(len(scatter))]
			}
			again = append(again, d)
		}
		r, _ := fitUSL(again, u, 120)
		lambda, sigma, kappa = append(lambda, r.lambda), append(sigma, r.sigma), append(kappa, r.kappa)
	}
	c.section.USL = &results.USLFit{Lambda: interval(u.lambda, lambda), Sigma: interval(u.sigma, sigma), Kappa: interval(u.kappa, kappa),
		Residual: rms, From: from, To: to, Peak: u.peak()}
	for i := range 41 {
		n := from * math.Pow(to/from, float64(i)/40)
		c.section.Line = append(c.section.Line, results.CapacityLine{Load: n, Rate: u.rate(n)})
	}
}

// resample draws the points of a bootstrap: each single load stays (its residual
// is drawn elsewhere), and of the repeats as many as there are are drawn whole,
// so that what a repeat's loads share stays together.
func resample(rng *rand.Rand, points []point) []int {
	var out []int
	groups, names := map[string][]int{}, []string{}
	for i, p := range points {
		if p.group == "" {
			out = append(out, i)
			continue
		}
		if groups[p.group] == nil {
			names = append(names, p.group)
		}
		groups[p.group] = append(groups[p.group], i)
	}
	for range names {
		out = append(out, groups[names[rng.IntN(len(names))]]...)
	}
	return out
}

// derive makes a queue of a closed loop: the service time is that of the
// smallest load, the capacity the plateau, and the rest follows by Allen and
// Cunneen for Poisson arrivals.
func (c *Curve) derive(used []point) {
	if c.section.Bound != "target" {
		c.why("response time against rate: throughput did not level off, so the target's capacity is not known")
		return
	}
	least := slices.MinFunc(used, func(a, b point) int { return cmp.Compare(a.Value, b.Value) })
	u := unloadedOf(least.hist)
	capacity := c.section.Capacity
	q := queue{capacity.Value, max(1, capacity.Value*u.mean), (1 + u.variation()) / 2}
	c.fit = &latencyFit{unloaded: u, queue: q, to: capacity.Value / ExtrapolationFactor, derived: true}
	c.section.Queue = &results.QueueFit{Capacity: *capacity, Servers: certain(q.servers), Variability: certain(q.variability), To: capacity.Value, Derived: true}
}
