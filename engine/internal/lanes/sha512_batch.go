package lanes

import (
	"runtime"
	"slices"
	"unsafe"
)

// Job512 is a message of a batch and its key's midstates.
type Job512 struct {
	Mid *Mid512
	Msg []byte
}

// Batch512 computes the tags of many messages, with keys, both hashes and
// lengths mixed, by a kernel for several and one for single messages. Make it
// with NewBatch512. It is for one goroutine at a time; its memory grows with
// the largest batch, and holds nothing of a key, message or tag between calls.
type Batch512 struct {
	lanes  Lanes512
	single Single512
	width  int

	group *group512
	junk  [64]byte // tags of lanes without a job

	order  []int32 // jobs, longest first
	blocks []int32 // inner blocks of each job

	// What group's addresses point into. As fields of an object on the heap
	// these make the compiler keep jobs, messages and tags there, too: a stack
	// could move between taking an address and using it.
	jobs []Job512
	tags [][64]byte
}

// NewBatch512 makes a batch for two kernels that the CPU must have.
func NewBatch512(lanes Lanes512, single Single512) *Batch512 {
	if !lanes.Available() || !single.Available() {
		panic("lanes: no such kernel for batches")
	}
	room := make([]byte, unsafe.Sizeof(group512{})+63)
	at := -uintptr(unsafe.Pointer(unsafe.SliceData(room))) % 64
	return &Batch512{
		lanes:  lanes,
		single: single,
		width:  lanes.width(),
		group:  (*group512)(unsafe.Pointer(&room[at])),
	}
}

// Sum sets tags[i] to the tag of jobs[i]; of SHA-384 the first 48 bytes count.
// The lengths of tags and jobs must be equal. It does not allocate once the
// batch has grown, and keeps no argument.
func (b *Batch512) Sum(tags [][64]byte, jobs []Job512) {
	if len(jobs) < b.lanes.least() {
		for i := range jobs {
			b.single.Sum(jobs[i].Mid, jobs[i].Msg, &tags[i])
		}
		return
	}
	b.tags, b.jobs = tags[:len(jobs)], jobs
	b.sort()
	for rest := b.order; len(rest) > 0; {
		n := b.next(rest)
		if n == 1 {
			j := rest[0]
			b.single.Sum(jobs[j].Mid, jobs[j].Msg, &tags[j])
		} else {
			b.run(rest[:n])
		}
		rest = rest[n:]
	}
	runtime.KeepAlive(tags)
	runtime.KeepAlive(jobs)
	b.tags, b.jobs = nil, nil
	b.wipe()
}

// wipe clears what the kernel left, if it ran.
func (b *Batch512) wipe() {
	if b.group.full|b.group.end != 0 {
		*b.group = group512{}
		clear(b.junk[:])
	}
}

// next is how many of the jobs, longest first, to do together: 1, or up to as
// many as there are lanes. A group takes as long as its longest member, so a job
// that the rest cannot keep company goes alone.
func (b *Batch512) next(rest []int32) int {
	n := min(b.width, len(rest))
	alone := 0
	for _, j := range rest[:n] {
		alone += b.single.cost(int(b.blocks[j]))
	}
	together := b.lanes.costAll(int(b.blocks[rest[0]]))
	if together >= alone {
		return 1
	}
	return n
}

// innerBlocks is how many blocks a message of n bytes takes behind the ipad
// block.
func innerBlocks(n int) int { return (n + 17 + 127) >> 7 }

// The largest count of blocks, and so the largest message, that is sorted by
// counting.
const countedBlocks = 63

// sort fills order and blocks. Messages of equally many blocks are ordered by
// the kind of their last one.
func (b *Batch512) sort() {
	n := len(b.jobs)
	b.order = slices.Grow(b.order[:0], n)[:n]
	b.blocks = slices.Grow(b.blocks[:0], n)[:n]
	var place [2*countedBlocks + 2]int32
	low, high := len(place)-1, 0
	for i := range b.jobs {
		size := len(b.jobs[i].Msg)
		b.blocks[i] = int32(innerBlocks(size))
		s := shape(size)
		place[s]++
		low, high = min(low, s), max(high, s)
	}
	sum := int32(0)
	for s := high; s >= low; s-- {
		place[s], sum = sum, sum+place[s]
	}
	for i := range b.jobs {
		s := shape(len(b.jobs[i].Msg))
		b.order[place[s]] = int32(i)
		place[s]++
	}
	if high < 2*countedBlocks {
		return
	}
	long := b.order[:place[2*countedBlocks]]
	slices.SortFunc(long, func(i, j int32) int { return int(b.blocks[j] - b.blocks[i]) })
}

// shape is twice the inner blocks, plus one if the last is not a half block.
func shape(size int) int {
	s := 2 * min(innerBlocks(size), countedBlocks)
	if !halfLast(size) {
		s++
	}
	return s
}

// halfLast reports whether the last block has only zeros between its middle and
// the length: the message's end, or nothing of it, is in the first half.
func halfLast(size int) bool { return size&127 <= 64 || markAlone(size) }

// markAlone reports whether the length did not fit into the block with the end
// mark, so that it is in one more.
func markAlone(size int) bool { return size&127 >= 112 }
