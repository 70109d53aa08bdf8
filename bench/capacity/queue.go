package capacity

import (
	"math"
	"math/rand/v2"

	"github.com/HdrHistogram/hdrhistogram-go"
	"gonum.org/v1/gonum/mathext"

	"github.com/kmsmac/kmsmac/results"
)

// queue is a target as its waiting times show it. A request waits with the
// chance that Erlang's C gives for so many servers; if it waits, then for an
// exponential time with mean variability/(capacity−rate). That is exact for
// M/M/m; for other service times the variability is (Ca²+Cs²)/2 (Allen 1990,
// after Cunneen; Kingman's heavy-traffic limit for one server).
type queue struct {
	capacity    float64 // requests per second
	servers     float64 // at least 1; need not be whole
	variability float64
}

// fullest is the load, as a share of the capacity, beyond which the queue is
// not evaluated: there is no steady state.
const fullest = 0.999

// wait returns the chance of having to wait and the mean wait in seconds of
// those who do. ok is false when the queue grows without bound.
func (q queue) wait(rate float64) (chance, mean float64, ok bool) {
	load := rate / q.capacity
	if !(load < fullest) {
		return 1, math.Inf(1), false
	}
	return erlangC(q.servers, load), q.variability / (q.capacity - rate), true
}

// erlangC is the chance that an arrival finds all servers busy in M/M/m, by the
// continuous form of Erlang's B (Jagerman 1974).
func erlangC(servers, load float64) float64 {
	if load <= 0 {
		return 0
	}
	offered := servers * load
	lg, _ := math.Lgamma(servers + 1)
	b := math.Exp(servers*math.Log(offered) - offered - lg - math.Log(mathext.GammaIncRegComp(servers+1, offered)))
	return b / (1 - load*(1-b))
}

// unloaded is the response time without waiting: a distribution of a few
// values, ascending, in seconds.
type unloaded struct {
	value, weight   []float64
	mean, deviation float64
	count           int64
	bars            []hdrhistogram.Bar // that it was cut from
}

// unloadedOf cuts a histogram into parts, finer ones in the tail, and keeps the
// middle of each.
func unloadedOf(h *hdrhistogram.Histogram) unloaded {
	u := unloaded{count: h.TotalCount()}
	for _, bar := range h.Distribution() {
		if bar.Count > 0 {
			u.bars = append(u.bars, bar)
		}
	}
	ends := []float64{0.01} // p50, p90 and p99 are middles of parts
	for i := range 48 {
		ends = append(ends, 0.03+0.02*float64(i))
	}
	for i := range 15 {
		ends = append(ends, 0.971+0.002*float64(i))
	}
	ends = append(ends, 1)
	begin := 0.0
	for _, end := range ends {
		u.value = append(u.value, float64(results.ValueAt(h, (begin+end)/2))/1e9)
		u.weight = append(u.weight, end-begin)
		begin = end
	}
	u.mean, u.deviation = max(1, h.Mean())/1e9, h.StdDev()/1e9
	return u
}

// redrawn is what as many other answers might have shown: mean and deviation of
// the answers drawn again, by Poisson weights, and values that move with the
// mean.
func (u unloaded) redrawn(rng *rand.Rand) unloaded {
	var n, sum, squares float64
	for _, bar := range u.bars {
		w := poisson(rng, float64(bar.Count))
		v := float64(bar.From+bar.To) / 2e9
		n, sum, squares = n+w, sum+w*v, squares+w*v*v
	}
	if n == 0 {
		return u
	}
	out := u
	out.mean = max(1e-9, sum/n)
	out.deviation = math.Sqrt(max(0, squares/n-out.mean*out.mean))
	out.value = make([]float64, len(u.value))
	for i, v := range u.value {
		out.value[i] = v * out.mean / u.mean
	}
	return out
}

// poisson draws a Poisson number, a large one by the normal distribution.
func poisson(rng *rand.Rand, mean float64) float64 {
	if mean > 50 {
		return max(0, math.Round(mean+math.Sqrt(mean)*rng.NormFloat64()))
	}
	n := 0.0
	for left := mean - rng.ExpFloat64(); left > 0; left -= rng.ExpFloat64() {
		n++
	}
	return n
}

// variation is the squared coefficient of variation.
func (u unloaded) variation() float64 { return u.deviation * u.deviation / (u.mean * u.mean) }

// quantiles returns the response times in seconds that shares ps of requests,
// ascending, do not exceed: service and waiting are added as independent. It
// returns infinities when the queue grows without bound.
func (u unloaded) quantiles(q queue, rate float64, ps ...float64) []float64 {
	chance, mean, ok := q.wait(rate)
	out := make([]float64, len(ps))
	if !ok {
		for i := range out {
			out[i] = math.Inf(1)
		}
		return out
	}
	// Above value[j] and up to the next one, P(R > t) is left + waiting·e^-(t−value[j])/mean.
	left, waiting, i := 1.0, 0.0, 0
	for j, v := range u.value {
		left = max(0, left-u.weight[j])
		waiting += chance * u.weight[j]
		next := math.Inf(1)
		if j+1 < len(u.value) {
			next = u.value[j+1]
		}
		for ; i < len(ps); i++ {
			t := v
			if rest := 1 - ps[i] - left; left+waiting > 1-ps[i]+1e-12 {
				if rest <= 1e-12 {
					break
				}
				t += mean * math.Log(waiting/rest)
			}
			if t > next {
				break
			}
			out[i] = t
		}
		if i == len(ps) {
			break
		}
		waiting *= math.Exp(-(next - v) / mean)
	}
	return out
}

// meanResponse is the mean response time in seconds.
func (u unloaded) meanResponse(q queue, rate float64) float64 {
	chance, mean, ok := q.wait(rate)
	if !ok {
		return math.Inf(1)
	}
	return u.mean + chance*mean
}
