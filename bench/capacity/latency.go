package capacity

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kmsmac/kmsmac/results"
)

// latencyFit predicts response times at a rate.
type latencyFit struct {
	unloaded unloaded
	queue    queue
	from, to float64 // rates that it rests on
	rms      float64
	derived  bool // from a closed loop, without a fit
	again    []replicate
}

// replicate is one draw of the bootstrap: an unloaded response time, a queue, and
// by how much a run like those of the sweep strays from them.
type replicate struct {
	unloaded unloaded
	queue    queue
	stray    quantities
}

// predict returns p50 and p99 in nanoseconds with their 95 % prediction
// intervals; ok is false where the queue would grow without bound, or might
// within the interval.
func (f *latencyFit) predict(rate float64) (p50, p99 results.Uncertain, ok bool) {
	at := f.unloaded.quantiles(f.queue, rate, quantityAt...)
	if math.IsInf(at[2], 0) {
		return p50, p99, false
	}
	var low, high []float64
	for _, r := range f.again {
		v := r.unloaded.quantiles(r.queue, rate, quantityAt...)
		low, high = append(low, 1e9*v[0]*r.stray[0]), append(high, 1e9*v[2]*r.stray[2])
	}
	p50, p99 = interval(1e9*at[0], low), interval(1e9*at[2], high)
	return p50, p99, !math.IsInf(p50.High, 0) && !math.IsInf(p99.High, 0)
}

// extrapolated reports whether the rate is further than ExtrapolationFactor
// from the loads that the fit rests on.
func (f *latencyFit) extrapolated(rate float64) bool {
	return rate > f.to*ExtrapolationFactor || rate < f.from/ExtrapolationFactor
}

// What may bear on the fit of the response time.
const (
	nearCapacity  = 0.93 // of it: beyond, a step is too short for a steady state
	lightLoad     = 0.2  // of the capacity: hardly anybody waits
	leastUnloaded = 500  // answers that the unloaded response time rests on
	theoryWeight  = 0.5  // of the deviation from Allen and Cunneen, squared, beside a load's
)

// fitOpen makes what can be made of a sweep over rates.
func (c *Curve) fitOpen(s *results.Sweep, seed uint64) {
	most := c.saturation(s)
	if c.section.Capacity == nil {
		c.why("no load of the sweep can be used")
		for _, p := range c.points {
			c.note(p, p.usable())
		}
		return
	}
	known := c.section.Bound == "target"
	var data []point
	unused := map[string]int{}
	for _, p := range c.points {
		why := c.bears(p, known)
		if why == "fit" {
			data = append(data, p)
		}
		unused[why]++
		c.note(p, why)
	}
	loads := distinct(data)
	if len(loads) < leastLoads {
		c.why("response time against rate: %d different loads below the capacity can be used, the fit needs %d; %s", len(loads), leastLoads, c.remedy(unused))
		return
	}
	capacity := c.section.Capacity.Value
	u := lightest(data, lightLoad*capacity)
	if u.count < leastUnloaded {
		c.why("response time against rate: the smallest loads have %d answers, the fit needs %d; make --step longer", u.count, leastUnloaded)
		return
	}
	l := fitter{unloaded: u, known: known, least: most, poisson: c.Poisson}
	q, rms := l.fit(data, l.theory(capacity), 400)
	if rms > 3*mostScatter {
		c.why("response time against rate: the queue is off by %.0f %%, more than %.0f %%: the data do not follow it", 100*rms, 300*mostScatter)
		return
	}
	c.fit = &latencyFit{unloaded: u, queue: q, rms: rms, from: loads[0], to: loads[len(loads)-1]}
	c.bootstrap(l, data, seed)
	c.drawQueue(capacity)
}

// remedy is what to change in a sweep whose loads were not used for these
// reasons.
func (c *Curve) remedy(unused map[string]int) string {
	switch n := len(c.points); {
	case 2*unused[limitedByGenerator] > n:
		return fmt.Sprintf("%d of %d were limited by the generator: sweep from a machine that does nothing else, or on a faster road", unused[limitedByGenerator], n)
	case 2*unused[notSteady] > n:
		return fmt.Sprintf("%d of %d were not steady: make --step longer", unused[notSteady], n)
	}
	return "sweep from a smaller rate, with a smaller --factor"
}

