package conformance

import (
	"errors"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
)

// What callers test for. Both come before the first request.
var (
	// ErrUsage: an unknown profile or case id.
	ErrUsage = errors.New("conformance: usage")
	// ErrNothingSelected: known filters that select no case.
	ErrNothingSelected = errors.New("conformance: nothing selected")
)

// Options say what is run and how. The zero value runs everything.
type Options struct {
	// Profile is a profile name or several joined by commas; "" is full.
	Profile string
	// Cases are ids ("GM-15") or groups ("GM") to run; empty runs all of the
	// profile.
	Cases []string
	// Strict makes every warning a failure.
	Strict bool
	// Parallel is how many cases run side by side; 0 is 8, on aws 4.
	Parallel int
	// Seed decides all random messages, materials and names.
	Seed uint64
	// Host and RunID are written into the tags of every key made. RunID ""
	// is "conform".
	Host, RunID string
	// Region2 is the second Region of the multi-Region cases; "" has none.
	Region2 string
	// Differential is the number of random keys and messages on which engine
	// and target are held against each other; 0 leaves the comparison out.
	Differential int
	// NewKey makes the engine's key of a secret, which it must not keep; nil is
	// engine.NewKey. It decides which implementation computes the engine's tags.
	NewKey func(alg engine.Algorithm, secret []byte) (*engine.Key, error)
	// Timeout bounds one request, but for those that make RSA keys (see
	// SlowFactor); 0 is 10 s.
	Timeout time.Duration
	// CaseTimeout bounds one case; 0 is 60 s, on aws 60 s more than the case's
	// consistency bound.
	CaseTimeout time.Duration
	// MaxRequests ends the run before it sends more; clean-up is not counted.
	// 0 is no limit.
	MaxRequests int
	// Allow names features that are used only with consent: FeatureQuota,
	// because its cases use a quota up.
	Allow []Feature
	// QuotaRegion is the Region in which those cases run, so that they use up
	// nobody else's quota; "" is the target's own.
	QuotaRegion string
	// SymmetricPerSecond is the account's quota of symmetric operations there
	// (row QU-10); 0 is AWS's default, which no case can use up.
	SymmetricPerSecond int
	// Expires is how long from Now the keys may be needed, for their expiry
	// tag; 0 is 2 hours.
	Expires time.Duration
	// Now is the clock of the expiry tag; nil is time.Now.
	Now func() time.Time
	// Observer, if not nil, hears of every case as it starts and ends, from
	// one goroutine at a time.
	Observer func(Event)
	// Recorder, if not nil, keeps every exchange. The caller closes it.
	Recorder *Recorder
	// Baseline, if not nil, is what the target is held against instead of the
	// behaviour table.
	Baseline *Record
}

// The tags of every key that a run makes.
const (
	TagRun     = "kmsmac:run"
	TagHost    = "kmsmac:host"
	TagExpires = "kmsmac:expires" // RFC 3339, UTC
)

// Event is one step of progress.
type Event struct {
	ID     string
	Title  string
	Done   int // cases ended so far, this one included if it ended
	Total  int
	Result *results.CaseResult // nil when the case starts
	// Facts are what the ended case asserted, in order. Their exchanges are
	// counted over the whole run: use them with one case or Parallel 1 only.
	Facts []Fact
}

func (o Options) withDefaults(aws bool) Options {
	if o.Parallel <= 0 {
		o.Parallel = 8
		if aws {
			o.Parallel = 4
		}
	}
	if o.RunID == "" {
		o.RunID = "conform"
	}
	if o.Host == "" {
		o.Host = "unknown"
	}
	if o.NewKey == nil {
		o.NewKey = engine.NewKey
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Expires <= 0 {
		o.Expires = 2 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
