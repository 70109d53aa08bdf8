package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// The resource tags that every key made by kmsmac carries.
const (
	tagRun     = "kmsmac:run"
	tagHost    = "kmsmac:host"
	tagExpires = "kmsmac:expires" // RFC 3339
)

// deletionDays is the shortest waiting period that KMS takes (row DE-04); a
// key costs nothing meanwhile.
const deletionDays = 7

type cleanupCmd struct {
	targetFlags
	moneyFlags
	RunID  string `name:"run" placeholder:"ID" xor:"which" help:"Take the keys of this run, expired or not."`
	All    bool   `xor:"which" help:"Take the keys of every run, expired or not, after confirmation."`
	Yes    bool   `help:"Do not ask for confirmation."`
	DryRun bool   `help:"Only list."`
}

// ownKey is a key that a run of kmsmac left.
type ownKey struct {
	ref       target.KeyRef
	run, host string
	expires   time.Time // zero if the tag cannot be read
}

// Run lists the keys of earlier runs that still exist, then schedules the
// deletion of those that were asked for.
func (c cleanupCmd) Run(a *app) error {
	if err := c.moneyFlags.check(); err != nil {
		return err
	}
	spec, err := c.spec(a.env)
	if err != nil {
		return err
	}
	o, err := spec.open(a, c.targetFlags, clientOptions{connections: 1, client: "sdk"}, inProcessEmulator)
	if err != nil {
		return err
	}
	return errors.Join(c.sweep(a, o), o.close())
}

func (c cleanupCmd) sweep(a *app, o *opened) error {
	// How many keys there are is not known yet: the limit is the estimate.
	if err := c.consent(a, o, estimate{requests: map[string]int64{"ListKeys, ListResourceTags, DescribeKey, ScheduleKeyDeletion": c.MaxRequests}}); err != nil {
		return err
	}
	if err := o.reach(a.ctx); err != nil {
		return err
	}
	admin, ok := o.Target.(target.KeyAdmin)
	if !ok {
		return unknownf("%s has no keys to administer", c.Target)
	}
	s := &sweeper{admin: admin, budget: c.MaxRequests, paced: o.aws}
	keys, err := s.find(a.ctx)
	if err != nil {
		return err
	}
	if s.cut {
		a.say("warning: the target lists only a part of its keys (no NextMarker): run cleanup again afterwards")
	}
	take, err := c.choose(a, keys)
	if err != nil {
		return err
	}
	if len(take) == 0 || c.DryRun {
		return nil
	}
	if c.All && !c.Yes && !confirm(a, len(take)) {
		return usagef("nothing was changed: answer yes, or give --yes")
	}
	return s.take(a, take)
}

// choose lists all keys found and returns those to take.
func (c cleanupCmd) choose(a *app, keys []ownKey) ([]ownKey, error) {
	var take []ownKey
	now := time.Now()
	for _, k := range keys {
		chosen := c.All || (c.RunID != "" && k.run == c.RunID) ||
			(c.RunID == "" && !k.expires.IsZero() && now.After(k.expires))
		state := "kept"
		if chosen {
			state = "chosen"
			take = append(take, k)
		}
		expires := "unknown"
		if !k.expires.IsZero() {
			expires = k.expires.UTC().Format(time.RFC3339)
		}
		if _, err := fmt.Fprintf(a.streams.out, "%s\t%s\trun %s\thost %s\texpires %s\n", state, k.ref.ARN, k.run, k.host, expires); err != nil {
			return nil, err
		}
	}
	_, err := fmt.Fprintf(a.streams.out, "%d keys of kmsmac found, %d chosen\n", len(keys), len(take))
	return take, err
}

func confirm(a *app, n int) bool {
	a.say("schedule deletion of %d keys, also of runs that may still be going on? Type yes:", n)
	line, _ := bufio.NewReader(a.streams.in).ReadString('\n')
	return strings.TrimSpace(line) == "yes"
}

// sweeper makes the calls of a clean-up, within a budget and, against aws, the
// per-operation quotas.
type sweeper struct {
	admin  target.KeyAdmin
	budget int64
	paced  bool
	last   map[string]time.Time
	cut    bool // the target listed only a part of its keys
}

// errBudget ends a clean-up that would exceed --max-requests.
var errBudget = errors.New("--max-requests is used up: run cleanup again, or raise it")

// spend counts one request and waits for the operation's turn.
func (s *sweeper) spend(ctx context.Context, operation string) error {
	if s.budget <= 0 && s.paced {
		return unknownf("%w", errBudget)
	}
	s.budget--
	perSecond, ok := awsfacts.PerSecond(operation)
	if !s.paced || !ok {
		return ctx.Err()
	}
	if s.last == nil {
		s.last = map[string]time.Time{}
	}
	wait := time.Until(s.last[operation].Add(time.Second / time.Duration(perSecond)))
	timer := time.NewTimer(max(wait, 0))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		s.last[operation] = time.Now()
		return nil
	}
}

// find pages through all keys and keeps those that carry our tags and are not
// already pending deletion.
func (s *sweeper) find(ctx context.Context) ([]ownKey, error) {
	var found []ownKey
	for marker := ""; ; {
		if err := s.spend(ctx, "ListKeys"); err != nil {
			return nil, err
		}
		page, err := s.admin.ListKeys(ctx, marker, 0)
		if err != nil {
			return nil, err
		}
		for _, ref := range page.Keys {
			k, ok, err := s.inspect(ctx, ref)
			if err != nil {
				return nil, err
			}
			if ok {
				found = append(found, k)
			}
		}
		if page.Truncated && page.Next == "" {
			s.cut = true
		}
		if page.Next == "" {
			return found, nil
		}
		marker = page.Next
	}
}

func (s *sweeper) inspect(ctx context.Context, ref target.KeyRef) (ownKey, bool, error) {
	k := ownKey{ref: ref}
	if err := s.spend(ctx, "ListResourceTags"); err != nil {
		return k, false, err
	}
	tags, err := s.admin.ListResourceTags(ctx, ref.KeyID)
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
	if err := s.spend(ctx, "DescribeKey"); err != nil {
		return k, false, err
	}
	meta, err := s.admin.DescribeKey(ctx, ref.KeyID)
	return k, err == nil && meta.State != target.StatePendingDeletion, err
}

// take schedules deletion; one key's failure does not keep the others.
func (s *sweeper) take(a *app, keys []ownKey) error {
	failed := 0
	for _, k := range keys {
		if err := s.spend(a.ctx, "ScheduleKeyDeletion"); err != nil {
			return err
		}
		if _, err := s.admin.ScheduleKeyDeletion(a.ctx, k.ref.KeyID, deletionDays); err != nil {
			failed++
			a.say("%s: %v", k.ref.ARN, err)
		}
	}
	if failed > 0 {
		return unknownf("%d of %d keys could not be scheduled for deletion", failed, len(keys))
	}
	_, err := fmt.Fprintf(a.streams.out, "deletion of %d keys scheduled in %d days\n", len(keys), deletionDays)
	return err
}
