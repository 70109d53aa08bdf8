//go:build amd64 && !purego

package lanes

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/klauspost/cpuid/v2"
)

// Layout of the hybrid kernel's scratch; _asm/hybrid256.go holds the same.
const (
	hybridCtl    = 4608
	hybridCtlLen = 2304
	hybridOuter  = 448
	hybridLen    = hybridCtl + 2*hybridCtlLen + 64
	scratch256   = max(hybridLen, int(unsafe.Sizeof(stepped256{})))
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
	return manyWide(m)
}

func manyWide(m Many256) bool {
	switch m {
	case ManyPair:
		return SingleNI.Available()
	case ManyWide16:
		return cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512BW)
	case ManyWide8:
		return cpuid.CPU.Supports(cpuid.AVX2)
	}
	return false
}

// hybrid runs groups of eight, as many as a call may take at a time.
func (b *Batch256) hybrid(one Single256) {
	b.groups = b.groups[:0]
	steps := 0
	b.eachGroup(ManyHybrid, one, func(from, to int) {
		b.groups = append(b.groups, group256{})
		g := &b.groups[len(b.groups)-1]
		b.group(g, from, to)
		g.pad = b.pad(g)
		if steps += b.steps(from); steps >= 2*maxSteps {
			b.runGroups()
			steps = 0
		}
	})
	b.runGroups()
}

// runGroups calls the kernel for the groups at hand.
func (b *Batch256) runGroups() {
	if len(b.groups) == 0 {
		return
	}
	b.pads()
	short := 0
	if b.row == rowSHA224 {
		short = 1
	}
	hybrid256(&b.scratch[0], &b.groups[0], len(b.groups), short)
	b.groups = b.groups[:0]
}

// pads prepares the outer blocks for the batch's hash.
func (b *Batch256) pads() {
	b.used = true
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

// maxKnown bounds the memory of known tables, 2 KiB each.
const maxKnown = 4

// pad returns the table for a group, or 0 if there is none: lengths differ, the
// last block is not padding alone, or the length is seldom.
func (b *Batch256) pad(g *group256) uintptr {
	n := g.len[0]
	if n%64 != 0 || g.len != [8]uint64{n, n, n, n, n, n, n, n} {
		return 0
	}
	for i := range b.known {
		if b.known[i].len == n {
			return uintptr(unsafe.Pointer(&b.known[i].table[0]))
		}
	}
	if len(b.known) == maxKnown || len(b.jobs) < 64 {
		return 0
	}
	b.known = append(b.known, known256{n, knownTable(n)})
	return uintptr(unsafe.Pointer(&b.known[len(b.known)-1].table[0]))
}

// knownTable makes W+K of the block that is the padding of a message of n bytes,
// n a multiple of 64, in the hybrid kernel's order: the same in all eight lanes.
func knownTable(n uint64) []byte {
	var w [64]uint32
	w[0] = 0x80000000
	w[14], w[15] = uint32((n+64)>>29), uint32((n+64)<<3)
	for t := 16; t < 64; t++ {
		a, b := w[t-15], w[t-2]
		a = bits.RotateLeft32(a, -7) ^ bits.RotateLeft32(a, -18) ^ a>>3
		b = bits.RotateLeft32(b, -17) ^ bits.RotateLeft32(b, -19) ^ b>>10
		w[t] = w[t-16] + a + w[t-7] + b
	}
	table := aligned(2048)
	for t := range w {
		for lane := range 8 {
			binary.LittleEndian.PutUint32(table[hybridWK(t/2, lane)+4*(t%2):], w[t]+k256[t])
		}
	}
	return table
}

// hybridWK is the offset of a lane's W+K for a pair of rounds.
func hybridWK(pair, lane int) int {
	if pair < 8 {
		return 128*(pair/2) + 32*(lane%4) + 16*(lane/4) + 8*(pair%2)
	}
	return 512 + 64*(pair-8) + 8*[8]int{0, 1, 4, 5, 2, 3, 6, 7}[lane]
}
