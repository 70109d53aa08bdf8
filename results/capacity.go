package results

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Capacity is the section of `plan`: what it takes to carry a rate. Rates are
// per second. A place is one account in one Region: what has a quota of its
// own. What could not be found out is null, and Notes say why.
type Capacity struct {
	Wanted CapacityWanted `json:"wanted"`
	// Fits says whether one place carries what is wanted: "yes", "no" or
	// "unknown".
	Fits string `json:"fits"`
	// FitsOn names what Fits was judged on where that is not AWS KMS.
	FitsOn  string   `json:"fits_on,omitempty"`
	Answers []string `json:"answers"` // sentences, the gravest first
	Notes   []string `json:"notes"`   // what limits the figures: extrapolation, an unsupported fit, another target

	Quota        CapacityQuota         `json:"quota"`
	Curves       []CapacityCurve       `json:"curves"`
	Latency      *CapacityLatency      `json:"latency"` // null without a curve
	InFlight     *CapacityInFlight     `json:"in_flight"`
	Clients      []CapacityClient      `json:"clients"`
	Cost         CapacityCost          `json:"cost"`
	Alternatives []CapacityAlternative `json:"alternatives"`
	WhatIf       []CapacityRow         `json:"what_if"`
	Assumptions  []string              `json:"assumptions"`
}

// CapacityWanted is what was asked for.
type CapacityWanted struct {
	Rate     float64       `json:"rate"`
	P99      time.Duration `json:"p99_ns"` // 0 if none was asked for
	Region   string        `json:"region"`
	Generate float64       `json:"generate"` // shares of the operations; their sum is 1
	Verify   float64       `json:"verify"`
	KeySpec  string        `json:"key_spec"`
	Client   string        `json:"client"`
	Arrivals string        `json:"arrivals"` // poisson, trace
}

// Uncertain is a figure with its 95 % interval. Without an interval Low and
// High are Value.
type Uncertain struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// CapacityQuota is the share of the symmetric request quota.
type CapacityQuota struct {
	PerSecond   float64 `json:"per_second"` // of one place
	Source      string  `json:"source"`
	Used        float64 `json:"used"`         // share that others take of the first place
	MaxShare    float64 `json:"max_share"`    // of a quota that is to be used at most, Used included
	MaxThrottle float64 `json:"max_throttle"` // share of requests that may be throttled
	Share       float64 `json:"share"`        // of one place's quota, Used included
	Headroom    float64 `json:"headroom"`     // per second, negative if it is not enough
	Bursts      []Burst `json:"bursts"`       // in one place, by what the bucket may hold
	// EmptyAfter is how long a full bucket lasts above the quota; 0 if it lasts.
	EmptyAfter time.Duration `json:"empty_after_ns"`

	Places     int64    `json:"places"`      // each of which keeps both limits; 0 if no number does
	PlaceRate  float64  `json:"place_rate"`  // of the wanted rate, in the fullest of them
	PlaceShare float64  `json:"place_share"` // of its quota, Used included
	QuotaToAsk float64  `json:"quota_to_ask"`
	Regions    []string `json:"regions"` // whose default quota is enough in one place with nothing used, or in the wanted Region with what others use
}

// Burst is the chance of throttling if a bucket holds the quota of Depth.
type Burst struct {
	Depth    time.Duration `json:"depth_ns"`
	Throttle float64       `json:"throttle"` // share of the requests
	Decides  bool          `json:"decides"`  // the depth that Places rests on
}

// CapacityCurve is a sweep and what was made of it.
type CapacityCurve struct {
	Over     string          `json:"over"` // rate, concurrency
	Client   string          `json:"client"`
	Target   string          `json:"target"`
	Points   []CapacityPoint `json:"points"`
	Capacity *Uncertain      `json:"capacity"` // requests per second, the knee; null if nothing was answered
	// Bound is what ends the curve: "target", "throttles", "generator", or
	// "sweep" if it ended before a limit; then Capacity is a lower bound.
	Bound string         `json:"bound"`
	Queue *QueueFit      `json:"queue"` // of the response time against the rate
	USL   *USLFit        `json:"usl"`   // of the throughput against the concurrency
	Line  []CapacityLine `json:"line"`  // the fits, for drawing
	Why   []string       `json:"why"`   // a fit is missing
}

// CapacityPoint is one load of the sweep.
type CapacityPoint struct {
	Load     float64 `json:"load"`     // offered per second, or in flight
	Answered float64 `json:"answered"` // per second
	P50      int64   `json:"p50_ns"`
	P99      int64   `json:"p99_ns"`
	Used     string  `json:"used"` // "fit", "capacity", or why it was not used
}

// CapacityLine is a point of a fitted curve.
type CapacityLine struct {
	Load float64 `json:"load"` // per second, or in flight
	Rate float64 `json:"rate"` // per second
	P50  float64 `json:"p50_ns,omitempty"`
	P99  float64 `json:"p99_ns,omitempty"`
	Low  float64 `json:"p99_low_ns,omitempty"`
	High float64 `json:"p99_high_ns,omitempty"`
}

// QueueFit holds the parameters of a queue with several servers.
type QueueFit struct {
	Capacity    Uncertain `json:"capacity"`    // requests per second
	Servers     Uncertain `json:"servers"`     // that it behaves like
	Variability Uncertain `json:"variability"` // (Ca²+Cs²)/2 of Allen and Cunneen; 1 is M/M
	Residual    float64   `json:"residual"`    // root mean square of the relative error at p50, p90 and p99
	From        float64   `json:"from"`        // loads that it rests on, per second
	To          float64   `json:"to"`
	Derived     bool      `json:"derived"` // not fitted: from the service time and the capacity of a closed loop
}

