//go:build amd64 && !purego

package lanes

import "unsafe"

// Available reports whether this CPU and operating system can run l.
func (l Lanes512) Available() bool {
	switch l {
	case Lanes512x8:
		return has512VL()
	case Lanes512x4:
		return hasAVX2()
	}
	return false
}

// call does n groups, at least one, that lie one after another.
func (l Lanes512) call(work *scratch512, group *group512, n int) {
	switch l {
	case Lanes512x8:
		hmac512x8(work, group, n)
	case Lanes512x4:
		for _, g := range unsafe.Slice(group, n) {
			hmac512x4(work, &g)
		}
	default:
		panic("lanes: no such kernel for several messages")
	}
}
