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
	tags []byte // for what may not go straight to the caller
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
	overlap := survey(jobs, dst[len(dst):cap(dst)])
	if cap(dst)-len(dst) < len(jobs)*maxSize {
		dst = slices.Grow(dst, tagBytes(jobs))
	}
	to := dst
	if overlap {
		b.tags = slices.Grow(b.tags[:0], tagBytes(jobs))
		to = b.tags
	}
	for i := range jobs {
		k := jobs[i].Key
		to = k.sum(to, jobs[i].Msg)
		if !k.live.Load() { // for the reason given at Key.sum
			refuseJob("Batch.Sum", jobs, i)
		}
	}
	if overlap {
		dst = append(dst, to...)
		clear(to)
		return dst
	}
	return to
}

// Verify sets ok[i] to whether tags[i] is the whole tag of jobs[i], for every
// job. The time taken depends on the lengths alone. The lengths of ok and tags
// must be that of jobs.
func (b *Batch) Verify(ok []bool, jobs []Job, tags [][]byte) {
	checkCount("ok", len(ok), len(jobs))
	checkCount("tags", len(tags), len(jobs))
	for i := range jobs {
		if !jobs[i].Key.alive() {
			refuseJob("Batch.Verify", jobs, i)
		}
	}
	for i := range jobs {
		k := jobs[i].Key
		ok[i] = k.verify(jobs[i].Msg, tags[i])
		if !k.live.Load() {
			refuseJob("Batch.Verify", jobs, i)
		}
	}
}

// survey checks the keys and reports whether a message shares memory with room.
func survey(jobs []Job, room []byte) (overlap bool) {
	first := address(room)
	last := first + uintptr(len(room))
	for i := range jobs {
		if !jobs[i].Key.alive() {
			refuseJob("Batch.Sum", jobs, i)
		}
		at := address(jobs[i].Msg)
		if at < last && first < at+uintptr(len(jobs[i].Msg)) {
			overlap = true
		}
	}
	return overlap
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
