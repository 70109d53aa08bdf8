package bench_test

import (
	"fmt"
	"time"

	"github.com/kmsmac/kmsmac/bench"
)

// A schedule is absolute, and shards share it exactly.
func ExampleArrivals_Schedule() {
	ramp := bench.Arrivals{Shape: bench.Ramp, Rate: 0, EndRate: 8}
	for shard := range 2 {
		s, err := ramp.Schedule(1, time.Second)
		if err != nil {
			panic(err)
		}
		s.Stripe(shard, 2)
		for a, ok := s.Next(); ok; a, ok = s.Next() {
			fmt.Println("shard", shard, "arrival", a.Index, "at", a.At.Round(time.Millisecond))
		}
	}
	// Output:
	// shard 0 arrival 0 at 0s
	// shard 0 arrival 2 at 707ms
	// shard 1 arrival 1 at 500ms
	// shard 1 arrival 3 at 866ms
}

// An estimate says what a plan will ask for before anything is sent.
func ExamplePlan_Estimate() {
	plan := bench.Plan{Arrivals: bench.Arrivals{Rate: 1000}, Duration: 10 * time.Minute, Warmup: bench.NoTime}
	e, err := plan.Estimate(false)
	if err != nil {
		panic(err)
	}
	fmt.Println(e.Requests(), "requests,", e.Keys, "key,", e.PeakPerSecond, "per second,", e.Cost())
	// Output:
	// 600005 requests, 1 key, 1000 per second, $1.81
}
