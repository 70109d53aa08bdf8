package capacity

import "time"

// replayBudget is how many arrivals a search for the fewest places replays
// before it stops trying each number: some 20 ms. A plan searches ten times.
const replayBudget = 5_000_000

// Replay sends a trace, instants since its start in ascending order, through a
// token bucket that is full at first in each of so many places, at least 1, and
// returns the share that is refused in the place where that is largest. Time
// runs speed times as fast. The arrivals are dealt out in turn.
func Replay(trace []time.Duration, speed float64, places int64, quota, depth float64) float64 {
	share, _ := replay{speed: speed, places: places, first: 1 / float64(max(places, 1)), quota: quota, depth: depth}.worst(trace, 1)
	return share
}

// replay is how a trace is dealt out to places: the first gets the share first,
// evenly picked, and others requests a second of other callers are taken from
// its bucket evenly. The further ones get the rest in turn.
type replay struct {
	speed        float64
	places       int64
	first        float64
	quota, depth float64
	others       float64
}

// pooled is one place with the buckets of all. It refuses no more than they do,
// however the arrivals are dealt out; the little it holds beyond them outweighs
// what they round up.
func (p replay) pooled() replay {
	n := float64(p.places)
	return replay{speed: p.speed, places: 1, first: 1, quota: n * p.quota, depth: n*max(p.depth, 1) + 0.01, others: p.others}
}

type bucket struct {
	tokens, last float64
	refused      int64
}

// worst returns the largest share of its arrivals that a place refuses, and how
// many arrivals were replayed. Once a place is certain to refuse more than limit
// it ends, with some share above limit.
func (p replay) worst(trace []time.Duration, limit float64) (share float64, played int) {
	total := int64(len(trace))
	depth, second := max(p.depth, 1), 1e-9/p.speed
	buckets := make([]bucket, 1+min(max(p.places-1, 0), total))
	for i := range buckets {
		buckets[i].tokens = depth
	}
	further := int64(len(buckets)) - 1
	toFirst := func(n int64) int64 { return int64(float64(n)*p.first + 1e-9) } // of n arrivals
	all := func(place int64) int64 {                                           // arrivals in that place
		if place == 0 {
			return toFirst(total)
		}
		return (total - toFirst(total) + further - place) / further
	}
	var inFirst, turn int64
	for i, at := range trace {
		place, rate := int64(0), p.quota
		if n := toFirst(int64(i) + 1); n > inFirst || further == 0 {
			inFirst, rate = n, p.quota-p.others
		} else {
			place, turn = turn+1, turn+1
			if turn == further {
				turn = 0
			}
		}
		b, now := &buckets[place], float64(at)*second
		b.tokens, b.last = min(depth, max(0, b.tokens+rate*(now-b.last))), now
		if b.tokens >= 1-1e-9 { // sums of decimals
			b.tokens--
			continue
		}
		b.refused++
		if share = max(share, float64(b.refused)/float64(all(place))); share > limit {
			return share, i + 1
		}
	}
	return share, len(trace)
}
