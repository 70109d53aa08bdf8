package engine_test

import (
	"testing"

	"github.com/kmsmac/kmsmac/engine"
)

// TestAllocations holds the promise of no allocation per MAC, with message, tag
// and destination on the caller's stack.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool drop values at random")
	}
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		k := mustKey(t, impl, alg, pattern(32, 1))
		for name, f := range map[string]func(){
			"Sum": func() {
				var msg, tag [100]byte
				k.Sum(tag[:0], msg[:])
			},
			"Verify": func() {
				var msg, tag [64]byte
				if k.Verify(msg[:], tag[:alg.Size()]) {
					t.Error("a tag of zeros accepted")
				}
			},
			"Stream": func() {
				var msg, tag [100]byte
				s := k.Stream()
				s.Write(msg[:])
				s.Sum(tag[:0])
				s.Release()
			},
		} {
			f()
			if n := testing.AllocsPerRun(100, f); n != 0 {
				t.Errorf("%s allocates %v times", name, n)
			}
		}
	})
}
