package k6x

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/grafana/sobek"
	"go.k6.io/k6/lib"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// Outcome is what openLoop gives back to the script.
type Outcome struct {
	Verdict   string           `js:"verdict"` // pass, fail, inconclusive
	Stopped   string           `js:"stopped"` // interrupted, max_requests, max_cost; empty if the plan ended
	Dir       string           `js:"dir"`     // of the result
	Shard     int              `js:"shard"`
	Shards    int              `js:"shards"`
	Scheduled int64            `js:"scheduled"` // of this shard
	Requests  int64            `js:"requests"`
	Succeeded int64            `js:"succeeded"`
	Failed    int64            `js:"failed"`
	Dropped   int64            `js:"dropped"`
	WrongTags int64            `js:"wrongTags"`
	LateMs    float64          `js:"lateMs"`   // by how much the schedule was joined too late
	Response  map[string]int64 `js:"response"` // p50, p99, max in nanoseconds, of this shard's successes
}

// fail throws err and marks k6's run as failed: without a load there is nothing
// that thresholds could find wrong.
func (in *instance) fail(err error) {
	if s := in.vu.State(); s != nil && s.TestStatus != nil {
		s.TestStatus.MarkFailed()
	}
	in.throw(err)
}

// openLoop runs this instance's share of a plan: kmsmac's own schedule, workers
// and histograms, inside one k6 iteration. It may run once in a process, because
// an instance is one shard.
func (in *instance) openLoop(plan sobek.Value) Outcome {
	run, err := in.prepare(plan)
	if err != nil {
		in.fail(err)
	}
	out, err := run.measure(in.vu.Context())
	if err != nil {
		in.fail(err)
	}
	return out
}

// loopRun is one open loop, prepared.
type loopRun struct {
	in    *instance
	state *lib.State
	asked Plan
	spec  spec
	plan  bench.Plan
	start time.Time
	file  *results.File
	dir   string
}

// prepare checks everything that can be checked before the first request.
func (in *instance) prepare(v sobek.Value) (*loopRun, error) {
	begun := now()
	s, err := in.state("openLoop")
	if err != nil {
		return nil, err
	}
	r := &loopRun{in: in, state: s}
	if err := in.decode(v, &r.asked); err != nil {
		return nil, err
	}
	if r.spec, err = r.asked.check(in.env); err != nil {
		return nil, err
	}
	index, count, err := shard(s)
	if err != nil {
		return nil, err
	}
	if r.plan, err = r.asked.bench(index, count, r.spec); err != nil {
		return nil, err
	}
	keys := max(1, r.plan.WithDefaults().Workload.KeyCount*len(r.plan.WithDefaults().Workload.KeySpecs))
	at, fixed, err := r.asked.start(begun, r.spec.aws, keys)
	if err != nil {
		return nil, err
	}
	r.start = at
	if err := in.module.once(); err != nil {
		return nil, err
	}
	return r, r.record(fixed)
}

// once lets the first open loop of a process through.
func (m *Module) once() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ran {
		return errors.New("k6x: openLoop has run in this instance: give its scenario one VU and one iteration for each instance, as scenario() does")
	}
	m.ran = true
	return nil
}

// record starts the result and makes its directory.
func (r *loopRun) record(fixed bool) (err error) {
	p := r.plan.WithDefaults()
	p.Shard = 0 // all shards of a plan have one plan hash
	settings := map[string]any{"load": p, "target": r.spec.Target, "client": r.spec.Client}
	if r.file, err = newFile("k6 openLoop", p.Seed, settings, r.in.env); err != nil {
		return err
	}
	if r.plan.Shards > 1 {
		sh := &results.Shard{Index: r.plan.Shard, Count: r.plan.Shards}
		sh.Scheduled, sh.ScheduledAll, _ = r.plan.Due()
		if fixed {
			sh.StartAt = &r.start
		}
		r.file.Shard = sh
	}
	r.dir, err = resultDir(first(r.asked.Out, "kmsmac-result"), r.plan.Shard, r.plan.Shards)
	return err
}

