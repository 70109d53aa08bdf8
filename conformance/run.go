package conformance

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

// Run holds the target against the cases that the options select and returns
// what it found, in catalogue order. Unmet expectations are verdicts, not
// errors. Errors that wrap ErrUsage or ErrNothingSelected come before the first
// request; ctx's error comes with the results so far, the rest skipped. Keys
// and aliases that the run made are removed in any case, even after
// cancellation.
func Run(ctx context.Context, t target.Target, o Options) (results.Conformance, error) {
	sel, err := choose(o, withDifferential(o, Catalogue()))
	if err != nil {
		return results.Conformance{}, err
	}
	s, closeRoads, err := newSession(ctx, t, o)
	if err != nil {
		return results.Conformance{}, fmt.Errorf("conformance: another Region: %w", err)
	}
	defer closeRoads()
	if o.Baseline != nil {
		if s.baseline, err = newBaseline(ctx, o.Baseline, sel); err != nil {
			return results.Conformance{}, fmt.Errorf("conformance: baseline: %w", err)
		}
		sel = sel.by(s.baseline.evidence())
	}
	done := s.runAll(sel)
	s.cleanUp(ctx, s.made)
	return s.report(sel, done), ctx.Err()
}

// runAll runs the cases, most of them side by side, then those that must be
// alone, and returns the results in catalogue order.
func (s *session) runAll(sel selection) []results.CaseResult {
	done := make([]results.CaseResult, len(sel.cases))
	events := make(chan func(), s.opts.Parallel)
	finished := make(chan struct{})
	go func() { // the one goroutine that calls the observer
		defer close(finished)
		for e := range events {
			e()
		}
	}()
	ended := 0
	one := func(i int) {
		c := sel.cases[i]
		events <- func() { s.observe(Event{ID: c.ID, Title: c.Title, Done: ended, Total: len(sel.cases)}) }
		r, facts := s.runCase(c, sel.texts)
		done[i] = r
		events <- func() {
			ended++
			s.observe(Event{ID: c.ID, Title: c.Title, Done: ended, Total: len(sel.cases), Result: &r, Facts: facts})
		}
	}
	var together errgroup.Group
	together.SetLimit(s.opts.Parallel)
	for i, c := range sel.cases {
		if !c.Alone {
			together.Go(func() error { one(i); return nil })
		}
	}
	_ = together.Wait() // the functions return no errors
	for i, c := range sel.cases {
		if c.Alone {
			one(i)
		}
	}
	close(events)
	<-finished
	return done
}

func (s *session) observe(e Event) {
	if s.opts.Observer != nil {
		s.opts.Observer(e)
	}
}

// runCase runs one case and cleans up after it.
func (s *session) runCase(c Case, textsFail bool) (results.CaseResult, []Fact) {
	begin := time.Now()
	ctx, cancel := context.WithTimeout(s.ctx, s.caseTimeout(c))
	defer cancel()
	r := &caseRun{s: s, c: c, ctx: ctx, rng: rand.New(rand.NewPCG(s.opts.Seed, hashOf(c.ID)))}
	r.steps()
	for try := 1; r.again && try < maxTries; try++ {
		r.reset()
		r.steps()
	}
	if s.baseline != nil {
		r.recordedVerdict()
	}
	verdict, reason := r.judge(s.opts.Strict, textsFail)
	s.cleanUp(s.ctx, r.made)
	result := results.CaseResult{
		ID: c.ID, Group: c.Group, Title: c.Operation + ": " + c.Title, Verdict: verdict,
		Evidence: string(c.Evidence.Class), Confidence: string(c.Evidence.Confidence), Source: c.Evidence.Source,
		Expected: mask(r.expected()), Observed: mask(r.observed), Reason: mask(reason),
		Requests: r.requests, Duration: time.Since(begin),
	}
	for _, d := range r.diffs {
		result.Differs = append(result.Differs, d.Fact)
		result.Differences = append(result.Differences, results.FactDifference{Fact: d.Fact, Want: mask(d.Want), Got: mask(d.Got)})
	}
	s.tell(result, r)
	return result, r.facts
}

// tell gives what a case found to those who asked for it.
func (s *session) tell(result results.CaseResult, r *caseRun) {
	if s.opts.Recorder != nil {
		s.opts.Recorder.caseEnded(result)
	}
	if s.judgements != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.judgements[r.c.ID] = r.judged
	}
}

// expected is what was expected, in words: the table's, or the answers of the
// baseline.
func (r *caseRun) expected() string {
	if len(r.wanted) > 0 {
		return strings.Join(r.wanted, "; then ")
	}
	return r.c.Expected
}

// steps runs the steps of the case to their end, wherever that is.
func (r *caseRun) steps() {
	defer func() {
		switch v := recover().(type) {
		case nil, stopCase:
		default:
			r.verdict, r.reason = results.CaseInconclusive, fmt.Sprintf("the case itself failed: %v", v)
		}
	}()
	p := &Probe{run: r, road: r.s.home}
	p.checkAlive()
	if reason := p.missing(r.c.Needs); reason != "" {
		p.NotApplicable("%s", reason)
	}
	r.c.Steps(p)
}

// judge turns differences into a verdict: how sure the evidence is decides
// between a failure and a warning.
func (r *caseRun) judge(strict, textsFail bool) (results.CaseVerdict, string) {
	e := r.c.Evidence
	verdict := results.CasePass
	switch {
	case hard(r.diffs):
		verdict = results.CaseFail
		if e.Class == Field || e.Class == Inferred || e.Confidence == Low {
			verdict = results.CaseWarn
		}
	case r.verdict != "":
		return r.verdict, r.reason
	case len(r.diffs) > 0:
		verdict = results.CaseWarn
		if textsFail && e.Class == Recorded && e.Confidence != Low {
			verdict = results.CaseFail
		}
	case len(r.facts) == 0:
		return results.CaseInconclusive, "the case asserted nothing"
	}
	if strict && verdict == results.CaseWarn {
		verdict = results.CaseFail
	}
	return verdict, ""
}

func (s *session) report(sel selection, done []results.CaseResult) results.Conformance {
	c := results.Conformance{
		Profile: sel.profile, Profiles: outcomes(sel.cases, done), Cases: done, Left: s.left,
		Counts: map[results.CaseVerdict]int{
			results.CasePass: 0, results.CaseFail: 0, results.CaseWarn: 0,
			results.CaseInconclusive: 0, results.CaseNotApplicable: 0, results.CaseSkipped: 0,
		},
	}
	for _, r := range done {
		c.Counts[r.Verdict]++
	}
	return c
}

func hashOf(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // never fails
	return h.Sum64()
}
