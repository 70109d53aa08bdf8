package k6x

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// now is the clock of samples.
func now() time.Time { return time.Now() }

// budget is the hard stop on single calls of one target by all VUs of this
// process. A nil budget is none.
type budget struct {
	left  atomic.Int64
	limit int64
	text  string
}

// newBudget is this instance's share of the limits; nil where they do not hold.
func newBudget(s spec, instances int) *budget {
	if !s.aws {
		return nil
	}
	requests, cost := s.limits(instances)
	b := &budget{limit: requests, text: "maxRequests"}
	if n := int64(cost) * 10_000 / int64(awsfacts.Per10000Requests); n < b.limit {
		b.limit, b.text = n, "maxCost"
	}
	b.left.Store(b.limit)
	return b
}

// take reserves one request.
func (b *budget) take() error {
	if b == nil || b.left.Add(-1) >= 0 {
		return nil
	}
	return fmt.Errorf("k6x: refused: this instance's share of %s, %d requests, is spent", b.text, b.limit)
}
