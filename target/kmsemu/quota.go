package kmsemu

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// quotas are the request quotas of AWS: token buckets per account, Region and
// operation, one of them shared by the symmetric operations (rows QU-01 to
// QU-08). A bucket holds one second's worth (inferred), and a request that
// fails later has still been counted (inferred).
type quotas struct {
	region    string // whose figures hold
	symmetric int    // instead of its figure of the symmetric bucket; 0 keeps that
	only      string // the one Region where quotas hold; "" is every Region

	mu      sync.Mutex
	buckets map[bucketID]*bucket
}

// parseQuota reads Options.Quota.
func parseQuota(text string) (*quotas, error) {
	part := strings.Split(text, ":")
	q := &quotas{region: part[0], buckets: map[bucketID]*bucket{}}
	if !awsfacts.IsRegion(q.region) {
		return nil, fmt.Errorf("kmsemu: quota of an unknown Region %q", q.region)
	}
	for _, p := range part[1:] {
		name, value, _ := strings.Cut(p, "=")
		n, err := strconv.Atoi(value)
		switch {
		case name == "symmetric" && err == nil && n > 0:
			q.symmetric = n
		case name == "in" && awsfacts.IsRegion(value):
			q.only = value
		default:
			return nil, fmt.Errorf("kmsemu: quota %q: %q is neither symmetric=N nor in=REGION", text, p)
		}
	}
	return q, nil
}

// limit is the quota of an operation in requests per second, and the bucket
// that it draws on.
func (q *quotas) limit(region, operation string) (n int, bucket string, ok bool) {
	if q.only != "" && q.only != region {
		return 0, "", false
	}
	n, bucket, ok = awsfacts.Limit(q.region, operation)
	if bucket == "symmetric" && q.symmetric > 0 {
		n = q.symmetric
	}
	return n, bucket, ok
}

type bucketID struct {
	realm realmID
	name  string
}

type bucket struct {
	tokens float64
	at     time.Time
}

// take counts n requests of an operation and reports whether the quota allows
// them. An operation without a known quota is always allowed.
func (q *quotas) take(id realmID, operation string, n float64, now time.Time) bool {
	perSecond, name, ok := q.limit(id.region, operation)
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
