package engine

import (
	"runtime"
	"slices"
	"unsafe"

	"github.com/kmsmac/kmsmac/engine/internal/lanes"
)

// gang computes the tags of many messages whose keys are alike together. A Batch
// owns one for each set of kernels that it has met and that has one for batches.
type gang interface {
	// run returns the tags of jobs, stride bytes apart, in memory of the gang
	// that is good until wipe. It gives up, with ok false and nothing computed,
	// when a key cannot be used or is not alike to the first.
	run(jobs []Job) (tags []byte, stride int, ok bool)
	// wipe clears tags and all that they were computed with.
	wipe()
}

// newGang is for kernels with one for batches.
func (k kernels) newGang(eager bool) gang {
	if k.many256 != 0 {
		b := lanes.NewBatch256()
		b.Eager = eager
		return &narrowGang{b, k}
	}
	return &wideGang{b: lanes.NewBatch512(k.lanes512, k.single512)}
}

// The smallest batches for which lanes together can be quicker than one message
// after another; those from manyJobs on are, whatever the lengths.
const (
	leastNarrow = 5
	leastWide   = 3
	manyJobs    = 64
)

// mayPay reports whether some of n jobs, whose keys are not all alike, may be
// better computed by a gang.
func (k *kernels) mayPay(n int) bool {
	return k.many256 != 0 && n >= leastNarrow || k.lanes512 != 0 && n >= leastWide
}

// gangPays reports whether the first key's gang is to do the jobs, whose keys are
// alike.
func (b *Batch) gangPays(jobs []Job, v view) bool {
	k := &jobs[0].Key.kernels
	return k.batch() && (b.eager || k.pays(jobs, v))
}

// fewJobs are so few that a gang for HMACSHA512 is asked first whether it pays.
const fewJobs = 4

// pays reports whether the gang for k does the jobs quicker than one after
// another.
func (k *kernels) pays(jobs []Job, v view) bool {
	n := len(jobs)
	if k.many256 == 0 {
		if n > fewJobs || n < leastWide {
			return n > fewJobs
		}
		var sizes [fewJobs]int
		for i := range jobs {
			sizes[i] = len(jobs[i].Msg)
		}
		return k.lanes512.Pays(k.single512, sizes[:n])
	}
	return n >= manyJobs || k.many256.Pays(k.single256, n, v.blocks+2*n, v.longest+2) // with padding and outer block
}

// narrowGang is a gang for HMACSHA224 and HMACSHA256.
type narrowGang struct {
	b *lanes.Batch256
	k kernels
}

func (g *narrowGang) run(jobs []Job) (tags []byte, stride int, ok bool) {
	for i := range jobs {
		k := jobs[i].Key
		if !k.alive() || !k.alike(jobs[0].Key) {
			return nil, 0, false
		}
		g.b.Add(&k.narrow, jobs[i].Msg)
	}
	g.b.Run(g.k.single256, g.k.many256)
	runtime.KeepAlive(jobs) // the lanes hold addresses only
	return g.b.Tags(), 32, true
}

func (g *narrowGang) wipe() { g.b.Reset() }

// wideGang is a gang for HMACSHA384 and HMACSHA512, which may be mixed.
type wideGang struct {
	b    *lanes.Batch512
	jobs []lanes.Job512
	tags [][64]byte
}

func (g *wideGang) run(jobs []Job) (tags []byte, stride int, ok bool) {
	for i := range jobs {
		k := jobs[i].Key
		if !k.alive() || !k.alike(jobs[0].Key) {
			return nil, 0, false
		}
		g.jobs = append(g.jobs, lanes.Job512{Mid: &k.wide, Msg: jobs[i].Msg})
	}
	g.tags = slices.Grow(g.tags, len(jobs))[:len(jobs)]
	g.b.Sum(g.tags, g.jobs)
	return unsafe.Slice(&g.tags[0][0], len(g.tags)*64), 64, true
}

func (g *wideGang) wipe() {
	clear(g.jobs)
	clear(g.tags)
	g.jobs, g.tags = g.jobs[:0], g.tags[:0]
}

// crew is a gang and the kernels it works with.
type crew struct {
	kernels kernels
	gang    gang
}

// gangOf returns the gang for k, which has a kernel for batches.
func (b *Batch) gangOf(k kernels) gang {
	for _, c := range b.crews {
		if c.kernels == k {
			return c.gang
		}
	}
	g := k.newGang(b.eager)
	b.crews = append(b.crews, crew{k, g})
	return g
}

// part is the jobs with keys that are alike, out of a mixed batch.
type part struct {
	jobs []Job
	at   []int // where each stands in the batch
	left []int // where the jobs of the others stand
}

// split runs the jobs with keys that are alike by themselves and leaves tag i at
// i*maxSize of b.tags.
func (b *Batch) split(jobs []Job) {
	b.tags = slices.Grow(b.tags[:0], len(jobs)*maxSize)[:len(jobs)*maxSize]
	p := &b.part
	p.left = p.left[:0]
	for i := range jobs {
		p.left = append(p.left, i)
	}
	for len(p.left) > 0 {
		p.take(jobs, jobs[p.left[0]].Key)
		b.runPart(p)
		clear(p.jobs) // a Batch keeps no job
	}
}

// runPart computes one part, by its gang if that pays.
func (b *Batch) runPart(p *part) {
	if b.gangPays(p.jobs, look(p.jobs, nil)) {
		if tags, stride := b.ganged(p.jobs); tags != nil {
			for i, at := range p.at {
				copy(b.tags[at*maxSize:][:maxSize], tags[i*stride:][:stride])
			}
			b.gangOf(p.jobs[0].Key.kernels).wipe()
			return
		}
	}
	for i, at := range p.at {
		p.jobs[i].Key.sum(b.tags[at*maxSize:][:0:maxSize], p.jobs[i].Msg)
	}
}

// take moves the jobs that are alike to k's from left to jobs and at, in order.
func (p *part) take(jobs []Job, k *Key) {
	p.jobs, p.at = p.jobs[:0], p.at[:0]
	left := p.left[:0]
	for _, at := range p.left {
		if !jobs[at].Key.alike(k) {
			left = append(left, at)
			continue
		}
		p.jobs, p.at = append(p.jobs, jobs[at]), append(p.at, at)
	}
	p.left = left
}

// alike reports whether the same gang can serve both keys in one run.
func (k *Key) alike(other *Key) bool { return k.team == other.team }
