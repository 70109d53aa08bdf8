package main

import (
	"path/filepath"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/results"
)

// loadRun is one load that a command makes.
type loadRun struct {
	plan        bench.Plan
	secrets     [][]byte             // of plan.Workload.Keys, in their order
	calibration *results.Calibration // nil is none
	observe     func(bench.Progress) // besides the progress line; nil is none
	startAt     time.Time            // zero of the schedule; zero is none
}

// watched runs the load with profiles and metrics.
func (l loadRun) watched(a *app, o *opened, f watchFlags, rec *record) (results.Verdict, error) {
	observe, end, err := f.watch(a, rec)
	if err != nil {
		return results.Inconclusive, err
	}
	l.observe = observe
	verdict, err := l.run(a, o, rec)
	if err := end(); err != nil {
		rec.warn("profile or metrics did not end well: %v", err)
	}
	return verdict, err
}

// run runs the plan with live progress, keeps the interval log beside the
// result, and moves the report's talk into the record. Its verdict is the
// report's.
func (l loadRun) run(a *app, o *opened, rec *record) (results.Verdict, error) {
	p := newProgress(a.streams)
	log := &lateFile{path: filepath.Join(rec.dir, results.LogFileName)}
	opts := bench.Options{
		RunID: rec.file.RunID, Host: hostname(), Secrets: map[string][]byte{}, NewKey: a.impl.newKey,
		Calibration: l.calibration, Log: log, PlanHash: rec.file.PlanHash, Envelope: rec.file.Envelope(), StartAt: l.startAt,
		Observer: func(b bench.Progress) {
			p.update(progressLine(b))
			if l.observe != nil {
				l.observe(b)
			}
		},
	}
	for i, secret := range l.secrets {
		opts.Secrets[l.plan.Workload.Keys[i]] = secret
	}
	report, err := bench.Run(a.ctx, o.Target, l.plan, opts)
	p.done()
	l.talk(report, rec)
	if e := log.Close(); e != nil {
		rec.warn("%v", e)
	}
	if err != nil {
		return results.Inconclusive, err
	}
	rec.file.Load, rec.file.Shard = report.Loads, endedShard(rec.file.Shard, report)
	if o.endpoint.InProcess {
		withoutCost(rec.file.Load) // the emulator's is in it
	}
	return report.Verdict(), nil
}

// talk moves what the report says in words into the record.
func (l loadRun) talk(report *bench.Report, rec *record) {
	for _, arn := range report.Left {
		rec.left = true
		rec.warn("key left behind: %s", arn)
	}
	for _, w := range report.Warnings {
		rec.warn("%s", w)
	}
	for _, w := range report.Wrong {
		rec.warn("wrong answer outside the measured requests: %s", w)
	}
	for _, w := range report.WrongTags {
		rec.warn("wrong answers, warm-up included: %s %s, key %s, message of %d bytes: %d times", w.Operation, w.KeySpec, w.Key, w.Size, w.Count)
	}
	if report.Stopped == bench.StoppedInterrupted {
		rec.file.Interrupted = true
	} else if report.Stopped != "" {
		rec.warn("stopped by %s before the plan ended", report.Stopped)
	}
}

func withoutCost(loads []results.Load) {
	for i := range loads {
		loads[i].CPUPerRequest, loads[i].AllocsPerRequest, loads[i].BytesPerRequest = nil, nil, nil
	}
}
