//go:build !unix

package main

import "os/exec"

// separate does nothing: where there are no process groups the child watches
// its standard input all the same.
func separate(*exec.Cmd) {}
