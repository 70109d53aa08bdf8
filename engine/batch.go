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
	if gangPays(jobs) {
		if tags, stride := b.ganged(jobs); tags != nil {
			return b.collect(dst, jobs, tags, stride)
		}
	}
	if !canRunStraight(jobs, dst[len(dst):cap(dst)]) {
		checkAlive("Batch.Sum", jobs)
		b.split(jobs)
		return b.collect(dst, jobs, b.tags, maxSize)
	}
	if cap(dst)-len(dst) < len(jobs)*maxSize {
		dst = makeRoom(dst, jobs)
	}
	for i := range jobs {
		k := jobs[i].Key
		dst = k.sum(dst, jobs[i].Msg)
		if !k.live.Load() { // for the reason given at Key.sum
			refuseJob("Batch.Sum", jobs, i)
		}
	}
	return dst
}

// collect appends the tags, which lie stride bytes apart, and wipes them.
func (b *Batch) collect(dst []byte, jobs []Job, tags []byte, stride int) []byte {
	defer b.wipe()
	if cap(dst)-len(dst) < len(jobs)*maxSize {
		dst = makeRoom(dst, jobs)
	}
	same := true
	for i := range jobs {
		k := jobs[i].Key
		if !k.live.Load() { // for the reason given at Key.sum
			refuseJob("Batch.Sum", jobs, i)
		}
		same = same && k.alg.Size() == stride
	}
	if same {
		return append(dst, tags[:len(jobs)*stride]...)
	}
	for i := range jobs {
		dst = append(dst, tags[i*stride:][:jobs[i].Key.alg.Size()]...)
	}
	return dst
}

// Verify sets ok[i] to whether tags[i] is the whole tag of jobs[i], for every
// job. The time taken depends on the lengths alone. The lengths of ok and tags
// must be that of jobs.
func (b *Batch) Verify(ok []bool, jobs []Job, tags [][]byte) {
	checkCount("ok", len(ok), len(jobs))
	checkCount("tags", len(tags), len(jobs))
	if gangPays(jobs) {
		if want, stride := b.ganged(jobs); want != nil {
			b.compare(ok, jobs, tags, want, stride)
			return
		}
	}
	if !canRunStraight(jobs, nil) {
		checkAlive("Batch.Verify", jobs)
		b.split(jobs)
		b.compare(ok, jobs, tags, b.tags, maxSize)
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

// compare is collect for Verify.
func (b *Batch) compare(ok []bool, jobs []Job, tags [][]byte, want []byte, stride int) {
	defer b.wipe()
	for i := range jobs {
		k := jobs[i].Key
		if !k.live.Load() {
			refuseJob("Batch.Verify", jobs, i)
		}
		ok[i] = equalTags(want[i*stride:][:k.alg.Size()], tags[i])
	}
}

// gangPays reports whether the first key's gang is worth trying.
func gangPays(jobs []Job) bool {
	return len(jobs) > 1 && jobs[0].Key.alive() && jobs[0].Key.kernels.pays(len(jobs))
}

// ganged computes all tags in memory of the first key's gang, or returns nil
// when the keys are not alike or cannot be used.
func (b *Batch) ganged(jobs []Job) (tags []byte, stride int) {
	g := b.gangOf(jobs[0].Key.kernels)
	tags, stride, ok := g.run(jobs)
	if !ok {
		g.wipe()
		return nil, 0
	}
	return tags, stride
}

func (b *Batch) wipe() {
	clear(b.tags)
	b.tags = b.tags[:0]
	for _, c := range b.crews {
		c.gang.wipe()
	}
}

// canRunStraight reports whether every job can be run by itself, its tag going
// straight to the caller: all keys can be used, no gang pays for some of them,
// and no message shares memory with room.
func canRunStraight(jobs []Job, room []byte) bool {
	first := address(room)
	last := first + uintptr(len(room))
	for i := range jobs {
		k, at := jobs[i].Key, address(jobs[i].Msg)
		if !k.alive() || at < last && first < at+uintptr(len(jobs[i].Msg)) || k.kernels.pays(len(jobs)) {
			return false
		}
	}
	return true
}

func checkAlive(caller string, jobs []Job) {
	for i := range jobs {
		if !jobs[i].Key.alive() {
			refuseJob(caller, jobs, i)
		}
	}
}

// makeRoom lets dst take the tags of all jobs.
func makeRoom(dst []byte, jobs []Job) []byte {
	size := 0
	for i := range jobs {
		size += jobs[i].Key.alg.Size()
	}
	return slices.Grow(dst, size)
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
