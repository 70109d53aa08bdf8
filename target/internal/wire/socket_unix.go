//go:build unix && (!linux || race)

package wire

import "syscall"

// ReadSocket reads into p from a socket that does not block.
func ReadSocket(fd uintptr, p []byte) (int, error) { return again(syscall.Read, fd, p) }

// WriteSocket writes p, or the beginning of it, to a socket that does not block.
func WriteSocket(fd uintptr, p []byte) (int, error) { return again(syscall.Write, fd, p) }

// again makes a system call until no signal interrupts it.
func again(call func(int, []byte) (int, error), fd uintptr, p []byte) (int, error) {
	for {
		n, err := call(int(fd), p)
		if err != syscall.EINTR {
			return max(n, 0), err
		}
	}
}
