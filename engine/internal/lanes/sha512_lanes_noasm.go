//go:build !amd64 || purego

package lanes

// Available reports whether this CPU and operating system can run l.
func (l Lanes512) Available() bool { return false }

func (l Lanes512) call(*scratch512, *group512, int) {
	panic("lanes: no such kernel for several messages")
}
