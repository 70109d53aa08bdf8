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
// A call with a bad argument returns no tag and sets nothing in ok; the room
// behind dst may hold tags of other jobs by then. The methods panic with
// "engine: Batch.Sum: jobs[3].Key is nil", "engine: Batch.Sum: jobs[3].Key is
// destroyed", "engine: Batch.Verify: ok has 2 elements for 3 jobs" or "engine:
// Batch.Verify: tags has 2 elements for 3 jobs" (with the method's own name and
// the numbers at hand).
type Batch struct {
	tags  []byte // tags on their way to the caller
	crews []crew
	part  part
	eager bool // gangs do all they can, also where it does not pay: for tests of kernels
}

// NewBatch returns an empty Batch.
func NewBatch() *Batch { return new(Batch) }

// Sum appends the tags of all jobs, one after another in the order of the jobs,
// to dst and returns the longer slice. Tag i has the length of jobs[i]'s
// algorithm. Beyond the Batch's own memory it allocates only when dst has no
// room. Messages and the room behind dst may overlap.
func (b *Batch) Sum(dst []byte, jobs []Job) []byte {
	if len(jobs) == 1 && jobs[0].Key.alive() && !b.eager { // as quick as Key.Sum
		k := jobs[0].Key
		dst = k.sum(dst, jobs[0].Msg)
		k.check("Batch.Sum: jobs[0].Key")
		return dst
	}
	if b.tooFew(jobs) {
		if overlaps(jobs, dst[len(dst):cap(dst)]) {
			checkAlive("Batch.Sum", jobs)
			b.split(jobs)
			return b.collect(dst, jobs, b.tags, maxSize)
		}
		return sumStraight(dst, jobs)
	}
	v := look(jobs, dst[len(dst):cap(dst)])
	if v.mixed {
		checkAlive("Batch.Sum", jobs)
	} else if b.gangPays(jobs, v) {
		if tags, stride := b.ganged(jobs); tags != nil {
			return b.collect(dst, jobs, tags, stride)
		}
	}
	if v.overlaps || v.mixed && (b.eager || parts(jobs)) {
		checkAlive("Batch.Sum", jobs)
		b.split(jobs)
		return b.collect(dst, jobs, b.tags, maxSize)
	}
	return sumStraight(dst, jobs)
}

// sumStraight runs the jobs one after another, each tag straight to its place.
func sumStraight(dst []byte, jobs []Job) []byte {
	if cap(dst)-len(dst) < len(jobs)*maxSize {
		checkAlive("Batch.Sum", jobs)
		dst = makeRoom(dst, jobs)
	}
	for i := range jobs {
		k := jobs[i].Key
		if k == nil {
			refuseJob("Batch.Sum", jobs, i)
		}
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
	checkAlive("Batch.Verify", jobs)
	if !b.tooFew(jobs) {
		v := look(jobs, nil)
		if !v.mixed && b.gangPays(jobs, v) {
			if want, stride := b.ganged(jobs); want != nil {
				b.compare(ok, jobs, tags, want, stride)
				return
			}
		}
		if v.mixed && (b.eager || parts(jobs)) {
			b.split(jobs)
			b.compare(ok, jobs, tags, b.tags, maxSize)
			return
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

// tooFew reports whether nothing has to be known of the jobs, as no gang would be
// quicker. The first job and the last decide for all, which costs next to nothing:
// beside a short message even a look at each job shows. Where the others differ
// from them, a gang is missed that would have gained little.
func (b *Batch) tooFew(jobs []Job) bool {
	n := len(jobs)
	if b.eager {
		return n == 0
	}
	if n < leastWide || n >= 16 {
		return n < leastWide
	}
	k := jobs[0].Key
	if k == nil || k.kernels.lanes512 != 0 {
		return false
	}
	if k.kernels.single256 == 0 {
		return k.kernels.many256 == 0
	}
	switch size := min(len(jobs[0].Msg), len(jobs[n-1].Msg)); {
	case n < leastNarrow, size < 56: // one block
		return true
	case size < 120: // two
		return n < 8 || n > 9 && n < 13 // 10 to 12: too many left over
	case n == 5:
		return size < 440
	case n == 6:
		return size < 184
	}
	return false
}

// overlaps reports whether a message shares memory with the room for the tags.
// The first may: it is read before any tag is written.
func overlaps(jobs []Job, room []byte) bool {
	start, end := address(room), address(room)+uintptr(len(room))
	for i := 1; i < len(jobs); i++ {
		at := address(jobs[i].Msg)
		if at < end && start < at+uintptr(len(jobs[i].Msg)) {
			return true
		}
	}
	return false
}

// view is what one look at the jobs tells.
type view struct {
	blocks, longest int  // of the messages, about
	mixed           bool // keys are not all alike, or the first is nil
	overlaps        bool // a message shares memory with the room for the tags
}

// look goes over the jobs once. room is where tags are to be written. What it
// costs shows beside short messages: every instruction is one for each job.
func look(jobs []Job, room []byte) (v view) {
	start, end := address(room), address(room)+uintptr(len(room))
	first := jobs[0].Key
	if first == nil {
		return view{mixed: true}
	}
	for i := range jobs {
		at, n := address(jobs[i].Msg), len(jobs[i].Msg)
		if at < end && start < at+uintptr(n) {
			v.overlaps = true
		}
		n = (n + 8) >> 6
		v.blocks += n
		v.longest = max(v.longest, n)
		if k := jobs[i].Key; k != first && (k == nil || !k.alike(first)) {
			v.mixed = true
		}
	}
	return v
}

// parts reports whether gangs may do some of the jobs, whose keys are mixed,
// quicker than one after another.
func parts(jobs []Job) bool {
	for i := range jobs {
		if jobs[i].Key.kernels.mayPay(len(jobs)) {
			return true
		}
	}
	return false
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
