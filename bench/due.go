package bench

import "sort"

// countedForDue is the number of random arrivals up to which Due counts: about
// a second of CPU time.
const countedForDue = 50_000_000

// Due is the number of measured arrivals in this plan's shard, and in all
// shards together. ok is false in a closed loop, for a plan that is not valid,
// and where counting would take long: random arrivals can only be counted one by
// one.
func (p Plan) Due() (shard, all int64, ok bool) {
	if p.Mode() == Closed || p.Validate() != nil {
		return 0, 0, false
	}
	p = p.WithDefaults()
	s, err := p.Arrivals.Schedule(p.Seed, p.Duration)
	if err != nil || s.poisson && s.trace == nil && s.expected() > countedForDue {
		return 0, 0, false
	}
	n := s.count()
	i, of := uint64(p.Shard), uint64(p.Shards)
	if n > i {
		shard = int64((n - i + of - 1) / of)
	}
	return shard, int64(n), true
}

// count is the number of arrivals of all shards. s must be unused, and is used
// up.
func (s *Schedule) count() uint64 {
	if s.poisson {
		for _, ok := s.step(); ok; _, ok = s.step() {
			s.next++
		}
		return s.next
	}
	return uint64(sort.Search(int(s.expected())+2, func(n int) bool {
		s.next = uint64(n)
		_, ok := s.step()
		return !ok
	}))
}
