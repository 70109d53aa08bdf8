package bench

import (
	"time"

	"github.com/kmsmac/kmsmac/engine"
)

// foretold is a position in the schedule with what is known of it before its
// request is sent.
type foretold struct {
	at    time.Duration // since the start of the schedule; 0 in a closed loop
	index uint64
	item  item
	want  expected
}

// expected is a tag as the engine has it; empty for keys without a known secret
// and where no tag will be looked at.
type expected struct {
	size uint8
	tag  [64]byte
}

func (e *expected) bytes() []byte { return e.tag[:e.size] }

// lookahead is how many positions are looked at ahead: as many messages as the
// widest kernel of the engine works on at once.
const lookahead = 16

// forecast computes tags before the requests are sent, a batch at a time, so
// that a request pays for a comparison only. The engine needs a third to a fifth
// for long messages of a batch. It is for one goroutine at a time.
type forecast struct {
	runner *runner
	batch  engine.Batch
	jobs   []engine.Job
	whose  []*expected
	room   []byte // lookahead messages that lack their stamps
	size   int    // of a message in room
	tags   []byte
}

func newForecast(r *runner) *forecast {
	f := &forecast{runner: r, jobs: make([]engine.Job, 0, lookahead), whose: make([]*expected, 0, lookahead), tags: make([]byte, 0, lookahead*64)}
	for _, s := range r.plan.Workload.Sizes {
		f.size = max(f.size, s.Max)
	}
	base := baseMessage(r.plan.Seed)[:f.size]
	for range lookahead {
		f.room = append(f.room, base...)
	}
	return f
}

// tell fills in item and tag of up to lookahead positions.
func (f *forecast) tell(block []foretold) {
	r := f.runner
	f.jobs, f.whose = f.jobs[:0], f.whose[:0]
	for i := range block {
		p := &block[i]
		p.item, p.want.size = r.choose.item(p.index), 0
		k := r.keys[p.item.key]
		if k.local == nil || r.plan.Workload.DryRun && !p.item.verify {
			continue
		}
		msg := f.room[len(f.jobs)*f.size:][:p.item.size]
		stamp(msg, r.plan.Seed, p.index)
		f.jobs, f.whose = append(f.jobs, engine.Job{Key: k.local, Msg: msg}), append(f.whose, &p.want)
	}
	f.tags = f.batch.Sum(f.tags[:0], f.jobs)
	rest := f.tags
	for i, e := range f.whose {
		e.size = uint8(f.jobs[i].Key.Algorithm().Size())
		rest = rest[copy(e.tag[:e.size], rest):]
	}
}

// outlook hands out the positions of one goroutine, foretold a block at a time.
type outlook struct {
	block     [lookahead]foretold
	next, end int
}

// arrival returns the next arrival of s; false after the last.
func (o *outlook) arrival(s *Schedule, f *forecast) (*foretold, bool) {
	if o.next == o.end {
		o.next, o.end = 0, 0
		for o.end < lookahead {
			a, ok := s.Next()
			if !ok {
				break
			}
			o.block[o.end].at, o.block[o.end].index = a.At, a.Index
			o.end++
		}
		if o.end == 0 {
			return nil, false
		}
		f.tell(o.block[:o.end])
	}
	o.next++
	return &o.block[o.next-1], true
}

// turn returns the next position of a closed loop, of which each worker takes
// lookahead at a time.
func (o *outlook) turn(r *runner) *foretold {
	if o.next == o.end {
		first := r.next.Add(lookahead) - lookahead
		for i := range o.block {
			o.block[i].index = first + uint64(i)
		}
		f := r.forecasts.Get().(*forecast)
		f.tell(o.block[:])
		r.forecasts.Put(f)
		o.next, o.end = 0, lookahead
	}
	o.next++
	return &o.block[o.next-1]
}
