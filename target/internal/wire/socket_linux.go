//go:build !race

package wire

import (
	"syscall"
	"unsafe"
)

// ReadSocket and WriteSocket are the system calls read and write on a socket
// that does not block. They return at once, so the scheduler is not told that
// they begin and end: it would hand the thread's work to another one during a
// write that takes some microseconds, which costs more than the write.

// ReadSocket reads into p.
func ReadSocket(fd uintptr, p []byte) (int, error) { return direct(syscall.SYS_READ, fd, p) }

// WriteSocket writes p, or the beginning of it.
func WriteSocket(fd uintptr, p []byte) (int, error) { return direct(syscall.SYS_WRITE, fd, p) }

func direct(trap, fd uintptr, p []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(trap, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
			continue
		}
		return 0, errno
	}
}
