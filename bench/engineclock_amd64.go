package bench

import "time"

// clockSteps takes 10 to 30 µs.
const clockSteps = 20_000

// clockChain returns the time of a core's cycle in nanoseconds. Each of its
// multiplications of 32 bits waits for the one before, and all of Intel's and
// AMD's cores since 2008 take 3 cycles for one (Agner Fog, instruction tables,
// IMUL r32). What disturbs it makes the time longer, never shorter.
//
//go:noinline
func clockChain(x uint32) (last uint32, ns float64) {
	factor := x | 1
	start := time.Now()
	for range clockSteps / 10 {
		x *= factor
		x *= factor
		x *= factor
		x *= factor
		x *= factor
		x *= factor
		x *= factor
		x *= factor
		x *= factor
		x *= factor
	}
	return x, float64(time.Since(start).Nanoseconds()) / (3 * clockSteps)
}
