//go:build !linux

package bench

const hasNanosleep = false

func newSystemPacer() pacer { return newSleeper() }
