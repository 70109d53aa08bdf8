//go:build amd64 && !purego

package engine_test

import (
	"hash"
	"testing"

	"github.com/klauspost/cpuid/v2"
	simd "github.com/minio/sha256-simd"

	"github.com/kmsmac/kmsmac/engine"
)

// splitWriter writes in pieces shorter than a block, as a stream may.
type splitWriter struct{ hash.Hash }

func (w splitWriter) Write(p []byte) (int, error) {
	for at := 0; at < len(p); at += 63 {
		if _, err := w.Hash.Write(p[at:min(len(p), at+63)]); err != nil {
			return at, err
		}
	}
	return len(p), nil
}

// TestSuiteRefusesAVX512Server is the negative control: the suite must find
// sha256-simd's AVX-512 server wrong for writes shorter than a block, and find
// nothing in the same package's plain New written to in the same way.
func TestSuiteRefusesAVX512Server(t *testing.T) {
	const alg = engine.HMACSHA256
	if err := checkLengths(hashProver{func() hash.Hash { return splitWriter{simd.New()} }}, alg, 200, 1, []int{0}, nil); err != nil {
		t.Errorf("plain New, short writes: %v", err)
	}
	if !cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512DQ, cpuid.AVX512BW, cpuid.AVX512VL) {
		t.Skip("the CPU lacks the server's AVX-512")
	}
	server := simd.NewAvx512Server()
	bad := hashProver{func() hash.Hash { return splitWriter{simd.NewAvx512(server)} }}
	if err := checkLengths(bad, alg, 200, 1, []int{0}, nil); err == nil {
		t.Error("the suite takes the AVX-512 server's tags for right")
	} else {
		t.Logf("found, as it must be: %v", err)
	}
}