// leastBeyond is how many loads beyond it show what a target carries: their
// range holds its median with a probability of 1 − 2^(1−n), so of 3 in 4 cases.
const leastBeyond = 3

// saturation sets the capacity of an open loop: what a target answers that is
// offered more. Without such loads it is at least the most that was answered,
// which is returned.
func (c *Curve) saturation(s *results.Sweep) (most float64) {
	var full []float64
	for _, p := range c.points {
		switch {
		case p.usable() != "" || c.shortOfWorkers(p):
		case p.broke("answered_share"):
			full = append(full, p.AnsweredRate)
		default:
			most = max(most, p.AnsweredRate)
		}
	}
	slices.Sort(full)
	if n := len(full); n > 0 && n < leastBeyond {
		c.why("capacity: only %d of the loads were more than the target answered, %d are needed: sweep further, or with more --repeats", n, leastBeyond)
		most, full = max(most, full[n-1]), nil
	}
	c.section.Bound = boundOf(c, s)
	capacity := certain(most)
	if len(full) > 0 {
		capacity = medianInterval(full)
		capacity.High = max(capacity.High, most) // it was seen to answer that
		c.section.Bound = "target"
		if capacity.Value < most/1.05 {
			c.section.Bound = "sweep"
			capacity = certain(most)
			c.why("capacity: the target answered %.4g/s when it was offered too much, and %.4g/s before: overload costs it throughput", results.Quantile(full, 0.5), most)
		}
	}
	if !(capacity.Value > 0) {
		c.section.Bound = "sweep"
		return most
	}
	c.section.Capacity = &capacity
	return most
}

// shortOfWorkers reports whether a load was too large for the generator's
// workers and not for the target: all were busy, and the target answered each
// request about as fast as it does when it is idle.
func (c *Curve) shortOfWorkers(p point) bool {
	return p.broke("answered_share") && slices.Contains(p.Labels, "concurrency_limited") && p.Service != nil && float64(p.Service.P50) < 1.25*c.idle
}

// bears is "fit" for loads that the fit rests on, "capacity" for those that
// the capacity rests on, or the reason for neither.
func (c *Curve) bears(p point, known bool) string {
	why := p.usable()
	switch {
	case why != "":
		return why
	case p.OfferedRate == nil || !(*p.OfferedRate > 0):
		return "nothing was offered"
	case c.shortOfWorkers(p):
		return "limited by the workers"
	case p.broke("answered_share"):
		return "capacity"
	case known && p.Value > nearCapacity*c.section.Capacity.Value:
		return "too near the capacity"
	case !p.Steady:
		return notSteady
	}
	return "fit"
}

