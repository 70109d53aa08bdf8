package bench

import (
	"context"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

func TestUsageSince(t *testing.T) {
	from := usage{cpu: time.Second, allocs: 100, bytes: 1000, sent: 10}
	got := usage{cpu: time.Second + 20*time.Microsecond, allocs: 130, bytes: 1400, sent: 20}.since(from)
	if *got.allocs != 3 || *got.bytes != 40 {
		t.Errorf("%v allocations and %v bytes a request, want 3 and 40", *got.allocs, *got.bytes)
	}
	if hasCPUTime != (got.cpu != nil) || hasCPUTime && *got.cpu != 2000 {
		t.Errorf("CPU time %v, want 2000 ns where it is known, else nil", got.cpu)
	}
	if none := from.since(from); none != (perRequest{}) {
		t.Errorf("without a request: %+v, want nil", none)
	}
}

// wasteful allocates ten kilobytes in ten pieces for each request.
type wasteful struct{ *fakeKMS }

var waste [10][]byte

func (w wasteful) GenerateMac(ctx context.Context, req target.GenerateMacRequest) (target.GenerateMacReply, error) {
	for i := range waste {
		waste[i] = make([]byte, 1024)
	}
	return w.fakeKMS.GenerateMac(ctx, req)
}

// What one request more costs shows in full, and nothing of it comes from the
// warm-up.
func TestCostOfARequest(t *testing.T) {
	cost := func(wrap func(*fakeKMS) target.Target) (allocs, bytes float64) {
		t.Helper()
		p := Plan{Arrivals: Arrivals{Rate: 1000}, Workers: 1, Duration: 20 * time.Second, Workload: Workload{Generate: 1}}
		bubbleOn(t, p, wrap, func(rep *Report, err error) {
			if err != nil {
				t.Fatal(err)
			}
			l := rep.Loads[0]
			if l.AllocsPerRequest == nil || l.BytesPerRequest == nil || hasCPUTime && (l.CPUPerRequest == nil || *l.CPUPerRequest <= 0) {
				t.Fatalf("not measured: %v allocations, %v bytes, %v CPU time", l.AllocsPerRequest, l.BytesPerRequest, l.CPUPerRequest)
			}
			allocs, bytes = *l.AllocsPerRequest, *l.BytesPerRequest
		})
		return allocs, bytes
	}
	a0, b0 := cost(func(f *fakeKMS) target.Target { return f })
	a1, b1 := cost(func(f *fakeKMS) target.Target { return wasteful{f} })
	if d := a1 - a0; d < 9.5 || d > 10.5 {
		t.Errorf("ten allocations more show as %.2f", d)
	}
	if d := b1 - b0; d < 10_000 || d > 11_000 {
		t.Errorf("10,240 bytes more show as %.0f", d)
	}
}

// A run that ends in its warm-up has measured nothing, and says so.
func TestCostOfNothing(t *testing.T) {
	p := Plan{Concurrency: 1, Duration: 10 * time.Second, Warmup: 5 * time.Second, MaxRequests: 100, Workload: Workload{Generate: 1}}
	set := func(f *fakeKMS) { f.delay = always(time.Millisecond) }
	bubble(t, p, Options{}, set, func(_ *fakeKMS, rep *Report, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if l := rep.Loads[0]; l.CPUPerRequest != nil || l.AllocsPerRequest != nil {
			t.Errorf("a figure for no request: %v, %v", *l.CPUPerRequest, *l.AllocsPerRequest)
		}
	})
}
