package target

import (
	"context"
	"net/http"
	"time"
)

// Caller sends any KMS operation through the target's own client and keeps
// the raw exchange.
type Caller interface {
	// Call sends operation with params as members of the request. Values are
	// string, bool, int, []byte (blob), time.Time, []string, []map[string]any
	// or map[string]any, as the member's type asks.
	//
	// A service error is not a Go error: it stands in Exchange.Err. The error
	// is an *Error whose Kind is not Answered: NotSent when the client refuses
	// the input or does not know the operation, and so on. When an answer came
	// all the same, but not one of a KMS, the Exchange holds it beside the error.
	Call(ctx context.Context, operation string, params map[string]any) (Exchange, error)
}

// RawSender sends hand-built requests, for what a client refuses or repairs.
type RawSender interface {
	// Send signs req as it says and sends it once. The error is an *Error
	// whose Kind is not Answered; any HTTP answer at all is an Exchange and no
	// error, the answer of something that is no KMS included.
	Send(ctx context.Context, req RawRequest) (Exchange, error)
}

// RawRequest is a request of which any part can be broken. Its zero value
// with an Operation and a Body is a well-formed, correctly signed request.
type RawRequest struct {
	Operation string      // X-Amz-Target is "TrentService." + Operation
	Body      []byte      // sent as it is; nil means empty
	Method    string      // default POST
	Path      string      // default /
	Header    http.Header // set before signing, replacing defaults; Host too; a name without values is removed
	Omit      []string    // header names removed before signing; without Content-Length the body goes in chunks
	Signature Signature
}

// Signature says how a RawRequest is signed. The zero value signs correctly.
type Signature struct {
	None            bool        // no Authorization header at all
	AccessKeyID     string      // instead of the target's, whose session token is then left out too
	SecretAccessKey string      // instead of the target's
	SessionToken    string      // instead of the target's
	Region          string      // credential scope; default the target's
	Service         string      // credential scope; default "kms"
	Time            time.Time   // signing time; default now
	Authorization   string      // replaces the whole header value after signing
	BodyAfter       []byte      // replaces the body after signing, if not nil
	HeaderAfter     http.Header // set after signing; a name without values is removed
}

// Exchange is one request and its response as they were on the wire.
type Exchange struct {
	Operation string
	Region    string
	Sent      time.Time
	Done      time.Time
	Attempts  int
	Verified  bool // over TLS with a verified certificate

	Method        string
	URL           string
	RequestHeader http.Header // Authorization and security token included: drop before keeping
	RequestBody   []byte

	Proto          string
	Status         int
	ResponseHeader http.Header
	ResponseBody   []byte

	// Err is how the target's client read the answer: nil for a success.
	// Exchanges made by a RawSender are classified in the same way.
	Err *Error
}
