package main

import (
	"context"
	"errors"
	"time"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// sweeper makes the calls of a clean-up, within a budget and, against aws, the
// per-operation quotas.
type sweeper struct {
	app    *app
	budget int64
	paced  bool
	last   map[string]time.Time
	failed int // told on stderr
	silent int // calls in a row that nobody answered
}

// errBudget ends a clean-up that would exceed --max-requests.
var errBudget = errors.New("--max-requests is used up: raise it, the keys are looked through from the start each time")

// maxSilent is the number of calls in a row without an answer that end a
// clean-up.
const maxSilent = 3

// ends says that no further call can do better.
func (s *sweeper) ends(err error) bool {
	return errors.Is(err, errBudget) || s.app.ctx.Err() != nil || s.silent >= maxSilent
}

// fail tells a failure that does not keep the others.
func (s *sweeper) fail(what string, err error) {
	s.failed++
	s.app.say("%s: %v", what, err)
}

// call makes one request, again while it is throttled.
func (s *sweeper) call(operation string, do func(context.Context) error) error {
	for gap := 200 * time.Millisecond; ; gap *= 2 {
		if err := s.spend(operation); err != nil {
			return err
		}
		err := do(s.app.ctx)
		switch kind := target.KindOf(err); {
		case kind == target.Throttled && gap < 10*time.Second:
			if err := s.wait(gap); err != nil {
				return err
			}
			continue
		case err != nil && !kind.Answered():
			s.silent++
		default:
			s.silent = 0
		}
		return err
	}
}

// spend counts one request and waits for the operation's turn.
func (s *sweeper) spend(operation string) error {
	if s.budget <= 0 && s.paced {
		return unknownf("%w", errBudget)
	}
	s.budget--
	perSecond, ok := awsfacts.PerSecond(operation)
	if !s.paced || !ok {
		return s.app.ctx.Err()
	}
	if s.last == nil {
		s.last = map[string]time.Time{}
	}
	err := s.wait(time.Until(s.last[operation].Add(time.Second / time.Duration(perSecond))))
	s.last[operation] = time.Now()
	return err
}

func (s *sweeper) wait(d time.Duration) error {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-s.app.ctx.Done():
		return s.app.ctx.Err()
	case <-timer.C:
		return nil
	}
}

// find pages through all keys of a Region and returns those that carry our tags
// and are not on their way out. A key that cannot be looked at is told; an error
// means that nobody knows which keys there are.
func (s *sweeper) find(region string, admin target.KeyAdmin) ([]ownKey, error) {
	var found []ownKey
	for marker := ""; ; {
		var page target.KeyPage
		err := s.call("ListKeys", func(ctx context.Context) (err error) {
			page, err = admin.ListKeys(ctx, marker, 0)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, ref := range page.Keys {
			k, ok, err := s.inspect(admin, ref)
			switch {
			case err != nil && s.ends(err):
				return nil, err
			case err != nil:
				s.fail(firstOf(ref.ARN, ref.KeyID), err)
			case ok:
				found = append(found, k)
			}
		}
		if page.Truncated && page.Next == "" {
			s.app.say("warning: the target lists only a part of its keys in %s (no NextMarker): run cleanup again afterwards", region)
		}
		if page.Next == "" {
			return found, nil
		}
		marker = page.Next
	}
}

// inspect reads the key's tags, and its state if they are ours.
func (s *sweeper) inspect(admin target.KeyAdmin, ref target.KeyRef) (k ownKey, ok bool, err error) {
	k = ownKey{ref: ref, admin: admin}
	var tags []target.ResourceTag
	err = s.call("ListResourceTags", func(ctx context.Context) (err error) {
		tags, err = admin.ListResourceTags(ctx, ref.KeyID)
		return err
	})
	if kind := target.KindOf(err); kind == target.AccessDenied || kind == target.NotFound {
		return k, false, nil // not ours to read: AWS-managed, foreign policy, just gone
	}
	if err != nil {
		return k, false, err
	}
	for _, t := range tags {
		switch t.Key {
		case tagRun:
			k.run = t.Value
		case tagHost:
			k.host = t.Value
		case tagExpires:
			k.expires, _ = time.Parse(time.RFC3339, t.Value)
		}
	}
	if k.run == "" {
		return k, false, nil
	}
	var meta target.KeyMetadata
	err = s.call("DescribeKey", func(ctx context.Context) (err error) {
		meta, err = admin.DescribeKey(ctx, ref.KeyID)
		return err
	})
	if target.KindOf(err) == target.NotFound {
		return k, false, nil // just gone
	}
	return k, err == nil && meta.State != target.StatePendingDeletion && meta.State != statePendingReplicaDeletion, err
}

// statePendingReplicaDeletion is the state of a primary whose deletion waits
// for that of its replicas.
const statePendingReplicaDeletion = "PendingReplicaDeletion"
