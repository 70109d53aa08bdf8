package k6x

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/grafana/sobek"
	"go.k6.io/k6/js/common"
	"go.k6.io/k6/js/modules"
	"go.k6.io/k6/lib"
	"go.k6.io/k6/metrics"
)

// Module is k6/x/kmsmac, one for the process. What is in it all VUs share.
type Module struct {
	mu     sync.Mutex
	ran    bool               // openLoop has run: an instance is one shard
	budget map[string]*budget // by target, of single calls
}

// New makes the module for one process.
func New() *Module { return &Module{budget: map[string]*budget{}} }

// NewModuleInstance makes the module of one VU; k6 calls it.
func (m *Module) NewModuleInstance(vu modules.VU) modules.Instance {
	in := &instance{module: m, vu: vu}
	if env := vu.InitEnv(); env != nil {
		in.lookup = env.LookupEnv
		if err := in.metrics.register(env.Registry); err != nil {
			common.Throw(vu.Runtime(), err)
		}
	}
	return in
}

// instance is the module as one VU sees it.
type instance struct {
	module  *Module
	vu      modules.VU
	lookup  func(string) (string, bool)
	metrics kmsMetrics
}

// Exports are what a script can import: connect, openLoop and scenario.
func (in *instance) Exports() modules.Exports {
	named := map[string]any{"connect": in.connect, "openLoop": in.openLoop, "scenario": in.scenario}
	return modules.Exports{Default: named, Named: named}
}

// env is k6's view of the environment.
func (in *instance) env(name string) string {
	if in.lookup == nil {
		return ""
	}
	v, _ := in.lookup(name)
	return v
}

// throw ends the script's call with err.
func (in *instance) throw(err error) { common.Throw(in.vu.Runtime(), err) }

// decode reads a script's object.
func (in *instance) decode(v sobek.Value, into any) error {
	if common.IsNullish(v) {
		return errors.New("k6x: an object is expected, not nothing")
	}
	raw, err := json.Marshal(v.Export())
	if err != nil {
		return fmt.Errorf("k6x: %w", err)
	}
	return strict(raw, into)
}

// state is that of the running VU; it is an error in the init context.
func (in *instance) state(call string) (*lib.State, error) {
	s := in.vu.State()
	if s == nil {
		return nil, fmt.Errorf("k6x: %s must be called while the test runs, not in the init context", call)
	}
	return s, nil
}

// shard is this instance's place among those of the run.
func shard(s *lib.State) (index, count int, err error) {
	return shardOf(s.Options.ExecutionSegment, s.Options.ExecutionSegmentSequence)
}

// kmsMetrics are the module's metrics in k6's summary and thresholds.
type kmsMetrics struct {
	requests, succeeded, failed, throttled, wrong, dropped *metrics.Metric // counters
	duration                                               *metrics.Metric // trend, of single calls
	p50, p99, lag                                          *metrics.Metric // gauges, of openLoop
}

func (k *kmsMetrics) register(r *metrics.Registry) error {
	var faults []error
	one := func(name string, t metrics.MetricType, v ...metrics.ValueType) *metrics.Metric {
		m, err := r.NewMetric("kmsmac_"+name, t, v...)
		faults = append(faults, err)
		return m
	}
	k.requests, k.succeeded = one("requests", metrics.Counter), one("succeeded", metrics.Counter)
	k.failed, k.throttled = one("failed", metrics.Counter), one("throttled", metrics.Counter)
	k.wrong, k.dropped = one("wrong_tags", metrics.Counter), one("dropped", metrics.Counter)
	k.duration = one("duration", metrics.Trend, metrics.Time)
	k.p50, k.p99 = one("response_p50", metrics.Gauge, metrics.Time), one("response_p99", metrics.Gauge, metrics.Time)
	k.lag = one("lag_p99", metrics.Gauge, metrics.Time)
	return errors.Join(faults...)
}

// push hands one value to k6.
func push(ctx context.Context, s *lib.State, m *metrics.Metric, tags *metrics.TagSet, v float64) {
	metrics.PushIfNotDone(ctx, s.Samples, metrics.Sample{
		TimeSeries: metrics.TimeSeries{Metric: m, Tags: tags}, Time: now(), Value: v,
	})
}
