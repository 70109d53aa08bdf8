package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

// Probe is what the steps of a case work with. Its methods end the case by
// themselves when there is nothing more to learn: on a difference, when the
// target gives no answer, when it lacks what the case needs. A Probe is used
// by one goroutine.
type Probe struct {
	run  *caseRun
	road *road
}

// caseRun is the state of one case while it runs.
type caseRun struct {
	s    *session
	c    Case
	ctx  context.Context
	rng  *rand.Rand
	made []cleanup

	names       int
	passing     *passing
	again       bool   // the case missed a passing state
	sharing     string // label of what the case is making for the whole run
	requests    int
	changed     time.Time // of the last change that real AWS may still be spreading
	throttlesOK bool
	anyAnswerOK bool
	facts       []Fact
	diffs       []Difference
	judged      []judgement // by the table, where a record is compared
	wanted      []string    // what a baseline has in place of the table's words
	observed    string
	verdict     results.CaseVerdict // set when the case ended early
	reason      string
}

// stopCase is what ends the steps of a case; runCase recovers it.
type stopCase struct{}

func (r *caseRun) stop(v results.CaseVerdict, format string, args ...any) {
	if r.s.plan != nil {
		return
	}
	r.verdict, r.reason = v, mask(fmt.Sprintf(format, args...))
	panic(stopCase{})
}

// Inconclusive ends the case: it could not be found out.
func (p *Probe) Inconclusive(format string, args ...any) {
	p.run.stop(results.CaseInconclusive, format, args...)
}

// NotApplicable ends the case: the target lacks what it is about.
func (p *Probe) NotApplicable(format string, args ...any) {
	p.run.stop(results.CaseNotApplicable, format, args...)
}

// Call sends one operation through the target's own client.
func (p *Probe) Call(operation string, params Params) *Answer {
	if operation == "CreateKey" {
		params = p.run.s.tagged(params)
	}
	return p.send(operation, params, func(ctx context.Context) (target.Exchange, error) {
		return p.road.caller.Call(ctx, operation, params)
	})
}

// Raw sends a hand-built request.
func (p *Probe) Raw(req target.RawRequest) *Answer {
	return p.send(req.Operation, string(req.Body), func(ctx context.Context) (target.Exchange, error) {
		return p.road.raw.Send(ctx, req)
	})
}

// RawJSON sends params as they are, past the client's own checks: nil values
// become null, []byte becomes Base64.
func (p *Probe) RawJSON(operation string, params Params) *Answer {
	body, err := json.Marshal(params)
	if err != nil {
		p.Inconclusive("the request cannot be written: %v", err)
	}
	return p.Raw(target.RawRequest{Operation: operation, Body: body})
}

// Do is Call for a step on the way to the requirement: anything but a success
// ends the case without a verdict on the target.
func (p *Probe) Do(operation string, params Params) *Answer {
	a := p.settle(p.Call(operation, params), (*Answer).Succeeded)
	if a.Succeeded() {
		return a
	}
	if lacksOperation(a) || a.Code == "UnsupportedOperationException" || a.Code == "IncorrectKeyMaterialException" { // the last: row IM-38
		p.NotApplicable("the target does not support %s: %s", operation, a.Summary())
	}
	p.Inconclusive("a step on the way was refused: %s: %s", operation, a.Summary())
	return a
}

// In is the same probe in the second Region of the run.
func (p *Probe) In() *Probe { return &Probe{run: p.run, road: p.run.s.away} }

// Region is the Region that the probe's requests are signed for.
func (p *Probe) Region() string { return p.road.region }

// AWS reports whether the target is real AWS.
func (p *Probe) AWS() bool { return p.run.s.aws }

// Name returns a new name, unique in the run, that begins with "kmsmac-".
func (p *Probe) Name() string {
	p.run.names++
	return strings.ToLower(fmt.Sprintf("kmsmac-%s-%s-%d", p.run.s.opts.RunID, p.run.c.ID, p.run.names))
}

// Bytes returns n random bytes; the same in every run with one seed.
func (p *Probe) Bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(p.run.rng.Uint32())
	}
	return b
}

// ThrottlesWanted makes throttling an answer like any other, instead of a
// reason to wait.
func (p *Probe) ThrottlesWanted() { p.run.throttlesOK = true }

