//go:build unix

package raw

import "syscall"

// stale reports whether an idle connection is of no more use: the server has
// closed it, or has said something that nobody asked for.
func (k *conn) stale() bool {
	if k.socket == nil {
		return false
	}
	var one [1]byte
	useless := false
	err := k.socket.Control(func(fd uintptr) {
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK)
		// Sockets of package net do not block: an open one with nothing to read
		// says so.
		useless = err != syscall.EAGAIN && err != syscall.EWOULDBLOCK && err != syscall.EINTR
	})
	return err != nil || useless
}
