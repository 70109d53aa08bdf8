//go:build amd64 && !purego

package lanes

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

func (l Lanes512) call(g *group512) {
	switch l {
	case Lanes512x8:
		hmac512x8(g)
	case Lanes512x4:
		hmac512x4(g)
	default:
		panic("lanes: no such kernel for several messages")
	}
}
