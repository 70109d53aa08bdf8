package bench

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/kmsmac/kmsmac/results"
)

// expectation is what a run must find, worked out without the package: a queue
// in front of n servers, first come first served.
type expectation struct {
	hist    [clockWire]*hdrhistogram.Histogram
	sent    int64
	dropped int64
	waited  int64
}

// simulate is the reference. delay is the service time of a request that is
// sent at an instant; arrivals are dropped when limit of them are in flight or
// waiting, unless limit is 0.
func simulate(due []time.Duration, workers, limit int, delay func(time.Duration) time.Duration) expectation {
	var e expectation
	for c := range e.hist {
		e.hist[c] = results.NewHistogram()
	}
	free := make([]time.Duration, workers)
	var ends []time.Duration
	for _, at := range due {
		if limit > 0 {
			inside := 0
			for _, end := range ends {
				if end > at {
					inside++
				}
			}
			if inside >= limit {
				e.dropped++
				continue
			}
		}
		first := 0
		for i := range free {
			if free[i] < free[first] {
				first = i
			}
		}
		sent := max(at, free[first])
		if free[first] > at {
			e.waited++
		}
		done := sent + delay(sent)
		free[first] = done
		ends = append(ends, done)
		e.sent++
		for c, d := range [clockWire]time.Duration{done - at, done - sent, sent - at} {
			_ = e.hist[c].RecordValue(int64(d))
		}
	}
	return e
}

// instants lists f(0), f(1), … below d.
func instants(d time.Duration, f func(k int) float64) (out []time.Duration) {
	for k := 0; ; k++ {
		at := time.Duration(math.Round(f(k) * 1e9))
		if math.IsNaN(f(k)) || at >= d {
			return out
		}
		out = append(out, at)
	}
}

// The delays: none is a multiple of any gap between arrivals, so that no two
// events fall on one instant.
func bimodal(now time.Duration) time.Duration {
	if mix(uint64(now))%20 == 0 {
		return 30*time.Millisecond + 11
	}
	return 3*time.Millisecond + 7
}

func stallEachSecond(now time.Duration) time.Duration {
	if rest := now % time.Second; rest < 120*time.Millisecond {
		return 120*time.Millisecond - rest + 3*time.Millisecond + 7
	}
	return 3*time.Millisecond + 7
}

const exactSeed = 42

// schedules are the shapes with their instants by closed forms of their own.
func schedules(t *testing.T, d time.Duration) map[string]struct {
	arrivals Arrivals
	due      []time.Duration
} {
	t.Helper()
	sec := d.Seconds()
	trace := "# an hour's worth\n0\n0.000000001\n0.5\n0.5\n 0.75 \n\n1.000000000\n3.999999999\n"
	var read Arrivals
	if err := read.ReadTrace(bytes.NewBufferString(trace)); err != nil {
		t.Fatal(err)
	}
	var sum float64
	return map[string]struct {
		arrivals Arrivals
		due      []time.Duration
	}{
		"constant": {Arrivals{Rate: 250}, instants(d, func(k int) float64 { return float64(k) / 250 })},
		"poisson": {Arrivals{Rate: 250, Poisson: true}, func() (out []time.Duration) {
			for k := uint64(0); ; k++ {
				sum -= math.Log(1 - unit(draw(exactSeed, saltArrivals, k)))
				at := time.Duration(math.Round(sum / 250 * 1e9))
				if at >= d {
					return out
				}
				out = append(out, at)
			}
		}()},
		"ramp up": {Arrivals{Shape: Ramp, Rate: 0, EndRate: 400}, instants(d, func(k int) float64 {
			return math.Sqrt(2 * float64(k) * sec / 400)
		})},
		"ramp down": {Arrivals{Shape: Ramp, Rate: 400, EndRate: 0}, instants(d, func(k int) float64 {
			return sec - math.Sqrt(sec*sec-2*float64(k)*sec/400) // NaN after the last
		})},
		"step": {Arrivals{Shape: Step, Steps: []RateStep{{100, time.Second}, {0, time.Second}, {300, 10 * time.Second}}}, instants(d, func(k int) float64 {
			if k < 100 {
				return float64(k) / 100
			}
			return 2 + float64(k-100)/300
		})},
		"burst": {Arrivals{Shape: Burst, Rate: 50, BurstRate: 500, BurstLength: 200 * time.Millisecond, BurstPeriod: time.Second}, instants(d, func(k int) float64 {
			round, in := float64(k/140), float64(k%140) // 100 in the burst, 40 after it
			if in < 100 {
				return round + in/500
			}
			return round + 0.2 + (in-100)/50
		})},
		"trace": {read, []time.Duration{0, 1, 5e8, 5e8, 75e7, 1e9, 3999999999}},
	}
}

func TestExactHistograms(t *testing.T) {
	const d = 4 * time.Second
	delays := map[string]func(time.Duration) time.Duration{
		"constant": func(time.Duration) time.Duration { return 3*time.Millisecond + 7 }, "bimodal": bimodal, "stall": stallEachSecond,
	}
	for shape, s := range schedules(t, d) {
		for kind, delay := range delays {
			for _, load := range []struct {
				workers int
				policy  Overload
				queue   int
			}{{1, Queue, 0}, {3, Queue, 0}, {3, Queue, 1}, {100, Queue, 0}, {3, Drop, 0}, {3, Drop, 4}} {
				t.Run(fmt.Sprintf("%s/%s/%d workers/%s %d", shape, kind, load.workers, load.policy, load.queue), func(t *testing.T) {
					limit := 0
					if load.policy == Drop {
						limit = load.workers + load.queue
					}
					want := simulate(s.due, load.workers, limit, delay)
					p := Plan{
						Seed: exactSeed, Arrivals: s.arrivals, Duration: d, Warmup: NoTime, Drain: time.Hour,
						Workers: load.workers, Overload: load.policy, QueueLimit: load.queue, Workload: Workload{Generate: 1},
					}
					set := func(f *fakeKMS) { f.delay, f.quick = delay, 1 }
					bubble(t, p, Options{}, set, func(_ *fakeKMS, rep *Report, err error) {
						t.Helper()
						if err != nil {
							t.Fatal(err)
						}
						compareExact(t, rep.Loads[0], want, len(s.due), d)
					})
				})
			}
		}
	}
}

func compareExact(t *testing.T, l results.Load, want expectation, due int, d time.Duration) {
	t.Helper()
	if l.Requests != want.sent || l.Dropped != want.dropped || l.Requests+l.Dropped != int64(due) || l.Waited != want.waited {
		t.Errorf("sent %d, dropped %d, waited %d, want %d, %d, %d", l.Requests, l.Dropped, l.Waited, want.sent, want.dropped, want.waited)
	}
	if rate := float64(due) / d.Seconds(); *l.OfferedRate != rate {
		t.Errorf("offered %v, want %v", *l.OfferedRate, rate)
	}
	for c, name := range clockNames[:clockWire] {
		got, err := results.DecodeHistogram(l.Histograms[name])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !got.Equals(want.hist[c]) {
			t.Errorf("%s: %v, want %v", name, results.LatencyOf(got), results.LatencyOf(want.hist[c]))
		}
	}
	if l.PacerLag.Max != 0 {
		t.Errorf("pacer lag %v in virtual time, want none: waiting for a worker was taken for it", time.Duration(l.PacerLag.Max))
	}
}
