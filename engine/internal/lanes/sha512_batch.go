package lanes

import "slices"

// Job512 is a message of a batch and its key's midstates.
type Job512 struct {
	Mid *Mid512
	Msg []byte
}

// Batch512 computes the tags of many messages, with keys, lengths and both
// hashes, SHA-384 and SHA-512, mixed as they come, by a kernel for several
// messages and one for single ones. Make it with NewBatch512. It is for one
// goroutine at a time; its memory grows with the largest batch, and holds
// nothing of a key, message or tag between calls.
type Batch512 struct {
	lanes  Lanes512
	single Single512

	memory *memory512
	uneven uneven512
	junk   [64]byte // tags of lanes without a job
	shapes []uint8  // of each job, unless even
	order  []int32  // jobs, longest first
	even   bool     // all jobs are of one length

	pending      int // groups that wait for the kernel
	pendingSteps int

	// What the addresses in groups point into. As fields of an object on the heap
	// these keep jobs, messages and tags alive, and make the compiler put them
	// on the heap, too: a stack could move between taking an address and using
	// it.
	jobs []Job512
	tags [][64]byte
}

// NewBatch512 makes a batch for two kernels that the CPU must have.
func NewBatch512(lanes Lanes512, single Single512) *Batch512 {
	if !lanes.Available() || !single.Available() {
		panic("lanes: no such kernel for batches")
	}
	return &Batch512{lanes: lanes, single: single, memory: alignedMemory512()}
}

// Sum sets tags[i] to the tag of jobs[i]; of SHA-384 the first 48 bytes count.
// The lengths of tags and jobs must be equal. It does not allocate once the
// batch has grown, and keeps no argument.
func (b *Batch512) Sum(tags [][64]byte, jobs []Job512) {
	tags = tags[:len(jobs)]
	if len(jobs) < b.lanes.least() {
		for i := range jobs {
			b.single.Sum(jobs[i].Mid, jobs[i].Msg, &tags[i])
		}
		return
	}
	b.tags, b.jobs = tags, jobs
	b.sort()
	grouped := false
	for rest := b.order; len(rest) > 0; {
		n := b.next(rest)
		if n == 1 {
			j := rest[0]
			b.single.Sum(jobs[j].Mid, jobs[j].Msg, &tags[j])
		} else {
			b.run(rest[:n])
			grouped = true
		}
		rest = rest[n:]
	}
	b.flush()
	b.tags, b.jobs = nil, nil
	if grouped {
		b.memory.work = scratch512{}
		clear(b.junk[:])
	}
}

// next is how many of the jobs, longest first, to do together: 1, or up to as
// many as there are lanes. A group takes as long as its longest member, so a job
// that the rest cannot keep company goes alone.
func (b *Batch512) next(rest []int32) int {
	n := b.lanes.width()
	if n <= len(rest) && b.alike(rest[0], rest[n-1]) {
		return n
	}
	n = min(n, len(rest))
	var e estimate512
	for _, j := range rest[:n] {
		e.add(b.single, len(b.jobs[j].Msg))
	}
	if !b.lanes.pays(e) {
		return 1
	}
	return n
}

// alike reports whether job i and job j, one after the other in order, make a
// group that needs no thought.
func (b *Batch512) alike(i, j int32) bool {
	return b.even || b.shapes[i] == b.shapes[j] && b.shapes[i] < 2*countedBlocks512
}

// blocks is how many blocks the inner hash of job j has behind the ipad block.
func (b *Batch512) blocks(j int32) int { return innerBlocks512(len(b.jobs[j].Msg)) }

// sort fills order: by falling number of blocks, and messages of equally many by
// the kind of their last one.
func (b *Batch512) sort() {
	n := len(b.jobs)
	b.order = slices.Grow(b.order[:0], n)[:n]
	order := b.order
	for i := range order {
		order[i] = int32(i)
	}
	if b.even = sameLength512(b.jobs); b.even {
		return
	}
	b.shapes = slices.Grow(b.shapes[:0], n)[:n]
	shapes := b.shapes
	low, high := 255, 0
	for i := range shapes {
		s := shape512(len(b.jobs[i].Msg))
		shapes[i] = uint8(s)
		low, high = min(low, s), max(high, s)
	}
	if low < high {
		sortByShape(order, shapes, low, high)
	}
	if high >= 2*countedBlocks512 {
		b.sortLong(order)
	}
}

func sameLength512(jobs []Job512) bool {
	size := len(jobs[0].Msg)
	for i := range jobs {
		if len(jobs[i].Msg) != size {
			return false
		}
	}
	return true
}

// sortByShape sorts by counting; low and high are the least and the greatest.
func sortByShape(order []int32, shapes []uint8, low, high int) {
	var place [256]int32
	for _, s := range shapes {
		place[s]++
	}
	sum := int32(0)
	for s := high; s >= low; s-- {
		place[s], sum = sum, sum+place[s]
	}
	for i, s := range shapes {
		order[place[s]] = int32(i)
		place[s]++
	}
}

// sortLong sorts the jobs whose shape is one of the greatest two, which come
// first, by their true number of blocks.
func (b *Batch512) sortLong(order []int32) {
	n := 0
	for n < len(order) && b.shapes[order[n]] >= 2*countedBlocks512 {
		n++
	}
	slices.SortFunc(order[:n], func(i, j int32) int { return b.blocks(j) - b.blocks(i) })
}

// innerBlocks512 is how many blocks a message of n bytes takes behind the ipad
// block.
func innerBlocks512(n int) int { return (n + 17 + 127) >> 7 }

// countedBlocks512 bounds the messages that are sorted by counting alone.
const countedBlocks512 = 63

// shape512 is twice the inner blocks, plus one if the last is lastWhole: kernels
// do others faster.
func shape512(size int) int {
	s := 2 * min(innerBlocks512(size), countedBlocks512)
	if lastKind512(size) == lastWhole {
		s++
	}
	return s
}
