package lanes

import (
	"encoding/binary"
	"unsafe"
)

// group512 is one call of a kernel that works on several messages at once, one
// in each lane. The kernels know its layout up to end; it must be aligned to 64
// bytes. Addresses are uintptr, not pointers: the Batch512 keeps alive what they
// point into.
//
// A call first puts the inner midstates into the lanes of begin, then hashes
// full blocks of each lane's message; unless end is endNone512 it then does the
// last blocks, the outer hashes, and the tags.
type group512 struct {
	state [8][8]uint64 // word by word
	tail  [8][128]byte // last blocks, see Lanes512.needsTails; scratch of kernels

	msg, mid, out [8]uintptr
	bits          [8]uint64 // of ipad block and message
	rest          [8]uint64 // message bytes in the last block
	mark          [8]uint64 // place of the end mark in it, or noMark512
	full          uint64
	begin         uint64 // mask of lanes
	short         uint64 // mask of lanes with SHA-384
	end           uint64

	marked [8][128]byte // blocks with end mark but no length
	start  [8]int       // the step at which the lane begins
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

// maxSteps512 bounds the blocks of each lane in one call. Assembly cannot be
// preempted: this is about 15 µs.
const maxSteps512 = 48

// run does one group of at most width jobs, longest first. All messages end in
// the last step: a shorter one begins later, and until then its lane repeats the
// work of the first. So does a lane that has no job.
func (b *Batch512) run(group []int32) {
	g := b.group
	g.short = 0
	kinds := 0
	for i, j := range group {
		kinds |= g.setLane(i&7, &b.jobs[j], &b.tags[j])
	}
	width := b.lanes.width()
	for i := len(group); i < width; i++ {
		g.setLane(i&7, &b.jobs[group[0]], &b.junk)
	}
	first, last := group[0], group[len(group)-1]
	longest := b.blocks(first)
	if kinds&lastMarked != 0 || longest > maxSteps512 || b.lanes.needsTails() || b.blocks(last) != longest {
		b.runUneven(group, longest, endFor512(kinds))
		return
	}
	g.begin, g.full, g.end = 1<<width-1, uint64(longest-1), endFor512(kinds)
	b.lanes.call(g)
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
	g.short |= (64 - job.Mid.size) >> 4 << i
	return lastKind512(size)
}

// runUneven is run for groups that may not fit into one call of the kernel, or
// need more than addresses.
func (b *Batch512) runUneven(group []int32, longest int, end uint64) {
	g := b.group
	marked := false
	for i := range b.lanes.width() {
		j := group[0]
		if i < len(group) {
			j = group[i]
		}
		msg := b.jobs[j].Msg
		g.start[i] = longest - b.blocks(j)
		if lastKind512(len(msg)) == lastMarked {
			marked = true
			g.setMarked(i, msg)
		}
		if b.lanes.needsTails() {
			g.setTail(i, msg)
		}
	}
	b.steps(group, longest, end, marked)
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
func (g *group512) setMarked(lane int, msg []byte) {
	g.rest[lane], g.mark[lane] = 0, noMark512
	block := &g.marked[lane]
	n := copy(block[:], msg[len(msg)&^127:])
	block[n] = 0x80
	clear(block[n+1:])
}

// setTail makes the last block, after setMarked.
func (g *group512) setTail(lane int, msg []byte) {
	block := &g.tail[lane]
	clear(block[:])
	if g.mark[lane] != noMark512 {
		n := copy(block[:], msg[len(msg)&^127:])
		block[n] = 0x80
	}
	binary.BigEndian.PutUint64(block[120:], g.bits[lane])
}

// steps calls the kernel whenever a message begins or goes on elsewhere.
func (b *Batch512) steps(group []int32, steps int, end uint64, marked bool) {
	g := b.group
	for at := 0; ; {
		allBegun := true
		next := min(at+maxSteps512, steps-1)
		g.begin = 0
		for i := range b.lanes.width() {
			switch {
			case g.start[i] == at:
				g.begin |= 1 << i
			case g.start[i] > at:
				allBegun = false
				next = min(next, g.start[i])
			}
		}
		if marked && at < steps-2 {
			next = min(next, steps-2)
		}
		b.place(group, at, steps)
		g.full = uint64(next - at)
		g.end = endNone512
		if next == steps-1 && allBegun {
			g.end = end
			b.lanes.call(g)
			return
		}
		b.lanes.call(g)
		at = next
	}
}

// place sets where each lane reads from step at on.
func (b *Batch512) place(group []int32, at, steps int) {
	g := b.group
	for i := range b.lanes.width() {
		g.msg[i] = g.msg[0]
		lane := i
		if i >= len(group) {
			lane = 0
		}
		if g.start[lane] > at {
			continue
		}
		g.msg[i] = uintptr(unsafe.Pointer(unsafe.SliceData(b.jobs[group[lane]].Msg))) + uintptr(at-g.start[lane])<<7
		if at == steps-2 && g.mark[lane] == noMark512 {
			g.msg[i] = uintptr(unsafe.Pointer(&g.marked[lane]))
		}
	}
}
