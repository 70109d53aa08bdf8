package kmsemu

import (
	"sync"
	"time"

	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// quotas are the request quotas of AWS: token buckets per account, Region and
// operation, one of them shared by the symmetric operations (rows QU-01 to
// QU-08). A bucket holds one second's worth (inferred), and a request that
// fails later has still been counted (inferred).
type quotas struct {
	region string // whose figures hold, in every Region

	mu      sync.Mutex
	buckets map[bucketID]*bucket
}

type bucketID struct {
	realm realmID
	name  string
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newQuotas(region string) *quotas {
	return &quotas{region: region, buckets: map[bucketID]*bucket{}}
}

// take counts n requests of an operation and reports whether the quota allows
// them. An operation without a known quota is always allowed.
func (q *quotas) take(id realmID, operation string, n float64, now time.Time) bool {
	perSecond, name, ok := awsfacts.Limit(q.region, operation)
	if !ok {
		return true
	}
	rate := float64(perSecond)
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.buckets[bucketID{id, name}]
	if b == nil {
		b = &bucket{rate, now}
		q.buckets[bucketID{id, name}] = b
	}
	if elapsed := now.Sub(b.at).Seconds(); elapsed > 0 {
		b.tokens, b.at = min(rate, b.tokens+elapsed*rate), now
	}
	if b.tokens < n {
		return false
	}
	b.tokens -= n
	return true
}

// throttled counts the call and reports whether it is over a quota.
// ReplicateKey counts as CreateKey in the replica's Region too, and
// UpdatePrimaryRegion in both Regions.
func (c *call) throttled() bool {
	q := c.e.quotas
	if q == nil {
		return false
	}
	id := realmID{c.realm.account, c.realm.region}
	if !q.take(id, c.op.name, 1, c.now) {
		return true
	}
	switch c.op.name {
	case "ReplicateKey":
		return !q.take(realmID{id.account, c.in.str("ReplicaRegion")}, "CreateKey", 1, c.now)
	case "UpdatePrimaryRegion":
		return !q.take(realmID{id.account, c.in.str("PrimaryRegion")}, c.op.name, 1, c.now)
	}
	return false
}

func errThrottled() *apiError { // row WI-17
	return fault("ThrottlingException", "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.")
}
