//go:build !unix

package main

import (
	"os"
	"os/exec"
)

// separate does nothing: where there are no process groups the child watches
// its standard input all the same.
func separate(*exec.Cmd) {}

// askToEnd ends a child: there is no asking.
func askToEnd(p *os.Process) error { return p.Kill() }
