//go:build !amd64 || purego

package lanes

const scratch256 = 0

// Available reports whether this CPU and operating system can run m.
func (m Many256) Available() bool { return m == 0 }

func (b *Batch256) hybrid(Single256) { panic("lanes: no such kernel for many messages") }