// AnyAnswerWanted judges answers that are no KMS's too, such as a page in
// HTML, instead of taking them for none.
func (p *Probe) AnyAnswerWanted() { p.run.anyAnswerOK = true }

// send sends one request, waits out throttling, and reads the answer.
func (p *Probe) send(operation string, params any, do func(context.Context) (target.Exchange, error)) *Answer {
	if plan := p.run.s.plan; plan != nil {
		return plan.note(p, operation, params)
	}
	st := p.run.nextStep(operation)
	return p.try(&st, do)
}

// try is send for a step that may have been tried before.
func (p *Probe) try(st *step, do func(context.Context) (target.Exchange, error)) *Answer {
	const tries = 5
	for try := 0; ; try++ {
		a := p.once(*st, do)
		st.try++
		again := a.throttled() && !p.run.throttlesOK || a.Status/100 == 5 && try < 2
		if !again || p.run.s.replay != nil && try > 0 {
			a.resend = func() *Answer { return p.try(st, do) }
			return a
		}
		if try == tries {
			p.Inconclusive("%s was throttled %d times", st.operation, tries+1)
		}
		p.pause(time.Duration(100<<try) * time.Millisecond)
	}
}

// once sends one request once.
func (p *Probe) once(st step, do func(context.Context) (target.Exchange, error)) *Answer {
	r, s, operation := p.run, p.run.s, st.operation
	p.checkAlive()
	if n := s.requests.Add(1); s.opts.MaxRequests > 0 && n > int64(s.opts.MaxRequests) {
		r.stop(results.CaseSkipped, "the limit of %d requests is reached", s.opts.MaxRequests)
	}
	if err := p.pace(operation); err != nil {
		p.checkAlive()
	}
	r.requests++
	nth := s.nth(operation)
	ctx, cancel := s.requestContext(withStep(r.ctx, st), operation)
	defer cancel()
	ex, err := do(ctx)
	s.keepExchange(st, ex, err)
	a, readable := readAnswer(ex)
	if (err != nil || !readable) && !judgeableAnyway(err, a) && !p.withoutCode(a) && !(r.anyAnswerOK && a.Status != 0) {
		p.unanswered(operation, ex, err)
	}
	s.silence.Store(0)
	if a.CodePlace == placeType || operation == "CreateKey" && a.String("KeyMetadata.KeyId") != "" {
		s.isKMS.Store(true)
	}
	a.Operation, a.Nth, a.probe, a.step = operation, nth, p, st
	a.sent, a.request, a.proto = ex.Sent, ex.RequestBody, ex.Proto
	p.noteChange(operation, a)
	return a
}

// pace keeps below the quota of real AWS, but for cases that are about it.
func (p *Probe) pace(operation string) error {
	if p.run.throttlesOK {
		return p.run.ctx.Err()
	}
	return p.run.s.pacer.wait(p.run.ctx, p.road.region, operation)
}

// keepExchange gives the exchange to the recorder, if there is one.
func (s *session) keepExchange(st step, ex target.Exchange, err error) {
	if s.opts.Recorder != nil {
		s.opts.Recorder.exchange(st, ex, err)
	}
}

// requestContext bounds one request. One that makes a key is not given up when
// the run is interrupted: its answer names the key that must be removed.
func (s *session) requestContext(ctx context.Context, operation string) (context.Context, context.CancelFunc) {
	if makesKey(operation) {
		ctx = context.WithoutCancel(ctx)
	}
	return context.WithTimeout(ctx, s.timeout(operation))
}

// SlowFactor is how much longer than Options.Timeout the operations may take
// that make RSA keys on the way: a client's own bound should be no shorter.
const SlowFactor = 3

func (s *session) timeout(operation string) time.Duration {
	switch operation {
	case "GetParametersForImport", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext":
		return SlowFactor * s.opts.Timeout
	}
	return s.opts.Timeout
}

func makesKey(operation string) bool { return operation == "CreateKey" || operation == "ReplicateKey" }

// judgeableAnyway says that the client could not use the answer, but there is
// one in JSON, or a success that says nothing: then the bytes are judged, not
// the client.
func judgeableAnyway(err error, a *Answer) bool {
	if target.KindOf(err) != target.NotKMS || a.Status == 0 {
		return false
	}
	if body := string(bytes.TrimSpace(a.Body)); a.Status/100 == 2 {
		return a.JSON != nil || body == "" || body == "null"
	}
	return a.JSON != nil && a.Code != ""
}

