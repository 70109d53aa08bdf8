package engine

import (
	"crypto/sha256"
	"hash"

	"github.com/kmsmac/kmsmac/engine/internal/lanes"
)

// Names of the implementations in assembly. Their midstates come from the
// standard library, and so do their streams.
const (
	// SHANI does HMACSHA224 and HMACSHA256, one message at a time, with the
	// SHA extensions of x86.
	SHANI = "sha-ni"
)

// kernels are the assembly that an implementation uses; none where zero.
type kernels struct {
	single256 lanes.Single256
}

// narrow reports whether keys need the form of the 32-bit kernels.
func (k kernels) narrow() bool { return k.single256 != 0 }

// narrowHashes are those of the 32-bit kernels' algorithms.
var narrowHashes = map[Algorithm]func() hash.Hash{
	HMACSHA224: sha256.New224,
	HMACSHA256: sha256.New,
}

// kernelCandidates lists every implementation in assembly.
func kernelCandidates() []candidate {
	return []candidate{
		{SHANI, narrowHashes, kernels{single256: lanes.SingleNI}, missingCPU(lanes.SingleNI.Available(), "SHA-NI, SSSE3 and SSE4.1")},
	}
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
