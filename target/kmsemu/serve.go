package kmsemu

import (
	"net/http"
	"strings"
	"time"
)

// ServeHTTP answers one request: it waits for a server and for the latency,
// then answers, damaged if the plan of faults says so.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.answer(w, r, pace{}) }

// answer is ServeHTTP for a client that is bounded by a pace.
func (e *Emulator) answer(w http.ResponseWriter, r *http.Request, p pace) {
	n := e.requests.Add(1)
	arrived := e.opt.Now()
	if !e.enter(r.Context()) {
		e.abandon(w, arrived)
		return
	}
	defer e.leave()
	rule := e.faultAt(n)
	if rule != nil && rule.what == faultReset {
		reset(w)
		return
	}
	s := scratches.Get().(*scratch)
	defer s.release()
	body, err := s.readBodyWithin(w, r, p)
	if !pause(r.Context(), e.delay(n, arrived, rule)) && err == nil {
		e.abandon(w, arrived)
		return
	}
	c := &call{e: e, now: e.opt.Now(), requestID: newUUID()}
	var resp response
	if err != nil {
		resp = failure(err)
	} else {
		resp = e.serve(c, r, s, body, rule)
	}
	for _, edit := range e.edits {
		edit(c, &resp)
	}
	e.observe(c, &resp, arrived)
	p.writes(w, rule.slowness())
	if rule != nil {
		rule.writeFaulty(w, r, resp, c.requestID)
		return
	}
	resp.write(w, c.requestID)
}

// abandon answers a client that has gone, or whose request was given up by its
// server. Whoever still listens must not take that for a success: nothing was
// done, and an empty 200 is how operations without output succeed. It is counted
// under AWS's name for the status, whatever the operation.
func (e *Emulator) abandon(w http.ResponseWriter, arrived time.Time) {
	e.observe(&call{e: e}, &response{status: http.StatusServiceUnavailable, code: "ServiceUnavailable"}, arrived)
	w.Header().Set("Connection", "close")
	w.WriteHeader(http.StatusServiceUnavailable)
}

func (e *Emulator) faultAt(n uint64) *faultRule {
	if e.faults == nil {
		return nil
	}
	return e.faults.at(n)
}

// delay is how long the answer is held back.
func (e *Emulator) delay(n uint64, arrived time.Time, rule *faultRule) time.Duration {
	var d time.Duration
	if e.latency != nil {
		d = e.latency.At(e.opt.Seed, n, arrived.Sub(e.started))
	}
	if rule != nil && rule.what == faultStall {
		d += rule.after
	}
	return d
}

// serve makes the checks that come before any operation, in the order of the
// behaviour table, section 2: signature, operation, members. Quotas and
// planned errors come as soon as the operation is known (inferred).
func (e *Emulator) serve(c *call, r *http.Request, s *scratch, body []byte, rule *faultRule) response {
	err := e.authenticate(c, r, body)
	if err != nil {
		return failure(err)
	}
	if c.op, err = route(r); err != nil {
		return failure(err)
	}
	if rule != nil {
		if err, ok := rule.failure(); ok {
			return failure(err)
		}
	}
	c.in, err = s.decodeInput(body, c.op.input)
	c.loosen()
	if c.throttled() {
		return failure(errThrottled())
	}
	if err != nil {
		return failure(err)
	}
	if err := validate(c.in, c.schema()); err != nil {
		return failure(err)
	}
	e.advance(c.now)
	return e.handle(c)
}

// handle carries the operation out. The answer waits until everything that it
// may rest on is durable.
func (e *Emulator) handle(c *call) response {
	var mark uint64
	if e.store != nil {
		mark = e.store.mark()
	}
	out, err := c.op.handle(c)
	if e.store != nil && !c.settled {
		if lost := e.store.settle(mark); lost != nil {
			err = lost
		}
	}
	if err != nil {
		return failure(err)
	}
	return success(out)
}

// Observation is what an observer learns of one request. It holds no secret.
type Observation struct {
	Operation string // "" when it was not known
	Region    string // "" when it was not known
	Code      string // error code, "" for a success
	Status    int
	RequestID string
	Duration  time.Duration // from arrival to the answer, queue and latency included
}

func (e *Emulator) observe(c *call, resp *response, arrived time.Time) {
	e.count.add(c.op, resp.code)
	if e.opt.Observe == nil {
		return
	}
	o := Observation{Code: resp.code, Status: resp.status, RequestID: c.requestID, Duration: e.opt.Now().Sub(arrived)}
	if c.op != nil {
		o.Operation = c.op.name
	}
	if c.realm != nil {
		o.Region = c.realm.region
	}
	e.opt.Observe(o)
}

// route finds the operation. Another method or path gives 404, another
// content type or target 400, all UnknownOperationException without a text
// (inferred, row WI-18).
func route(r *http.Request) (*operation, error) {
	if r.Method != http.MethodPost || r.URL.Path != "/" {
		return nil, errUnknownOperation(http.StatusNotFound)
	}
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(media), contentType) {
		return nil, errUnknownOperation(http.StatusBadRequest)
	}
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	op := operationsByName[name]
	if !ok || op == nil {
		return nil, errUnknownOperation(http.StatusBadRequest)
	}
	return op, nil
}
