package conformance

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

// cleanup is something that a run made and must remove: a key, or an alias.
type cleanup struct {
	road  *road
	key   string
	arn   string
	alias string
}

// keep remembers a key for removal: with the case, or with the run when the
// case was making a shared key.
func (s *session) keep(r *caseRun, road *road, keyID, arn string) {
	if keyID == "" || road == nil {
		return
	}
	r.made = append(r.made, cleanup{road: road, key: keyID, arn: arn})
}

// Alias creates an alias for the key, which is removed when the case ends,
// and returns its name.
func (p *Probe) Alias(k Key) string {
	name := "alias/" + p.Name()
	p.KeepAlias(name)
	p.Do("CreateAlias", Params{"AliasName": name, "TargetKeyId": k.ID})
	return name
}

// KeepAlias has an alias removed when the case ends, whether it exists by
// then or not.
func (p *Probe) KeepAlias(name string) {
	p.run.made = append(p.run.made, cleanup{road: p.road, alias: name})
}

// cleanUpTime bounds the clean-up of one case, and of the run once per key.
const cleanUpTime = 20 * time.Second

// cleanUp removes what was made, newest first, even if ctx has ended, and
// remembers what it could not.
func (s *session) cleanUp(ctx context.Context, made []cleanup) {
	if len(made) == 0 || s.plan != nil || s.replay != nil {
		return
	}
	budget := cleanUpTime
	if s.aws {
		budget += time.Duration(len(made)) * time.Second
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), budget)
	defer cancel()
	for _, m := range slices.Backward(made) {
		if m.alias != "" {
			_, _ = s.quietly(ctx, m.road, "DeleteAlias", Params{"AliasName": m.alias})
			continue
		}
		if !s.removeKey(ctx, m.road, s.nameOf(ctx, m)) {
			s.addLeftKey(m.arn, m.road.region)
		}
	}
}

// nameOf is what the key is removed by: its id, or the ARN of a replica where
// the target takes the id for its primary's.
func (s *session) nameOf(ctx context.Context, m cleanup) string {
	if m.road.caller == nil || !strings.HasPrefix(m.key, "mrk-") {
		return m.key
	}
	a, err := s.quietly(ctx, m.road, "DescribeKey", Params{"KeyId": m.key})
	if err != nil || !a.Succeeded() || a.String("KeyMetadata.Arn") == m.arn {
		return m.key
	}
	return m.arn
}

// Elsewhere is part of what Run says of a key left behind in a Region that is
// neither the target's nor Region2, such as a replica that the target should
// have refused: a clean-up of those two does not find it.
const Elsewhere = "for which cleanup needs --region "

// addLeftKey remembers a key that the run leaves behind in the Region.
func (s *session) addLeftKey(arn, region string) {
	what := mask(arn)
	if region != s.home.region && (s.away == nil || region != s.away.region) && region != "" {
		what += ", " + Elsewhere + region
	}
	s.addLeft(what)
}

// addLeft remembers what the run leaves behind; each text once.
func (s *session) addLeft(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.left, what) {
		s.left = append(s.left, what)
	}
}

// removeKey schedules deletion and reports whether the key is going. It waits
// while the key is Creating or Updating, when nothing can be scheduled.
func (s *session) removeKey(ctx context.Context, road *road, keyID string) bool {
	if road.caller == nil {
		_, err := road.admin.ScheduleKeyDeletion(ctx, keyID, 7)
		return err == nil || target.KindOf(err) == target.NotFound
	}
	pause := 50 * time.Millisecond
	for settled := 0; settled < 4; {
		a, err := s.quietly(ctx, road, "ScheduleKeyDeletion", Params{"KeyId": keyID, "PendingWindowInDays": 7})
		if err != nil {
			return false
		}
		if a.Succeeded() || a.Code == "NotFoundException" {
			return true
		}
		state := s.keyState(ctx, road, keyID)
		if state == target.StatePendingDeletion || state == "PendingReplicaDeletion" {
			return true
		}
		if state != "Creating" && state != "Updating" {
			settled++ // but it may have been passing when it was refused
		}
		if a.Code != "KMSInvalidStateException" || !waitFor(ctx, pause) {
			return false
		}
		pause = min(2*pause, 5*time.Second)
	}
	return false
}

// keyState asks for the state of a key; "" if it cannot be told.
func (s *session) keyState(ctx context.Context, road *road, keyID string) string {
	a, err := s.quietly(ctx, road, "DescribeKey", Params{"KeyId": keyID})
	if err != nil {
		return ""
	}
	return a.String("KeyMetadata.KeyState")
}

var errNoAnswer = errors.New("conformance: no answer")

// quietly sends a request of the clean-up: paced, throttling waited out,
// never a verdict.
func (s *session) quietly(ctx context.Context, road *road, operation string, params Params) (*Answer, error) {
	if s.silence.Load() >= silenceLimit {
		return nil, errNoAnswer
	}
	for try := 0; ; try++ {
		if err := s.pacer.wait(ctx, road.region, operation); err != nil {
			return nil, err
		}
		callCtx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
		ex, err := road.caller.Call(callCtx, operation, params)
		cancel()
		s.keepExchange(step{label: cleanUpLabel, operation: operation, try: try}, ex, err)
		a, readable := readAnswer(ex)
		if (err != nil || !readable) && !judgeableAnyway(err, a) {
			s.silence.Add(1)
			if try == 2 || ctx.Err() != nil || s.silence.Load() >= silenceLimit {
				return nil, errNoAnswer
			}
			continue
		}
		s.silence.Store(0)
		if !a.throttled() && a.Status/100 != 5 || try == 6 {
			return a, nil
		}
		if !waitFor(ctx, time.Duration(100<<try)*time.Millisecond) {
			return nil, ctx.Err()
		}
	}
}

// waitFor waits and reports whether ctx let it.
func waitFor(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
