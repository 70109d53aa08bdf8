//go:build amd64 && !purego

package lanes

import (
	"unsafe"

	"github.com/klauspost/cpuid/v2"
)

// Available reports whether this CPU and operating system can run s.
func (s Single256) Available() bool {
	switch s {
	case SingleNI:
		return cpuid.CPU.Supports(cpuid.SHA, cpuid.SSE4, cpuid.SSSE3)
	case SingleNIVL:
		return cpuid.CPU.Supports(cpuid.SHA, cpuid.SSE4, cpuid.SSSE3, cpuid.BMI2,
			cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512VL)
	}
	return false
}

func (s Single256) finish(mid *Mid256, msg []byte, total int, tag *[32]byte) {
	switch s {
	case SingleNI:
		fused256NI(mid, unsafe.SliceData(msg), len(msg), total, &tag[0])
	case SingleNIVL:
		fused256VL(mid, unsafe.SliceData(msg), len(msg), total, &tag[0])
	default:
		panic("lanes: no such kernel for one message")
	}
}

// blocks runs whole blocks; both kernels share it.
func (s Single256) blocks(state *[8]uint32, p []byte) {
	blocks256NI(&state[0], unsafe.SliceData(p), len(p)/64)
}
