//go:build amd64 && !purego

package lanes

import (
	"unsafe"

	"github.com/klauspost/cpuid/v2"
)

// Available reports whether this CPU and operating system can run s.
func (s Single512) Available() bool {
	return s == Single512VL && has512VL()
}

// has512VL includes the operating system's support: without it cpuid reports no
// part of AVX-512.
func has512VL() bool {
	return cpuid.CPU.Supports(cpuid.BMI1, cpuid.BMI2, cpuid.AVX2,
		cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL)
}

// finish hashes msg, the end of a message of total bytes, from state on.
func (s Single512) finish(mid *Mid512, state *[8]uint64, msg []byte, total int, tag *[64]byte) {
	if s != Single512VL {
		panic("lanes: no such kernel for one message")
	}
	hmac512vl(&tag[0], mid, state, unsafe.SliceData(msg), len(msg), total)
}

// blocks hashes whole blocks, at least one.
func (s Single512) blocks(state *[8]uint64, p []byte) {
	if s != Single512VL {
		panic("lanes: no such kernel for one message")
	}
	blocks512vl(state, unsafe.SliceData(p), len(p)/128)
}