// measure runs the load and writes the result, also when k6 is interrupted.
func (r *loopRun) measure(ctx context.Context) (out Outcome, err error) {
	if err := r.consent(); err != nil {
		return out, errors.Join(err, os.Remove(r.dir))
	}
	t, err := r.spec.open(ctx, r.in.env, r.plan.InFlight())
	if err != nil {
		return out, errors.Join(err, os.Remove(r.dir))
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	r.file.Environment.Endpoint = r.spec.endpoint(t)
	var restore func()
	r.file.Environment.GOGC, restore = setGOGC(r.in.env)
	defer restore()
	report, err := r.run(ctx, t)
	if err != nil {
		return out, err
	}
	r.fill(report)
	if _, err := results.Write(r.dir, r.file); err != nil {
		return out, err
	}
	return r.outcome(report), nil
}

// consent prints what the run will do to a real account and refuses what goes
// beyond this instance's share of the limits.
func (r *loopRun) consent() error {
	if !r.spec.aws {
		return nil
	}
	e, err := r.plan.Estimate(true)
	if err != nil {
		return err
	}
	r.state.Logger.Infof("aws %s, shard %d of %d: at most %d requests, %d new keys, %.2f%% of the default quota of %d/s, at most %s (%s); this shard's share of the limits is %d requests and %s",
		r.spec.region, r.plan.Shard, r.plan.Shards, e.Requests(), e.Keys,
		100*e.PeakPerSecond/float64(awsfacts.SymmetricPerSecond(r.spec.region)), awsfacts.SymmetricPerSecond(r.spec.region),
		e.Cost(), awsfacts.PriceNote, r.plan.MaxRequests, r.plan.MaxCost)
	switch {
	case e.Requests() > r.plan.MaxRequests:
		return fmt.Errorf("k6x: refused: %d requests are above this shard's share of maxRequests, %d", e.Requests(), r.plan.MaxRequests)
	case e.Cost() > r.plan.MaxCost:
		return fmt.Errorf("k6x: refused: %s is above this shard's share of maxCost, %s", e.Cost(), r.plan.MaxCost)
	}
	return nil
}

// run is the load. Its interval log is written while it goes on.
func (r *loopRun) run(ctx context.Context, t target.Target) (*bench.Report, error) {
	log, err := os.Create(filepath.Join(r.dir, results.LogFileName))
	if err != nil {
		return nil, fmt.Errorf("k6x: the interval log cannot be written: %w", err)
	}
	report, err := bench.Run(ctx, t, r.plan, bench.Options{
		RunID: r.file.RunID, Host: r.file.Environment.Host, PlanHash: r.file.PlanHash, Envelope: r.file.Envelope(),
		Log: log, StartAt: r.start, Observer: r.observe,
	})
	for _, arn := range report.Left {
		r.file.Warnings = append(r.file.Warnings, "key left behind, kmsmac cleanup takes it: "+arn)
		r.state.Logger.Warnf("key left behind, kmsmac cleanup takes it: %s", arn)
	}
	err = errors.Join(err, log.Sync(), log.Close())
	if err != nil { // nothing was measured: leave nothing that looks like a run
		if st, e := os.Stat(log.Name()); e == nil && st.Size() == 0 {
			err = errors.Join(err, os.Remove(log.Name()), os.Remove(r.dir))
		}
	}
	return report, err
}

// observe hands what happened in an interval to k6.
func (r *loopRun) observe(p bench.Progress) {
	ctx, m, tags := r.in.vu.Context(), &r.in.metrics, r.state.Tags.GetCurrentValues().Tags
	for _, c := range []struct {
		count int64
		add   func(float64)
	}{
		{p.Errors, func(v float64) { push(ctx, r.state, m.failed, tags, v) }},
		{p.Throttled, func(v float64) { push(ctx, r.state, m.throttled, tags, v) }},
		{p.WrongTags, func(v float64) { push(ctx, r.state, m.wrong, tags, v) }},
		{p.Dropped, func(v float64) { push(ctx, r.state, m.dropped, tags, v) }},
	} {
		if c.count > 0 {
			c.add(float64(c.count))
		}
	}
	if p.Response != nil {
		push(ctx, r.state, m.p50, tags, float64(p.Response.P50)/1e6)
		push(ctx, r.state, m.p99, tags, float64(p.Response.P99)/1e6)
	}
	if p.Lag != nil {
		push(ctx, r.state, m.lag, tags, float64(p.Lag.P99)/1e6)
	}
}

// fill moves the report into the result.
func (r *loopRun) fill(report *bench.Report) {
	f := r.file
	f.Load, f.Verdict, f.Finished = report.Loads, report.Verdict(), time.Now().UTC()
	f.Warnings = append(f.Warnings, report.Warnings...)
	for _, w := range report.Wrong {
		f.Warnings = append(f.Warnings, "wrong answer outside the measured requests: "+w)
	}
	for _, w := range report.WrongTags {
		f.Warnings = append(f.Warnings, fmt.Sprintf("wrong answers: %s %s, key %s, message of %d bytes: %d times", w.Operation, w.KeySpec, w.Key, w.Size, w.Count))
	}
	if f.Interrupted = report.Stopped == bench.StoppedInterrupted; !f.Interrupted && report.Stopped != "" {
		f.Warnings = append(f.Warnings, "stopped by "+report.Stopped+" before the plan ended")
	}
	if report.Late > 0 {
		r.state.Logger.Warnf("kmsmac joined its schedule %s late: what was due before was dropped; a longer lead gives the keys more time", report.Late)
	}
	if f.Shard == nil {
		return
	}
	f.Shard.Began, f.Shard.Late = report.Began.UTC(), report.Late
	if report.Counters != (target.Counters{}) {
		f.Shard.ClockOffset = &report.Counters.DateDelta
	}
}

// outcome tells the script, and k6's summary the figures of the whole run.
func (r *loopRun) outcome(report *bench.Report) Outcome {
	out := Outcome{Verdict: string(r.file.Verdict), Stopped: report.Stopped, Dir: r.dir, Shard: r.plan.Shard, Shards: r.plan.Shards,
		LateMs: float64(report.Late) / 1e6, Response: map[string]int64{}}
	all, lag := results.NewHistogram(), results.NewHistogram()
	for _, l := range report.Loads {
		out.Requests, out.Succeeded, out.Dropped, out.WrongTags = out.Requests+l.Requests, out.Succeeded+l.Succeeded, out.Dropped+l.Dropped, out.WrongTags+l.WrongTags
		for _, n := range l.Errors {
			out.Failed += n
		}
		addTo(all, l.Histograms["response"])
		addTo(lag, l.Histograms["lag"])
	}
	out.Scheduled, _, _ = r.plan.Due()
	ctx, m, tags := r.in.vu.Context(), &r.in.metrics, r.state.Tags.GetCurrentValues().Tags
	push(ctx, r.state, m.requests, tags, float64(out.Requests))
	push(ctx, r.state, m.succeeded, tags, float64(out.Succeeded))
	if lat := results.LatencyOf(all); lat != nil {
		out.Response = map[string]int64{"p50": lat.P50, "p99": lat.P99, "max": lat.Max}
		push(ctx, r.state, m.p50, tags, float64(lat.P50)/1e6)
		push(ctx, r.state, m.p99, tags, float64(lat.P99)/1e6)
	}
	if lat := results.LatencyOf(lag); lat != nil {
		push(ctx, r.state, m.lag, tags, float64(lat.P99)/1e6)
	}
	return out
}

// addTo merges an encoded histogram of ours; text may be empty.
func addTo(h *hdrhistogram.Histogram, text string) {
	if one, err := results.DecodeHistogram(text); text != "" && err == nil {
		h.Merge(one)
	}
}

// scenario is k6's scenario for openLoop: one VU with one iteration in each of
// so many instances, for as long as the plan may take.
func (in *instance) scenario(plan sobek.Value, instances int) map[string]any {
	var p Plan
	if err := in.decode(plan, &p); err != nil {
		in.throw(err)
	}
	s, err := p.check(in.env)
	if err != nil {
		in.throw(err)
	}
	if instances < 1 {
		in.throw(fmt.Errorf("k6x: %d instances: give their number, 1 or more", instances))
	}
	b, err := p.bench(0, instances, s)
	if err != nil {
		in.throw(err)
	}
	e, err := b.Estimate(s.aws)
	if err != nil {
		in.throw(err)
	}
	longest := e.Lasts + max(b.WithDefaults().Drain, 0) + b.WithDefaults().Timeout + time.Hour // lead or startAt
	return map[string]any{
		"executor": "per-vu-iterations", "vus": instances, "iterations": 1, "maxDuration": longest.Round(time.Second).String(), "gracefulStop": "60s",
	}
}
