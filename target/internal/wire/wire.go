// Package wire is the form of GenerateMac and VerifyMac on the wire: JSON bodies
// (AWS JSON 1.1), SigV4 signatures, and what an answer means.
//
// It is for the hand-made clients lean and raw; do not use it where the AWS SDK
// will do. Nothing here opens a connection.
//
// A client has one Endpoint, one Source of credentials, one Signer and one set of
// Totals, all safe for concurrent use. Each request in flight works in its own
// Pad, which is not: the client keeps pads and gives one to one request at a
// time. With a used pad, encoding, signing and reading an answer do not allocate,
// but for what the caller is given to keep.
//
// Credentials and what a Signer derives from them are secret; no error holds
// any of it.
package wire

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// ContentType of requests (row WI-01).
const ContentType = "application/x-amz-json-1.1"

// UserAgent names the client; it is not signed.
const UserAgent = "kmsmac"

// MaxBody bounds the body of an answer, in bytes. The two operations answer with
// less than 300; the rest is for error pages, which deserve to be classified.
const MaxBody = 8 << 20

// ErrTooLong is the error for an answer beyond MaxBody.
var ErrTooLong = fmt.Errorf("the body is longer than %d bytes", MaxBody)

// Operation is one of the two.
type Operation uint8

// The operations.
const (
	GenerateMac Operation = iota
	VerifyMac
)

// String is KMS's name of the operation.
func (o Operation) String() string {
	if o == VerifyMac {
		return "VerifyMac"
	}
	return "GenerateMac"
}

// Target is the value of the header X-Amz-Target.
func (o Operation) Target() string {
	if o == VerifyMac {
		return "TrentService.VerifyMac"
	}
	return "TrentService.GenerateMac"
}

// Pad is the memory that one request in flight works in. Its zero value works.
type Pad struct {
	Body []byte // the encoded request

	text []byte // canonical request, then string to sign
	mac  keyedMAC
	name []byte // member of an answer, unescaped
	data []byte // value of a member, unescaped
	ids  idCache
}

// CheckAlgorithm returns the error for an algorithm that is none of the four, so
// that nothing was sent; nil for the four.
func CheckAlgorithm(op Operation, alg engine.Algorithm) error {
	if alg.Valid() {
		return nil
	}
	return &target.Error{
		Kind: target.NotSent, Operation: op.String(),
		Err: fmt.Errorf("unknown algorithm %d", uint8(alg)),
	}
}

// Unreadable is the error for a success that KMS does not give: its body is not
// JSON, or lacks what the operation promises.
func Unreadable(op Operation, status int, header http.Header, trace target.Trace, cause error) error {
	e := &target.Error{Kind: target.NotKMS, Operation: op.String(), Status: status, Trace: trace, Err: cause}
	for _, name := range []string{"X-Amzn-Requestid", "X-Amz-Request-Id"} {
		if id := header.Get(name); id != "" && e.RequestID == "" {
			e.RequestID = id
		}
	}
	return e
}

// timeFormat is that of X-Amz-Date.
const timeFormat = "20060102T150405Z"

// DateLen is the length of X-Amz-Date.
const DateLen = len(timeFormat)

// AppendDate appends t as X-Amz-Date wants it: UTC, DateLen bytes.
func AppendDate(dst []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(dst, timeFormat)
}

var errMalformed = errors.New("the body is not a JSON object of this operation")

// Failed is the error for a request that got no whole answer: err is what the
// connection gave, status that of an answer that broke off, else 0. What the end of
// ctx broke is the context's fault.
func Failed(ctx context.Context, op Operation, status int, trace target.Trace, err error) error {
	e := &target.Error{Operation: op.String(), Status: status, Trace: trace}
	ended := ctx.Err()
	if ended == nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		ended = err
	}
	switch {
	case ended != nil && errors.Is(ended, context.Canceled):
		e.Kind, e.Err = target.Cancelled, context.Canceled
	case ended != nil:
		e.Kind, e.Err = target.Timeout, context.DeadlineExceeded
	case errors.Is(err, ErrTooLong):
		e.Kind, e.Err = target.NotKMS, err
	default:
		e.Kind, e.Err = target.KindOfTransport(err), err
	}
	return e
}
