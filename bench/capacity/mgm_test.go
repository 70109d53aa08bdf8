package capacity

import (
	"container/heap"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/kmsmac/kmsmac/results"
)

// service draws a service time in seconds.
type service func(*rand.Rand) float64

// shapes are the service times of the tests, with their means.
var shapes = []struct {
	name string
	draw service
	mean float64
}{
	{"constant", func(*rand.Rand) float64 { return 0.010 }, 0.010},
	{"lognormal", func(r *rand.Rand) float64 { return 0.008 * math.Exp(0.5*r.NormFloat64()) }, 0.008 * math.Exp(0.125)},
	{"bimodal", func(r *rand.Rand) float64 {
		if r.Float64() < 0.05 {
			return 0.050
		}
		return 0.005
	}, 0.00725},
}

// servers is when each server is free, the first at the root.
type servers []float64

func (s servers) Len() int           { return len(s) }
func (s servers) Less(i, j int) bool { return s[i] < s[j] }
func (s servers) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *servers) Push(v any)        { *s = append(*s, v.(float64)) }
func (s *servers) Pop() any          { v := (*s)[len(*s)-1]; *s = (*s)[:len(*s)-1]; return v }

// station is M/G/m, first come first served: the reference, worked out without
// the package.
type station struct {
	free servers
	now  float64
	draw service
	rng  *rand.Rand
}

func newStation(m int, draw service, seed uint64) *station {
	return &station{free: make(servers, m), draw: draw, rng: rand.New(rand.NewPCG(seed, uint64(m)))}
}

// open sends n Poisson arrivals and returns their response times and the rate
// of the departures within the time of the arrivals.
func (s *station) open(rate float64, n int) (h *hdrhistogram.Histogram, answered float64) {
	h = results.NewHistogram()
	begin, ends := s.now, make([]float64, 0, n)
	for range n {
		s.now += s.rng.ExpFloat64() / rate
		end := max(s.now, s.free[0]) + s.draw(s.rng)
		s.free[0] = end
		heap.Fix(&s.free, 0)
		_ = h.RecordValue(int64((end - s.now) * 1e9))
		ends = append(ends, end)
	}
	for _, end := range ends {
		if end <= s.now {
			answered++
		}
	}
	return h, answered / (s.now - begin)
}

// closed keeps c requests in flight for n answers.
func (s *station) closed(c, n int) (h *hdrhistogram.Histogram, answered float64) {
	h = results.NewHistogram()
	sent := make(servers, c)
	for range n {
		begin := heap.Pop(&sent).(float64)
		end := max(begin, s.free[0]) + s.draw(s.rng)
		s.free[0] = end
		heap.Fix(&s.free, 0)
		heap.Push(&sent, end)
		_ = h.RecordValue(int64((end - begin) * 1e9))
		answered = max(answered, end)
	}
	return h, float64(n) / answered
}

// sweepOf makes the result of a sweep with the same loads as kmsmac sweep.
func sweepOf(over string, points []results.SweepPoint) *results.File {
	f := &results.File{Schema: results.Schema, Sweep: &results.Sweep{Over: over, Client: "raw", Points: points, Stopped: "limit"}}
	f.Environment.Endpoint.Kind = "emulator"
	err := json.Unmarshal([]byte(`{"sweep":{"load":{"arrivals":{"poisson":true},"workload":{"generate":70,"verify":30,"key_specs":["HMAC_256"]}}}}`), &f.Plan.Settings)
	if err != nil {
		panic(err)
	}
	return f
}

func sweepPoint(value float64, repeat int, h *hdrhistogram.Histogram, answered float64) results.SweepPoint {
	pt := results.SweepPoint{Value: value, Phase: results.SweepClimb, Repeat: repeat, Steady: true, AnsweredRate: answered, Length: time.Second, Response: results.LatencyOf(h), Broken: []string{}}
	if repeat > 0 {
		pt.Phase = results.SweepRepeat
	}
	pt.Histogram, _ = results.EncodeHistogram(h)
	return pt
}

