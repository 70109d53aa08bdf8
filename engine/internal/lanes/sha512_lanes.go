package lanes

// Lanes512 names a kernel for several messages of SHA-384 or SHA-512 at once.
type Lanes512 uint8

// The kernels for several messages. The zero value is none.
const (
	// Lanes512x8 does eight with AVX-512F, BW and DQ.
	Lanes512x8 Lanes512 = iota + 1
)

// width is the number of lanes.
func (l Lanes512) width() int { return 8 }

// least is the smallest batch in which a group can pay.
func (l Lanes512) least() int { return 3 }

// costAll is the time of a group whose longest message has that many inner
// blocks, costSingle that of one such message alone, in cycles of Zen 4.
func (l Lanes512) costAll(blocks int) int { return 1180*(blocks+1) + 300 }

func (s Single512) cost(blocks int) int { return 480*(blocks+1) + 60 }
