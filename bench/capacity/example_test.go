package capacity_test

import (
	"fmt"

	"github.com/kmsmac/kmsmac/bench/capacity"
)

func ExamplePlan() {
	plan, err := capacity.Plan(capacity.Request{Rate: 24_000, Region: "eu-central-1", Quota: capacity.Quota{Used: 0.2}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("fits:", plan.Fits)
	fmt.Println("places:", plan.Quota.Places)
	fmt.Println("or ask for", plan.Quota.QuotaToAsk)
	// Output:
	// fits: no
	// places: 2
	// or ask for 35000
}

func ExampleThrottle() {
	// 95 requests a second of a quota of 100, by how much the bucket holds.
	for _, depth := range []float64{1, 10, 100} {
		fmt.Printf("%.2g\n", capacity.Throttle(95, 100, depth))
	}
	// Output:
	// 0.49
	// 0.031
	// 2e-06
}
