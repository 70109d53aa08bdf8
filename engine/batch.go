package engine

import (
	"slices"
	"strconv"
)

// Job is one message of a batch and the key for it. A nil Msg is the empty
// message. Several jobs may share a key.
type Job struct {
	Key *Key
	Msg []byte
}

// Batch computes the tags of many messages in one call, with keys, algorithms
// and lengths mixed as they come. Each job is done by its own key's
// implementation; the tags are those of Key.Sum. It starts no goroutines.
//
// A Batch keeps working memory for the largest batch so far and wipes it after
// each call; it keeps no job. It is for one goroutine at a time. The zero value
// works; copy no Batch after its first use.
//
// Every argument is checked before the first tag is computed. The methods panic
// with "engine: Batch.Sum: jobs[3].Key is nil", "engine: Batch.Sum:
// jobs[3].Key is destroyed", "engine: Batch.Verify: ok has 2 elements for 3
// jobs" or "engine: Batch.Verify: tags has 2 elements for 3 jobs" (with the
// method's own name and the numbers at hand).
type Batch struct {
	tags  []byte // tags on their way to the caller
	crews []crew
	part  part
}

// NewBatch returns an empty Batch.
func NewBatch() *Batch { return new(Batch) }

// Sum appends the tags of all jobs, one after another in the order of the jobs,
// to dst and returns the longer slice. Tag i has the length of jobs[i]'s
// algorithm. Beyond the Batch's own memory it allocates only when dst has no
// room. Messages and the room behind dst may overlap.
func (b *Batch) Sum(dst []byte, jobs []Job) []byte {
	if len(jobs) == 1 && jobs[0].Key.alive() { // as quick as Key.Sum
		k := jobs[0].Key
		dst = k.sum(dst, jobs[0].Msg)
		k.check("Batch.Sum: jobs[0].Key")
		return dst
	}
	s := survey("Batch.Sum", jobs, dst[len(dst):cap(dst)])
	if cap(dst)-len(dst) < len(jobs)*maxSize {
		dst = slices.Grow(dst, tagBytes(jobs))
	}
	if s.ganged || s.overlap {
		tags, stride := b.run(jobs, s)
		defer b.wipe()
		for i := range jobs {
			k := jobs[i].Key
			if !k.live.Load() { // for the reason given at Key.sum
				refuseJob("Batch.Sum", jobs, i)
			}
			dst = append(dst, tags[i*stride:][:k.alg.Size()]...)
		}
		return dst
	}
	for i := range jobs {
		k := jobs[i].Key
		dst = k.sum(dst, jobs[i].Msg)
		if !k.live.Load() {
			refuseJob("Batch.Sum", jobs, i)
		}
	}
	return dst
}

// Verify sets ok[i] to whether tags[i] is the whole tag of jobs[i], for every
// job. The time taken depends on the lengths alone. The lengths of ok and tags
// must be that of jobs.
func (b *Batch) Verify(ok []bool, jobs []Job, tags [][]byte) {
	checkCount("ok", len(ok), len(jobs))
	checkCount("tags", len(tags), len(jobs))
	if s := survey("Batch.Verify", jobs, nil); s.ganged && len(jobs) > 1 {
		want, stride := b.run(jobs, s)
		defer b.wipe()
		for i := range jobs {
			k := jobs[i].Key
			if !k.live.Load() {
				refuseJob("Batch.Verify", jobs, i)
			}
			ok[i] = equalTags(want[i*stride:][:k.alg.Size()], tags[i])
		}
		return
	}
	for i := range jobs {
		k := jobs[i].Key
		ok[i] = k.verify(jobs[i].Msg, tags[i])
		if !k.live.Load() {
			refuseJob("Batch.Verify", jobs, i)
		}
	}
}

// run computes all tags into memory of the batch or of a gang, until wipe.
func (b *Batch) run(jobs []Job, s shape) (tags []byte, stride int) {
	if s.alike && s.ganged {
		return b.gangOf(jobs[0].Key.kernels).run(jobs)
	}
	b.split(jobs)
	return b.tags, maxSize
}

func (b *Batch) wipe() {
	clear(b.tags)
	b.tags = b.tags[:0]
	for _, c := range b.crews {
		c.gang.wipe()
	}
}

// shape is what decides how a batch is run.
type shape struct {
	alike   bool // all keys are of one implementation and algorithm
	ganged  bool // a key's implementation has a kernel for batches
	overlap bool // a message shares memory with the room for tags
}

// survey checks the keys and looks at the batch's shape.
func survey(caller string, jobs []Job, room []byte) shape {
	s := shape{alike: true}
	first := address(room)
	last := first + uintptr(len(room))
	for i := range jobs {
		k := jobs[i].Key
		if !k.alive() {
			refuseJob(caller, jobs, i)
		}
		if !k.alike(jobs[0].Key) {
			s.alike = false
		}
		if k.kernels.batch() {
			s.ganged = true
		}
		at := address(jobs[i].Msg)
		if at < last && first < at+uintptr(len(jobs[i].Msg)) {
			s.overlap = true
		}
	}
	return s
}

// tagBytes is the length of all tags together.
func tagBytes(jobs []Job) (size int) {
	for i := range jobs {
		size += jobs[i].Key.alg.Size()
	}
	return size
}

//go:noinline
func refuseJob(caller string, jobs []Job, i int) {
	jobs[i].Key.refuse(caller + ": jobs[" + strconv.Itoa(i) + "].Key")
}

func checkCount(name string, n, jobs int) {
	if n != jobs {
		panic("engine: Batch.Verify: " + name + " has " + strconv.Itoa(n) + " elements for " + strconv.Itoa(jobs) + " jobs")
	}
}
