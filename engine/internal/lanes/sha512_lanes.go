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

// costUneven512 is what each member costs a group that takes several calls of
// the kernel: one for each member that begins later, and one before last blocks
// without the end mark. costJob512 is what a job costs before and after.
const (
	costUneven512 = 200
	costJob512    = 80
)

// estimate512 is what some messages cost together and alone.
type estimate512 struct {
	n, alone          int
	longest, shortest int // blocks
	marked            bool
}

func (e *estimate512) add(one Single512, size int) {
	blocks := innerBlocks512(size)
	if e.n == 0 {
		e.longest, e.shortest = blocks, blocks
	}
	e.n++
	e.alone += one.cost(blocks)
	e.longest, e.shortest = max(e.longest, blocks), min(e.shortest, blocks)
	e.marked = e.marked || lastKind512(size) == lastMarked
}

// pays reports whether a group of e's messages is clearly quicker than one after
// another.
func (l Lanes512) pays(e estimate512) bool {
	together := l.cost(e.longest)
	if e.marked || e.longest != e.shortest {
		together += e.n * costUneven512
	}
	return 100*e.alone >= 103*together
}

// Pays estimates whether a few messages, of so many bytes each, are better run
// by a Batch512 than one by one.
func (l Lanes512) Pays(one Single512, sizes []int) bool {
	var e estimate512
	for _, size := range sizes {
		e.add(one, size)
	}
	e.alone -= e.n * costJob512
	return l.pays(e)
}
