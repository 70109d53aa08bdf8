package results

import "time"

// Shard is one exact share of a plan's schedule. Members that a file of before
// they were kept does not tell are zero.
type Shard struct {
	Index int `json:"index"` // 0 to Count−1
	Count int `json:"count"`

	// Scheduled is the number of measured arrivals that are due in this share,
	// ScheduledAll that of all shares; 0 if unknown.
	Scheduled    int64 `json:"scheduled,omitempty"`
	ScheduledAll int64 `json:"scheduled_all,omitempty"`

	// StartAt is when the schedule was told to begin; nil: as soon as the
	// process was ready.
	StartAt *time.Time `json:"start_at,omitempty"`
	// Began is the schedule's zero by this machine's clock.
	Began time.Time `json:"began,omitzero"`
	// Late is how long after its zero the process joined the schedule. What was
	// due before that was dropped, not sent later.
	Late time.Duration `json:"late_ns,omitempty"`
	// ClockOffset is the target's clock less this machine's, from the newest
	// Date header; 1 s resolution; nil if the target told no date.
	ClockOffset *time.Duration `json:"clock_offset_ns,omitempty"`
}

// due is the number of arrivals in this share of a schedule of all.
func (s Shard) due(all int64) int64 {
	return max(0, (all-int64(s.Index)+int64(s.Count)-1)/int64(s.Count))
}

// ShardState is what became of a shard.
type ShardState string

// A shard that came to its end; one that was killed or interrupted, whose
// figures end with the last second that it logged; one that left nothing.
const (
	ShardWhole   ShardState = "whole"
	ShardTorn    ShardState = "torn"
	ShardMissing ShardState = "missing"
)

// Shards is the section of a merged result that says what each shard gave. In
// it and in every account Scheduled = Done + Lost, unless Scheduled is unknown;
// then it and Lost are 0.
type Shards struct {
	Expected int  `json:"expected"`
	Present  int  `json:"present"` // whole or torn
	Torn     int  `json:"torn"`
	Missing  int  `json:"missing"`
	Degraded bool `json:"degraded"` // a shard is torn or missing

	Scheduled int64 `json:"scheduled"` // arrivals due in the measured part
	Done      int64 `json:"done"`      // sent and ended, by an answer or an error
	Lost      int64 `json:"lost"`      // dropped, cut off, or done but not on record

	// ScheduledRate is Scheduled over the measured part, AchievedRate the
	// successes over it, all operations together. Nothing is scaled up for what
	// is missing.
	ScheduledRate float64 `json:"scheduled_rate"`
	AchievedRate  float64 `json:"achieved_rate"`

	// StartSpread is the time between the first and the last Began, by the
	// clocks of the machines.
	StartSpread time.Duration `json:"start_spread_ns"`

	Accounts []ShardAccount `json:"accounts"` // one for each shard, by index
}

// ShardAccount is what one shard gave.
type ShardAccount struct {
	Index     int        `json:"index"`
	State     ShardState `json:"state"`
	RunID     string     `json:"run_id,omitempty"`
	Source    string     `json:"source,omitempty"` // what it was read from
	Host      string     `json:"host,omitempty"`
	Scheduled int64      `json:"scheduled"`
	Done      int64      `json:"done"`
	Lost      int64      `json:"lost"`
	Succeeded int64      `json:"succeeded"`
	Dropped   int64      `json:"dropped"` // the part of Lost that was due and never sent

	Began       time.Time      `json:"began,omitzero"`
	Late        time.Duration  `json:"late_ns,omitempty"`
	ClockOffset *time.Duration `json:"clock_offset_ns,omitempty"`
}
