package lanes

import (
	"encoding/binary"
	"unsafe"
)

// memory512 is what is to be aligned to 64 bytes, by alignedMemory512.
type memory512 struct {
	work   scratch512
	groups [8]group512 // some of them wait for the kernel
}

func alignedMemory512() *memory512 {
	room := make([]byte, unsafe.Sizeof(memory512{})+63)
	at := -uintptr(unsafe.Pointer(unsafe.SliceData(room))) & 63
	return (*memory512)(unsafe.Pointer(&room[at]))
}

// scratch512 is the memory that kernels for several messages work in. They know
// its layout.
type scratch512 struct {
	state [8][8]uint64 // word by word
	tail  [8][128]byte // last blocks, see Lanes512.needsTails; any scratch
	group uintptr      // at work
	left  int          // groups
	_     [6]uint64
}

// group512 is some work for a kernel that does several messages at once, one in
// each lane. The kernels know its layout. Addresses are uintptr, not pointers:
// the Batch512 keeps alive what they point into.
//
// A kernel first puts the inner midstates into the lanes of begin, then hashes
// full blocks of each lane's message; unless end is endNone512 it then does the
// last blocks, the outer hashes, and the tags.
type group512 struct {
	msg, mid, out [8]uintptr
	bits          [8]uint64 // of ipad block and message
	rest          [8]uint64 // message bytes in the last block
	mark          [8]uint64 // place of the end mark in it, or noMark512
	full          uint64
	begin         uint64 // mask of lanes
	short         uint64 // mask of lanes with SHA-384
	end           uint64
	_             [4]uint64
}

// uneven512 is what only groups of messages of several lengths need.
type uneven512 struct {
	start  [8]int       // the step at which the lane begins
	marked [8][128]byte // blocks with end mark but no length
}

// Values of group512.end.
const (
	endNone512  = iota
	endExact512 // all last blocks have 64 bytes of message
	endHalf512  // no last block is lastWhole
	endWhole512
)

// noMark512 is for a last block after the one with the mark.
const noMark512 = 255

// maxSteps512 bounds the blocks of each lane in a group done by one call, and
// moreSteps512 those after which no group is added to a call. Assembly cannot be
// preempted: together this is about 20 µs.
const (
	maxSteps512  = 48
	moreSteps512 = 15
)

// run does one group of at most width jobs, longest first. All messages end in
// the last step: a shorter one begins later, and until then its lane repeats the
// work of the first. So does a lane that has no job.
//
// The kernel may be called later, for several groups, by flush.
func (b *Batch512) run(group []int32) {
	g := &b.memory.groups[b.pending]
	kinds, short := 0, uint64(0)
	for i, j := range group {
		job := &b.jobs[j]
		kinds |= g.setLane(i&7, job, &b.tags[j])
		short |= (64 - job.Mid.size) >> 4 << (i & 7)
	}
	g.short = short
	width := b.lanes.width()
	for i := len(group); i < width; i++ {
		g.setLane(i&7, &b.jobs[group[0]], &b.junk)
	}
	first, last := group[0], group[len(group)-1]
	longest := b.blocks(first)
	if kinds&lastMarked != 0 || longest > maxSteps512 || b.lanes.needsTails() || b.blocks(last) != longest {
		b.flush()
		b.runUneven(g, group, longest, endFor512(kinds))
		return
	}
	g.begin, g.full, g.end = 1<<width-1, uint64(longest-1), endFor512(kinds)
	b.pending++
	b.pendingSteps += longest + 1
	if b.pending == len(b.memory.groups) || b.pendingSteps >= moreSteps512 {
		b.flush()
	}
}

// flush does the groups that wait.
func (b *Batch512) flush() {
	if b.pending > 0 {
		b.lanes.call(&b.memory.work, &b.memory.groups[0], b.pending)
	}
	b.pending, b.pendingSteps = 0, 0
}

