//go:build !unix

package raw

import "syscall"

// swift needs a Unix: elsewhere requests go through net.Conn.
type swift struct{}

func (s *swift) use(syscall.RawConn) {}
func (s *swift) usable() bool        { return false }

func (s *swift) exchange(out, in []byte) (wrote, read int, err error) { return 0, 0, nil }
