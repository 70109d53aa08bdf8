package conformance

import (
	"slices"
	"time"
)

// Want judges the answer. Several expectations are alternatives: the row lists
// them, one must hold, and the report says which. On real AWS the request is
// repeated up to the row's consistency bound before a difference counts. A
// difference in anything but a text ends the case.
func (a *Answer) Want(alternatives ...Expectation) *Answer {
	p := a.probe
	if a.planned {
		p.run.s.plan.expect(a.Operation, alternatives)
		return a
	}
	if p.run.s.baseline != nil {
		return a.wantRecorded(alternatives)
	}
	a = p.settle(a, func(a *Answer) bool {
		_, _, diffs := p.best(a, alternatives)
		return len(diffs) == 0
	})
	e, facts, diffs := p.best(a, alternatives)
	p.lacks(a, diffs)
	if a.Code == "AccessDeniedException" && slices.Contains(factNames(diffs), "code") { // not where the row is about it
		p.allowed(a)
	}
	if hard(diffs) {
		p.run.stillPassing()
	}
	p.run.judged = append(p.run.judged, judgement{step: a.step, failed: factNames(diffs)})
	p.record(facts, diffs)
	p.run.observed = a.Summary()
	if len(alternatives) > 1 && len(diffs) == 0 && e.Name != "" {
		p.run.observed += " (" + e.Name + ")"
	}
	if hard(diffs) {
		panic(stopCase{})
	}
	return a
}

// lacks ends the case when the answer differs because the target does not know
// the operation.
func (p *Probe) lacks(a *Answer, diffs []Difference) {
	if len(diffs) > 0 && lacksOperation(a) && !needed(a.Operation) {
		p.NotApplicable("the target does not support %s: %s", a.Operation, a.Summary())
	}
}

// allowed ends the case when what was refused says more of the credentials than
// of the target: on real AWS always, elsewhere when they may not even make a key.
func (p *Probe) allowed(a *Answer) {
	if p.run.s.aws {
		p.Inconclusive("not allowed to call %s: %s", a.Operation, a.Summary())
	}
	p.Shared(HMAC256) // ends the case if it is refused
}

// best returns the alternative that fits best, and what was asserted with it.
func (p *Probe) best(a *Answer, alternatives []Expectation) (best Expectation, facts []Fact, diffs []Difference) {
	texts := p.run.c.Evidence.Class == Recorded && p.run.s.baseline == nil && p.run.s.judgements == nil
	for i, e := range alternatives {
		f, d := e.judge(a, texts)
		if i == 0 || weight(d) < weight(diffs) {
			best, facts, diffs = e, f, d
		}
	}
	return best, facts, diffs
}

func weight(diffs []Difference) int {
	n := 0
	for _, d := range diffs {
		if d.TextOnly {
			n++
		} else {
			n += 1000
		}
	}
	return n
}

func hard(diffs []Difference) bool { return weight(diffs) >= 1000 }

func (p *Probe) record(facts []Fact, diffs []Difference) {
	p.run.facts = append(p.run.facts, facts...)
	p.run.diffs = append(p.run.diffs, diffs...)
}

// Check asserts a fact that no single answer shows, for example that two tags
// differ. The answer is the one in which a mutation of member would break it.
func (p *Probe) Check(a *Answer, member string, holds bool, want, got string) {
	p.check(a, member, holds, want, got, false)
}

// Prefer is Check for a form that programs do not notice: it only warns.
func (p *Probe) Prefer(a *Answer, member string, holds bool, want, got string) {
	p.check(a, member, holds, want, got, true)
}

func (p *Probe) check(a *Answer, member string, holds bool, want, got string, onlyWarns bool) {
	if a.planned {
		p.run.s.plan.check(member, want, onlyWarns)
		return
	}
	fact := "member " + member
	if p.run.s.baseline != nil {
		p.checkRecorded(a, fact, holds, want, got, onlyWarns)
		return
	}
	var diffs []Difference
	if !holds {
		diffs = []Difference{{fact, want, clip(mask(got), 200), onlyWarns}}
	}
	p.run.judged = append(p.run.judged, judgement{step: a.step, fact: fact, failed: factNames(diffs)})
	p.record([]Fact{a.fact(fact, isValue)}, diffs)
	if !holds {
		p.run.observed = a.Summary()
	}
	if hard(diffs) {
		panic(stopCase{})
	}
}

// settle repeats a request on real AWS, with growing pauses, until done says
// so or the consistency bound after the last change is over. Elsewhere it
// returns the answer as it is.
func (p *Probe) settle(a *Answer, done func(*Answer) bool) *Answer {
	r := p.run
	if !r.s.aws || a.planned || r.s.replay != nil || makesKey(a.Operation) {
		return a
	}
	deadline := r.changed.Add(r.s.consistency(r.c))
	for pause := 500 * time.Millisecond; !done(a) && !r.changed.IsZero() && time.Now().Before(deadline); pause = min(2*pause, 10*time.Second) {
		p.pause(pause)
		a = a.resend()
	}
	return a
}

// Until repeats a read-only request, on any target, until done says so or the
// case's consistency bound is over, and returns the last answer. It is for
// changes that take time everywhere, such as a replica that is being created.
// Off aws the bound is at most a sixth of the time that the case has: 10 s.
func (p *Probe) Until(a *Answer, done func(*Answer) bool) *Answer {
	if a.planned || p.run.s.replay != nil {
		return a
	}
	bound := p.run.s.consistency(p.run.c)
	if !p.AWS() {
		bound = min(bound, p.run.s.caseTimeout(p.run.c)/6)
	}
	deadline := time.Now().Add(bound)
	for pause := 20 * time.Millisecond; !done(a) && time.Now().Before(deadline); pause = min(2*pause, 5*time.Second) {
		p.pause(pause)
		a = a.resend()
	}
	return a
}

// noteChange keeps track of what a request changed: keys to remove later, and
// when real AWS began to spread the change.
func (p *Probe) noteChange(operation string, a *Answer) {
	if !a.Succeeded() {
		return
	}
	switch operation {
	case "CreateKey":
		p.run.s.keep(p.run, p.road, a.String("KeyMetadata.KeyId"), a.String("KeyMetadata.Arn"))
	case "ReplicateKey":
		p.keepReplica(a)
	case "GenerateMac", "VerifyMac", "Encrypt", "Decrypt", "Sign", "Verify", "DescribeKey",
		"ListKeys", "ListAliases", "ListResourceTags", "ListGrants", "ListKeyPolicies", "ListKeyRotations", "ListRetirableGrants",
		"GetKeyPolicy", "GetKeyRotationStatus", "GetParametersForImport", "GetPublicKey", "GetKeyLastUsage":
		return
	}
	p.run.changed = time.Now()
}
