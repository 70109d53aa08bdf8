package bench

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/kmsmac/kmsmac/results"
)

// outcome of one request.
type outcome uint8

const (
	succeeded  outcome = iota // the right answer
	refused                   // a tag that was wrong on purpose was refused
	wrong                     // an answer that is wrong
	failed                    // an error
	unfinished                // cut off by the end of the run
	dropped                   // never sent
)

// The clocks of a request, as indices.
const (
	clockResponse = iota
	clockService
	clockLag
	clockWire // the part of service that the HTTP client took, if the target says
	clocks
)

var clockNames = [clocks]string{"response", "service", "lag", "wire"}

// tracks are the outcomes that have histograms of their own; wrong answers are
// kept with the failures.
const tracks = 3

var trackNames = [tracks]string{"ok", "refused", "failed"}

func (o outcome) track() int {
	switch o {
	case succeeded:
		return 0
	case refused:
		return 1
	}
	return 2
}

// sample is what a worker saw of one measured request.
type sample struct {
	class     uint16
	outcome   outcome
	verified  bool
	attempts  int32
	throttles int32
	err       string        // name of the error, if failed
	response  time.Duration // done − intended
	service   time.Duration // done − sent
	lag       time.Duration // sent − intended
	wire      time.Duration // the part of service that was on the wire; 0 if unknown
	waited    time.Duration // the part of lag in which every worker waited for a reply
}

// ringSize is a power of two. A worker's ring is 10 kB.
const ringSize = 128

// ring hands samples from one worker to the collector without a lock.
// Invariants: head is written by the worker alone, tail under the collector's
// mutex alone; slots in [tail, head) belong to the collector, others to the
// worker; head − tail <= ringSize.
type ring struct {
	head, tail atomic.Uint64
	slots      [ringSize]sample
}

// collector owns the histograms. mu guards everything below it but total.
type collector struct {
	mu      sync.Mutex
	rings   []*ring
	classes []*class
	pacer   *hdrhistogram.Histogram // lag that was not waiting for a worker
	waited  int64                   // requests that waited for a worker
	clamped int64                   // values above the histograms' range
	longest time.Duration           // service time, exactly

	wrongTags []WrongTag
}

// class is what is known of one operation under one key spec.
type class struct {
	operation  string
	spec       string
	verifiedBy string
	counts     counts
	current    histograms // since the last take; guarded by the collector's mutex
	spare      histograms // empty, to be exchanged with current
	total      histograms // of all taken intervals; the collector's goroutine only
}

type histograms [tracks][clocks]*hdrhistogram.Histogram

// counts add up the samples of a class.
type counts struct {
	outcomes  [dropped + 1]int64
	verified  int64
	attempts  int64
	throttles int64
	late      int64
	errors    map[string]int64
}

// sent is the number of requests that went out.
func (c *counts) sent() int64 {
	var n int64
	for o := succeeded; o < dropped; o++ {
		n += c.outcomes[o]
	}
	return n
}

// maxErrorNames bounds the memory that a target with inventive error codes can
// take; further names are counted as "other".
const maxErrorNames = 100

// lateAfter is the lag from which an arrival counts as late.
const lateAfter = time.Millisecond

func newCollector(workers int, classes []*class) *collector {
	c := &collector{rings: make([]*ring, workers), classes: classes, pacer: results.NewHistogram()}
	for i := range c.rings {
		c.rings[i] = new(ring)
	}
	for _, cl := range classes {
		for _, h := range []*histograms{&cl.current, &cl.spare, &cl.total} {
			h.prepare()
		}
	}
	return c
}

// prepare makes the histograms that every run needs before it is measured.
func (h *histograms) prepare() {
	for _, c := range []int{clockResponse, clockService, clockLag} {
		h[succeeded.track()][c] = results.NewHistogram()
	}
}

// put hands s over. It allocates nothing and takes the lock only when the ring
// is full, once in ringSize samples. Only the ring's worker may call it.
func (c *collector) put(r *ring, s sample) {
	h := r.head.Load()
	if h-r.tail.Load() == ringSize {
		c.mu.Lock()
		c.drain(r)
		c.mu.Unlock()
	}
	r.slots[h%ringSize] = s
	r.head.Store(h + 1)
}

