package conformance

// passing is a state that a key leaves by itself, soon.
type passing struct {
	probe *Probe
	key   Key
	state string
}

// maxTries is how often a case is tried whose key left its passing state too
// soon: on a busy machine that is not the target's doing.
const maxTries = 4

// Creating makes a replica of a multi-Region primary and returns it while it
// is still being created. A target whose replicas are ready at once ends the
// case.
func (p *Probe) Creating(k Key) Key {
	r := p.startReplica(k)
	p.In().seen(r, "Creating")
	return r
}

// Updating returns a multi-Region key whose primary Region is just being
// changed to the second Region.
func (p *Probe) Updating() Key {
	k := p.Fresh(HMAC256.Multi())
	p.Replicate(k)
	p.Do("UpdatePrimaryRegion", Params{"KeyId": k.ID, "PrimaryRegion": p.In().Region()})
	p.seen(k, "Updating")
	return k
}

// seen makes sure that the key is in its passing state, and remembers it.
func (p *Probe) seen(k Key, state string) {
	a := p.Do("DescribeKey", Params{"KeyId": k.ID})
	if is := a.String("KeyMetadata.KeyState"); is != state {
		p.missed("the key was not seen in the state %s but %s", state, is)
	}
	p.run.passing = &passing{p, k, state}
}

// missed ends the case; it may be tried again.
func (p *Probe) missed(format string, args ...any) {
	p.run.again = true
	p.NotApplicable(format, args...)
}

// stillPassing ends the case when the key has left its passing state by now:
// then nobody knows in which state it was when the answer was made.
func (r *caseRun) stillPassing() {
	at := r.passing
	if at == nil {
		return
	}
	r.passing = nil
	if is := at.probe.describe(at.key).String("KeyMetadata.KeyState"); is != at.state {
		at.probe.missed("the key left the state %s for %s before it was asked", at.state, is)
	}
}

// reset makes the case ready for another try; what it made is still removed.
func (r *caseRun) reset() {
	r.again, r.passing, r.throttlesOK, r.anyAnswerOK = false, nil, false, false
	r.facts, r.diffs, r.judged, r.wanted = nil, nil, nil, nil
	r.observed, r.verdict, r.reason = "", "", ""
}
