package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// noop answers at once and right, without a lock or a map: what is left is the
// generator.
type noop struct {
	fakeKMS
	key *engine.Key
}

func (n *noop) ImportKey(_ context.Context, _ string, secret []byte) (err error) {
	n.key, err = engine.NewKey(engine.HMACSHA256, secret)
	return err
}

func (n *noop) GenerateMac(_ context.Context, req target.GenerateMacRequest) (target.GenerateMacReply, error) {
	return target.GenerateMacReply{Tag: n.key.Sum(nil, req.Message)}, nil
}

func newNoop() *noop {
	n := &noop{}
	n.keys, n.calls, n.aliases = map[string]*fakeKey{}, map[string]int{}, map[string]string{}
	return n
}

// BenchmarkLag shows by how much the generator itself is late: 2 s for each
// rate and pacer.
func BenchmarkLag(b *testing.B) {
	for _, p := range []Pacing{PaceAuto, PaceSleep, PaceSpin} {
		for _, rate := range []float64{1000, 10_000, 50_000} {
			b.Run(fmt.Sprintf("pacer=%s/rate=%.0f", p, rate), func(b *testing.B) {
				for b.Loop() {
					rep, err := Run(context.Background(), newNoop(), Plan{
						Arrivals: Arrivals{Rate: rate}, Pacer: p, Workers: 64, Duration: 2 * time.Second, Workload: Workload{Generate: 1},
					}, Options{})
					if err != nil {
						b.Fatal(err)
					}
					l := rep.Loads[0]
					b.ReportMetric(float64(l.Lag.P50), "lag-p50-ns")
					b.ReportMetric(float64(l.Lag.P99), "lag-p99-ns")
					b.ReportMetric(l.AchievedRate/rate, "achieved/offered")
				}
			})
		}
	}
}

// BenchmarkRecord is what measuring adds to a request: three clocks into the
// ring and on into the histograms.
func BenchmarkRecord(b *testing.B) {
	c := newCollector(1, []*class{{}})
	s := sample{attempts: 1, verified: true, response: 3 * time.Millisecond, service: 2 * time.Millisecond, lag: time.Millisecond}
	b.ReportAllocs()
	for b.Loop() {
		c.put(c.rings[0], s)
	}
}