// setLane sets what depends on the job alone, and returns the kind of its last
// block.
func (g *group512) setLane(i int, job *Job512, tag *[64]byte) int {
	size := len(job.Msg)
	g.mid[i] = uintptr(unsafe.Pointer(job.Mid))
	g.msg[i] = uintptr(unsafe.Pointer(unsafe.SliceData(job.Msg)))
	g.out[i] = uintptr(unsafe.Pointer(tag))
	g.bits[i] = uint64(size+128) << 3
	g.rest[i], g.mark[i] = uint64(size&127), uint64(size&127)
	return lastKind512(size)
}

// runUneven is run for groups that may not fit into one call of the kernel, or
// need more than addresses.
func (b *Batch512) runUneven(g *group512, group []int32, longest int, end uint64) {
	marked := false
	for i := range b.lanes.width() {
		j := group[0]
		if i < len(group) {
			j = group[i]
		}
		msg := b.jobs[j].Msg
		b.uneven.start[i] = longest - b.blocks(j)
		if lastKind512(len(msg)) == lastMarked {
			marked = true
			b.setMarked(g, i, msg)
		}
		if b.lanes.needsTails() {
			b.setTail(g, i, msg)
		}
	}
	b.steps(g, group, longest, end, marked)
}

// Kinds of last blocks, by what is in them of the message.
const (
	last64     = 1 << iota // 64 bytes
	lastHalf               // fewer
	lastWhole              // more
	lastMarked             // nothing, not even the end mark
)

func lastKind512(size int) int {
	switch rest := size & 127; {
	case rest == 64:
		return last64
	case rest < 64:
		return lastHalf
	case rest < 112:
		return lastWhole
	}
	return lastMarked
}

// endFor512 is the value of end that does all of kinds.
func endFor512(kinds int) uint64 {
	switch {
	case kinds&lastWhole != 0:
		return endWhole512
	case kinds == last64:
		return endExact512
	}
	return endHalf512
}

// setMarked makes the block with the end of msg and the mark; the last block will
// have neither.
func (b *Batch512) setMarked(g *group512, lane int, msg []byte) {
	g.rest[lane], g.mark[lane] = 0, noMark512
	block := &b.uneven.marked[lane]
	n := copy(block[:], msg[len(msg)&^127:])
	block[n] = 0x80
	clear(block[n+1:])
}

// setTail makes the last block, after setMarked.
func (b *Batch512) setTail(g *group512, lane int, msg []byte) {
	block := &b.memory.work.tail[lane]
	clear(block[:])
	if g.mark[lane] != noMark512 {
		n := copy(block[:], msg[len(msg)&^127:])
		block[n] = 0x80
	}
	binary.BigEndian.PutUint64(block[120:], g.bits[lane])
}

// steps calls the kernel whenever a message begins or goes on elsewhere.
func (b *Batch512) steps(g *group512, group []int32, steps int, end uint64, marked bool) {
	for at := 0; ; {
		allBegun := true
		next := min(at+maxSteps512, steps-1)
		g.begin = 0
		for i := range b.lanes.width() {
			switch {
			case b.uneven.start[i] == at:
				g.begin |= 1 << i
			case b.uneven.start[i] > at:
				allBegun = false
				next = min(next, b.uneven.start[i])
			}
		}
		if marked && at < steps-2 {
			next = min(next, steps-2)
		}
		b.place(g, group, at, steps)
		g.full = uint64(next - at)
		g.end = endNone512
		if next == steps-1 && allBegun {
			g.end = end
			b.lanes.call(&b.memory.work, g, 1)
			return
		}
		b.lanes.call(&b.memory.work, g, 1)
		at = next
	}
}

// place sets where each lane reads from step at on.
func (b *Batch512) place(g *group512, group []int32, at, steps int) {
	for i := range b.lanes.width() {
		g.msg[i] = g.msg[0]
		lane := i
		if i >= len(group) {
			lane = 0
		}
		if b.uneven.start[lane] > at {
			continue
		}
		g.msg[i] = uintptr(unsafe.Pointer(unsafe.SliceData(b.jobs[group[lane]].Msg))) + uintptr(at-b.uneven.start[lane])<<7
		if at == steps-2 && g.mark[lane] == noMark512 {
			g.msg[i] = uintptr(unsafe.Pointer(&b.uneven.marked[lane]))
		}
	}
}
