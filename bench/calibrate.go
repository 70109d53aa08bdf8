package bench

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

// How long calibration takes.
const (
	calibrateFloor   = 600 * time.Millisecond
	calibrateCeiling = 1200 * time.Millisecond
)

// Calibrate measures the generator itself: t is the road that p will be run
// on, but leading to a null responder (ServeNull). It asks for p's operations,
// key specs and message sizes, one request at a time for the floor, then as
// many at once as p can have, at most 32 for each thread, for the ceiling. It
// takes about two seconds. The error says that the responder did not answer
// as it should, or that ctx has ended.
func Calibrate(ctx context.Context, t target.Target, p Plan) (*results.Calibration, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	p = p.WithDefaults()
	out := &results.Calibration{Client: t.Info().Client, Concurrency: min(p.InFlight(), 32*runtime.GOMAXPROCS(0))}
	floor, err := calibrate(ctx, t, p, 1, calibrateFloor)
	if err != nil {
		return nil, err
	}
	out.Floor = *results.LatencyOf(floor.service)
	ceiling, err := calibrate(ctx, t, p, out.Concurrency, calibrateCeiling)
	if err != nil {
		return nil, err
	}
	out.CeilingPerSecond = float64(ceiling.service.TotalCount()) / ceiling.span.Seconds()
	return out, nil
}

type calibrated struct {
	service *hdrhistogram.Histogram
	span    time.Duration
}

// calibrate runs a closed loop over the plan's workload.
func calibrate(ctx context.Context, t target.Target, p Plan, concurrency int, d time.Duration) (calibrated, error) {
	w := p.Workload
	w.Keys, w.KeyCount, w.CorruptShare, w.DryRun, w.Zipf = nil, 1, 0, false, 0
	if len(w.KeySpecs) == 0 {
		w.KeySpecs = []string{target.KeySpec(engine.HMACSHA256)}
	}
	plan := Plan{Seed: p.Seed, Concurrency: concurrency, Duration: d, Warmup: d / 5, Timeout: p.Timeout, Workload: w}.WithDefaults()
	keys, err := nullKeys(plan)
	if err != nil {
		return calibrated{}, err
	}
	r, err := newRunner(t, plan, keys, newBudget(plan, Estimate{}))
	if err != nil {
		return calibrated{}, err
	}
	r.run(ctx, func() { r.col.take() })
	r.col.take()
	all := calibrated{service: results.NewHistogram(), span: r.scheduled()}
	for _, c := range r.col.classes {
		n := &c.counts
		if n.sent() > n.outcomes[succeeded]+n.outcomes[unfinished] {
			return calibrated{}, fmt.Errorf("bench: the null responder failed %d of %d requests of %s %v", n.sent()-n.outcomes[succeeded], n.sent(), c.operation, n.errors)
		}
		if h := c.total[succeeded.track()][clockService]; h != nil {
			all.service.Merge(h)
		}
	}
	switch {
	case ctx.Err() != nil:
		return calibrated{}, fmt.Errorf("bench: calibration: %w", ctx.Err())
	case all.service.TotalCount() == 0:
		return calibrated{}, fmt.Errorf("bench: the null responder answered nothing in %v", d)
	}
	return all, nil
}

// nullKeys are keys whose every tag is that of the null responder.
func nullKeys(p Plan) ([]*benchKey, error) {
	choose, err := newChooser(p.Seed, p.Workload)
	if err != nil {
		return nil, err
	}
	ring := keyring{plan: p}
	var keys []*benchKey
	for _, spec := range p.Workload.KeySpecs {
		k := &benchKey{name: "null", spec: spec}
		k.alg, _ = target.AlgorithmOf(spec)
		for j := range uint64(16) {
			size := choose.size(draw(p.Seed, saltSize, j))
			k.pool = append(k.pool, known{ring.message(j, size), nullTag(k.alg)})
		}
		keys = append(keys, k)
	}
	return keys, nil
}
