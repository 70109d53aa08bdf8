package lanes

import "unsafe"

// Single256 names a kernel for one message of SHA-224 or SHA-256.
type Single256 uint8

// The kernels for one message. The zero value is none.
const (
	// SingleNI needs SHA-NI (and SSE4.1) only.
	SingleNI Single256 = iota + 1
	// SingleNIVL adds masked loads: it needs AVX-512BW and VL and BMI2.
	SingleNIVL
)

// maxCall bounds the bytes of one kernel call. Assembly cannot be preempted:
// this is about 20 µs with SHA-NI.
const maxCall = 48 << 10

// Sum writes the tag of msg to tag: 32 bytes, of which the first 28 count if
// mid is of SHA-224. It does not allocate, and keeps no argument.
// The CPU must have the kernel: see Single256.Available.
func (s Single256) Sum(mid *Mid256, msg []byte, tag *[32]byte) {
	if len(msg) > maxCall {
		s.sumLong(mid, msg, tag)
		return
	}
	s.finish(mid, msg, len(msg), tag)
}

// Verify reports whether want is the tag of msg. The time does not depend on
// where they differ. len(want) must be 32, or 28 if mid is of SHA-224; any
// other length is false.
func (s Single256) Verify(mid *Mid256, msg, want []byte) bool {
	var tag [32]byte
	s.Sum(mid, msg, &tag)
	same := false
	switch {
	case mid.row == rowSHA224:
		same = len(want) == 28 && equal28(&tag, (*[28]byte)(want))
	default:
		same = len(want) == 32 && equal32(&tag, (*[32]byte)(want))
	}
	clear(tag[:]) // the right one
	return same
}

// sumLong runs all but the last blocks in bounded calls, between which Go can
// preempt.
func (s Single256) sumLong(mid *Mid256, msg []byte, tag *[32]byte) {
	m := *mid
	rest := msg
	for len(rest) > maxCall {
		s.blocks(&m.inner, rest[:maxCall])
		rest = rest[maxCall:]
	}
	s.finish(&m, rest, len(msg), tag)
	m.Wipe()
}

func equal32(a, b *[32]byte) bool {
	d := word(a[0:]) ^ word(b[0:])
	d |= word(a[8:]) ^ word(b[8:])
	d |= word(a[16:]) ^ word(b[16:])
	d |= word(a[24:]) ^ word(b[24:])
	return d == 0
}

// equal28 compares the first 28 bytes; the last two loads of eight overlap.
func equal28(a *[32]byte, b *[28]byte) bool {
	d := word(a[0:]) ^ word(b[0:])
	d |= word(a[8:]) ^ word(b[8:])
	d |= word(a[16:]) ^ word(b[16:])
	d |= word(a[20:]) ^ word(b[20:])
	return d == 0
}

// word loads eight bytes; len(b) is at least eight. The byte order is the
// machine's: words are compared only with words.
func word(b []byte) uint64 { return *(*uint64)(unsafe.Pointer((*[8]byte)(b))) }
