package conformance

import (
	"context"
	"sync"
	"time"

	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// pacer keeps a run below AWS's request quotas: each bucket gets at most four
// fifths of its default, evenly spaced, because the account has other users.
type pacer struct {
	on   bool
	mu   sync.Mutex
	next map[string]time.Time // by Region and bucket
}

func newPacer(on bool) *pacer { return &pacer{on: on, next: map[string]time.Time{}} }

// maxPerSecond bounds every bucket: a suite has no business being faster.
const maxPerSecond = 50

// wait returns when the operation may be sent, or with the context's error.
func (p *pacer) wait(ctx context.Context, region, operation string) error {
	if !p.on {
		return nil
	}
	gap, bucket := spacing(region, operation)
	delay := p.reserve(bucket, gap)
	if delay <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// spacing is the time between two requests of a bucket, and its name.
func spacing(region, operation string) (time.Duration, string) {
	n, bucket, ok := awsfacts.Limit(region, operation)
	if !ok || n > maxPerSecond {
		n = maxPerSecond
	}
	return time.Second * 5 / time.Duration(4*n), region + " " + bucket
}

// reserve takes the bucket's next free moment and returns how far it is.
func (p *pacer) reserve(bucket string, gap time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	at := p.next[bucket]
	if at.Before(now) {
		at = now
	}
	p.next[bucket] = at.Add(gap)
	return at.Sub(now)
}
