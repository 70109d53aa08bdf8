//go:build !amd64 || purego

package lanes

// Available reports whether this CPU and operating system can run s.
func (s Single512) Available() bool { return false }

func (s Single512) finish(*Mid512, *[8]uint64, []byte, int, *[64]byte) {
	panic("lanes: no such kernel for one message")
}

func (s Single512) blocks(*[8]uint64, []byte) {
	panic("lanes: no such kernel for one message")
}
