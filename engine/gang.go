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
	// that is good until wipe. All keys have the gang's kernels and are of one
	// algorithm. Nothing else is kept.
	run(jobs []Job) (tags []byte, stride int)
	// wipe clears tags and all that they were computed with.
	wipe()
}

// newGang returns nil if there is no kernel for batches.
func (k kernels) newGang() gang {
	if k.many256 != 0 {
		return &narrowGang{lanes.NewBatch256(), k}
	}
	return nil
}

// narrowGang is a gang for HMACSHA224 and HMACSHA256.
type narrowGang struct {
	b *lanes.Batch256
	k kernels
}

func (g *narrowGang) run(jobs []Job) (tags []byte, stride int) {
	for i := range jobs {
		g.b.Add(&jobs[i].Key.narrow, jobs[i].Msg)
	}
	g.b.Run(g.k.single256, g.k.many256)
	runtime.KeepAlive(jobs) // the lanes hold addresses only
	return g.b.Tags(), 32
}

func (g *narrowGang) wipe() { g.b.Reset() }

// crew is a gang and the kernels it works with.
type crew struct {
	kernels kernels
	gang    gang
}

// gangOf returns the gang for k, or nil if k has no kernel for batches.
func (b *Batch) gangOf(k kernels) gang {
	for _, c := range b.crews {
		if c.kernels == k {
			return c.gang
		}
	}
	g := k.newGang()
	if g != nil {
		b.crews = append(b.crews, crew{k, g})
	}
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
		k := jobs[p.left[0]].Key
		p.take(jobs, k)
		if g := b.gangOf(k.kernels); g != nil && len(p.jobs) > 1 {
			tags, stride := g.run(p.jobs)
			for i, at := range p.at {
				copy(b.tags[at*maxSize:], tags[i*stride:][:k.alg.Size()])
			}
			g.wipe()
		} else {
			for i, at := range p.at {
				p.jobs[i].Key.sum(b.tags[at*maxSize:][:0:maxSize], p.jobs[i].Msg)
			}
		}
		clear(p.jobs) // a Batch keeps no job
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
