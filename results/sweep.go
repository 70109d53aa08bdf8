package results

import "time"

// Sweep is the section of `sweep`: loads of rising size on one target, up to
// where it breaks a limit, and how sure that place is.
type Sweep struct {
	Over   string       `json:"over"` // "rate": arrivals per second; "concurrency": requests in flight
	Mode   string       `json:"mode"` // open, closed
	Client string       `json:"client"`
	Limits SweepLimits  `json:"limits"`
	Points []SweepPoint `json:"points"` // in the order in which they were measured
	// Stopped is why the climb ended: "limit", "end" (of the range), "plateau",
	// "ceiling" (the generator's), "wrong_tags", "interrupted", "max_requests",
	// "max_cost".
	Stopped string `json:"stopped"`
	Knee    *Knee  `json:"knee"` // null if no limit was broken, or it was not looked for to the end

	Calibration *Calibration `json:"calibration,omitempty"`
}

// SweepLimits say when a load is too large. Shares are of what was asked for.
type SweepLimits struct {
	ThrottleShare float64       `json:"throttle_share"` // of attempts that were throttled
	ErrorShare    float64       `json:"error_share"`    // of requests that failed otherwise
	AnsweredShare float64       `json:"answered_share"` // open loop: least share of the arrivals that were answered in time
	P99           time.Duration `json:"p99_ns"`         // of the response time; 0 is no limit
}

// The phases of a sweep.
const (
	SweepClimb   = "climb"   // rising, until a limit is broken
	SweepConfirm = "confirm" // the broken limit once more
	SweepBisect  = "bisect"  // between the last that held and the first that did not
	SweepRepeat  = "repeat"  // around the knee, again and again
)

// SweepPoint is one load of a sweep. Its figures are those of the steady part.
type SweepPoint struct {
	Value  float64       `json:"value"` // arrivals per second or requests in flight
	Phase  string        `json:"phase"`
	Repeat int           `json:"repeat,omitempty"` // from 1, in phase repeat
	Warmup time.Duration `json:"warmup_ns"`        // cut off by rule
	Length time.Duration `json:"length_ns"`        // of what is left
	Steady bool          `json:"steady"`           // the rule found a steady part

	OfferedRate  *float64         `json:"offered_rate"`  // arrivals per second; null in a closed loop
	AnsweredRate float64          `json:"answered_rate"` // answers of any kind per second
	AchievedRate float64          `json:"achieved_rate"` // successes per second
	Requests     int64            `json:"requests"`
	Succeeded    int64            `json:"succeeded"`
	Failed       int64            `json:"failed"` // throttles included
	Throttled    int64            `json:"throttled"`
	Attempts     int64            `json:"attempts"`
	Dropped      int64            `json:"dropped"`
	WrongTags    int64            `json:"wrong_tags"`
	Errors       map[string]int64 `json:"errors"` // of the failed requests, by code; their sum is Failed

	Response *Latency `json:"response_ns"`
	Service  *Latency `json:"service_ns"`
	Lag      *Latency `json:"lag_ns"`

	// Histogram is the response time's: HDR V2 compressed, base64, nanoseconds.
	Histogram string `json:"response_histogram,omitempty"`

	Broken []string `json:"broken"` // limits: throttle_share, error_share, answered_share, p99; or no_success
	Labels []string `json:"labels,omitempty"`
}

// FailedOtherwise is the number of requests that failed other than by a
// throttle. errors has one entry for each failed request, by code; throttles
// that a client tried again are not among them.
func FailedOtherwise(errors map[string]int64) int64 {
	var sum int64
	for code, n := range errors {
		if code != "ThrottlingException" {
			sum += n
		}
	}
	return sum
}

// Knee is the largest load that keeps the limits: the median over interleaved
// repeats, with the least and the greatest of them. For n repeats these enclose
// the true median with probability 1 − 2^(1−n).
type Knee struct {
	Value      float64   `json:"value"`
	Low        float64   `json:"low"`
	High       float64   `json:"high"`
	Confidence float64   `json:"confidence"`
	Repeats    []float64 `json:"repeats"`   // the knee of each; 0 if even the smallest load broke a limit
	LowOpen    bool      `json:"low_open"`  // in some repeat even the smallest load broke a limit
	HighOpen   bool      `json:"high_open"` // in some repeat even the largest load held
}
