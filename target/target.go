// Package target is the seam between what measures and what is measured: a
// Target generates and verifies HMAC tags the way AWS KMS does.
//
// Do not use it to compute tags for their own sake; package engine does that
// without a seam.
//
// A Target has two operations. What more it can do it says by implementing the
// optional interfaces KeyAdmin (manage keys), Caller (any operation through its
// client, with the raw exchange kept), RawSender (hand-built requests),
// Regional (the same account in another Region) and CounterSource (attempts
// and connections); callers find them by type assertion. Failures arrive as
// *Error with a Kind, so nobody above this package reads error codes.
//
// All methods of all implementations may be called concurrently. Messages are
// not secret; imported key material is, and no implementation may log or keep it.
package target

import (
	"context"
	"time"

	"github.com/kmsmac/kmsmac/engine"
)

// Target generates and verifies tags under keys that it holds.
//
// Implementations must not keep the request's slices after returning; the
// reply's slices belong to the caller.
type Target interface {
	// Info says what the target is. It does no I/O and never fails.
	Info() Info
	// GenerateMac returns the tag of req.Message under req.KeyID.
	GenerateMac(ctx context.Context, req GenerateMacRequest) (GenerateMacReply, error)
	// VerifyMac checks req.Tag. A tag that does not fit is an *Error with
	// Kind InvalidMac, as on AWS (rows VM-06, VM-08), not Valid == false.
	VerifyMac(ctx context.Context, req VerifyMacRequest) (VerifyMacReply, error)
	// Close releases connections. The target must not be used afterwards.
	Close() error
}

// Info describes a target. It holds no secret.
type Info struct {
	Name     string `json:"name"`     // as the user named it: "emulator", "aws:eu-west-1", a URL
	Endpoint string `json:"endpoint"` // scheme://host:port connected to; empty without a network
	Host     string `json:"host"`     // host name of Endpoint
	Region   string `json:"region"`   // Region the requests are signed for
	AWS      bool   `json:"aws"`      // real AWS: all money rules hold
	Client   string `json:"client"`   // the client road: "sdk", "sdk-user", "lean", "raw", "engine"
}

// GenerateMacRequest is the input of GenerateMac.
type GenerateMacRequest struct {
	KeyID       string // key id, key ARN, alias name or alias ARN
	Algorithm   engine.Algorithm
	Message     []byte // 1 to 4,096 bytes on AWS (rows GM-10 to GM-13)
	GrantTokens []string
	DryRun      bool
}

// GenerateMacReply is the output of GenerateMac.
type GenerateMacReply struct {
	KeyID     string // key ARN on AWS (row GM-05)
	Algorithm engine.Algorithm
	Tag       []byte
	Trace     Trace
}

// VerifyMacRequest is the input of VerifyMac.
type VerifyMacRequest struct {
	KeyID       string
	Algorithm   engine.Algorithm
	Message     []byte
	Tag         []byte
	GrantTokens []string
	DryRun      bool
}

// VerifyMacReply is the output of VerifyMac.
type VerifyMacReply struct {
	KeyID     string
	Algorithm engine.Algorithm
	Valid     bool
	Trace     Trace
}

// Trace says what one request cost on the wire. Failed requests carry it in
// Error.Trace.
type Trace struct {
	Attempts  int           // tries on the wire, at least 1 when anything was sent
	Throttles int           // tries answered by a throttling error
	Wire      time.Duration // from the last try handed to the HTTP client to its response read; 0 if unknown
}

// CounterSource is implemented by targets that count what happens on the wire.
type CounterSource interface {
	// Counters returns totals since the target was made.
	Counters() Counters
}

// Counters are totals since a target was made.
type Counters struct {
	Attempts          int64         // tries sent
	Throttles         int64         // tries answered by a throttling error
	ConnectionsOpened int64         // network connections dialled with success
	BytesSent         int64         // request bytes on the connections, TLS records included
	BytesReceived     int64         // response bytes, likewise
	Protocol          string        // protocol of the newest response: "HTTP/1.1", "HTTP/2.0"
	DateDelta         time.Duration // newest Date header of the target minus the local clock; 1 s resolution
}

// Regional is implemented by targets that can reach the same account in
// another Region.
type Regional interface {
	// InRegion returns a target for the same endpoint and account whose
	// requests are signed for region. The caller closes it.
	InRegion(region string) (Target, error)
}
