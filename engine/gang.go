package engine

import (
	"runtime"
	"slices"

	"github.com/kmsmac/kmsmac/engine/internal/lanes"
)

// gang computes the tags of many messages of one algorithm together. A Batch
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
func (k kernels) newGang() gang { return &narrowGang{lanes.NewBatch256(), k} }

// least is the smallest batch for which eight lanes together are quicker than
// one message after another.
const least = 8

// pays reports whether n jobs are better computed by a gang.
func (k kernels) pays(n int) bool { return n >= least && k.batch() }

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

// crew is a gang and the kernels it works with.
type crew struct {
	kernels kernels
	gang    gang
}

// gangFor returns the gang of the first job's key, or nil if there is none or
// too few jobs for it to pay.
func (b *Batch) gangFor(jobs []Job) gang {
	k := jobs[0].Key.kernels
	if !k.pays(len(jobs)) {
		return nil
	}
	for _, c := range b.crews {
		if c.kernels == k {
			return c.gang
		}
	}
	g := k.newGang()
	b.crews = append(b.crews, crew{k, g})
	return g
}

// part is the jobs of one implementation and algorithm out of a mixed batch.
type part struct {
	jobs []Job
	at   []int // where each stands in the batch
	left []int // where the jobs of the others stand
}

// split runs the jobs of each implementation and algorithm by themselves and
// leaves tag i at i*maxSize of b.tags.
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
	if g := b.gangFor(p.jobs); g != nil {
		if tags, stride, ok := g.run(p.jobs); ok {
			for i, at := range p.at {
				copy(b.tags[at*maxSize:][:maxSize], tags[i*stride:][:stride])
			}
			g.wipe()
			return
		}
		g.wipe()
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
func (k *Key) alike(other *Key) bool { return k.impl == other.impl && k.alg == other.alg }
