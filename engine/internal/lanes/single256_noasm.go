//go:build !amd64 || purego

package lanes

// Available reports whether this CPU and operating system can run s.
func (s Single256) Available() bool { return false }

func (s Single256) finish(*Mid256, []byte, int, *[32]byte) {
	panic("lanes: no such kernel for one message")
}

func (s Single256) blocks(*[8]uint32, []byte) {
	panic("lanes: no such kernel for one message")
}
