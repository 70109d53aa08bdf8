//go:build amd64 && !purego

package lanes

import "github.com/klauspost/cpuid/v2"

// Layout of the hybrid kernel's scratch; _asm/hybrid256.go holds the same.
const (
	hybridCtl    = 4608
	hybridCtlLen = 2304
	hybridOuter  = 448
	scratch256   = hybridCtl + 2*hybridCtlLen + 64
)

// What hybrid kernel and kernel for one cost, in cycles of one block, on Zen 4.
// Only their proportion counts: it decides what becomes of a last group that is
// not full.
const (
	costSingle = 129
	costPaired = 340 // a step of eight lanes while another group runs too
	costAlone  = 500 // the same alone
)

// Available reports whether this CPU and operating system can run m.
func (m Many256) Available() bool {
	switch m {
	case 0:
		return true
	case ManyHybrid:
		return cpuid.CPU.Supports(cpuid.SHA, cpuid.SSE4, cpuid.SSSE3, cpuid.BMI2,
			cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL)
	}
	return false
}

// hybrid runs groups of eight, and one by one what does not fill a group well.
func (b *Batch256) hybrid(one Single256) {
	n := len(b.jobs)
	first := b.long()
	b.singly(one, 0, first)
	full := (n - first) / 8
	last := (n - first) % 8
	rest := n
	if last > 0 && !worthGroup(full, last) {
		rest = n - last
	}
	b.singly(one, rest, n)
	b.pads()
	short := 0
	if b.row == rowSHA224 {
		short = 1
	}
	b.groups = b.groups[:0]
	steps := 0
	for at := first; at < rest; at += 8 {
		b.groups = append(b.groups, group256{})
		g := &b.groups[len(b.groups)-1]
		b.group(g, at, min(at+8, rest))
		steps += int(g.len[0]+72)>>6 + 1
		if steps >= 2*maxSteps || at+8 >= rest {
			hybrid256(&b.scratch[0], &b.groups[0], len(b.groups), short)
			b.groups = b.groups[:0]
			steps = 0
		}
	}
}

// worthGroup decides whether last jobs, fewer than eight, make a group beside
// full groups or go one by one.
func worthGroup(full, last int) bool {
	if full%2 == 1 {
		return 2*costPaired-costAlone < last*costSingle
	}
	return costAlone < last*costSingle
}

// long counts the jobs at the start of order that are too long for a lane.
func (b *Batch256) long() int {
	if b.max <= maxBlocks {
		return 0
	}
	for at, i := range b.order[:len(b.jobs)] {
		if b.jobs[i].blocks() <= maxBlocks {
			return at
		}
	}
	return len(b.jobs)
}

// pads prepares the outer blocks for the batch's hash.
func (b *Batch256) pads() {
	if b.padded == 1+b.row {
		return
	}
	for c := range 2 {
		for l := range 8 {
			at := hybridCtl + c*hybridCtlLen + hybridOuter + 64*l
			padding(b.scratch[at:at+64], b.row)
		}
	}
	b.padded = 1 + b.row
}

// wipe clears what depends on keys, and with it the paddings.
func (b *Batch256) wipe() {
	clear(b.scratch)
	b.padded = 0
}
