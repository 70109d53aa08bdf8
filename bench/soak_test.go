package bench

import (
	"flag"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

var soak = flag.Duration("soak", 20*time.Second, "virtual length of TestHeapStaysFlat at 5,000/s; an hour takes minutes")

// A run takes what its workers, histograms and log need, however long it is,
// and whatever names a target gives its errors.
func TestHeapStaysFlat(t *testing.T) {
	var heaps []uint64
	p := Plan{Arrivals: Arrivals{Rate: 5000, Poisson: true}, Workers: 50, Duration: *soak, Warmup: NoTime, Workload: Workload{CorruptShare: 0.01}}
	set := func(f *fakeKMS) {
		f.delay, f.quick = stallEachSecond, 1
		f.answer = func(n int64) error {
			if n > 1 && n%50 == 0 {
				return &target.Error{Operation: OpGenerate, Kind: target.Other, Code: time.Duration(n).String()}
			}
			return nil
		}
	}
	measure := func(p Progress) {
		if p.Phase == PhaseMeasure && p.Elapsed%(*soak/10) < time.Second {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			heaps = append(heaps, m.HeapAlloc)
		}
	}
	bubble(t, p, Options{Observer: measure, Log: io.Discard}, set, func(_ *fakeKMS, rep *Report, err error) {
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range rep.Loads {
			if len(l.Errors) > maxErrorNames+1 {
				t.Errorf("%s: %d error names", l.Operation, len(l.Errors))
			}
		}
	})
	if len(heaps) < 8 {
		t.Fatalf("%d readings of the heap", len(heaps))
	}
	first := heaps[1] // by then every histogram exists
	for i, h := range heaps[2:] {
		if h > first+2<<20 {
			t.Errorf("heap of %d bytes at reading %d, %d at first", h, i+2, first)
		}
	}
	t.Logf("heaps %v", heaps)
}
