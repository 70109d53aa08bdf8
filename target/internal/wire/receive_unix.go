//go:build unix

package wire

import (
	"io"
	"os"
	"syscall"
)

// Receive reads what has arrived on a socket that does not block into p; done
// is false when nothing has. At the end of the stream err is io.EOF.
func Receive(fd uintptr, p []byte) (n int, done bool, err error) {
	n, err = ReadSocket(fd, p)
	switch {
	case err == syscall.EAGAIN:
		return 0, false, nil
	case err != nil:
		return 0, true, os.NewSyscallError("read", err)
	case n == 0:
		return 0, true, io.EOF
	}
	return n, true, nil
}
