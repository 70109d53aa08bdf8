//go:build amd64 && !purego

package lanes

import (
	"unsafe"

	"github.com/klauspost/cpuid/v2"
)

// Available reports whether this CPU and operating system can run s.
func (s Single512) Available() bool {
	switch s {
	case Single512VL:
		return has512VL()
	case Single512BMI2:
		return hasAVX2()
	}
	return false
}

func hasAVX2() bool { return cpuid.CPU.Supports(cpuid.AVX2, cpuid.BMI1, cpuid.BMI2) }

// has512VL includes the operating system's support: without it cpuid reports no
// part of AVX-512.
func has512VL() bool {
	return cpuid.CPU.Supports(cpuid.BMI1, cpuid.BMI2, cpuid.AVX2,
		cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL)
}

// finish hashes msg, the end of a message of total bytes, from state on.
func (s Single512) finish(mid *Mid512, state *[8]uint64, msg []byte, total int, tag *[64]byte) {
	switch s {
	case Single512VL:
		hmac512vl(&tag[0], mid, state, unsafe.SliceData(msg), len(msg), total)
	case Single512BMI2:
		s.finishByBlocks(mid, state, msg, total, tag)
	default:
		panic("lanes: no such kernel for one message")
	}
}

// blocks hashes whole blocks, at least one.
func (s Single512) blocks(state *[8]uint64, p []byte) {
	switch s {
	case Single512VL:
		blocks512vl(state, unsafe.SliceData(p), len(p)/128)
	case Single512BMI2:
		blocks512bmi2(state, unsafe.SliceData(p), len(p)/128)
	default:
		panic("lanes: no such kernel for one message")
	}
}
