package lanes

// Lanes512 names a kernel for several messages of SHA-384 or SHA-512 at once.
type Lanes512 uint8

// The kernels for several messages. The zero value is none.
const (
	// Lanes512x8 does eight at a time with AVX-512F, BW, DQ and VL.
	Lanes512x8 Lanes512 = iota + 1
	// Lanes512x4 does four at a time with AVX2.
	Lanes512x4
)

// width is the number of lanes.
func (l Lanes512) width() int {
	if l == Lanes512x4 {
		return 4
	}
	return 8
}

// least is the smallest batch in which a group can pay.
func (l Lanes512) least() int { return 3 }

// cost is the time of a group whose longest message has that many inner blocks,
// in cycles of Zen 4.
func (l Lanes512) cost(blocks int) int { return 1180*(blocks+1) + 300 }

// needsTails reports whether the kernel wants the last blocks made.
func (l Lanes512) needsTails() bool { return l == Lanes512x4 }
