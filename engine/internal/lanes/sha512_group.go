package lanes

import "unsafe"

// group512 is one call of a kernel that works on several messages at once, one
// in each lane. The kernels know its layout up to end; it must be aligned to 64
// bytes. Addresses are uintptr, not pointers: the Batch512 keeps alive what they
// point into.
//
// A call first puts the inner midstates into the lanes of begin, then hashes
// full blocks of each lane's message; unless end is endNone it then does the
// last blocks, the outer hashes, and the tags.
type group512 struct {
	state [8][8]uint64 // word by word
	tail  [8][128]byte // last blocks, made by the kernel

	msg, mid, out [8]uintptr
	bits          [8]uint64 // of ipad block and message
	rest          [8]uint64 // message bytes in the last block
	mark          [8]uint64 // place of the end mark in it, or noMark
	full          uint64
	begin         uint64 // mask of lanes
	short         uint64 // mask of lanes with SHA-384
	end           uint64

	marked [8][128]byte // blocks with end mark but no length
	start  [8]int       // the step at which the lane begins
}

// Values of group512.end.
const (
	endNone  = iota
	endExact // all last blocks have 64 bytes of message
	endHalf  // all last blocks are half blocks, see halfLast
	endWhole
)

// noMark is for a last block after the one with the mark.
const noMark = 255

// maxSteps512 bounds the blocks of each lane in one call. Assembly cannot be
// preempted: this is about 15 µs.
const maxSteps512 = 48

// run does one group of at most width jobs, longest first. All messages end in
// the last step: a shorter one begins later, and until then its lane repeats the
// work of the first. So does a lane that has no job.
func (b *Batch512) run(group []int32) {
	g := b.group
	longest := int(b.blocks[group[0]])
	end, marked := uint64(endExact), false
	g.short = 0
	for i := range b.width & 15 {
		j := group[0]
		g.out[i&7] = uintptr(unsafe.Pointer(&b.junk))
		if i < len(group) {
			j = group[i]
			g.out[i&7] = uintptr(unsafe.Pointer(&b.tags[j]))
		}
		g.start[i&7] = longest - int(b.blocks[j])
		size := g.setLane(i&7, &b.jobs[j])
		end = max(end, endOf(size))
		if markAlone(size) {
			marked = true
			g.setMarked(i&7, b.jobs[j].Msg)
		}
	}
	if last := group[len(group)-1]; marked || longest > maxSteps512 || int(b.blocks[last]) != longest {
		b.steps(group, longest, end, marked)
		return
	}
	g.begin, g.full, g.end = 1<<b.width-1, uint64(longest-1), end
	b.lanes.call(g)
}

// setLane sets what depends on the job alone, and returns its message's size.
func (g *group512) setLane(i int, job *Job512) int {
	size := len(job.Msg)
	g.mid[i] = uintptr(unsafe.Pointer(job.Mid))
	g.msg[i] = uintptr(unsafe.Pointer(unsafe.SliceData(job.Msg)))
	g.bits[i] = uint64(size+128) << 3
	g.rest[i], g.mark[i] = uint64(size&127), uint64(size&127)
	g.short |= (64 - job.Mid.size) >> 4 << i
	return size
}

// endOf is the least value of end that does a message of size bytes.
func endOf(size int) uint64 {
	switch {
	case size&127 == 64:
		return endExact
	case halfLast(size):
		return endHalf
	}
	return endWhole
}

// setMarked makes the block with the end of msg and the mark; the last block will
// have neither.
func (g *group512) setMarked(lane int, msg []byte) {
	g.rest[lane], g.mark[lane] = 0, noMark
	block := &g.marked[lane]
	n := copy(block[:], msg[len(msg)&^127:])
	block[n] = 0x80
	clear(block[n+1:])
}

// steps calls the kernel whenever a message begins or goes on elsewhere.
func (b *Batch512) steps(group []int32, steps int, end uint64, marked bool) {
	g := b.group
	for at := 0; ; {
		next := min(at+maxSteps512, steps-1)
		g.begin = 0
		for i := range b.width {
			switch {
			case g.start[i] == at:
				g.begin |= 1 << i
			case g.start[i] > at:
				next = min(next, g.start[i])
			}
		}
		if marked && at < steps-2 {
			next = min(next, steps-2)
		}
		b.place(group, at, steps)
		g.full = uint64(next - at)
		g.end = endNone
		if next == steps-1 && b.allBegun(at) {
			g.end = end
			b.lanes.call(g)
			return
		}
		b.lanes.call(g)
		at = next
	}
}

// allBegun reports whether no lane begins after step at. Lanes begin in order.
func (b *Batch512) allBegun(at int) bool {
	g := b.group
	for i := range b.width {
		if g.start[i] > at {
			return false
		}
	}
	return true
}

// place sets where each lane reads from step at on.
func (b *Batch512) place(group []int32, at, steps int) {
	g := b.group
	for i := range b.width {
		g.msg[i] = g.msg[0]
		lane := i
		if i >= len(group) {
			lane = 0
		}
		if g.start[lane] > at {
			continue
		}
		msg := b.jobs[group[lane]].Msg
		g.msg[i] = uintptr(unsafe.Pointer(unsafe.SliceData(msg))) + uintptr(at-g.start[lane])<<7
		if at == steps-2 && g.mark[lane] == noMark {
			g.msg[i] = uintptr(unsafe.Pointer(&g.marked[lane]))
		}
	}
}
