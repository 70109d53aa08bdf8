package lanes

import (
	"encoding/binary"
	"unsafe"
)

// lists256 tells a stepped kernel what to do: addresses, one per lane. The kernel
// moves blk on.
type lists256 struct {
	blk, in, out [16]uintptr
}

// lane256 is one lane of a stepped kernel: its message, and memory of its own for
// the state, the outer block and the tail of the message.
type lane256 struct {
	state [8]uint32
	_     [32]byte
	outer [64]byte
	tail  [128]byte

	end, mid, tag uintptr // end: where the tail starts in the message
	blocks, pads  uint64  // inner blocks, padding included; how many are tail
	_             [3]uint64
}

// stepped256 is the memory of a stepped kernel and of the Go code that steps it.
type stepped256 struct {
	tmp   [24 * 64]byte
	lists lists256
	lane  [16]lane256
}

// maxStep bounds the blocks of one call, for at most 20 µs.
const maxStep = 64

// stepped runs order[from:to], groups of as many jobs as the kernel has lanes,
// longest first. A lane whose message is shorter starts late, so that all end
// together; till then it repeats lane 0.
func (b *Batch256) stepped(many Many256, from, to int) {
	s := (*stepped256)(unsafe.Pointer(&b.scratch[0]))
	if from == to {
		return
	}
	b.used, b.padded = true, 0 // the kernels share the scratch
	lanes := many.Lanes()
	for ; from < to; from += lanes {
		b.fill(s, lanes, b.order[from:min(from+lanes, to)])
		s.run(many, lanes, b.row)
	}
}

// fill gives each lane a job; idle lanes repeat the last, the shortest.
func (b *Batch256) fill(s *stepped256, lanes int, order []int32) {
	tags := uintptr(unsafe.Pointer(&b.tags[0]))
	for l := range lanes {
		i, tag := order[min(l, len(order)-1)], uintptr(32*len(b.jobs))
		if l < len(order) {
			tag = uintptr(32 * i)
		}
		j, lane := &b.jobs[i], &s.lane[l]
		lane.mid, lane.tag = j.mid, tags+tag
		lane.blocks = j.blocks()
		lane.pads = lane.blocks - j.len>>6
		lane.end = j.msg + uintptr(j.len&^63)
		rest := unsafe.Slice((*byte)(address(lane.end)), j.len&63)
		tail := lane.tail[128-64*lane.pads:]
		clear(tail[copy(tail, rest):])
		tail[len(rest)] = 0x80
		binary.BigEndian.PutUint64(lane.tail[120:], (j.len+64)*8)
		padding(lane.outer[:], b.row)
	}
}

// run steps through the inner blocks and the outer one. k counts the inner blocks
// to go; the lists change where a lane starts, comes to its tail, or ends.
func (s *stepped256) run(many Many256, lanes int, row uint64) {
	for k := s.lane[0].blocks; k > 0; {
		next := s.segment(lanes, k)
		next = max(next, k-min(k, maxStep))
		s.step(many, int(k-next), k == 1)
		k = next
	}
	for l := range lanes {
		lane := &s.lane[l]
		if row == rowSHA224 {
			lane.outer[28], lane.outer[29], lane.outer[30], lane.outer[31] = 0x80, 0, 0, 0
		}
		s.lists.blk[l] = uintptr(unsafe.Pointer(&lane.outer))
		s.lists.in[l] = lane.mid + unsafe.Offsetof(Mid256{}.outer)
		s.lists.out[l] = lane.tag
	}
	s.step(many, 1, true)
}

// segment sets the lists for k inner blocks to go and returns for how many to go
// they change.
func (s *stepped256) segment(lanes int, k uint64) (next uint64) {
	if k > 1 {
		next = 1
	}
	for l := range lanes {
		lane := &s.lane[l]
		state := uintptr(unsafe.Pointer(&lane.state))
		s.lists.in[l], s.lists.out[l] = state, state
		if k == 1 {
			s.lists.out[l] = uintptr(unsafe.Pointer(&lane.outer))
		}
		if lane.pads < k {
			next = max(next, lane.pads)
		}
		if lane.blocks < k {
			next = max(next, lane.blocks)
			s.lists.blk[l] = s.lists.blk[0]
			continue
		}
		if lane.blocks == k {
			s.lists.in[l] = lane.mid
		}
		if k > lane.pads {
			s.lists.blk[l] = lane.end - uintptr(64*(k-lane.pads))
			continue
		}
		s.lists.blk[l] = uintptr(unsafe.Pointer(&lane.tail)) + uintptr(128-64*k)
	}
	return next
}
