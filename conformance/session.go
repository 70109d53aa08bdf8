package conformance

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// session is what all cases of one run share.
type session struct {
	ctx  context.Context
	opts Options
	aws  bool
	home *road
	away *road // nil without a second Region
	// quota leads to the Region in which quotas may be used up; home unless
	// another was named.
	quota *road

	pacer    *pacer
	plan     *planner // not nil while planning: nothing is sent
	replay   *replay  // not nil when a record stands for the target
	baseline *baseline
	requests atomic.Int64
	silence  atomic.Int32 // requests in a row without an answer
	isKMS    atomic.Bool  // it made a key, or gave an error as a KMS does

	mu     sync.Mutex
	sent   map[string]int // by operation
	steps  map[stepID]int
	shared map[sharedID]*sharedKey
	made   []cleanup // of shared keys
	left   []string
	others map[string]*road // to Regions that the run was not given, where a target left something
	probed map[Feature]*featureProbe
	used   time.Time // when a case last used the symmetric quota up

	judgements map[string][]judgement // by case; nil unless they are asked for
}

// road is one way to the target: the account in one Region.
type road struct {
	t      target.Target
	caller target.Caller    // nil if the target has none
	raw    target.RawSender // likewise
	admin  target.KeyAdmin  // likewise
	region string
}

func newRoad(t target.Target) *road {
	r := &road{t: t, region: t.Info().Region}
	r.caller, _ = t.(target.Caller)
	r.raw, _ = t.(target.RawSender)
	r.admin, _ = t.(target.KeyAdmin)
	return r
}

// newSession opens the roads to the target. The returned function closes what
// was opened.
func newSession(ctx context.Context, t target.Target, o Options) (*session, func(), error) {
	info := t.Info()
	s := &session{
		ctx: ctx, opts: o.withDefaults(info.AWS), aws: info.AWS, home: newRoad(t), steps: map[stepID]int{},
		shared: map[sharedID]*sharedKey{}, others: map[string]*road{}, sent: map[string]int{}, probed: map[Feature]*featureProbe{},
	}
	s.replay, _ = t.(*replay)
	if o.Recorder != nil {
		o.Recorder.hides(s.opts.Host)
	}
	s.pacer = newPacer(info.AWS)
	s.quota = s.home
	if err := s.openRoads(t, o); err != nil {
		s.closeRoads()
		return nil, nil, err
	}
	return s, s.closeRoads, nil
}

// openRoads opens the ways to other Regions, as far as there are any.
func (s *session) openRoads(t target.Target, o Options) error {
	regional, canMove := t.(target.Regional)
	if !canMove {
		return nil
	}
	for _, w := range []struct {
		region string
		road   **road
	}{{o.Region2, &s.away}, {o.QuotaRegion, &s.quota}} {
		if w.region == "" {
			continue
		}
		moved, err := regional.InRegion(w.region)
		if err != nil {
			return err
		}
		*w.road = newRoad(moved)
	}
	return nil
}

func (s *session) closeRoads() {
	for _, r := range append(slices.Collect(maps.Values(s.others)), s.away, s.quota) {
		if r != nil && r != s.home {
			_ = r.t.Close()
		}
	}
}

// ownRoad is the road to one of the Regions that the run was given, or nil.
func (s *session) ownRoad(region string) *road {
	for _, r := range []*road{s.home, s.away, s.quota} {
		if r != nil && r.region == region {
			return r
		}
	}
	return nil
}

// roadTo is the road to any Region, for the clean-up; nil if none can be opened.
func (s *session) roadTo(region string) *road {
	if r := s.ownRoad(region); r != nil {
		return r
	}
	regional, canMove := s.home.t.(target.Regional)
	if !canMove || region == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.others[region] == nil {
		moved, err := regional.InRegion(region)
		if err != nil {
			return nil
		}
		s.others[region] = newRoad(moved)
	}
	return s.others[region]
}

// symmetricQuota is the quota of symmetric operations where it may be used up.
func (s *session) symmetricQuota() int {
	if s.opts.SymmetricPerSecond > 0 {
		return s.opts.SymmetricPerSecond
	}
	return awsfacts.SymmetricPerSecond(s.quota.region)
}

