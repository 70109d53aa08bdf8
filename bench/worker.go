package bench

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

// worker sends requests one after another. All its buffers are its own, so that
// a request allocates nothing outside the client.
type worker struct {
	*runner
	ring  *ring
	msg   []byte // the plan's message; the first bytes are the stamp
	tag   []byte // room for a tag
	free  time.Duration
	ahead *outlook // of a closed loop
	outer context.Context

	// A context with a deadline costs allocations for each request. This one
	// is used again and again and made anew only after a timer has fired.
	ctx    context.Context
	cancel context.CancelFunc
	timer  *time.Timer

	dials *atomic.Int64 // connections opened since they were last counted
}

func newWorker(ctx context.Context, r *runner, i int) *worker {
	dials := new(atomic.Int64)
	return &worker{
		runner: r, ring: r.col.rings[i], msg: baseMessage(r.plan.Seed), tag: make([]byte, 0, 64),
		outer: target.CountDials(ctx, dials), dials: dials,
	}
}

func (w *worker) run() {
	w.arm()
	defer w.disarm()
	if w.plan.Mode() == Open {
		for t := range w.queue {
			w.serve(t)
			w.busy.Add(-1)
		}
		return
	}
	w.ahead = new(outlook)
	for w.loop() {
	}
}

// arm makes a context that its timer can end.
func (w *worker) arm() {
	w.ctx, w.cancel = context.WithCancel(w.outer)
	w.timer = time.AfterFunc(time.Hour, w.cancel)
	w.timer.Stop()
}

func (w *worker) disarm() {
	w.timer.Stop()
	w.cancel()
}

// serve handles one arrival of an open loop.
func (w *worker) serve(t ticket) {
	if w.stopped.Load() || w.now() > w.to+w.plan.drain() || !w.allowed() {
		w.dropped(t)
		return
	}
	var s sample
	sent, done := w.request(t.index, t.item, &t.want, &s)
	if t.at >= w.from {
		s.lag, s.response = sent-t.at, done-t.at
		s.waited = t.waited(w.free)
		w.col.put(w.ring, s)
		storeMax(&w.lastSent, int64(sent))
	}
	w.free = done
}

// waited is the part of the lag in which every worker waited for a reply: this
// worker was free only later, or the pacer found no room to post. Had a worker
// been idle when t was posted, it would have taken it. What remains of the lag
// is the generator's own.
func (t ticket) waited(free time.Duration) time.Duration {
	var w time.Duration
	if t.blocked > t.at {
		w = t.blocked - t.at
	}
	if free > t.posted {
		w += free - max(t.posted, t.blocked)
	}
	return max(w, 0)
}

// loop makes one request of a closed loop; false ends it.
func (w *worker) loop() bool {
	now := w.now()
	if w.stopped.Load() || now >= w.to || !w.allowed() {
		return false
	}
	p := w.ahead.turn(w.runner)
	w.busy.Add(1)
	var s sample
	sent, _ := w.request(p.index, p.item, &p.want, &s)
	w.busy.Add(-1)
	if sent >= w.from && sent < w.to {
		s.response = s.service
		w.col.put(w.ring, s)
		storeMax(&w.lastSent, int64(sent))
	}
	if w.plan.Think > 0 {
		pause(w.ctx, w.plan.Think)
	}
	return true
}

func storeMax(a *atomic.Int64, v int64) {
	for old := a.Load(); v > old && !a.CompareAndSwap(old, v); old = a.Load() {
	}
}

// allowed reserves one request; without one left the run ends.
func (w *worker) allowed() bool {
	if w.budget.take(1) {
		return true
	}
	w.end(w.budget.why)
	return false
}

