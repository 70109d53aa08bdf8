package capacity

import (
	"math"

	"github.com/kmsmac/kmsmac/results"
)

// best is the curve that says most about response times; nil if none does.
func (r Request) best() *Curve {
	var derived *Curve
	for _, c := range r.Curves {
		switch {
		case c.fit == nil:
		case !c.fit.derived:
			return c
		case derived == nil:
			derived = c
		}
	}
	return derived
}

// derivedWithin is the interval of figures that no fit stands behind: to what
// make plan-check holds them.
const derivedWithin = 0.15

// latency is what to expect of a place that carries rate; nil if no curve says.
func (r Request) latency(rate float64) *results.CapacityLatency {
	c := r.best()
	if c == nil {
		return r.neighbours(rate)
	}
	p50, p99, ok := c.predict(rate)
	if !ok {
		return nil
	}
	l := &results.CapacityLatency{Rate: rate, Basis: "fit", P50: p50, P99: p99}
	if c.fit.derived {
		l.Basis = "derived"
	}
	if r.P99 > 0 {
		l.Meets = meets(p99, float64(r.P99))
	}
	return l
}

// predict is the fit's prediction; of a derived one, with an interval.
func (c *Curve) predict(rate float64) (p50, p99 results.Uncertain, ok bool) {
	p50, p99, ok = c.fit.predict(rate)
	if c.fit.derived {
		for _, u := range []*results.Uncertain{&p50, &p99} {
			u.Low, u.High = u.Value*(1-derivedWithin), u.Value*(1+derivedWithin)
		}
	}
	return p50, p99, ok
}

// meets says whether a figure is within a bound, as far as its interval tells.
func meets(u results.Uncertain, bound float64) string {
	switch {
	case u.High <= bound:
		return "yes"
	case u.Low > bound:
		return "no"
	}
	return "unknown"
}

// most is the largest rate whose p99 is within bound nanoseconds, by the
// interval's ends too; 0 if even the smallest is not.
func (c *Curve) most(bound float64) results.Uncertain {
	limit := func(of func(results.Uncertain) float64) float64 {
		low, high := 0.0, c.fit.queue.capacity*fullest
		for range 30 {
			mid := (low + high) / 2
			if _, p99, ok := c.predict(mid); ok && of(p99) <= bound {
				low = mid
			} else {
				high = mid
			}
		}
		if low < c.fit.queue.capacity/1e6 {
			return 0
		}
		return low
	}
	return results.Uncertain{
		Value: limit(func(u results.Uncertain) float64 { return u.Value }),
		Low:   limit(func(u results.Uncertain) float64 { return u.High }),
		High:  limit(func(u results.Uncertain) float64 { return u.Low }),
	}
}

// neighbours brackets the response time by the nearest loads of an open loop
// that were measured, where no fit is to be had.
func (r Request) neighbours(rate float64) *results.CapacityLatency {
	for _, c := range r.Curves {
		if c.Over != "rate" {
			continue
		}
		var below, above *point
		for i, p := range c.points {
			if p.usable() != "" || p.broke("answered_share") {
				continue
			}
			if p.Value <= rate && (below == nil || p.Value > below.Value) {
				below = &c.points[i]
			}
			if p.Value >= rate && (above == nil || p.Value < above.Value) {
				above = &c.points[i]
			}
		}
		if below == nil || above == nil {
			continue
		}
		between := func(i int) results.Uncertain {
			a, b := 1e9*below.q[i], 1e9*above.q[i]
			return results.Uncertain{Value: math.Sqrt(a * b), Low: min(a, b), High: max(a, b)}
		}
		l := &results.CapacityLatency{Rate: rate, Basis: "neighbours", P50: between(0), P99: between(2)}
		if r.P99 > 0 {
			l.Meets = meets(l.P99, float64(r.P99))
		}
		return l
	}
	return nil
}

// inFlight is how many requests are under way at rate, each place carrying
// part; nil if neither a curve nor a wanted p99 says how long one takes, or if
// the queue grows.
func (r Request) inFlight(rate, part float64, l *results.CapacityLatency) *results.CapacityInFlight {
	out := &results.CapacityInFlight{Basis: "curve"}
	switch {
	case r.beyond(part):
		return nil
	case l != nil:
		out.Tail = rate * l.P99.High / 1e9
		if c := r.best(); c != nil {
			mean := c.fit.meanInFlight(rate, part)
			out.Mean = &mean
		}
	case r.P99 > 0:
		out.Basis, out.Tail = "wanted", rate*r.P99.Seconds()
	default:
		return nil
	}
	out.Connections = int64(math.Ceil(min(max(1, out.Tail-1e-9), 1e15)))
	return out
}

// meanInFlight is Little's law: rate times mean response time.
func (f *latencyFit) meanInFlight(rate, part float64) results.Uncertain {
	var again []float64
	for _, r := range f.again {
		if m := r.unloaded.meanResponse(r.queue, part); !math.IsInf(m, 0) {
			again = append(again, rate*m)
		}
	}
	return interval(rate*f.unloaded.meanResponse(f.queue, part), again)
}

// clients is what each road needs.
func (r Request) clients(rate float64, flight *results.CapacityInFlight) []results.CapacityClient {
	out := []results.CapacityClient{}
	for _, road := range r.Roads {
		cores := rate / (CoreShare * road.PerCore)
		c := results.CapacityClient{Client: road.Client, PerCore: road.PerCore, Source: road.Source, Cores: cores, CoreShare: CoreShare,
			HostCores: r.HostCores, Hosts: int64(math.Ceil(cores/r.HostCores - 1e-9))}
		c.Hosts = max(c.Hosts, 1)
		if flight != nil {
			c.ConnectionsPerHost = (flight.Connections + c.Hosts - 1) / c.Hosts
		}
		out = append(out, c)
	}
	return out
}

// hosts is the number of hosts on the wanted road; 0 if it is not known.
func (r Request) hosts(rate float64) int64 {
	for _, c := range r.clients(rate, nil) {
		if c.Client == r.Client {
			return c.Hosts
		}
	}
	return 0
}

// hoursPerMonth is that of AWS's own estimates.
const hoursPerMonth = 730

// cost is the bill for an average rate and the keys of so many places.
func (r Request) cost(average float64, places int64) results.CapacityCost {
	p := r.Prices
	keys := r.Keys * max(places, 1)
	requests := func(n float64) float64 { return n * float64(p.Per10000) / 10_000 }
	keyHour := float64(keys) * float64(p.PerKeyMonth) / hoursPerMonth
	month := average * 3600 * hoursPerMonth
	return results.CapacityCost{AverageRate: average, Per10000: p.Per10000, PerKeyMonth: p.PerKeyMonth, FreeRequests: p.Free, Keys: keys, Source: p.Source, Known: p.Known,
		Hour: microUSD(requests(average*3600) + keyHour), Day: microUSD(requests(average*86400) + 24*keyHour),
		Month: microUSD(requests(max(0, month-float64(p.Free))) + float64(keys)*float64(p.PerKeyMonth))}
}

// microUSD rounds up, and to the largest amount there is.
func microUSD(v float64) int64 {
	if v >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(math.Ceil(v - 1e-6))
}