// USLFit holds the parameters of the Universal Scalability Law:
// X(N) = λN / (1 + σ(N−1) + κN(N−1)).
type USLFit struct {
	Lambda   Uncertain `json:"lambda"`   // requests per second of one in flight
	Sigma    Uncertain `json:"sigma"`    // contention
	Kappa    Uncertain `json:"kappa"`    // coherency
	Residual float64   `json:"residual"` // root mean square of the relative error
	From     float64   `json:"from"`     // requests in flight that it rests on
	To       float64   `json:"to"`
	Peak     float64   `json:"peak"` // in flight with the largest throughput; 0 if it has none
}

// CapacityLatency is the response time expected at the rate of one place.
type CapacityLatency struct {
	Rate  float64   `json:"rate"`
	Basis string    `json:"basis"` // fit, derived, neighbours
	P50   Uncertain `json:"p50_ns"`
	P99   Uncertain `json:"p99_ns"`
	// Meets says whether the p99 is as wanted: "yes", "no", "unknown"; "" if
	// none was asked for.
	Meets string `json:"meets"`
	// Most is the largest rate of one place whose p99 is as wanted.
	Most *Uncertain `json:"most"`
}

// CapacityInFlight is how many requests are under way at once, all places
// together.
type CapacityInFlight struct {
	Mean *Uncertain `json:"mean"` // Little's law; null without a curve
	// Tail is the rate times the p99: all requests at once as slow as one in a
	// hundred. Connections are for that.
	Tail        float64 `json:"tail"`
	Connections int64   `json:"connections"`
	Basis       string  `json:"basis"` // curve: the upper end of the p99's interval; wanted: the p99 asked for
}

// CapacityClient is what the client side needs on one road.
type CapacityClient struct {
	Client    string  `json:"client"`
	PerCore   float64 `json:"per_core"` // requests per second at which a core is full
	Source    string  `json:"source"`
	Cores     float64 `json:"cores"` // with each filled to CoreShare
	CoreShare float64 `json:"core_share"`
	HostCores float64 `json:"host_cores"`
	Hosts     int64   `json:"hosts"`
	// ConnectionsPerHost is 0 if the connections are not known.
	ConnectionsPerHost int64 `json:"connections_per_host"`
}

// CapacityCost is the price in millionths of a US dollar, at AverageRate.
type CapacityCost struct {
	AverageRate  float64 `json:"average_rate"`
	Per10000     int64   `json:"per_10000_micro_usd"`
	PerKeyMonth  int64   `json:"per_key_month_micro_usd"`
	FreeRequests int64   `json:"free_requests"`
	Keys         int64   `json:"keys"` // of all places
	Hour         int64   `json:"hour_micro_usd"`
	Day          int64   `json:"day_micro_usd"`
	Month        int64   `json:"month_micro_usd"` // of 730 hours, the free requests deducted
	Source       string  `json:"source"`
	Known        bool    `json:"known"` // the prices are the Region's
}

// CapacityAlternative is another way to the same end.
type CapacityAlternative struct {
	Name    string  `json:"name"`
	Rate    float64 `json:"rate"` // requests per second that reach the KMS
	Month   int64   `json:"month_micro_usd"`
	Share   float64 `json:"share"` // of one place's quota, Used included
	Cores   float64 `json:"cores"` // for local work
	Adds    string  `json:"adds"`  // to latency, or takes away
	Assumes string  `json:"assumes"`
	GivesUp string  `json:"gives_up"` // the security property
}

// CapacityRow is the plan of another rate in short.
type CapacityRow struct {
	Rate         float64    `json:"rate"`
	Share        float64    `json:"share"`    // of one place's quota, Used included
	Throttle     float64    `json:"throttle"` // in one place
	Places       int64      `json:"places"`
	P50          *Uncertain `json:"p50_ns"` // in the places; null if not known
	P99          *Uncertain `json:"p99_ns"`
	Connections  int64      `json:"connections"` // 0 if not known
	Hosts        int64      `json:"hosts"`
	Month        int64      `json:"month_micro_usd"`
	Extrapolated bool       `json:"extrapolated"`
	Beyond       bool       `json:"beyond"` // more in one place than the target was seen to carry
}

// Times returns the figure in another unit.
func (u Uncertain) Times(f float64) Uncertain { return Uncertain{u.Value * f, u.Low * f, u.High * f} }

// String writes the figure with its interval, "18 (15 to 22)", no finer than
// the interval supports: 3 to 30 steps of the last digit span it. A figure without
// an interval has three digits.
func (u Uncertain) String() string {
	step := math.Abs(u.Value) / 100
	if u.High > u.Low {
		step = (u.High - u.Low) / 10
	}
	if !(step > 0) || math.IsInf(step, 0) {
		return grouped(u.Value, 0)
	}
	if u.High <= u.Low {
		return grouped(u.Value, int(math.Ceil(-math.Log10(step))))
	}
	digits := int(math.Round(-math.Log10(step)))
	if v := math.Abs(u.Value); v > 0 {
		digits = max(digits, int(math.Ceil(-math.Log10(v)))) // what is not 0 does not look like it
	}
	return fmt.Sprintf("%s (%s to %s)", grouped(u.Value, digits), grouped(u.Low, digits), grouped(u.High, digits))
}

// grouped rounds to so many decimals, or to tens and hundreds if it is
// negative, and separates thousands.
func grouped(v float64, digits int) string {
	if digits < 0 {
		unit := math.Pow(10, float64(-digits))
		v, digits = math.Round(v/unit)*unit, 0
	}
	whole, part, found := strings.Cut(strconv.FormatFloat(math.Abs(v), 'f', min(digits, 9), 64), ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if part = strings.TrimRight(part, "0"); found && part != "" {
		whole += "." + part
	}
	if v < 0 && whole != "0" {
		whole = "-" + whole
	}
	return whole
}
