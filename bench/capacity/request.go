package capacity

import (
	"fmt"
	"math"
	"time"

	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// Limits of a request.
const (
	minRate  = 1e-6             // requests per second: one in twelve days
	MaxRate  = 1e9              // requests per second
	MaxTrace = 1_000_000        // arrivals: a plan is to take less than a second
	MaxP99   = 10 * time.Minute // beyond it nobody waits
)

// Request is what is wanted and what is known. Rate and Region must be set;
// WithDefaults fills in the rest.
type Request struct {
	Rate   float64       // requests per second, above 0 up to MaxRate
	P99    time.Duration // of the response time, up to MaxP99; 0 is none
	Region string        // one that awsfacts knows

	Generate, Verify float64 // shares of the operations; default half and half
	KeySpec          string  // default HMAC_256
	Client           string  // road whose hosts count in the table of rates; default sdk

	Quota Quota
	Trace []time.Duration // arrivals, ascending, at most MaxTrace; default Poisson arrivals

	Curves []*Curve

	Roads     []Road  // what a core carries; default ReferenceRoads
	HostCores float64 // of one client host; default 4

	Prices      Prices
	Keys        int64   // KMS keys in one place; default 1
	AverageRate float64 // that the bill is made from, at most Rate; default Rate

	Local Local

	WhatIf []float64 // further rates; default a quarter to four times Rate
}

// Quota is the symmetric request quota of one place.
type Quota struct {
	PerSecond   float64 // default awsfacts.SymmetricPerSecond
	Source      string  // default says so, with the date
	Used        float64 // share that other callers take, 0 to 1
	MaxShare    float64 // that is to be used at most, Used included; default 0.8
	MaxThrottle float64 // share of requests that may be throttled; default 1 in 10,000
	// Bucket is how long the quota adds up when nobody asks: what the bucket
	// holds; default 1 s. What AWS does is not documented.
	Bucket time.Duration
}

// Road is what one core of a client carries.
type Road struct {
	Client  string
	PerCore float64 // requests per second at which the core is full
	Source  string
}

// CoreShare is the share of a client core that a plan fills.
const CoreShare = 0.6

// ReferenceRoads are the roads of kmsmac as measured by its developers in
// 2026: one core of a shared AMD EPYC (Zen 4), HTTP/1.1 on loopback without
// TLS, 16 requests in flight. They tell the roads apart; they are not the
// user's machine.
func ReferenceRoads() []Road {
	const source = "reference of 2026, one EPYC core, no TLS; --calibrate measures this machine"
	return []Road{{"sdk", 6_600, source}, {"sdk-user", 6_400, source}, {"lean", 20_000, source}, {"raw", 60_000, source}}
}

// Prices in millionths of a US dollar. The zero value means those of awsfacts.
type Prices struct {
	Per10000    int64
	PerKeyMonth int64
	Free        int64 // requests a month
	Source      string
	Known       bool // they are the Region's own
}

// DefaultPrices are those of awsfacts.
func DefaultPrices(region string) Prices {
	return Prices{Per10000: int64(awsfacts.Per10000Requests), PerKeyMonth: int64(awsfacts.PerKeyMonth), Free: awsfacts.FreeRequestsPerMonth,
		Source: "list price as of " + awsfacts.AsOf + ", without tax; confirm it on the AWS KMS pricing page", Known: awsfacts.PriceKnown(region)}
}

// Local says what the alternatives to asking the KMS each time rest on.
type Local struct {
	TagTime     time.Duration // of one tag by a local engine; default 1 µs
	TagSource   string
	DeriveEvery time.Duration // how long a derived key is used; default 1 h
	Batch       int64         // messages under one tag, 2 to 128; default 16
	CacheHits   float64       // share of verifications found in a cache, 0 to 1; default 0.8
}

// WithDefaults returns the request with every default filled in.
func (r Request) WithDefaults() Request {
	set := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	if r.Generate == 0 && r.Verify == 0 {
		r.Generate, r.Verify = 1, 1
	}
	if sum := r.Generate + r.Verify; sum > 0 {
		r.Generate, r.Verify = r.Generate/sum, r.Verify/sum
	}
	if r.KeySpec == "" {
		r.KeySpec = "HMAC_256"
	}
	if r.Client == "" {
		r.Client = "sdk"
	}
	if r.Quota.PerSecond == 0 {
		r.Quota.PerSecond, r.Quota.Source = float64(awsfacts.SymmetricPerSecond(r.Region)), "default as of "+awsfacts.AsOf
	}
	set(&r.Quota.MaxShare, 0.8)
	set(&r.Quota.MaxThrottle, 1e-4)
	if r.Quota.Bucket == 0 {
		r.Quota.Bucket = time.Second
	}
	if r.Roads == nil {
		r.Roads = ReferenceRoads()
	}
	set(&r.HostCores, 4)
	if r.Prices == (Prices{}) {
		r.Prices = DefaultPrices(r.Region)
	}
	r.Keys = max(r.Keys, 1)
	set(&r.AverageRate, r.Rate)
	if r.Local.TagTime == 0 {
		r.Local.TagTime, r.Local.TagSource = time.Microsecond, "assumed"
	}
	if r.Local.DeriveEvery == 0 {
		r.Local.DeriveEvery = time.Hour
	}
	if r.Local.Batch == 0 {
		r.Local.Batch = 16
	}
	set(&r.Local.CacheHits, 0.8)
	if r.WhatIf == nil {
		for _, f := range []float64{0.25, 0.5, 1, 1.5, 2, 4} {
			if rate := r.Rate * f; rate >= minRate && rate <= MaxRate {
				r.WhatIf = append(r.WhatIf, rate)
			}
		}
	}
	return r
}

// Validate reports the first thing wrong with the request; r has its defaults.
func (r Request) Validate() error {
	for _, v := range []struct {
		name             string
		value, low, high float64
	}{
		{"rate", r.Rate, minRate, MaxRate}, {"p99", r.P99.Seconds(), 0, MaxP99.Seconds()},
		{"share of GenerateMac", r.Generate, 0, 1}, {"share of VerifyMac", r.Verify, 0, 1},
		{"quota", r.Quota.PerSecond, 1, MaxRate}, {"share of the quota that others use", r.Quota.Used, 0, 1},
		{"share of the quota to use at most", r.Quota.MaxShare, 0.01, 1}, {"share of throttled requests", r.Quota.MaxThrottle, 1e-9, 1},
		{"bucket", r.Quota.Bucket.Seconds(), 1e-3, 3600}, {"cores of a host", r.HostCores, 0.1, 10_000},
		{"price of 10,000 requests", float64(r.Prices.Per10000), 0, 1e9}, {"price of a key", float64(r.Prices.PerKeyMonth), 0, 1e12},
		{"free requests", float64(r.Prices.Free), 0, 1e15}, {"keys", float64(r.Keys), 1, awsfacts.MaxKeys},
		{"average rate", r.AverageRate, 0, r.Rate}, {"time of a local tag", r.Local.TagTime.Seconds(), 1e-9, 1},
		{"life of a derived key", r.Local.DeriveEvery.Seconds(), 1, 365 * 86400}, {"batch", float64(r.Local.Batch), 2, 128},
		{"share of cache hits", r.Local.CacheHits, 0, 1},
	} {
		if !(v.value >= v.low && v.value <= v.high) {
			return fmt.Errorf("capacity: %s %v is not between %v and %v", v.name, v.value, v.low, v.high)
		}
	}
	for _, rate := range r.WhatIf {
		if !(rate >= minRate && rate <= MaxRate) {
			return fmt.Errorf("capacity: rate %v is not between %v and %v", rate, minRate, MaxRate)
		}
	}
	for _, road := range r.Roads {
		if !(road.PerCore > 0) || math.IsInf(road.PerCore, 0) {
			return fmt.Errorf("capacity: a core carries %v requests a second on the road %s", road.PerCore, road.Client)
		}
	}
	if !awsfacts.IsRegion(r.Region) {
		return fmt.Errorf("capacity: unknown Region %q", r.Region)
	}
	return r.validateTrace()
}

func (r Request) validateTrace() error {
	n := len(r.Trace)
	switch {
	case n == 0:
		return nil
	case n > MaxTrace:
		return fmt.Errorf("capacity: the trace has %d arrivals, more than %d: cut out its busiest part", n, MaxTrace)
	case n < 2 || r.Trace[n-1] <= r.Trace[0]:
		return fmt.Errorf("capacity: a trace of %d arrivals at one instant has no rate", n)
	}
	return nil
}
