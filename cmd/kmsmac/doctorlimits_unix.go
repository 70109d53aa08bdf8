//go:build unix

package main

import "syscall"

// openFileLimit is the soft limit of this process, which Go raises to the hard
// one at the start where it may.
func openFileLimit() (n uint64, known bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, false
	}
	return uint64(limit.Cur), true
}
