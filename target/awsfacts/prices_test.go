package awsfacts

import (
	"math"
	"testing"
	"time"
)

func TestCost(t *testing.T) {
	for _, tc := range []struct {
		name     string
		requests int64
		keys     int
		d        time.Duration
		want     MicroUSD
	}{
		{"nothing", 0, 0, 0, 0},
		{"one request", 1, 0, 0, 3},
		{"100 per second for 10 minutes", 60_000, 0, 0, 180_000},
		{"1,000 per second for an hour", 3_600_000, 0, 0, 10_800_000},
		{"10,000 per second for an hour", 36_000_000, 0, 0, 108_000_000},
		{"one key, one nanosecond is an hour", 0, 1, 1, 1_489}, // 1,488.09… up
		{"one key, an hour", 0, 1, time.Hour, 1_489},
		{"one key, an hour and a nanosecond", 0, 1, time.Hour + 1, 2_977}, // 2,976.19… up
		{"one key, 28 days", 0, 1, 672 * time.Hour, 1_000_000},
		{"24 keys, an hour", 0, 24, time.Hour, 35_715}, // rounded once, not per key
		{"a key that never was", 0, 5, 0, 0},
		{"both", 20_000, 2, time.Hour, 60_000 + 2_977},
		{"negative counts as zero", -5, -5, -time.Hour, 0},
		{"requests too many", math.MaxInt64, 0, 0, math.MaxInt64},
		{"sum too large", math.MaxInt64 / 3, math.MaxInt, math.MaxInt64, math.MaxInt64},
	} {
		if got := Cost(tc.requests, tc.keys, tc.d); got != tc.want {
			t.Errorf("%s: Cost(%d, %d, %v) = %d, want %d", tc.name, tc.requests, tc.keys, tc.d, got, tc.want)
		}
	}
}

// The exact price with months of any length must not be above Cost.
func TestCostNeverUnderStates(t *testing.T) {
	for _, hours := range []int{1, 2, 23, 24, 671, 672, 700, 720, 744} {
		for _, keys := range []int{1, 2, 3, 7, 24, 1_000} {
			exact := float64(keys*hours) / 672 * 1e6
			if got := KeyCost(keys, time.Duration(hours)*time.Hour); float64(got) < exact || float64(got) >= exact+1.001 {
				t.Errorf("KeyCost(%d, %d h) = %d, want %.3f rounded up", keys, hours, got, exact)
			}
		}
	}
}

func TestMicroUSDString(t *testing.T) {
	for _, tc := range []struct {
		m    MicroUSD
		want string
	}{
		{0, "$0.0000"},
		{1, "$0.0001"},
		{3, "$0.0001"},
		{100, "$0.0001"},
		{101, "$0.0002"},
		{180_000, "$0.1800"},
		{999_900, "$0.9999"},
		{999_901, "$1.0000"},
		{1_000_000, "$1.00"},
		{1_000_001, "$1.01"},
		{10_800_000, "$10.80"},
		{-3, "-$0.000003"},
	} {
		if got := tc.m.String(); got != tc.want {
			t.Errorf("MicroUSD(%d) = %q, want %q", int64(tc.m), got, tc.want)
		}
	}
	if got := MicroUSD(1_250_000).USD(); got != 1.25 {
		t.Errorf("USD = %v, want 1.25", got)
	}
	if s := MicroUSD(math.MaxInt64).String(); s != "$9223372036854.78" {
		t.Errorf("largest amount = %q", s)
	}
}

func TestPriceKnown(t *testing.T) {
	for region, want := range map[string]bool{"us-east-1": true, "cn-north-1": false, "us-gov-west-1": false, "eusc-de-east-1": false, "": false} {
		if got := PriceKnown(region); got != want {
			t.Errorf("PriceKnown(%q) = %v, want %v", region, got, want)
		}
	}
}
