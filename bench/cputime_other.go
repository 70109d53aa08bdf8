//go:build !unix

package bench

import "time"

const hasCPUTime = false

func cpuTime() time.Duration { return 0 }
