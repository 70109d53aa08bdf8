//go:build amd64 && !purego

package lanes

// Available reports whether this CPU and operating system can run l.
func (l Lanes512) Available() bool { return l == Lanes512x8 && has512VL() }

func (l Lanes512) call(g *group512) {
	hmac512x8(g)
}
