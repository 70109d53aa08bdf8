package lanes

import "encoding/binary"

// Single512 names a kernel for one message of SHA-384 or SHA-512.
type Single512 uint8

// The kernels for one message. The zero value is none.
const (
	// Single512VL keeps one half of the state in general registers and the
	// other in vector registers. It needs AVX-512F, BW, DQ, VL and BMI2.
	Single512VL Single512 = iota + 1
	// Single512BMI2 keeps the state in general registers and the schedule in
	// vector registers. It needs AVX2, BMI1 and BMI2.
	Single512BMI2
)

// maxCall512 bounds the bytes of one kernel call. Assembly cannot be preempted:
// this is about 17 µs.
const maxCall512 = 16 << 10

// Sum writes the tag of msg to tag: 64 bytes, of which the first 48 count if
// mid is of SHA-384. It does not allocate, and keeps no argument.
// The CPU must have the kernel: see Single512.Available.
func (s Single512) Sum(mid *Mid512, msg []byte, tag *[64]byte) {
	if len(msg) > maxCall512 {
		s.sumLong(mid, msg, tag)
		return
	}
	s.finish(mid, &mid.inner, msg, len(msg), tag)
}

// Verify reports whether want is the tag of msg. The time does not depend on
// where they differ. len(want) must be 64, or 48 if mid is of SHA-384; any
// other length is false.
func (s Single512) Verify(mid *Mid512, msg, want []byte) bool {
	var tag [64]byte
	if len(msg) > maxCall512 {
		s.sumLong(mid, msg, &tag)
	} else {
		s.finish(mid, &mid.inner, msg, len(msg), &tag)
	}
	d := uint64(1)
	if n := len(want); n >= 48 && uint64(n) == mid.size {
		w := (*[48]byte)(want)
		d = differ16(tag[0:16], w[0:16]) | differ16(tag[16:32], w[16:32]) | differ16(tag[32:48], w[32:48])
		if n >= 64 {
			w := (*[64]byte)(want)
			d |= differ16(tag[48:64], w[48:64])
		}
	}
	clear(tag[:]) // the right one
	return d == 0
}

// differ16 is 0 if a and b, of 16 bytes, are the same.
func differ16(a, b []byte) uint64 {
	return (word(a) ^ word(b)) | (word(a[8:]) ^ word(b[8:]))
}

// sumLong runs all but the last blocks in bounded calls, between which Go can
// preempt.
func (s Single512) sumLong(mid *Mid512, msg []byte, tag *[64]byte) {
	state := mid.inner
	rest := msg
	for len(rest) > maxCall512 {
		s.blocks(&state, rest[:maxCall512])
		rest = rest[maxCall512:]
	}
	s.finish(mid, &state, rest, len(msg), tag)
	clear(state[:])
}

// finishByBlocks hashes msg, the end of a message of total bytes, from state on,
// with padding by Go.
func (s Single512) finishByBlocks(mid *Mid512, state *[8]uint64, msg []byte, total int, tag *[64]byte) {
	inner, outer := *state, mid.outer
	if n := len(msg) &^ 127; n > 0 {
		s.blocks(&inner, msg[:n])
	}
	var pad [256]byte
	n := copy(pad[:], msg[len(msg)&^127:])
	s.lastBlocks(&inner, &pad, n, total+128)
	for i := range inner {
		binary.BigEndian.PutUint64(pad[8*i:], inner[i])
	}
	clear(pad[mid.size:])
	s.lastBlocks(&outer, &pad, int(mid.size), int(mid.size)+128)
	for i := range outer {
		binary.BigEndian.PutUint64(tag[8*i:], outer[i])
	}
	clear(inner[:])
	clear(outer[:])
	clear(pad[:])
}

// lastBlocks hashes the n bytes at the start of pad, which is zero behind them,
// as the end of total bytes.
func (s Single512) lastBlocks(state *[8]uint64, pad *[256]byte, n, total int) {
	pad[n] = 0x80
	size := (n + 17 + 127) &^ 127
	binary.BigEndian.PutUint64(pad[size-8:], uint64(total)<<3)
	s.blocks(state, pad[:size])
}

// cost is the time of a message with that many inner blocks, in cycles of Zen 4.
func (s Single512) cost(blocks int) int {
	if s == Single512BMI2 {
		return 570*(blocks+1) + 140
	}
	return 480*(blocks+1) + 60
}
