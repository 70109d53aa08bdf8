//go:build unix

package raw

import (
	"os"
	"syscall"

	"github.com/kmsmac/kmsmac/target/internal/wire"
)

// swift sends a request and reads the beginning of its answer with the socket at
// hand. Reading through net.Conn begins with a system call that finds nothing,
// since no server answers so fast; here the wait begins when the request is sent.
//
// The wait is for something new on the socket. An end of the connection from before
// the request is not new, so a request needs a deadline, or a context that can end,
// to go this way; in truth the server's kernel answers such a request with a reset,
// which is.
type swift struct {
	socket syscall.RawConn
	step   func(fd uintptr) (done bool) // bound once, so that no request allocates it

	out, in     []byte
	wrote, read int
	err         error
}

// use prepares for a socket.
func (s *swift) use(socket syscall.RawConn) {
	s.socket = socket
	s.step = s.run
}

// usable reports whether there is a socket.
func (s *swift) usable() bool { return s.socket != nil }

// exchange writes out and reads into in. If wrote is less than len(out) and there is
// no error, the rest is to be written and nothing was read.
func (s *swift) exchange(out, in []byte) (wrote, read int, err error) {
	s.out, s.in, s.wrote, s.read, s.err = out, in, 0, 0, nil
	err = s.socket.Read(s.step)
	if err == nil {
		err = s.err
	}
	s.out, s.in = nil, nil
	return s.wrote, s.read, err
}

// run is called once at the beginning and then whenever the socket has news.
func (s *swift) run(fd uintptr) (done bool) {
	if s.wrote < len(s.out) {
		s.wrote, s.err = wire.WriteSocket(fd, s.out)
		if s.err == syscall.EAGAIN {
			s.err = nil
		}
		s.err = os.NewSyscallError("write", s.err)
		return s.wrote < len(s.out) || s.err != nil
	}
	s.read, done, s.err = wire.Receive(fd, s.in)
	return done
}
