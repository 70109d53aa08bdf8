package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
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
	admin     target.KeyAdmin // of its Region
	run, host string
	expires   time.Time // zero if the tag cannot be read
}

// Run lists the keys of earlier runs that still exist, in both Regions, then
// schedules the deletion of those that were asked for.
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
	away := c.secondRegion(a, o, spec)
	if away != nil {
		defer away.Close()
	}
	return errors.Join(c.sweep(a, o, away), o.close())
}

// secondRegion leads to the keys that conform makes in a second Region; nil
// where there is none. A named endpoint serves one Region.
func (c cleanupCmd) secondRegion(a *app, o *opened, spec targetSpec) target.Target {
	regional, ok := o.Target.(target.Regional)
	if !ok || spec.region2 == "" || c.Endpoint != "" && c.Region2 == "" {
		return nil
	}
	away, err := regional.InRegion(spec.region2)
	if err != nil {
		a.say("warning: %s is left out: %v", spec.region2, err)
		return nil
	}
	return away
}

func (c cleanupCmd) sweep(a *app, o *opened, away target.Target) error {
	// How many keys there are is not known yet: the limit is the estimate.
	if err := c.consent(a, o, estimate{requests: map[string]int64{"ListKeys, ListResourceTags, DescribeKey, ScheduleKeyDeletion": c.MaxRequests}}); err != nil {
		return err
	}
	if err := o.reach(a.ctx); err != nil {
		return err
	}
	s := &sweeper{app: a, budget: c.MaxRequests, paced: o.aws}
	keys, err := c.find(s, o, away)
	if err != nil {
		return err
	}
	take, err := c.choose(a, keys)
	if err != nil {
		return err
	}
	if c.All && !c.Yes && !c.DryRun && len(take) > 0 {
		if err := confirm(a, len(take)); err != nil {
			return err
		}
	}
	if !c.DryRun {
		if err := s.take(take); err != nil {
			return err
		}
	}
	if s.failed > 0 {
		return unknownf("the clean-up is incomplete; failures told above: %d", s.failed)
	}
	return nil
}

// find looks for keys in both Regions. A second Region that nobody asked for
// may be closed to the caller: that is told, and no failure.
func (c cleanupCmd) find(s *sweeper, o *opened, away target.Target) ([]ownKey, error) {
	admin, ok := o.Target.(target.KeyAdmin)
	if !ok {
		return nil, unknownf("%s has no keys to administer", c.Target)
	}
	keys, err := s.find(o.Info().Region, admin)
	if err != nil {
		return nil, err
	}
	second, ok := away.(target.KeyAdmin)
	if !ok {
		return keys, nil
	}
	more, err := s.find(away.Info().Region, second)
	if kind := target.KindOf(err); c.Region2 == "" && (kind == target.AccessDenied || kind == target.Unauthorised || kind == target.Unreachable) {
		s.app.say("warning: keys in %s, where conform makes some, were not looked for: %v", away.Info().Region, err)
		err = nil
	}
	return append(keys, more...), err
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
		if _, err := fmt.Fprintf(a.streams.out, "%s\t%s\trun %s\thost %s\texpires %s\n", state, results.MaskAccounts(k.ref.ARN), k.run, k.host, expires); err != nil {
			return nil, err
		}
	}
	_, err := fmt.Fprintf(a.streams.out, "%d keys of kmsmac found, %d chosen\n", len(keys), len(take))
	return take, err
}

// confirm asks; an interrupt is an answer, too.
func confirm(a *app, n int) error {
	a.say("schedule deletion of %d keys, also of runs that may still be going on? Type yes:", n)
	answer := make(chan string, 1)
	go func() { // ends with the answer, or with the process
		line, _ := bufio.NewReader(a.streams.in).ReadString('\n')
		answer <- strings.TrimSpace(line)
	}()
	select {
	case <-a.ctx.Done():
		return a.ctx.Err()
	case line := <-answer:
		if line == "yes" {
			return nil
		}
		return usagef("nothing was changed: answer yes, or give --yes")
	}
}

// take schedules deletion; one key's failure does not keep the others.
func (s *sweeper) take(keys []ownKey) error {
	done := 0
	for _, k := range keys {
		err := s.call("ScheduleKeyDeletion", func(ctx context.Context) error {
			_, err := k.admin.ScheduleKeyDeletion(ctx, k.ref.KeyID, deletionDays)
			return err
		})
		switch {
		case err == nil:
			done++
		case s.ends(err):
			return err
		case target.KindOf(err) != target.NotFound: // else gone by now
			s.fail(results.MaskAccounts(k.ref.ARN), err)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(s.app.streams.out, "deletion of %d keys scheduled in %d days\n", done, deletionDays)
	return err
}