// openSweep sweeps M/G/m up to beyond its capacity.
func openSweep(m int, draw service, mean float64, seed uint64) *results.File {
	capacity := float64(m) / mean
	var points []results.SweepPoint
	load := func(share float64, repeat int) {
		rate := share * capacity
		s := newStation(m, draw, seed*1000+uint64(len(points)))
		s.open(rate, 500)
		h, answered := s.open(rate, int(max(1500, min(8000, 20*rate))))
		pt := sweepPoint(rate, repeat, h, answered)
		pt.OfferedRate = &rate
		if answered < 0.95*rate {
			pt.Broken = []string{"answered_share"}
		}
		points = append(points, pt)
	}
	for share := 0.1; share < 1.3; share *= 1.2 {
		load(share, 0)
	}
	for repeat := 1; repeat <= 5; repeat++ {
		for i := range 5 {
			load(0.98*math.Pow(1.1, float64(i-2)), repeat)
		}
	}
	return sweepOf("rate", points)
}

// truth is the response time of a long run.
func truth(m int, draw service, rate float64) *hdrhistogram.Histogram {
	s := newStation(m, draw, 77)
	s.open(rate, 20_000)
	h, _ := s.open(rate, 200_000)
	return h
}

// The fit of a sweep foretells a queue that is not the fit's own.
func TestOpenCurve(t *testing.T) {
	seeds, stations := uint64(3), []int{8, 32}
	if testing.Short() {
		seeds, stations = 1, stations[:1]
	}
	for _, shape := range shapes {
		for _, m := range stations {
			capacity := float64(m) / shape.mean
			long := map[float64]*hdrhistogram.Histogram{}
			for _, share := range []float64{0.5, 0.7, 0.85} {
				long[share] = truth(m, shape.draw, share*capacity)
			}
			for seed := range seeds {
				c, err := ReadCurve(openSweep(m, shape.draw, shape.mean, seed+1), 1)
				if err != nil {
					t.Fatal(err)
				}
				s := c.Section()
				if s.Bound != "target" || math.Abs(s.Capacity.Value/capacity-1) > 0.05 {
					t.Errorf("%s, %d servers: capacity %+v by %s, want %.0f within 5 %%", shape.name, m, *s.Capacity, s.Bound, capacity)
				}
				if c.fit == nil {
					t.Fatalf("%s, %d servers: no fit: %q", shape.name, m, s.Why)
				}
				for share, h := range long {
					p50, p99, ok := c.fit.predict(share * capacity)
					want50, want99 := float64(results.ValueAt(h, 0.5)), float64(results.ValueAt(h, 0.99))
					if !ok || math.Abs(p50.Value/want50-1) > 0.15 || math.Abs(p99.Value/want99-1) > 0.15 {
						t.Errorf("%s, %d servers, seed %d, %.0f %%: p50 %.4g, p99 %.4g, want %.4g, %.4g within 15 %%", shape.name, m, seed, 100*share, p50.Value, p99.Value, want50, want99)
					}
					if p99.Low > p99.Value || p99.High < p99.Value {
						t.Errorf("interval [%v, %v] around %v", p99.Low, p99.High, p99.Value)
					}
				}
			}
		}
	}
}

// closedSweep sweeps a closed loop.
func closedSweep(m int, draw service, seed uint64) *results.File {
	var points []results.SweepPoint
	for n := 1; n <= 8*m; n *= 2 {
		h, answered := newStation(m, draw, seed*1000+uint64(n)).closed(n, 4000)
		points = append(points, sweepPoint(float64(n), 0, h, answered))
	}
	f := sweepOf("concurrency", points)
	f.Sweep.Stopped = "plateau"
	return f
}

