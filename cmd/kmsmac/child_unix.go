//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// separate puts the child in a process group of its own, out of the reach of a
// terminal's Ctrl-C.
func separate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// askToEnd asks a child to clean up and end.
func askToEnd(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
