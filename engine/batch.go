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
	tags []byte // tag i starts at i*stride
}

// NewBatch returns an empty Batch.
func NewBatch() *Batch { return new(Batch) }

// Sum appends the tags of all jobs, one after another in the order of the jobs,
// to dst and returns the longer slice. Tag i has the length of jobs[i]'s
// algorithm. Beyond the Batch's own memory it allocates only when dst has no
// room. Messages and the room behind dst may overlap.
func (b *Batch) Sum(dst []byte, jobs []Job) []byte {
	size, stride := measure("Batch.Sum", jobs)
	b.run(jobs, stride)
	checkAlive("Batch.Sum", jobs)
	dst = slices.Grow(dst, size)
	for i := range jobs {
		dst = append(dst, b.tags[i*stride:][:jobs[i].Key.alg.Size()]...)
	}
	clear(b.tags)
	return dst
}

// Verify sets ok[i] to whether tags[i] is the whole tag of jobs[i], for every
// job. The time taken depends on the lengths alone. The lengths of ok and tags
// must be that of jobs.
func (b *Batch) Verify(ok []bool, jobs []Job, tags [][]byte) {
	checkCount("ok", len(ok), len(jobs))
	checkCount("tags", len(tags), len(jobs))
	_, stride := measure("Batch.Verify", jobs)
	b.run(jobs, stride)
	checkAlive("Batch.Verify", jobs)
	for i := range jobs {
		ok[i] = equalTags(b.tags[i*stride:][:jobs[i].Key.alg.Size()], tags[i])
	}
	clear(b.tags)
}

// run leaves the tag of job i at i*stride of b.tags.
func (b *Batch) run(jobs []Job, stride int) {
	b.tags = slices.Grow(b.tags[:0], len(jobs)*stride)[:len(jobs)*stride]
	for i := range jobs {
		k := jobs[i].Key
		k.sum(b.tags[i*stride:][:k.alg.Size()], jobs[i].Msg)
	}
}

// measure checks the keys and returns the length of all tags together and of
// the longest.
func measure(caller string, jobs []Job) (size, longest int) {
	checkAlive(caller, jobs)
	for i := range jobs {
		n := jobs[i].Key.alg.Size()
		size += n
		longest = max(longest, n)
	}
	return size, longest
}

// checkAlive panics unless all keys can be used. It runs before, and again
// after the work for the reason given at Key.sum.
func checkAlive(caller string, jobs []Job) {
	for i := range jobs {
		if k := jobs[i].Key; k == nil || !k.live.Load() {
			k.refuse(caller + ": jobs[" + strconv.Itoa(i) + "].Key")
		}
	}
}

func checkCount(name string, n, jobs int) {
	if n != jobs {
		panic("engine: Batch.Verify: " + name + " has " + strconv.Itoa(n) + " elements for " + strconv.Itoa(jobs) + " jobs")
	}
}