func TestClosedCurve(t *testing.T) {
	stations := []int{8, 32}
	if testing.Short() {
		stations = stations[:1]
	}
	for _, shape := range shapes {
		for _, m := range stations {
			capacity := float64(m) / shape.mean
			c, err := ReadCurve(closedSweep(m, shape.draw, 1), 1)
			if err != nil {
				t.Fatal(err)
			}
			s := c.Section()
			if s.Bound != "target" || math.Abs(s.Capacity.Value/capacity-1) > 0.05 {
				t.Errorf("%s, %d servers: capacity %+v by %s, want %.0f within 5 %%", shape.name, m, *s.Capacity, s.Bound, capacity)
			}
			for _, share := range []float64{0.5, 0.7, 0.85} {
				_, p99, ok := c.fit.predict(share * capacity)
				if want := float64(results.ValueAt(truth(m, shape.draw, share*capacity), 0.99)); !ok || math.Abs(p99.Value/want-1) > 0.15 {
					t.Errorf("%s, %d servers, %.0f %%: p99 %.4g, want %.4g within 15 %%", shape.name, m, 100*share, p99.Value, want)
				}
			}
		}
	}
}

// A perfect USL is found again.
func TestUSL(t *testing.T) {
	true1 := usl{1000, 0.05, 0.001}
	var data []throughput
	for _, n := range []float64{1, 2, 4, 8, 16, 32, 64, 128} {
		data = append(data, throughput{n, true1.rate(n)})
	}
	u, rms := fitUSL(data, usl{900, 0.1, 0.01}, 2000)
	if rms > 1e-6 || math.Abs(u.lambda/1000-1) > 1e-4 || math.Abs(u.sigma/0.05-1) > 1e-3 || math.Abs(u.kappa/0.001-1) > 1e-3 {
		t.Errorf("%+v, off by %v, want %+v", u, rms, true1)
	}
	if p := u.peak(); math.Abs(p-math.Sqrt(950)) > 0.1 {
		t.Errorf("peak at %v, want %v", p, math.Sqrt(950))
	}
	if p := (usl{1, 0.1, 0}).peak(); p != 0 {
		t.Errorf("peak at %v of a law without one", p)
	}
}

// M/M/m: the waiting chance by the sum of its definition, and response times
// of one server, which are exponential.
func TestErlangC(t *testing.T) {
	for _, m := range []int{1, 2, 3, 8, 100} {
		for _, load := range []float64{0.05, 0.5, 0.9, 0.99} {
			a := float64(m) * load
			term, sum := 1.0, 0.0
			for i := range m {
				sum += term
				term *= a / float64(i+1)
			}
			want := term / (1 - load) / (sum + term/(1-load))
			if got := erlangC(float64(m), load); math.Abs(got/want-1) > 1e-9 {
				t.Errorf("%d servers at %v: %v, want %v", m, load, got, want)
			}
		}
	}
	if got := erlangC(3, 0); got != 0 {
		t.Errorf("nobody comes: %v", got)
	}
}

func TestQuantilesOfMM1(t *testing.T) {
	h := results.NewHistogram()
	r := rand.New(rand.NewPCG(1, 1))
	for range 200_000 {
		_ = h.RecordValue(int64(r.ExpFloat64() * 1e7))
	}
	u := unloadedOf(h)
	for _, load := range []float64{0.01, 0.5, 0.9} {
		q := queue{100, 1, 1}
		got := u.quantiles(q, 100*load, 0.5, 0.9, 0.99)
		for i, p := range []float64{0.5, 0.9, 0.99} {
			if want := -math.Log(1-p) / (100 * (1 - load)); math.Abs(got[i]/want-1) > 0.03 {
				t.Errorf("load %v, p%v: %v, want %v", load, 100*p, got[i], want)
			}
		}
		if mean := u.meanResponse(q, 100*load); math.Abs(mean*100*(1-load)-1) > 0.03 {
			t.Errorf("load %v: mean %v", load, mean)
		}
	}
	if got := u.quantiles(queue{100, 1, 1}, 100, 0.5); !math.IsInf(got[0], 1) {
		t.Errorf("at the capacity: %v", got)
	}
	if !slices.IsSorted(u.value) {
		t.Error("values are not in order")
	}
}