func (s *session) consistency(c Case) time.Duration {
	if c.Consistency > 0 {
		return c.Consistency
	}
	return defaultConsistency
}

func (s *session) caseTimeout(c Case) time.Duration {
	switch {
	case s.opts.CaseTimeout > 0:
		return s.opts.CaseTimeout
	case s.aws:
		return s.consistency(c) + time.Minute
	}
	return time.Minute
}

// tagged returns params with the tags of the run added after the case's own.
func (s *session) tagged(params Params) Params {
	var tags []map[string]any
	if own, ok := params["Tags"].([]map[string]any); ok {
		tags = slices.Clone(own)
	}
	for _, t := range s.runTags() {
		tags = append(tags, map[string]any{"TagKey": t.Key, "TagValue": t.Value})
	}
	return with(params, "Tags", tags)
}

func (s *session) runTags() []target.ResourceTag {
	return []target.ResourceTag{
		{Key: TagRun, Value: s.opts.RunID},
		{Key: TagHost, Value: s.opts.Host},
		{Key: TagExpires, Value: s.opts.Now().UTC().Add(s.opts.Expires).Format(time.RFC3339)},
	}
}

// nth counts one request of the operation and returns how many there were
// before it.
func (s *session) nth(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.sent[operation]
	s.sent[operation]++
	return n
}

// featureProbe remembers whether the target has a feature: reason "" means
// that it has. Whoever fills busy may ask.
type featureProbe struct {
	busy   chan struct{}
	known  bool
	reason string
}

// missing returns why the target cannot run the case, or "".
func (p *Probe) missing(needs []Feature) string {
	for _, f := range needs {
		if reason := p.missingFeature(f); reason != "" {
			return reason
		}
	}
	return ""
}

func (p *Probe) missingFeature(f Feature) string {
	s := p.run.s
	if s.plan != nil {
		return ""
	}
	if s.replay != nil && !s.replay.rec.holds(p.run.c.ID) {
		return "the record does not hold this row, or not to its end"
	}
	if s.baseline != nil && !s.baseline.rec.holds(p.run.c.ID) {
		return "the baseline holds no answer of this row"
	}
	switch f {
	case FeatureCaller:
		if s.home.caller == nil {
			return "the target offers GenerateMac and VerifyMac only, not other operations"
		}
	case FeatureRaw:
		if s.home.raw == nil {
			return "the target takes no hand-built requests"
		}
	case FeatureKeys:
		if s.home.admin == nil && s.home.caller == nil {
			return "no keys can be made on the target"
		}
	case FeatureImport:
		if s.home.caller == nil && s.home.admin == nil {
			return "no key material can be imported into the target"
		}
	case FeatureRegions:
		if s.away == nil {
			return "no second Region was given, or the target has none"
		}
	case FeatureQuota:
		if !slices.Contains(s.opts.Allow, FeatureQuota) {
			return "cases that use up a request quota need consent"
		}
	case FeatureAuth:
		return p.missingAuth()
	}
	return ""
}

// authProbe is a request that a target which knows its callers refuses. One
// that knows them and checks nothing else fails the cases of signatures.
var authProbe = target.RawRequest{
	Operation: "ListKeys", Body: []byte("{}"),
	Signature: target.Signature{AccessKeyID: unknownCaller, SecretAccessKey: wrongSecret},
}

// missingAuth asks once whether the target checks signatures at all.
func (p *Probe) missingAuth() string {
	s := p.run.s
	if s.home.raw == nil {
		return "the target takes no hand-built requests"
	}
	s.mu.Lock()
	probe := s.probed[FeatureAuth]
	if probe == nil {
		probe = &featureProbe{busy: make(chan struct{}, 1)}
		s.probed[FeatureAuth] = probe
	}
	s.mu.Unlock()
	select {
	case probe.busy <- struct{}{}:
	case <-p.run.ctx.Done():
		p.checkAlive()
	}
	defer func() { <-probe.busy }()
	if !probe.known {
		p.run.share(probeLabel+string(FeatureAuth), func() {
			if p.Raw(authProbe).Succeeded() {
				probe.reason = "the target does not check the signatures of these credentials"
			}
		})
		probe.known = true
	}
	return probe.reason
}
