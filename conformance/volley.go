package conformance

import (
	"slices"
	"time"
)

// maxVolley is the highest quota, in requests a second, that a case uses up.
// AWS's own for symmetric operations is a hundred times that: a load
// generator's work.
const maxVolley = 100

// quota is the same probe in the Region in which quotas may be used up. Keys
// there are the case's own: shared ones live elsewhere.
func (p *Probe) quota() *Probe { return &Probe{run: p.run, road: p.run.s.quota} }

// volley sends requests as fast as answers come, until one is refused, at most
// n, and returns the last answer.
func (p *Probe) volley(n int, send func(i int) *Answer) (a *Answer) {
	p.run.throttlesOK = true
	defer func() { p.run.throttlesOK = false }()
	if plan := p.run.s.plan; plan != nil { // show what is repeated once
		shown := len(plan.lines)
		defer func() { plan.lines = append(plan.lines[:shown], slices.Compact(plan.lines[shown:])...) }()
	}
	for i := range n {
		if a = send(i); isRefusal(a) {
			break
		}
	}
	return a
}

// isRefusal reports an error that stands for a quota. A dry run that would
// succeed is none, nor is a key whose last change is still spreading.
func isRefusal(a *Answer) bool {
	return !a.Succeeded() && a.Code != "DryRunOperationException" && a.Code != "KMSInvalidStateException"
}

// throttled wants the answer to a request too many (row WI-17).
func throttled() Expectation {
	return fails("ThrottlingException", "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.")
}

// overQuota sends an operation four times as often as its quota allows in a
// second, and wants a refusal. A target that takes them all enforces nothing.
func (p *Probe) overQuota(perSecond int, operation string, send func(i int) *Answer) {
	a := p.volley(4*perSecond, send)
	if !a.planned && !isRefusal(a) {
		p.NotApplicable("the target does not limit %s: it took %d in a row", operation, 4*perSecond)
	}
	a.Want(throttled())
}

// oneBucket sends several kinds of requests in turn, each less often than the
// symmetric quota allows in a second, all together more often, and wants a
// refusal. plain is one kind that the quota holds for in any case: a target
// that refuses it alone, but not the mixture, counts apart.
func (p *Probe) oneBucket(plain func() *Answer, kinds ...func() *Answer) {
	perSecond := p.symmetricQuota()
	p.fill()
	a := p.volley(len(kinds)*(perSecond-1), func(i int) *Answer { return kinds[i%len(kinds)]() })
	p.run.s.emptied(time.Now())
	if !a.planned && !isRefusal(a) {
		p.fill()
		if alone := p.volley(4*perSecond, func(int) *Answer { return plain() }); !isRefusal(alone) {
			p.NotApplicable("the target does not limit %s: it took %d in a row", alone.Operation, 4*perSecond)
		}
	}
	a.Want(throttled())
}

// symmetricQuota is the account's quota of symmetric operations (row QU-10),
// small enough to be used up.
func (p *Probe) symmetricQuota() int {
	n := p.run.s.symmetricQuota()
	if n > maxVolley {
		if p.run.s.plan != nil {
			return 2 // one request of each kind shows what they are
		}
		p.NotApplicable("a quota of %d requests a second is not used up by a test", n)
	}
	return n
}

// fill waits until a bucket that an earlier case emptied is full again.
func (p *Probe) fill() {
	const full = 1100 * time.Millisecond
	p.run.s.mu.Lock()
	since := time.Since(p.run.s.used)
	p.run.s.mu.Unlock()
	if since < full {
		p.pause(full - since)
	}
}

// emptied remembers when the symmetric quota was last used up.
func (s *session) emptied(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = at
}