// withoutCode says that a target which is a KMS refused a request in JSON
// without any code.
func (p *Probe) withoutCode(a *Answer) bool {
	return a.JSON != nil && a.Status/100 == 4 && (p.run.s.isKMS.Load() || p.listsKeys())
}

// listsKeys asks whether the target is a KMS after all.
func (p *Probe) listsKeys() (yes bool) {
	r, s := p.run, p.run.s
	if p.road.caller == nil {
		return false
	}
	r.share(probeLabel+"KMS", func() {
		st := r.nextStep("ListKeys")
		ctx, cancel := s.requestContext(withStep(r.ctx, st), st.operation)
		defer cancel()
		r.requests++
		s.requests.Add(1)
		ex, err := p.road.caller.Call(ctx, st.operation, Params{"Limit": 1})
		s.keepExchange(st, ex, err)
		a, readable := readAnswer(ex)
		_, yes = a.JSON["Keys"].([]any)
		yes = yes && readable && a.Succeeded()
	})
	if yes {
		s.isKMS.Store(true)
	}
	return yes
}

// unanswered ends the case because no KMS answered.
func (p *Probe) unanswered(operation string, ex target.Exchange, err error) {
	r, s := p.run, p.run.s
	if makesKey(operation) && target.KindOf(err) != target.NotSent {
		s.addLeft(fmt.Sprintf("an unanswered %s may have made a key with the tag %s=%s", operation, TagRun, s.opts.RunID))
	}
	p.checkInterrupted()
	if errors.Is(r.ctx.Err(), context.DeadlineExceeded) {
		p.Inconclusive("the case took longer than %v", s.caseTimeout(r.c))
	}
	kind := target.KindOf(err)
	switch kind {
	case target.NotSent:
		if errors.Is(err, errNotRecorded) {
			p.Inconclusive("%v", err)
		}
		p.Inconclusive("the client did not send %s: %v", operation, err)
	case "":
		kind = target.NotKMS
	}
	s.silence.Add(1)
	if err != nil {
		p.Inconclusive("no answer to %s (%s): %s", operation, kind, clip(err.Error(), 200))
	}
	p.Inconclusive("the answer to %s is not a KMS's: status %d, %q", operation, ex.Status, clip(string(ex.ResponseBody), 80))
}

// silenceLimit is the number of requests in a row without an answer after
// which a target is given up.
const silenceLimit = 10

// checkAlive ends the case when the run is interrupted or the target is dead.
func (p *Probe) checkAlive() {
	p.checkInterrupted()
	if p.run.ctx.Err() != nil {
		p.Inconclusive("the case took longer than %v", p.run.s.caseTimeout(p.run.c))
	}
	if p.run.s.silence.Load() >= silenceLimit {
		p.Inconclusive("not tried: the target left %d requests in a row without an answer", silenceLimit)
	}
}

func (p *Probe) checkInterrupted() {
	if p.run.s.ctx.Err() != nil {
		p.run.stop(results.CaseSkipped, "interrupted")
	}
}

// pause waits, or ends the case when its time is up.
func (p *Probe) pause(d time.Duration) {
	if p.run.s.plan != nil || p.run.s.replay != nil {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.run.ctx.Done():
		p.checkAlive()
	}
}

func (a *Answer) throttled() bool {
	switch a.Code {
	case "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown":
		return true
	}
	return a.Status == 429
}

// unknownToLocalStack is what LocalStack and its forks say of an operation that
// their model lacks. Of a request that they cannot read they say the same with
// another reason.
const unknownToLocalStack = "with unknown operation: An unknown error occurred when trying to parse the request."

// lacksOperation reports whether the target says that it does not know the
// operation at all.
func lacksOperation(a *Answer) bool {
	switch a.Code {
	case "UnknownOperationException", "UnknownOperation", "InvalidAction", "NotImplemented", "NotImplementedException", "UnsupportedOperation":
		return true
	}
	return a.Status == 501 || a.Status == 500 && strings.Contains(a.Message, unknownToLocalStack)
}

// needed are the operations without which a target is no KMS for HMAC: that
// they are unknown is a difference, not a missing feature. That noOperation is
// unknown is no missing feature either.
func needed(operation string) bool {
	switch operation {
	case "CreateKey", "DescribeKey", "GenerateMac", "VerifyMac", noOperation:
		return true
	}
	return false
}
