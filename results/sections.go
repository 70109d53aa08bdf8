package results

import "time"

// CaseVerdict is the verdict of one conformance case.
type CaseVerdict string

// The verdicts of a case.
const (
	CasePass          CaseVerdict = "pass"
	CaseFail          CaseVerdict = "fail"
	CaseWarn          CaseVerdict = "warn"
	CaseInconclusive  CaseVerdict = "inconclusive"
	CaseNotApplicable CaseVerdict = "not_applicable"
	CaseSkipped       CaseVerdict = "skipped"
)

// Conformance is the section of the conformance suite.
type Conformance struct {
	Profile  string                    `json:"profile"`
	Profiles map[string]ProfileOutcome `json:"profiles"`        // profile name to its end
	Counts   map[CaseVerdict]int       `json:"counts"`          // all six verdicts, zeros included
	Cases    []CaseResult              `json:"cases"`           // in catalogue order
	Left     []string                  `json:"left,omitempty"`  // keys that could not be scheduled for deletion: ARNs, or what is known of them
	Known    *KnownSummary             `json:"known,omitempty"` // if the run was held against known deviations
}

// KnownSummary is what a run says of deviations that were known before.
type KnownSummary struct {
	Expected int      `json:"expected"` // cases that fail as they are known to
	Changes  []string `json:"changes"`  // one sentence each; any of them fails the run
}

// KnownChange is how a case stands to what is known of it.
type KnownChange string

// A case that fails as it is known to; one that fails and was not known to;
// one that fails in other facts; one that no longer fails.
const (
	KnownExpected KnownChange = "expected"
	KnownNew      KnownChange = "new"
	KnownChanged  KnownChange = "changed"
	KnownFixed    KnownChange = "fixed"
)

// ProfileOutcome is how one profile ended: conformant, partial (something
// required was skipped), failed or inconclusive.
type ProfileOutcome string

// The outcomes of a profile.
const (
	Conformant          ProfileOutcome = "conformant"
	Partial             ProfileOutcome = "partial"
	Failed              ProfileOutcome = "failed"
	ProfileInconclusive ProfileOutcome = "inconclusive"
)

// CaseResult is one case's outcome with what was expected and what was seen.
type CaseResult struct {
	ID         string      `json:"id"`    // row id of the behaviour table
	Group      string      `json:"group"` // CK, DK, …
	Title      string      `json:"title"`
	Verdict    CaseVerdict `json:"verdict"`
	Evidence   string      `json:"evidence"`   // recorded, field, documented, model, inferred
	Confidence string      `json:"confidence"` // high, medium, low
	Source     string      `json:"source,omitempty"`
	Expected   string      `json:"expected"`
	Observed   string      `json:"observed"`
	Differs    []string    `json:"differs,omitempty"` // the facts that differ: status, code, message, …
	// Differences are the same facts with what was wanted and what came.
	Differences []FactDifference `json:"differences,omitempty"`
	Reason      string           `json:"reason,omitempty"`     // why inconclusive, not applicable or skipped
	Known       KnownChange      `json:"known,omitempty"`      // only in runs held against known deviations
	KnownNote   string           `json:"known_note,omitempty"` // why it is known to fail
	Requests    int              `json:"requests"`
	Duration    time.Duration    `json:"duration_ns"`
}

// FactDifference is a fact that is not as expected.
type FactDifference struct {
	Fact string `json:"fact"` // status, code, code_place, message, text, body, "member X", "header X"
	Want string `json:"want"`
	Got  string `json:"got"`
}

