package lanes

import "math/bits"

// Costs are in cycles of Zen 4; only their proportion counts. A step is one
// block of one message or of a group, the outer one counted.

// single is the cost of one message of so many steps.
func (s Single256) cost(steps int) int {
	if s == 0 {
		return 590 * steps // the standard library's, without SHA-NI
	}
	return 128*steps - 30
}

// cost is that of a group whose longest message has so many steps, after so many
// groups of the batch. The hybrid kernel weaves each odd group into the even one
// before it.
func (m Many256) cost(before int, last bool, steps int) int {
	switch m {
	case ManyHybrid:
		switch {
		case before%2 == 1:
			return 180*steps + 900
		case last && before == 0:
			return 500*steps + 800
		case last:
			return 500*steps + 150
		case before == 0:
			return 340*steps + 1000
		}
		return 340*steps + 250
	case ManyPair:
		return 134*steps + 170
	case ManyWide16:
		return 1135*steps + 1000
	}
	return 1054*steps + 700 // ManyWide8
}

// What Add, Tags and Reset cost, for a job and for a batch, and more.
const (
	costJob   = 20
	costBatch = 70
	costAfter = 100 // what one message costs more among groups
)

// Least is the smallest batch for which Pays can be true.
func (m Many256) Least(one Single256) int {
	switch {
	case m == ManyPair:
		return 4 // two or three would spend in Go what they gain
	case m == ManyHybrid:
		return 5
	case one == 0:
		return 2
	}
	return 9
}

// Pays estimates whether n messages, with so many blocks in all, padding and
// outer blocks included, and so many in the longest, are better run together
// than one by one. Large batches always are: what does not fit a group well
// goes one by one there, too. It is called for small batches of short messages,
// so it does without loops and divisions.
func (m Many256) Pays(one Single256, n, blocks, longest int) bool {
	lanes := m.Lanes() // a power of two
	switch {
	case m == 0 || n < m.Least(one):
		return false
	case n >= 4*lanes && n >= 32:
		return true
	case m == ManyHybrid && blocks < 16: // often, so at once
		return false
	}
	alone := (one.cost(1)-one.cost(0))*blocks + one.cost(0)*n
	together := costBatch + costJob*n
	if n <= lanes {
		return 100*alone > 103*(together+m.cost(0, true, longest))
	}
	groups, rest := n>>bits.Len(uint(lanes-1)), n&(lanes-1)
	together += m.costs(longest, groups)
	// What is left over is a group or goes one by one; n times either cost:
	left := min(rest*(alone+n*costAfter), n*m.cost(groups, true, longest))
	return 100*alone*n > 103*(together*n+left)
}

// costs are those of so many full groups.
func (m Many256) costs(steps, groups int) int {
	if m != ManyHybrid {
		return groups * m.cost(0, false, steps)
	}
	pair := m.cost(2, false, steps) + m.cost(3, false, steps)
	sum := m.cost(0, groups == 1, steps) - m.cost(2, groups == 1, steps) + pair*(groups>>1)
	if groups&1 == 1 {
		sum += m.cost(2, true, steps)
	}
	return sum
}

// eachGroup cuts the jobs, longest first, into groups and calls run for each
// that costs less than its jobs one by one. The others it computes one by one:
// those too long for a lane, those that the next ones cannot keep company, and
// a rest that does not fill a group well.
func (b *Batch256) eachGroup(many Many256, one Single256, run func(from, to int)) {
	lanes, n := many.Lanes(), len(b.jobs)
	at := b.long()
	b.singly(one, 0, at)
	for groups := 0; at < n; {
		to := min(at+lanes, n)
		if b.Eager || b.groupPays(one, at, to, many.cost(groups, to == n, b.steps(at))) {
			run(at, to)
			at = to
			groups++
			continue
		}
		b.singly(one, at, at+1)
		at++
	}
}

// steps are those of the job at a place of order.
func (b *Batch256) steps(at int) int { return int(b.jobs[b.order[at]].blocks()) + 1 }

// groupPays reports whether cost is less than that of order[from:to] one by one.
func (b *Batch256) groupPays(one Single256, from, to, cost int) bool {
	if cost < (to-from)*one.cost(b.steps(to-1)) { // the shortest so often
		return true
	}
	alone := (to - from) * costAfter
	for at := from; at < to; at++ {
		alone += one.cost(b.steps(at))
	}
	return cost < alone
}