// distinct lists the loads, ascending.
func distinct(points []point) []float64 {
	var out []float64
	for _, p := range points {
		out = append(out, p.Value)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lightest pools the smallest load, those up to light, and while these are few
// answers the next ones.
func lightest(data []point, light float64) unloaded {
	sorted := slices.Clone(data)
	slices.SortStableFunc(sorted, func(a, b point) int { return cmp.Compare(a.Value, b.Value) })
	h := results.NewHistogram()
	for i, p := range sorted {
		if i > 0 && p.Value > light && (h.TotalCount() >= 2*leastUnloaded || p.Value > 2*light) {
			break
		}
		h.Merge(p.hist)
	}
	return unloadedOf(h)
}

// fitter fits the queue to loads.
type fitter struct {
	unloaded unloaded
	known    bool    // the capacity is measured and is not fitted
	least    float64 // the capacity at least
	poisson  bool
}

// theory is the queue that follows from service time and capacity alone.
func (l fitter) theory(capacity float64) queue {
	v := l.unloaded.variation()
	if l.poisson {
		v++
	}
	return queue{capacity, max(1, capacity*l.unloaded.mean), max(0.05, v/2)}
}

// fit is the least squares of the relative errors at p50, p90 and p99, each
// weighted by how many answers lie beyond it, and of the deviation of servers
// and variability from theory, which decides where the data do not.
func (l fitter) fit(data []point, start queue, evaluations int) (queue, float64) {
	theory := l.theory(start.capacity)
	of := func(x []float64) queue {
		q := queue{start.capacity, math.Max(1, math.Exp(x[0])), math.Exp(x[1])}
		if !l.known {
			q.capacity = l.least * (1 + math.Exp(x[2]))
		}
		return q
	}
	x := []float64{math.Log(start.servers), math.Log(start.variability)}
	if !l.known {
		x = append(x, math.Log(max(start.capacity/l.least-1, 0.1)))
	}
	sum := func(q queue) (sum, weights float64) {
		at := map[float64][]float64{}
		for _, p := range data {
			v := at[p.Value]
			if v == nil {
				v = l.unloaded.quantiles(q, p.Value, quantityAt...)
				at[p.Value] = v
			}
			for i, share := range quantityAt {
				beyond := float64(p.hist.TotalCount()) * (1 - share)
				w, e := beyond/(beyond+20), math.Log(p.q[i]/v[i])
				sum, weights = sum+w*e*e, weights+w
			}
		}
		return sum, weights
	}
	best, _ := leastSquares(func(x []float64) float64 {
		q := of(x)
		s, _ := sum(q)
		ds, dv := x[0]-math.Log(theory.servers), math.Log(q.variability/theory.variability)
		s += theoryWeight * (ds*ds + dv*dv)
		if !l.known {
			s += 1e-3 * x[2] * x[2] // no data, no opinion
		}
		return s
	}, x, evaluations)
	q := of(best)
	s, weights := sum(q)
	return q, math.Sqrt(s / weights)
}

// bootstrap draws the replicates: repeats are drawn whole, single loads are
// the fit with the residuals of a load drawn at random.
func (c *Curve) bootstrap(l fitter, data []point, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 2))
	strays := make([]quantities, len(data))
	for i, p := range data {
		v := l.unloaded.quantiles(c.fit.queue, p.Value, quantityAt...)
		for j := range v {
			strays[i][j] = p.q[j] / v[j]
		}
	}
	full := c.fullRates()
	var capacity, servers, variability []float64
	for range replicates {
		again := make([]point, 0, len(data))
		for _, i := range resample(rng, data) {
			p := data[i]
			if p.group == "" {
				s := strays[rng.IntN(len(strays))]
				for j := range p.q {
					p.q[j] *= s[j] / strays[i][j]
				}
			}
			again = append(again, p)
		}
		start := c.fit.queue
		if l.known {
			var drawn []float64
			for range full {
				drawn = append(drawn, full[rng.IntN(len(full))])
			}
			start.capacity = results.Quantile(drawn, 0.5)
		}
		l.unloaded = c.fit.unloaded.redrawn(rng)
		q, _ := l.fit(again, start, 60)
		c.fit.again = append(c.fit.again, replicate{l.unloaded, q, strays[rng.IntN(len(strays))]})
		capacity, servers, variability = append(capacity, q.capacity), append(servers, q.servers), append(variability, q.variability)
	}
	q := c.fit.queue
	c.section.Queue = &results.QueueFit{Capacity: interval(q.capacity, capacity), Servers: interval(q.servers, servers),
		Variability: interval(q.variability, variability), Residual: c.fit.rms, From: c.fit.from, To: c.fit.to}
}

// fullRates are the rates of the loads that were too large.
func (c *Curve) fullRates() []float64 {
	var out []float64
	for _, p := range c.points {
		if p.usable() == "" && p.broke("answered_share") && !c.shortOfWorkers(p) {
			out = append(out, p.AnsweredRate)
		}
	}
	return out
}

// drawQueue draws the fit as far as it may be used.
func (c *Curve) drawQueue(capacity float64) {
	for i := range 41 {
		rate := c.fit.from + (min(c.fit.to*ExtrapolationFactor, 0.98*max(capacity, c.fit.queue.capacity))-c.fit.from)*float64(i)/40
		p50, p99, ok := c.fit.predict(rate)
		if !ok {
			return
		}
		c.section.Line = append(c.section.Line, results.CapacityLine{Load: rate, Rate: rate, P50: p50.Value, P99: p99.Value, Low: p99.Low, High: p99.High})
	}
}
