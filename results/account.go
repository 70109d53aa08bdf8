package results

import (
	"fmt"
	"strings"
	"time"
)

// account says what each shard gave. parts are mergeable and sorted by index,
// loads their merged sections.
func account(parts []Part, loads []Load) *Shards {
	n := parts[0].File.Shard.Count
	s := &Shards{Expected: n, Accounts: make([]ShardAccount, n)}
	all := scheduledAll(parts)
	for i := range s.Accounts {
		s.Accounts[i] = ShardAccount{Index: i, State: ShardMissing}
		if all > 0 {
			s.Accounts[i].Scheduled = Shard{Index: i, Count: n}.due(all)
		}
	}
	for _, p := range parts {
		s.Accounts[p.index()].take(p)
	}
	s.StartSpread = startSpread(s.Accounts)
	s.sum(all > 0)
	var span time.Duration
	var ok int64
	for _, l := range loads {
		span, ok = max(span, l.Duration), ok+l.Succeeded
	}
	if sec := plannedSpan(loads, span).Seconds(); sec > 0 {
		s.ScheduledRate = float64(s.Scheduled) / sec
	}
	if span > 0 {
		s.AchievedRate = float64(ok) / span.Seconds()
	}
	return s
}

// scheduledAll is the number of arrivals of the whole schedule; 0 if no shard
// tells and not all of them are whole.
func scheduledAll(parts []Part) (all int64) {
	var sum int64
	for _, p := range parts {
		if s := p.File.Shard; s.ScheduledAll > 0 {
			return s.ScheduledAll
		}
		if p.File.Interrupted || p.File.Shard.Scheduled == 0 {
			sum = -1 << 62
		}
		sum += p.File.Shard.Scheduled
	}
	if len(parts) < parts[0].File.Shard.Count || sum < 0 {
		return 0
	}
	return sum
}

// take fills in what a shard left.
func (a *ShardAccount) take(p Part) {
	f := p.File
	a.State, a.RunID, a.Source, a.Host = ShardWhole, f.RunID, p.Source, f.Environment.Host
	if f.Interrupted {
		a.State = ShardTorn
	}
	a.Began, a.Late, a.ClockOffset = f.Shard.Began, f.Shard.Late, f.Shard.ClockOffset
	for _, l := range f.Load {
		a.Done += l.Requests - l.Unfinished
		a.Succeeded += l.Succeeded
		a.Dropped += l.Dropped
	}
	if f.Shard.Scheduled > 0 {
		a.Scheduled = f.Shard.Scheduled
	}
	if a.Scheduled > 0 {
		a.Lost = max(0, a.Scheduled-a.Done)
	}
}

// sum adds up the accounts. Unless the schedule is known, what was lost is not
// either. A shard may have no share in one that is shorter than the shards are
// many.
func (s *Shards) sum(known bool) {
	for i := range s.Accounts {
		a := &s.Accounts[i]
		switch a.State {
		case ShardTorn:
			s.Torn++
			s.Present++
		case ShardWhole:
			s.Present++
		case ShardMissing:
			s.Missing++
			a.Lost = a.Scheduled
		}
		s.Scheduled, s.Done, s.Lost = s.Scheduled+a.Scheduled, s.Done+a.Done, s.Lost+a.Lost
	}
	if !known {
		s.Scheduled, s.Lost = 0, 0
	}
	s.Degraded = s.Torn+s.Missing > 0
}

func startSpread(accounts []ShardAccount) time.Duration {
	var first, last time.Time
	for _, a := range accounts {
		if a.Began.IsZero() {
			continue
		}
		if first.IsZero() || a.Began.Before(first) {
			first = a.Began
		}
		if a.Began.After(last) {
			last = a.Began
		}
	}
	return last.Sub(first)
}

// plannedSpan is the span in which arrivals were due; longest is the measured
// span, which is longer if some were sent after it.
func plannedSpan(loads []Load, longest time.Duration) time.Duration {
	var span time.Duration
	for _, l := range loads {
		span = max(span, l.dueSpan())
	}
	if span == 0 {
		return longest
	}
	return span
}

// apart reports whether some shards had ended when others began: then there
// never was the load that the plan asks for.
func (s *Shards) apart(loads []Load) bool {
	var span time.Duration
	for _, l := range loads {
		span = max(span, l.Duration)
	}
	return span > 0 && s.StartSpread > span
}

// Differences between machines above which a merged result warns.
const (
	startTolerance = time.Second     // of the shards' starts
	clockTolerance = 2 * time.Second // of the clocks; Date headers have seconds
)

func (s *Shards) warnings(loads []Load) []string {
	var out []string
	for _, g := range []struct {
		state ShardState
		text  string
	}{
		{ShardMissing, "shards missing: %s of %d; rates are those achieved by the shards present"},
		{ShardTorn, "shards torn: %s of %d; each holds what it logged up to its last full second"},
	} {
		if list := s.in(g.state); len(list) > 0 {
			out = append(out, fmt.Sprintf(g.text, strings.Join(list, ", "), s.Expected))
		}
	}
	for _, a := range s.Accounts {
		if a.Scheduled > 0 && a.Done > a.Scheduled {
			out = append(out, fmt.Sprintf("shard %d has %d calls on record, more than the %d of its share: one of the two is wrong", a.Index, a.Done, a.Scheduled))
		}
		if a.Late > 0 {
			out = append(out, fmt.Sprintf("shard %d joined %s late: what was due before was dropped", a.Index, a.Late.Round(time.Millisecond)))
		}
	}
	switch {
	case s.apart(loads):
		out = append(out, fmt.Sprintf("the shards began %s apart: some had ended before others began, so the load of the plan never was there",
			s.StartSpread.Round(time.Millisecond)))
	case s.StartSpread > startTolerance:
		out = append(out, fmt.Sprintf("the shards began %s apart: the whole load was there only while all of them ran (--start-at, or k6's resume, brings them together)",
			s.StartSpread.Round(time.Millisecond)))
	}
	if d := s.clockSpread(); d > clockTolerance {
		out = append(out, fmt.Sprintf("the shards' clocks differ by about %s, judged by the target's: starts were as far apart", d))
	}
	return out
}

// in lists the shards in one state.
func (s *Shards) in(state ShardState) (list []string) {
	for _, a := range s.Accounts {
		if a.State == state {
			list = append(list, fmt.Sprint(a.Index))
		}
	}
	return list
}

// clockSpread is by how much the machines' clocks differ, as the target's dates
// tell.
func (s *Shards) clockSpread() time.Duration {
	var low, high *time.Duration
	for _, a := range s.Accounts {
		if o := a.ClockOffset; o != nil {
			if low == nil || *o < *low {
				low = o
			}
			if high == nil || *o > *high {
				high = o
			}
		}
	}
	if low == nil {
		return 0
	}
	return (*high - *low).Round(time.Second)
}
