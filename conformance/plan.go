package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

// planner stands for the target while cases are only planned: it counts what
// they would send, and writes it down.
type planner struct {
	ops   map[string]int
	taken map[string]time.Duration // by bucket, paced to the quotas of AWS
	keys  int
	auth  bool     // the probe for signature checks is counted
	lines []string // one request or expectation each
}

// note counts one request.
func (pl *planner) note(p *Probe, operation string, params any) *Answer {
	pl.ops[operation]++
	pl.take(p.road.region, operation)
	if makesKey(operation) {
		pl.keys++
	}
	pl.lines = append(pl.lines, operation+" "+planText(params))
	return &Answer{Operation: operation, planned: true, probe: p}
}

// take adds the time that a request takes of its bucket.
func (pl *planner) take(region, operation string) {
	gap, bucket := spacing(region, operation)
	pl.taken[bucket] += gap
}

// expect writes down what is wanted; a key that must be refused is none.
func (pl *planner) expect(operation string, alternatives []Expectation) {
	refused := makesKey(operation)
	for _, e := range alternatives {
		refused = refused && e.Code != ""
	}
	if refused {
		pl.keys--
	}
	for i, e := range alternatives {
		word := "expect"
		if i > 0 {
			word = "or"
		}
		pl.lines = append(pl.lines, "  "+word+" "+e.String())
	}
}

// check writes down a fact that is checked beside the expectation.
func (pl *planner) check(member, want string, onlyWarns bool) {
	if onlyWarns {
		want += " (only warns)"
	}
	pl.lines = append(pl.lines, "  expect "+member+": "+want)
}

// planText shows a request without the run's tags and without long values.
func planText(params any) string {
	if s, isText := params.(string); isText {
		return clip(s, 300)
	}
	p, _ := params.(Params)
	shown := Params{}
	for k, v := range p {
		switch t := v.(type) {
		case []byte:
			v = fmt.Sprintf("<%d bytes>", len(t))
		case []map[string]any:
			v = planTags(k, t)
		}
		if v != nil {
			shown[k] = v
		}
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(shown) != nil {
		return "{…}"
	}
	return clip(strings.TrimSpace(b.String()), 400)
}

func planTags(member string, list []map[string]any) any {
	if member != "Tags" {
		return list
	}
	var own []map[string]any
	for _, t := range list {
		if name, _ := t["TagKey"].(string); !strings.HasPrefix(name, "kmsmac:") {
			own = append(own, t)
		}
	}
	if len(own) == 0 {
		return nil
	}
	return own
}

func plannedKey(kind KeyKind, region string) Key {
	name := "<" + kind.String() + " key>"
	return Key{ID: name, ARN: "<key-arn>", Kind: kind, Region: region, Algorithm: algorithmOf[kind.Spec], Metadata: map[string]any{}}
}

// planSession is a session that sends nothing.
func planSession(o Options) *session {
	s := &session{
		ctx: context.Background(), opts: o.withDefaults(false), shared: map[sharedID]*sharedKey{}, steps: map[stepID]int{}, sent: map[string]int{}, probed: map[Feature]*featureProbe{},
		plan: &planner{ops: map[string]int{}, taken: map[string]time.Duration{}}, pacer: newPacer(false),
	}
	s.home = &road{region: "us-east-1", caller: planCaller{}}
	s.away = &road{region: "us-west-2", caller: planCaller{}}
	s.quota = s.home
	return s
}

// planCaller makes a road look as if it had a Caller; it is never called.
type planCaller struct{}

func (planCaller) Call(context.Context, string, map[string]any) (target.Exchange, error) {
	return target.Exchange{}, fmt.Errorf("conformance: a plan sends nothing")
}

// planCase runs the steps of one case without a target.
func (s *session) planCase(c Case) (err error) {
	r := &caseRun{s: s, c: c, ctx: s.ctx, rng: rand.New(rand.NewPCG(s.opts.Seed, 0))}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("conformance: case %s cannot be planned: %v", c.ID, v)
		}
	}()
	p := &Probe{run: r, road: s.home}
	if slices.Contains(c.Needs, FeatureAuth) && !s.plan.auth {
		s.plan.auth = true
		p.Raw(authProbe)
	}
	c.Steps(p)
	return nil
}

// Estimate is what a run will send at most, if everything is as expected and
// nothing has to be repeated.
type Estimate struct {
	Cases      int
	Requests   int            // clean-up included
	Keys       int            // keys made, all removed again
	Operations map[string]int // requests by operation
	// Paced is how long the requests take on AWS at least, where they are spaced
	// to its quotas: as long as those of the slowest bucket.
	Paced time.Duration
}

// Plan says what a run with these options would send, without sending it. It
// returns the same errors as Run would for the options.
func Plan(o Options) (Estimate, error) {
	sel, err := choose(o, withDifferential(o, Catalogue()))
	if err != nil {
		return Estimate{}, err
	}
	s := planSession(o)
	for _, c := range sel.cases {
		if err := s.planCase(c); err != nil {
			return Estimate{}, err
		}
	}
	ops := s.plan.ops
	if s.plan.keys > 0 {
		ops["ScheduleKeyDeletion"] += s.plan.keys
		for range s.plan.keys {
			s.plan.take(s.home.region, "ScheduleKeyDeletion")
		}
	}
	e := Estimate{Cases: len(sel.cases), Keys: s.plan.keys, Operations: ops}
	for _, n := range ops {
		e.Requests += n
	}
	for _, d := range s.plan.taken {
		e.Paced = max(e.Paced, d)
	}
	return e, nil
}

// Explanation is why a row is as it is and how it is probed.
type Explanation struct {
	Row     Row
	Profile string // "" if it is not testable
	Needs   []Feature
	Steps   []string // requests and expectations in order; empty if not testable
	Reason  string   // why it is not testable; "" if it is
}

// laterPart is the id of a case of the random comparison but the first of its
// key spec, which it equals; how many there are, the run says.
var laterPart = regexp.MustCompile(`^(DIFF-\w+)-([2-9]|[1-9][0-9]+)$`)

// Explain tells about one row without a target. The error wraps ErrUsage.
func Explain(id string) (Explanation, error) {
	first := laterPart.ReplaceAllString(id, "$1")
	for _, c := range withDifferential(Options{Differential: 4}, Catalogue()) {
		if c.ID != first {
			continue
		}
		s := planSession(Options{})
		if err := s.planCase(c); err != nil {
			return Explanation{}, err
		}
		row := Row{ID: id, Operation: c.Operation, Input: c.Title, Expected: c.Expected, Note: c.Note, Evidence: c.Evidence}
		return Explanation{Row: row, Profile: c.Profile, Needs: c.Needs, Steps: s.plan.lines}, nil
	}
	if row, known := rowIndex()[id]; known {
		return Explanation{Row: row, Reason: untestableIndex()[id]}, nil
	}
	return Explanation{}, fmt.Errorf("%w: unknown row %q", ErrUsage, id)
}

// SortedOperations returns the operations of an estimate by name.
func (e Estimate) SortedOperations() []string {
	var names []string
	for n := range e.Operations {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}
