package bench

import (
	"runtime/metrics"
	"time"
)

// usage is what this process has used since its start.
type usage struct {
	cpu    time.Duration // user and system time; valid if hasCPU
	allocs uint64        // objects on the heap
	bytes  uint64        // of them
	sent   int64         // requests
}

// allocMetrics are objects, small objects that share a block, and bytes.
var allocMetrics = [...]string{"/gc/heap/allocs:objects", "/gc/heap/tiny/allocs:objects", "/gc/heap/allocs:bytes"}

// now reads all counters.
func (r *runner) usage() usage {
	var s [len(allocMetrics)]metrics.Sample
	for i, name := range allocMetrics {
		s[i].Name = name
	}
	metrics.Read(s[:])
	return usage{
		cpu: cpuTime(), sent: r.sentAll.Load(),
		allocs: s[0].Value.Uint64() + s[1].Value.Uint64(), bytes: s[2].Value.Uint64(),
	}
}

// meter reads what the process uses from the end of the warm-up to the end of
// the run.
type meter struct {
	runner *runner
	timer  *time.Timer
	begun  chan struct{} // closed after from is set
	from   usage
}

// newMeter starts with the run.
func newMeter(r *runner) *meter {
	m := &meter{runner: r, begun: make(chan struct{})}
	m.timer = time.AfterFunc(r.from-r.now(), func() {
		m.from = r.usage()
		close(m.begun)
	})
	return m
}

// perRequest is the cost of one request of the measured span. Values are nil
// where they are not known.
type perRequest struct{ cpu, allocs, bytes *float64 }

// stop ends the measured span.
func (m *meter) stop() perRequest {
	if m.timer.Stop() {
		return perRequest{} // the span had not begun
	}
	<-m.begun
	return m.runner.usage().since(m.from)
}

func (u usage) since(from usage) perRequest {
	n := float64(u.sent - from.sent)
	if n <= 0 {
		return perRequest{}
	}
	share := func(v float64) *float64 { v /= n; return &v }
	out := perRequest{allocs: share(float64(u.allocs - from.allocs)), bytes: share(float64(u.bytes - from.bytes))}
	if hasCPUTime {
		out.cpu = share(float64(u.cpu - from.cpu))
	}
	return out
}