// drain empties one ring into the histograms; mu is held.
func (c *collector) drain(r *ring) {
	h := r.head.Load()
	for t := r.tail.Load(); t != h; t++ {
		c.add(&r.slots[t%ringSize])
	}
	r.tail.Store(h)
}

// drop counts arrivals that were never sent.
func (c *collector) drop(cl uint16, n int64) {
	c.mu.Lock()
	c.classes[cl].counts.outcomes[dropped] += n
	c.mu.Unlock()
}

// maxWrongPlaces bounds the memory that a target which is always wrong takes.
const maxWrongPlaces = 100

// note remembers where an answer was wrong.
func (c *collector) note(w WrongTag) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, have := range c.wrongTags {
		w.Count = have.Count
		if w == have {
			c.wrongTags[i].Count++
			return
		}
	}
	if len(c.wrongTags) < maxWrongPlaces {
		w.Count = 1
		c.wrongTags = append(c.wrongTags, w)
	}
}

// add records one sample; mu is held.
func (c *collector) add(s *sample) {
	cl := c.classes[s.class]
	n := &cl.counts
	n.outcomes[s.outcome]++
	n.attempts += int64(s.attempts)
	n.throttles += int64(s.throttles)
	if s.verified {
		n.verified++
	}
	if s.lag > lateAfter {
		n.late++
	}
	if s.waited > 0 {
		c.waited++
	}
	if s.outcome == failed {
		n.fail(s.err)
	}
	c.longest = max(c.longest, s.service)
	c.record(c.pacer, s.lag-s.waited)
	if s.outcome == unfinished {
		return
	}
	h := &cl.current[s.outcome.track()]
	for i := range h {
		if h[i] == nil && (i != clockWire || s.wire > 0) {
			h[i] = results.NewHistogram()
		}
	}
	c.record(h[clockResponse], s.response)
	c.record(h[clockService], s.service)
	c.record(h[clockLag], s.lag)
	if s.wire > 0 {
		c.record(h[clockWire], s.wire)
	}
}

func (c *counts) fail(name string) {
	if c.errors == nil {
		c.errors = map[string]int64{}
	}
	if _, known := c.errors[name]; !known && len(c.errors) >= maxErrorNames {
		name = "other"
	}
	c.errors[name]++
}

// record keeps values within the range of the histograms and says so.
func (c *collector) record(h *hdrhistogram.Histogram, d time.Duration) {
	v := max(int64(d), 0)
	if v > results.HighestNs {
		v = results.HighestNs
		c.clamped++
	}
	_ = h.RecordValue(v) // cannot fail: v is within range
}

// interval is what happened in one class since the take before. counts are
// those since the start.
type interval struct {
	class      *class
	counts     counts
	histograms *histograms
}

// take ends an interval: it empties all rings, exchanges the histograms, and
// adds those of the interval to the totals. The returned intervals, one for
// each class, are valid until the next take. Only one goroutine may call it.
func (c *collector) take() []interval {
	for _, cl := range c.classes {
		cl.spare.reset()
	}
	for _, r := range c.rings {
		c.mu.Lock() // once for each ring, so that no worker waits for all of them
		c.drain(r)
		c.mu.Unlock()
	}
	out := make([]interval, len(c.classes))
	c.mu.Lock()
	for i, cl := range c.classes {
		cl.current, cl.spare = cl.spare, cl.current
		out[i] = interval{class: cl, counts: cl.counts.clone(), histograms: &cl.spare}
	}
	c.mu.Unlock()
	for _, cl := range c.classes {
		cl.total.merge(&cl.spare)
	}
	return out
}

func (c *counts) clone() counts {
	out := *c
	out.errors = maps.Clone(c.errors)
	return out
}

func (h *histograms) reset() {
	for t := range h {
		for _, one := range h[t] {
			if one != nil && one.TotalCount() > 0 {
				one.Reset()
			}
		}
	}
}

// merge adds from, bucket for bucket.
func (h *histograms) merge(from *histograms) {
	for t := range h {
		if from[t][0] == nil || from[t][0].TotalCount() == 0 {
			continue
		}
		for c, one := range from[t] {
			if one == nil {
				continue
			}
			if h[t][c] == nil {
				h[t][c] = results.NewHistogram()
			}
			h[t][c].Merge(one)
		}
	}
}
