package bench

import (
	"math"
	"sync/atomic"

	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// Why a run ended before its plan did.
const (
	StoppedInterrupted = "interrupted"
	StoppedRequests    = "max_requests"
	StoppedCost        = "max_cost"
)

// budget is the hard stop on requests. It may be used concurrently.
type budget struct {
	left  atomic.Int64
	why   string // which limit it is
	limit int64
}

// newBudget sets the requests for removing the run's keys aside, so that
// clean-up is never what a limit prevents.
func newBudget(p Plan, e Estimate) *budget {
	b := &budget{why: StoppedRequests, limit: math.MaxInt64 / 2}
	if p.MaxRequests > 0 {
		b.limit = p.MaxRequests
	}
	if p.MaxCost > 0 {
		keys := awsfacts.KeyCost(e.Keys, e.Lasts)
		n := int64(max(0, p.MaxCost-keys)) * 10_000 / int64(awsfacts.Per10000Requests)
		if n < b.limit {
			b.why, b.limit = StoppedCost, n
		}
	}
	b.left.Store(b.limit - e.SetUp["ScheduleKeyDeletion"] - e.SetUp["DeleteAlias"])
	return b
}

// take reserves n requests; it reports whether the limit allows them.
func (b *budget) take(n int64) bool {
	if b.left.Add(-n) >= 0 {
		return true
	}
	b.left.Add(n)
	return false
}

// spend counts requests that were made without being asked for: retries.
func (b *budget) spend(n int64) { b.left.Add(-n) }
