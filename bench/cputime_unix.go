//go:build unix

package bench

import (
	"syscall"
	"time"
)

// hasCPUTime says that cpuTime knows.
const hasCPUTime = true

// cpuTime is the user and system time that this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil { // cannot fail for RUSAGE_SELF
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