// request sends it and judges the answer. It fills in all of s but response,
// lag and waited, and returns the instants of sending and of the answer.
func (w *worker) request(index uint64, it item, tag *expected, s *sample) (sent, done time.Duration) {
	k := w.keys[it.key]
	s.class = w.class(it)
	msg, want := w.prepare(k, index, it, tag)
	var tr target.Trace
	var err error
	var right bool
	w.sentAll.Add(1)
	w.timer.Reset(w.plan.Timeout)
	if it.verify {
		var reply target.VerifyMacReply
		sent = w.now()
		reply, err = w.target.VerifyMac(w.ctx, target.VerifyMacRequest{
			KeyID: k.name, Algorithm: k.alg, Message: msg, Tag: want, DryRun: w.plan.Workload.DryRun,
		})
		done = w.now()
		tr, right = reply.Trace, reply.Valid
	} else {
		var reply target.GenerateMacReply
		sent = w.now()
		reply, err = w.target.GenerateMac(w.ctx, target.GenerateMacRequest{
			KeyID: k.name, Algorithm: k.alg, Message: msg, DryRun: w.plan.Workload.DryRun,
		})
		done = w.now()
		tr, right = reply.Trace, err == nil && k.verify(msg, want, reply.Tag)
	}
	timedOut := !w.timer.Stop()
	s.service = done - sent
	if n := w.dials.Load(); n > 0 {
		w.dials.Add(-n)
		w.opened[s.class].Add(n)
	}
	w.judge(s, it, right, err, tr, timedOut)
	if s.outcome == wrong {
		c := w.col.classes[s.class]
		w.col.note(WrongTag{Operation: c.operation, KeySpec: c.spec, Key: k.name, Size: len(msg)})
	}
	if timedOut {
		w.cancel()
		w.arm()
	}
	return sent, done
}

// prepare gives the message and its tag, which is changed for a corrupt item.
func (w *worker) prepare(k *benchKey, index uint64, it item, want *expected) (msg, tag []byte) {
	if k.local == nil {
		one := k.pool[mix(index)%uint64(len(k.pool))]
		msg, tag = one.msg, append(w.tag[:0], one.tag...)
	} else {
		msg, tag = w.msg[:it.size], append(w.tag[:0], want.bytes()...)
		stamp(msg, w.plan.Seed, index)
	}
	if it.corrupt && len(tag) > 0 {
		bit := draw(w.plan.Seed, saltCorrupt, ^index)
		tag[bit/8%uint64(len(tag))] ^= 1 << (bit % 8)
	}
	return msg, tag
}

// verify reports whether tag is the right answer of GenerateMac. Before a target
// is accused, the tag is computed once more, alone.
func (k *benchKey) verify(msg, want, tag []byte) bool {
	return string(want) == string(tag) || k.local != nil && k.local.Verify(msg, tag)
}

// judge turns an answer into an outcome.
func (w *worker) judge(s *sample, it item, right bool, err error, tr target.Trace, timedOut bool) {
	var e *target.Error
	if err != nil {
		if e, _ = errors.AsType[*target.Error](err); e != nil {
			tr = e.Trace
		}
	}
	s.wire = tr.Wire
	s.attempts, s.throttles = int32(max(tr.Attempts, 1)), int32(tr.Throttles)
	if e != nil && e.Kind == target.Throttled && tr.Throttles == 0 {
		s.throttles = 1
	}
	if extra := int64(s.attempts) - 1; extra > 0 {
		w.budget.spend(extra)
	}
	switch {
	case timedOut && err != nil:
		s.outcome, s.err = failed, string(target.Timeout)
	case err != nil && w.outer.Err() != nil && !answered(e):
		s.outcome = unfinished
	case w.plan.Workload.DryRun:
		w.judgeDryRun(s, e, err)
	case err == nil && it.corrupt:
		s.outcome = pick(right, wrong, refused)
	case err == nil:
		s.outcome = pick(right, succeeded, wrong)
	case it.verify && e != nil && e.Kind == target.InvalidMac:
		s.outcome = pick(it.corrupt, refused, wrong)
	default:
		s.outcome, s.err = failed, nameOf(e)
	}
	s.verified = !w.plan.Workload.DryRun && (s.outcome == succeeded || s.outcome == refused)
}

// dryRunIgnored is the error name of a request that was carried out although
// it asked for a dry run.
const dryRunIgnored = "dry_run_ignored"

func (w *worker) judgeDryRun(s *sample, e *target.Error, err error) {
	switch {
	case e != nil && e.Kind == target.DryRun:
		s.outcome = succeeded
	case err == nil:
		s.outcome, s.err = failed, dryRunIgnored
	default:
		s.outcome, s.err = failed, nameOf(e)
	}
}

func answered(e *target.Error) bool { return e != nil && e.Kind.Answered() }

func pick(cond bool, yes, no outcome) outcome {
	if cond {
		return yes
	}
	return no
}

// nameOf is the name under which an error is counted: the service's code, or
// the kind of failure to get an answer.
func nameOf(e *target.Error) string {
	switch {
	case e == nil:
		return string(target.Other)
	case e.Code != "":
		return e.Code
	}
	return string(e.Kind)
}
