package bench

import "math"

// mix is the finaliser of SplitMix64: a bijection whose output bits each depend
// on all input bits.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// draw is the n-th random number of stream salt under seed. It has no state,
// so that any shard or worker can ask for any of them.
func draw(seed, salt, n uint64) uint64 {
	const golden = 0x9e3779b97f4a7c15
	return mix(mix(seed+salt*golden) + (n+1)*golden)
}

// unit maps random bits to [0, 1).
func unit(bits uint64) float64 { return float64(bits>>11) / (1 << 53) }

// exponential maps random bits to a positive number with mean 1.
func exponential(bits uint64) float64 { return -math.Log(1 - unit(bits)) }

// The streams of random numbers of one plan. The order is part of what a seed
// means: append only.
const (
	saltArrivals uint64 = iota + 1
	saltWarmup
	saltOperation
	saltCorrupt
	saltKey
	saltSize
	saltStamp
	saltMessage
)
