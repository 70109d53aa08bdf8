package kmsemu

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Faults is a plan of failures: which request fails, and how, depends on the
// seed and the number of the request alone, so a plan can be replayed.
type Faults struct {
	seed  uint64
	rules []faultRule
}

// faultRule is one kind of failure and how often it strikes.
type faultRule struct {
	what  string // an error code, or a key of faultArgument
	rate  float64
	after time.Duration // stall, slow
	count int           // burst: requests in a row
}

// The failures that are not error codes.
const (
	faultReset    = "reset"    // the connection is reset before any answer
	faultStall    = "stall"    // the answer comes late
	faultSlow     = "slow"     // the body comes in pieces over a time
	faultTruncate = "truncate" // the connection ends in the middle of the body
	faultHTML     = "html"     // a page of a proxy instead of an answer
	faultBurst    = "burst"    // a row of ThrottlingException
)

// serverErrors are the codes that come with a 500 (row WI-14).
var serverErrors = []string{"KMSInternalException", "KeyUnavailableException", "DependencyTimeoutException"}

// ParseFaults reads a plan: failures with their rates between 0 and 1,
// separated by commas. The rates must not add up to more than 1.
//
//	KMSInternalException=0.01    any error code
//	reset=0.001                  connection reset before any answer
//	stall=0.001:2s               answer after 2 s
//	slow=0.001:2s                body in pieces over 2 s
//	truncate=0.001               half of the body, then the connection ends
//	html=0.001                   an HTML page with status 503
//	burst=0.001:50               ThrottlingException for 50 requests in a row
func ParseFaults(text string, seed uint64) (*Faults, error) {
	f := &Faults{seed: seed}
	var sum float64
	for _, part := range strings.Split(text, ",") {
		r, err := parseFault(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("kmsemu: fault %q: %w", part, err)
		}
		if sum += r.rate; sum > 1+1e-9 {
			return nil, fmt.Errorf("kmsemu: faults %q: the rates add up to more than 1", text)
		}
		f.rules = append(f.rules, r)
	}
	return f, nil
}

func parseFault(text string) (r faultRule, err error) {
	what, rest, ok := strings.Cut(text, "=")
	if !ok {
		return r, errors.New("want NAME=RATE")
	}
	rate, arg, hasArg := strings.Cut(rest, ":")
	r.what = what
	if err := parseField(rate, &r.rate); err != nil || r.rate > 1 {
		return r, fmt.Errorf("rate %q is not between 0 and 1", rate)
	}
	switch what {
	case faultStall, faultSlow:
		err = parseField(arg, &r.after)
	case faultBurst:
		if r.count, err = strconv.Atoi(arg); err != nil || r.count < 1 || r.count > 10_000 {
			err = fmt.Errorf("%q is not a number of requests from 1 to 10000", arg)
		}
	default:
		if hasArg {
			return r, fmt.Errorf("%s takes no argument", what)
		}
		switch what {
		case faultReset, faultTruncate, faultHTML:
		default:
			if !strings.HasSuffix(what, "Exception") || len(what) > 64 {
				err = errors.New("unknown fault")
			}
		}
	}
	return r, err
}

// String is the plan in the form that ParseFaults reads, with its seed.
func (f *Faults) String() string {
	parts := make([]string, len(f.rules))
	for i, r := range f.rules {
		parts[i] = r.what + "=" + strconv.FormatFloat(r.rate, 'g', -1, 64)
		switch r.what {
		case faultStall, faultSlow:
			parts[i] += ":" + r.after.String()
		case faultBurst:
			parts[i] += ":" + strconv.Itoa(r.count)
		}
	}
	return fmt.Sprintf("seed %d: %s", f.seed, strings.Join(parts, ","))
}

// At names the failure of request n, counted from 1; "" means none.
func (f *Faults) At(n uint64) string {
	if r := f.at(n); r != nil {
		return r.what
	}
	return ""
}

func (f *Faults) at(n uint64) *faultRule {
	if r := f.drawn(n); r != nil {
		return r
	}
	for i := range f.rules { // a burst that began before
		r := &f.rules[i]
		for back := uint64(1); back < uint64(r.count) && back < n; back++ {
			if f.drawn(n-back) == r {
				return r
			}
		}
	}
	return nil
}

// drawn is what the lot says for request n.
func (f *Faults) drawn(n uint64) *faultRule {
	u := uniform(f.seed, n, 3)
	for i := range f.rules {
		if u < f.rules[i].rate {
			return &f.rules[i]
		}
		u -= f.rules[i].rate
	}
	return nil
}

// failure returns the answer of a rule that is an error code.
func (r *faultRule) failure() (error, bool) {
	switch r.what {
	case faultReset, faultStall, faultSlow, faultTruncate, faultHTML:
		return nil, false
	case faultBurst, "ThrottlingException":
		return errThrottled(), true
	}
	for _, code := range serverErrors {
		if r.what == code {
			return &apiError{http.StatusInternalServerError, code, ""}, true
		}
	}
	return fault(r.what, ""), true
}

// reset ends the connection at once, with a RST where the transport has one.
func reset(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			if t, ok := conn.(*tls.Conn); ok {
				conn = t.NetConn()
			}
			if tcp, ok := conn.(*net.TCPConn); ok {
				tcp.SetLinger(0)
			}
			conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}

const htmlPage = "<html><head><title>503 Service Unavailable</title></head><body><h1>Service Unavailable</h1></body></html>\n"

// writeFaulty writes the answer as the rule damages it.
func (r *faultRule) writeFaulty(w http.ResponseWriter, req *http.Request, resp response, requestID string) {
	switch r.what {
	case faultHTML:
		resp = response{status: http.StatusServiceUnavailable, raw: []byte(htmlPage), header: http.Header{"Content-Type": {"text/html"}, requestIDHeader: nil}}
		resp.write(w, requestID)
		return
	case faultTruncate, faultSlow:
	default:
		resp.write(w, requestID)
		return
	}
	body := resp.raw
	if body == nil {
		body = encode(resp.body)
	}
	resp.writeHeader(w, requestID, len(body))
	rc := http.NewResponseController(w)
	if r.what == faultTruncate {
		w.Write(body[:len(body)/2])
		rc.Flush()
		panic(http.ErrAbortHandler)
	}
	const pieces = 8
	for i := range pieces {
		w.Write(body[len(body)*i/pieces : len(body)*(i+1)/pieces])
		rc.Flush()
		if !pause(req.Context(), time.Duration(math.Ceil(float64(r.after)/pieces))) {
			return
		}
	}
}

// slowness is how long writing the answer takes on purpose.
func (r *faultRule) slowness() time.Duration {
	if r == nil || r.what != faultSlow {
		return 0
	}
	return r.after
}
