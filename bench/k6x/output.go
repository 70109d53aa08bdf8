package k6x

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"go.k6.io/k6/metrics"
	"go.k6.io/k6/output"

	"github.com/kmsmac/kmsmac/results"
)

// callsOutput keeps what single calls (generateMac, verifyMac) measure as an
// interval log and a result: --out kmsmac=DIR. openLoop writes its own.
type callsOutput struct {
	dir     string
	params  output.Params
	file    *results.File
	flusher *output.PeriodicFlusher
	started time.Time

	mu      sync.Mutex
	calls   map[callKey]*calls
	dropped int64 // iterations that k6 never started

	w    *os.File
	log  *results.IntervalLog
	last time.Time
	err  error
}

// callKey is what tells loads apart.
type callKey struct{ operation, spec, client string }

// calls are the calls of one load.
type calls struct {
	counts      results.LogCounts
	now, total  [2]*hdrhistogram.Histogram // successes, others: since the last flush, and in all
	beyondRange int64
}

var _ output.WithStopWithTestError = (*callsOutput)(nil)

// newOutput makes the output. The directory is the argument of --out.
func newOutput(p output.Params) (output.Output, error) {
	if p.ConfigArgument == "" {
		return nil, errors.New("k6x: the output needs a directory: --out kmsmac=DIR")
	}
	env := func(name string) string { return p.Environment[name] }
	index, count, err := shardOf(p.ScriptOptions.ExecutionSegment, p.ScriptOptions.ExecutionSegmentSequence)
	if err != nil {
		return nil, err
	}
	o := &callsOutput{params: p, calls: map[callKey]*calls{}}
	script := ""
	if p.ScriptPath != nil {
		script = filepath.Base(p.ScriptPath.Path)
	}
	scenarios := map[string]any{}
	for name, c := range p.ScriptOptions.Scenarios {
		scenarios[name] = c
	}
	if o.file, err = newFile("k6 run", 0, map[string]any{"script": script, "scenarios": scenarios, "shards": count}, env); err != nil {
		return nil, err
	}
	if count > 1 {
		o.file.Shard = &results.Shard{Index: index, Count: count}
	}
	o.dir, err = resultDir(p.ConfigArgument, index, count)
	return o, err
}

// Description is what k6 prints.
func (o *callsOutput) Description() string { return "kmsmac: " + o.dir }

// Start opens the log and begins to write an interval each second.
func (o *callsOutput) Start() (err error) {
	o.started = time.Now()
	o.last = o.started
	if o.file.Shard != nil {
		o.file.Shard.Began = o.started.UTC()
	}
	if o.w, err = os.Create(filepath.Join(o.dir, results.LogFileName)); err != nil {
		return fmt.Errorf("k6x: %w", err)
	}
	head := results.LogHeader{RunID: o.file.RunID, PlanHash: o.file.PlanHash, Started: o.started, Mode: "closed", Run: o.file.Envelope()}
	if s := o.file.Shard; s != nil {
		head.Shard, head.Shards = s.Index, s.Count
	}
	if o.log, err = results.NewIntervalLog(o.w, head); err != nil {
		return err
	}
	o.flusher, err = output.NewPeriodicFlusher(time.Second, func() { o.flush(false) })
	return err
}

// AddMetricSamples records what is ours.
func (o *callsOutput) AddMetricSamples(containers []metrics.SampleContainer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range containers {
		for _, s := range c.GetSamples() {
			switch s.Metric.Name {
			case "kmsmac_duration":
				o.add(s)
			case metrics.DroppedIterationsName:
				o.dropped += int64(s.Value)
			}
		}
	}
}

// add records one call; mu is held.
func (o *callsOutput) add(s metrics.Sample) {
	var k callKey
	k.operation, _ = s.Tags.Get("operation")
	k.spec, _ = s.Tags.Get("key_spec")
	k.client, _ = s.Tags.Get("client")
	failure, failed := s.Tags.Get("error")
	c := o.calls[k]
	if c == nil {
		c = newCalls(k)
		o.calls[k] = c
	}
	c.counts.Requests++
	c.counts.Attempts++
	track := 0
	switch {
	case !failed:
		c.counts.Succeeded++
	case failure == "wrong_answer":
		track, c.counts.WrongTags = 1, c.counts.WrongTags+1
	default:
		track, c.counts.Errors[failure] = 1, c.counts.Errors[failure]+1
		if failure == "ThrottlingException" {
			c.counts.Throttled++
		}
	}
	ns := int64(math.Round(s.Value * 1e6))
	if ns > results.HighestNs {
		ns, c.beyondRange = results.HighestNs, c.beyondRange+1
	}
	_ = c.now[track].RecordValue(ns) // cannot fail: it is in range
}