// Load is one measured operation under one key spec and mode.
type Load struct {
	Operation string `json:"operation"` // GenerateMac, VerifyMac
	KeySpec   string `json:"key_spec"`
	Mode      string `json:"mode"` // open, closed
	Client    string `json:"client"`

	Requests  int64 `json:"requests"` // sent
	Succeeded int64 `json:"succeeded"`
	Attempts  int64 `json:"attempts"`
	Throttled int64 `json:"throttled"`
	Dropped   int64 `json:"dropped"` // due but never sent
	Late      int64 `json:"late"`    // sent more than 1 ms after they were due
	// ConnectionsOpened counts connections that were opened for these requests,
	// those of the warm-up included.
	ConnectionsOpened int64            `json:"connections_opened"`
	Errors            map[string]int64 `json:"errors"`               // code or kind to count
	WrongTags         int64            `json:"wrong_tags"`           // replies that were wrong
	Refused           int64            `json:"refused,omitempty"`    // tags sent wrong on purpose that were refused
	Unfinished        int64            `json:"unfinished,omitempty"` // in flight when the run was interrupted
	// Verified counts the replies that VerifiedBy found right: Succeeded and
	// Refused. It is 0 in a dry run, which has no reply to verify.
	Verified   int64  `json:"verified"`
	VerifiedBy string `json:"verified_by"` // engine, consistency

	OfferedRate  *float64      `json:"offered_rate"`  // arrivals per second; null in a closed loop
	AchievedRate float64       `json:"achieved_rate"` // successes per second
	Duration     time.Duration `json:"duration_ns"`   // measured span, warm-up excluded

	Response *Latency `json:"response_ns"`       // done−intended
	Service  *Latency `json:"service_ns"`        // done−sent
	Lag      *Latency `json:"lag_ns"`            // sent−intended; null in a closed loop
	Wire     *Latency `json:"wire_ns,omitempty"` // the HTTP client's part of service, where the target says

	Labels []string `json:"labels,omitempty"` // generator_limited, concurrency_limited

	// Of the whole run that this load was a part of, open loop only.
	PacerLag      *Latency `json:"pacer_lag_ns,omitempty"`   // lag less the waiting for a worker
	Waited        int64    `json:"waited,omitempty"`         // requests that waited for a worker
	WorkersNeeded int      `json:"workers_needed,omitempty"` // with which none would have; only with concurrency_limited

	// What the generator's process used in the measured span, all loads of the
	// run together, for each request: null where the system does not tell, and
	// where target and generator share a process.
	CPUPerRequest    *float64 `json:"cpu_ns_per_request"`
	AllocsPerRequest *float64 `json:"allocs_per_request"` // objects on the heap
	BytesPerRequest  *float64 `json:"bytes_per_request"`  // of them

	// Network is of the whole run, its set-up included: it stands in the run's
	// first load and nowhere else.
	Network *Network `json:"network,omitempty"`

	// Calibration is what the same client road did against a null responder.
	Calibration *Calibration `json:"calibration,omitempty"`

	// Histograms are HDR V2 compressed, base64, keyed "response", "service",
	// "lag", "wire"; values in nanoseconds, successes only. Those with the
	// prefix "refused_" or "failed_" are of the other outcomes.
	Histograms map[string]string `json:"histograms,omitempty"`
}

// Network is what a target counted on its connections.
type Network struct {
	ConnectionsOpened int64         `json:"connections_opened"`
	BytesSent         int64         `json:"bytes_sent"`
	BytesReceived     int64         `json:"bytes_received"`
	Protocol          string        `json:"protocol"`      // of the newest response
	DateDelta         time.Duration `json:"date_delta_ns"` // the target's clock minus the local one; 1 s resolution
}

// Calibration is the floor and the ceiling of a client road on this machine.
type Calibration struct {
	Client           string  `json:"client"`
	Floor            Latency `json:"floor_ns"`           // service time, one request at a time
	CeilingPerSecond float64 `json:"ceiling_per_second"` // closed loop
	Concurrency      int     `json:"concurrency"`        // of the ceiling
}

// Latency holds percentiles in nanoseconds, each the highest value equivalent
// to the recorded one (HdrHistogram's rank rule).
type Latency struct {
	P50  int64 `json:"p50"`
	P90  int64 `json:"p90"`
	P99  int64 `json:"p99"`
	P999 int64 `json:"p999"`
	Max  int64 `json:"max"`
}

// Rounds is one metric over the rounds of an interleaved session, as one arm
// saw it: Values[i] stands beside Values[i] of the session's other arms.
type Rounds struct {
	Metric         string    `json:"metric"` // as in benchfmt: "cpu-ns/op"
	Name           string    `json:"name"`   // what was measured
	HigherIsBetter bool      `json:"higher_is_better,omitempty"`
	Values         []float64 `json:"values"`
	// Again are the arm's second runs in the same rounds; empty if there were
	// none.
	Again []float64 `json:"again,omitempty"`
}
