package target

import (
	"errors"
	"strings"
	"unicode"
)

// Kind is the class of a failure, decided once, in the target.
type Kind string

// The kinds. The first group are answers of a KMS, the second failures to get one.
const (
	InvalidMac   Kind = "invalid_mac"   // the tag does not fit
	Throttled    Kind = "throttled"     // a rate quota
	NotFound     Kind = "not_found"     // key or alias missing
	Disabled     Kind = "disabled"      // key disabled
	InvalidState Kind = "invalid_state" // pending deletion, import, …
	InvalidUsage Kind = "invalid_usage" // wrong key usage or algorithm
	Validation   Kind = "validation"    // malformed or out of range
	Unsupported  Kind = "unsupported"   // operation not supported, or unknown to the target
	DryRun       Kind = "dry_run"       // would have succeeded
	AccessDenied Kind = "access_denied" // authorisation
	Unauthorised Kind = "unauthorised"  // signature, credentials, clock, token
	Limit        Kind = "limit"         // a resource quota
	Import       Kind = "import"        // token, material or wrapping refused
	Exists       Kind = "exists"        // name taken
	Internal     Kind = "internal"      // a 5xx of a KMS
	Other        Kind = "other"         // a code without a kind of its own

	Timeout     Kind = "timeout"     // no answer before the deadline
	Unreachable Kind = "unreachable" // DNS, refused, no route
	Connection  Kind = "connection"  // reset or closed in the middle
	TLS         Kind = "tls"         // handshake or certificate
	NotKMS      Kind = "not_kms"     // an answer that no KMS gives: HTML, bad JSON
	Credentials Kind = "credentials" // none found, so nothing was sent
	Cancelled   Kind = "cancelled"   // the caller's context ended
	NotSent     Kind = "not_sent"    // the client refused the input before sending
)

// Answered reports whether the kind is the answer of a KMS, as opposed to a
// failure to get one.
func (k Kind) Answered() bool {
	switch k {
	case Timeout, Unreachable, Connection, TLS, NotKMS, Credentials, Cancelled, NotSent, "":
		return false
	}
	return true
}

// Error is the failure of one request. Operation and Kind are always set.
type Error struct {
	Kind       Kind
	Operation  string // KMS operation, for example "GenerateMac"
	Code       string // the service's own error code; empty if there was no answer
	Message    string // the service's text
	HasMessage bool   // whether the answer had a message member at all (row VM-07)
	Status     int    // HTTP status; 0 if there was no answer
	RequestID  string
	Trace      Trace
	Err        error // cause, for Unwrap; may be nil
}

// Error gives one line: operation, code or kind, text. What the service said is
// not trusted: control characters become spaces.
func (e *Error) Error() string {
	name := e.Code
	if name == "" {
		name = string(e.Kind)
	}
	text := "target: " + e.Operation + ": " + name
	switch {
	case e.Message != "":
		text += ": " + e.Message
	case e.Err != nil:
		text += ": " + e.Err.Error()
	}
	return oneLine(text)
}

func oneLine(text string) string {
	printable := func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}
	return strings.Join(strings.Fields(strings.Map(printable, text)), " ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of err: "" for nil, Other for an error that no
// target made.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Other
}
