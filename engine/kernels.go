package engine

import (
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	"github.com/kmsmac/kmsmac/engine/internal/lanes"
)

// Names of the implementations in assembly. Their midstates come from the
// standard library, and so do their streams.
const (
	// SHANI does HMACSHA224 and HMACSHA256, one message at a time, with the
	// SHA extensions of x86.
	SHANI = "sha-ni"
	// SHANIx2 does HMACSHA224 and HMACSHA256; of a batch two messages at a time,
	// with the SHA extensions alone.
	SHANIx2 = "sha-ni-x2"
	// SHANIAVX512 does HMACSHA224 and HMACSHA256; eight messages of a batch at a
	// time have their rounds in SHA-NI and their schedules in AVX-512.
	SHANIAVX512 = "sha-ni-avx512"
	// AVX512x16 does HMACSHA224 and HMACSHA256 with AVX-512, 16 messages of a
	// batch at a time; single ones with the SHA extensions where the CPU has
	// them, else as Stdlib.
	AVX512x16 = "avx512x16"
	// AVX2x8 does HMACSHA224 and HMACSHA256 with AVX2, eight messages of a batch
	// at a time; single ones as Stdlib.
	AVX2x8 = "avx2x8"
	// AVX512x8 does HMACSHA384 and HMACSHA512 with AVX-512, eight messages of a
	// batch at a time.
	AVX512x8 = "avx512x8"
	// AVX2x4 does HMACSHA384 and HMACSHA512 with AVX2, four messages of a batch
	// at a time.
	AVX2x4 = "avx2x4"
)

// kernels are the assembly that an implementation uses; none where zero.
type kernels struct {
	single256 lanes.Single256
	single512 lanes.Single512
	many256   lanes.Many256
	lanes512  lanes.Lanes512
}

// any reports whether there is a kernel at all, for which keys need another
// form; batch whether there is one for batches.
func (k kernels) any() bool   { return k != kernels{} }
func (k kernels) batch() bool { return k.many256 != 0 || k.lanes512 != 0 }

// The hashes of the 32-bit and of the 64-bit kernels' algorithms.
var (
	narrowHashes = map[Algorithm]func() hash.Hash{HMACSHA224: sha256.New224, HMACSHA256: sha256.New}
	wideHashes   = map[Algorithm]func() hash.Hash{HMACSHA384: sha512.New384, HMACSHA512: sha512.New}
)

// kernelCandidates lists every implementation in assembly.
func kernelCandidates() []candidate {
	ni, nivl := lanes.SingleNI, lanes.SingleNIVL
	hybrid, pair, wide16, wide8 := lanes.ManyHybrid, lanes.ManyPair, lanes.ManyWide16, lanes.ManyWide8
	vl512, x8 := lanes.Single512VL, lanes.Lanes512x8
	bmi512, x4 := lanes.Single512BMI2, lanes.Lanes512x4
	return []candidate{
		{SHANI, narrowHashes, kernels{single256: ni}, missingCPU(ni.Available(), "SHA-NI, SSSE3, SSE4.1")},
		{SHANIx2, narrowHashes, kernels{single256: ni, many256: pair},
			missingCPU(ni.Available() && pair.Available(), "SHA-NI, SSSE3, SSE4.1")},
		{SHANIAVX512, narrowHashes, kernels{single256: nivl, many256: hybrid},
			missingCPU(nivl.Available() && hybrid.Available(), "SHA-NI, AVX-512 F, BW, DQ, VL, BMI2")},
		{AVX512x16, narrowHashes, kernels{single256: ifAvailable(nivl), many256: wide16},
			missingCPU(wide16.Available(), "AVX-512 F, BW")},
		{AVX2x8, narrowHashes, kernels{many256: wide8}, missingCPU(wide8.Available(), "AVX2")},
		{AVX512x8, wideHashes, kernels{single512: vl512, lanes512: x8},
			missingCPU(vl512.Available() && x8.Available(), "AVX-512 F, BW, DQ, VL, BMI2")},
		{AVX2x4, wideHashes, kernels{single512: bmi512, lanes512: x4},
			missingCPU(bmi512.Available() && x4.Available(), "AVX2, BMI1, BMI2")},
	}
}

// ifAvailable is single where the CPU has it, else none.
func ifAvailable(single lanes.Single256) lanes.Single256 {
	if single.Available() {
		return single
	}
	return 0
}

// missingCPU is the reason for an implementation whose kernels need features.
func missingCPU(available bool, features string) string {
	if available {
		return ""
	}
	if assemblyReason != "" {
		return assemblyReason
	}
	return "the CPU or operating system lacks one of " + features
}
