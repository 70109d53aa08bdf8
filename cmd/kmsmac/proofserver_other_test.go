//go:build !unix

package main

// bareMain needs the CPU time of a process.
func bareMain() { panic("the speed of the emulator is measured on Unix only") }
