package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

// replay is a target that answers from a record, step by step.
type replay struct {
	rec    *Record
	name   string
	region string
}

// Target returns a target that answers Run, and nothing else, from the record.
// Run needs the options that Options returns.
func (rec *Record) Target(name string) target.Target {
	return &replay{rec, name, orElse(rec.Header.Region, "us-east-1")}
}

// Options are o with what decided the requests of the recorded run: its seed,
// its Regions, the names that it used.
func (rec *Record) Options(o Options) Options {
	h := rec.Header
	o.Seed, o.Differential = h.Seed, h.Differential
	o.RunID, o.QuotaRegion = h.RunID, h.QuotaRegion
	o.SymmetricPerSecond = h.SymmetricPerSecond
	o.Region2 = orElse(h.Region2, o.Region2)
	o.Allow = []Feature{FeatureQuota} // whether a row is in the record decides
	return o
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// Info implements target.Target.
func (r *replay) Info() target.Info {
	return target.Info{Name: r.name, Host: r.rec.Header.Host, Region: r.region, Client: "replay"}
}

// Close implements target.Target.
func (r *replay) Close() error { return nil }

// InRegion implements target.Regional.
func (r *replay) InRegion(region string) (target.Target, error) {
	return &replay{r.rec, r.name, region}, nil
}

// GenerateMac implements target.Target.
func (r *replay) GenerateMac(ctx context.Context, _ target.GenerateMacRequest) (target.GenerateMacReply, error) {
	return target.GenerateMacReply{}, notRecorded(ctx, "GenerateMac")
}

// VerifyMac implements target.Target.
func (r *replay) VerifyMac(ctx context.Context, _ target.VerifyMacRequest) (target.VerifyMacReply, error) {
	return target.VerifyMacReply{}, notRecorded(ctx, "VerifyMac")
}

// Call implements target.Caller.
func (r *replay) Call(ctx context.Context, operation string, _ map[string]any) (target.Exchange, error) {
	return r.answer(ctx, operation)
}

// Send implements target.RawSender.
func (r *replay) Send(ctx context.Context, req target.RawRequest) (target.Exchange, error) {
	return r.answer(ctx, req.Operation)
}

func (r *replay) answer(ctx context.Context, operation string) (target.Exchange, error) {
	st, _ := stepOf(ctx)
	x := r.rec.at(st)
	if x == nil {
		return target.Exchange{Operation: operation}, notRecorded(ctx, operation)
	}
	ex := x.exchange()
	if x.Failure != nil {
		return ex, &target.Error{Kind: x.Failure.Kind, Operation: operation, Err: errors.New("as it was recorded")}
	}
	return ex, nil
}

// errNotRecorded: the record has no answer to a request.
var errNotRecorded = errors.New("the record holds no answer")

func notRecorded(ctx context.Context, operation string) error {
	st, _ := stepOf(ctx)
	return &target.Error{
		Kind: target.NotSent, Operation: operation, Err: fmt.Errorf("%w to %s number %d of %s", errNotRecorded, operation, st.nth+1, st.label),
	}
}

// exchange is what was recorded, as it came from the wire.
func (x *recordedExchange) exchange() target.Exchange {
	ex := target.Exchange{
		Operation: x.Operation, Region: x.Region, Sent: x.Sent, Done: x.Done, Attempts: x.Attempts, Verified: x.Verified,
		Method: x.Method, URL: x.URL, Proto: x.Proto, RequestBody: x.Request.bytes(), ResponseBody: x.Response.bytes(),
	}
	if x.Response != nil {
		ex.Status = x.Response.Status
		ex.ResponseHeader = http.Header{}
		for name, values := range x.Response.Headers {
			ex.ResponseHeader[http.CanonicalHeaderKey(name)] = values
		}
	}
	return ex
}

// now is the time that a case took when it was recorded.
func (r *replay) now(st step) time.Time {
	times := r.rec.nows[st.label]
	switch {
	case st.nth < len(times):
		return times[st.nth]
	case !r.rec.Header.Started.IsZero():
		return r.rec.Header.Started
	}
	return time.Now()
}