func newCalls(k callKey) *calls {
	c := &calls{counts: results.LogCounts{Operation: k.operation, KeySpec: k.spec, VerifiedBy: "consistency", Errors: map[string]int64{}}}
	for i := range c.now {
		c.now[i], c.total[i] = results.NewHistogram(), results.NewHistogram()
	}
	return c
}

// flush ends an interval.
func (o *callsOutput) flush(final bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	to := time.Now()
	var counts []results.LogCounts
	for _, k := range o.sorted() {
		c := o.calls[k]
		one := c.counts
		one.Errors = maps.Clone(one.Errors)
		counts = append(counts, one)
		for i, outcome := range []string{"ok", "failed"} {
			c.total[i].Merge(c.now[i]) // of one shape: nothing is dropped
			for _, clock := range []string{"response", "service"} {
				o.log.Add(strings.Join([]string{k.operation, k.spec, k.client, outcome, clock}, "/"), o.last, to, c.now[i])
			}
			c.now[i].Reset()
		}
	}
	o.err = o.log.Commit(counts, final)
	o.last = to
}

func (o *callsOutput) sorted() []callKey {
	return slices.SortedFunc(maps.Keys(o.calls), func(a, b callKey) int {
		return strings.Compare(a.operation+a.spec+a.client, b.operation+b.spec+b.client)
	})
}

// Stop is StopWithTestError of a run that ended well.
func (o *callsOutput) Stop() error { return o.StopWithTestError(nil) }

// StopWithTestError writes the last interval and the result.
func (o *callsOutput) StopWithTestError(ran error) error {
	o.flusher.Stop()
	o.flush(true)
	if o.err != nil {
		o.file.Warnings = append(o.file.Warnings, "the interval log is incomplete: "+o.err.Error())
	}
	err := errors.Join(o.w.Sync(), o.w.Close())
	if len(o.calls) == 0 { // an open loop, or no call at all: there is nothing to tell
		return errors.Join(err, os.Remove(o.w.Name()), os.Remove(o.dir))
	}
	f := o.file
	f.Finished, f.Interrupted, f.Verdict = time.Now().UTC(), ran != nil && strings.Contains(ran.Error(), "abort"), results.Pass
	span := f.Finished.Sub(o.started)
	for _, k := range o.sorted() {
		l, err := o.calls[k].load(k, span)
		if err != nil {
			return err
		}
		f.Load = append(f.Load, l)
		if l.WrongTags > 0 {
			f.Verdict = results.Fail
		} else if l.Succeeded == 0 {
			f.Verdict = results.Worse(f.Verdict, results.Inconclusive)
		}
	}
	if f.Interrupted {
		f.Verdict = results.Worse(f.Verdict, results.Inconclusive)
	}
	if o.dropped > 0 {
		f.Warnings = append(f.Warnings, fmt.Sprintf("k6 dropped %d iterations for want of VUs: their calls were due and never made", o.dropped))
	}
	_, werr := results.Write(o.dir, f)
	return errors.Join(err, werr)
}

// load is the section of one load.
func (c *calls) load(k callKey, span time.Duration) (results.Load, error) {
	l := results.Load{Operation: k.operation, KeySpec: k.spec, Mode: "closed", Client: k.client, Requests: c.counts.Requests,
		Succeeded: c.counts.Succeeded, Attempts: c.counts.Attempts, Throttled: c.counts.Throttled, WrongTags: c.counts.WrongTags,
		Errors: c.counts.Errors, VerifiedBy: c.counts.VerifiedBy, Duration: span, AchievedRate: float64(c.counts.Succeeded) / span.Seconds(),
		Response: results.LatencyOf(c.total[0]), Service: results.LatencyOf(c.total[0]), Histograms: map[string]string{}}
	for i, prefix := range []string{"", "failed_"} {
		if c.total[i].TotalCount() == 0 {
			continue
		}
		text, err := results.EncodeHistogram(c.total[i])
		if err != nil {
			return l, err
		}
		l.Histograms[prefix+"response"], l.Histograms[prefix+"service"] = text, text
	}
	return l, nil
}
