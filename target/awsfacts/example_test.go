package awsfacts_test

import (
	"fmt"
	"time"

	"github.com/kmsmac/kmsmac/target/awsfacts"
)

func Example() {
	const region = "eu-west-2"
	requests := int64(1_000 * 600) // 1,000 per second for 10 minutes
	quota := awsfacts.SymmetricPerSecond(region)
	fmt.Printf("%d%% of the quota, %v\n", 100*1_000/quota, awsfacts.Cost(requests, 4, 10*time.Minute))
	// Output: 5% of the quota, $1.81
}

func ExampleIsAWSHost() {
	fmt.Println(awsfacts.IsAWSHost("kms.eu-west-1.amazonaws.com:443"))
	fmt.Println(awsfacts.IsAWSHost("kms.evilamazonaws.com"))
	// Output:
	// true
	// false
}
