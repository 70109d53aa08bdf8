package awsfacts

import (
	"fmt"
	"math"
	"time"
)

// PriceNote must stand beside every figure that is made from the prices.
const PriceNote = "prices as of " + AsOf + ", without tax and free tier; confirm them on the AWS KMS pricing page"

// The prices of the standard partition. Source: SourcePrices.
const (
	PerKeyMonth          MicroUSD = 1_000_000 // one key for one month, prorated hourly; a replica is a key
	Per10000Requests     MicroUSD = 30_000    // GenerateMac, VerifyMac and every other symmetric or management call
	FreeRequestsPerMonth          = 20_000    // per account over all Regions; Cost does not deduct them
)

// hoursPerMonth is that of the shortest month, so that an hour is never
// counted too cheap.
const hoursPerMonth = 28 * 24

// MicroUSD is an amount in millionths of a US dollar. The zero value is
// nothing.
type MicroUSD int64

// USD returns the amount in dollars.
func (m MicroUSD) USD() float64 { return float64(m) / 1e6 }

// String gives dollars with two decimals from one dollar on and with four
// below it, rounded up: "$10.80", "$0.0015".
func (m MicroUSD) String() string {
	if m < 0 {
		return fmt.Sprintf("-$%.6f", -m.USD())
	}
	unit, digits := MicroUSD(10_000), 2
	if m < 1_000_000 {
		unit, digits = 100, 4
	}
	n := m / unit
	if m%unit > 0 {
		n++
	}
	perDollar := 1_000_000 / unit
	whole, part := n/perDollar, n%perDollar
	return fmt.Sprintf("$%d.%0*d", whole, digits, part)
}

// PriceKnown reports whether the prices of this package are those of region.
// They are for the standard partition only: the Regions in China bill in CNY,
// the European Sovereign Cloud in EUR, and GovCloud has its own list. There,
// Cost still returns the standard partition's figure, and the caller must say
// so.
func PriceKnown(region string) bool { return Partition(region) == PartitionStandard }

// Cost returns the price of a number of requests and of a number of keys that
// exist for d each. It never under-states: failed requests and dry runs are
// counted as any other, the free tier is not deducted, a started hour of a key
// is a whole one, a month has 28 days, and the sum is rounded up to a
// millionth of a dollar. Negative arguments count as zero; what does not fit
// is the largest amount there is.
//
// Keys pending deletion cost nothing: d ends when deletion is scheduled, but
// starts again from there if it is cancelled.
func Cost(requests int64, keys int, d time.Duration) MicroUSD {
	return add(RequestCost(requests), KeyCost(keys, d))
}

// RequestCost is Cost of requests alone.
func RequestCost(requests int64) MicroUSD {
	return ceilMulDiv(max(requests, 0), int64(Per10000Requests), 10_000)
}

// KeyCost is Cost of keys alone.
func KeyCost(keys int, d time.Duration) MicroUSD {
	if keys <= 0 || d <= 0 {
		return 0
	}
	hours := int64((d-1)/time.Hour) + 1
	if hours > math.MaxInt64/int64(keys) {
		return math.MaxInt64
	}
	return ceilMulDiv(int64(keys)*hours, int64(PerKeyMonth), hoursPerMonth)
}

// ceilMulDiv is a×b/c rounded up, at most the largest amount. a is not
// negative, b and c are positive.
func ceilMulDiv(a, b, c int64) MicroUSD {
	whole, rest := a/c, a%c
	if whole > (math.MaxInt64-b)/b {
		return math.MaxInt64
	}
	return MicroUSD(whole*b + (rest*b+c-1)/c)
}

func add(a, b MicroUSD) MicroUSD {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
