package awskms

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	smithy "github.com/aws/smithy-go"

	"github.com/kmsmac/kmsmac/target"
)

// kinds gives each error code its kind. Codes that a KMS does not model come
// from the front end that all AWS services share, and from emulators.
var kinds = map[string]target.Kind{
	"KMSInvalidMacException": target.InvalidMac,

	"ThrottlingException":                    target.Throttled,
	"Throttling":                             target.Throttled,
	"ThrottledException":                     target.Throttled,
	"TooManyRequestsException":               target.Throttled,
	"RequestLimitExceeded":                   target.Throttled,
	"RequestThrottled":                       target.Throttled,
	"RequestThrottledException":              target.Throttled,
	"BandwidthLimitExceeded":                 target.Throttled,
	"ProvisionedThroughputExceededException": target.Throttled,
	"SlowDown":                               target.Throttled,

	"NotFoundException":                target.NotFound,
	"DisabledException":                target.Disabled,
	"KMSInvalidStateException":         target.InvalidState,
	"InvalidKeyUsageException":         target.InvalidUsage,
	"DryRunOperationException":         target.DryRun,
	"LimitExceededException":           target.Limit,
	"AlreadyExistsException":           target.Exists,
	"AccessDeniedException":            target.AccessDenied,
	"AccessDenied":                     target.AccessDenied,
	"NotAuthorized":                    target.AccessDenied,
	"NotAuthorizedException":           target.AccessDenied,
	"OptInRequired":                    target.AccessDenied,
	"SubscriptionRequired":             target.AccessDenied,
	"UnauthorizedOperation":            target.AccessDenied,
	"InvalidArnException":              target.Validation,
	"InvalidAliasNameException":        target.Validation,
	"InvalidGrantIdException":          target.Validation,
	"InvalidGrantTokenException":       target.Validation,
	"InvalidMarkerException":           target.Validation,
	"TagException":                     target.Validation,
	"MalformedPolicyDocumentException": target.Validation,
	"ValidationException":              target.Validation,
	"ValidationError":                  target.Validation,
	"SerializationException":           target.Validation,
	"MalformedHttpRequestException":    target.Validation,
	"RequestEntityTooLargeException":   target.Validation,
	"InvalidParameterValueException":   target.Validation,
	"InvalidParameterException":        target.Validation,

	"UnsupportedOperationException": target.Unsupported,
	"UnknownOperationException":     target.Unsupported,
	"UnknownOperation":              target.Unsupported,
	"InvalidAction":                 target.Unsupported,
	"NotImplemented":                target.Unsupported,
	"NotImplementedException":       target.Unsupported,

	"UnrecognizedClientException":         target.Unauthorised,
	"InvalidSignatureException":           target.Unauthorised,
	"SignatureDoesNotMatch":               target.Unauthorised,
	"IncompleteSignatureException":        target.Unauthorised,
	"IncompleteSignature":                 target.Unauthorised,
	"MissingAuthenticationTokenException": target.Unauthorised,
	"MissingAuthenticationToken":          target.Unauthorised,
	"ExpiredTokenException":               target.Unauthorised,
	"ExpiredToken":                        target.Unauthorised,
	"InvalidClientTokenId":                target.Unauthorised,
	"InvalidAccessKeyId":                  target.Unauthorised,
	"InvalidToken":                        target.Unauthorised,
	"RequestExpired":                      target.Unauthorised,
	"RequestExpiredException":             target.Unauthorised,
	"RequestTimeTooSkewed":                target.Unauthorised,
	"RequestInTheFuture":                  target.Unauthorised,
	"AuthFailure":                         target.Unauthorised,

	"InvalidImportTokenException":   target.Import,
	"ExpiredImportTokenException":   target.Import,
	"IncorrectKeyMaterialException": target.Import,

	"KMSInternalException":        target.Internal,
	"KeyUnavailableException":     target.Internal,
	"DependencyTimeoutException":  target.Internal,
	"InternalFailure":             target.Internal,
	"InternalFailureException":    target.Internal,
	"InternalError":               target.Internal,
	"InternalException":           target.Internal,
	"InternalServerError":         target.Internal,
	"InternalServerException":     target.Internal,
	"ServiceUnavailable":          target.Internal,
	"ServiceUnavailableException": target.Internal,
}

// kindOfCode is the kind of a service error.
func kindOfCode(operation, code string, status int) target.Kind {
	switch {
	case status == http.StatusNotImplemented:
		return target.Unsupported // whatever it is called: emulators vary
	case code == "InvalidCiphertextException" && operation == "ImportKeyMaterial":
		return target.Import
	}
	if k, ok := kinds[code]; ok {
		return k
	}
	if status >= 500 {
		return target.Internal
	}
	return target.Other
}

// readFailure reads an answer with a status outside 2xx as the SDK does (rows
// SD-07 to SD-11): the header X-Amzn-ErrorType wins, a namespace before # and
// anything after : are no part of the code. An answer without a code is NotKMS.
func readFailure(operation string, status int, header http.Header, body []byte) *target.Error {
	e := &target.Error{Operation: operation, Status: status, RequestID: requestID(header)}
	var info struct {
		Type    string `json:"__type"`
		Code    any
		Message *string
	}
	if len(bytes.TrimSpace(body)) > 0 && json.NewDecoder(bytes.NewReader(body)).Decode(&info) != nil {
		return notKMS(e, header, body)
	}
	if info.Message != nil {
		e.HasMessage, e.Message = true, *info.Message
	}
	text, _ := info.Code.(string)
	for _, name := range []string{header.Get("X-Amzn-ErrorType"), info.Type, text} {
		if name != "" {
			e.Code = bareCode(name)
			break
		}
	}
	if e.Code == "" {
		return notKMS(e, header, body)
	}
	e.Kind = kindOfCode(operation, e.Code, status)
	return e
}

func bareCode(code string) string {
	code, _, _ = strings.Cut(code, ":")
	if _, name, ok := strings.Cut(code, "#"); ok {
		return name
	}
	return code
}

func requestID(h http.Header) string {
	for _, name := range []string{"X-Amzn-Requestid", "X-Amz-Request-Id"} {
		if id := h.Get(name); id != "" {
			return id
		}
	}
	return ""
}

// notKMS says what the answer looks like. It does not quote the body, which
// may hold anything.
func notKMS(e *target.Error, header http.Header, body []byte) *target.Error {
	e.Kind = target.NotKMS
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	switch {
	case err != nil && len(body) == 0:
		media = "an empty body"
	case err != nil:
		media = "a body of unknown type"
	}
	e.Err = fmt.Errorf("the answer is no KMS's: status %d with %s", e.Status, media)
	return e
}

// verdict gives the outcome of a call its kind; nil is success. err is what the
// SDK, or sending by hand, returned; ctx is the one it was given.
func (f *flight) verdict(ctx context.Context, err error) *target.Error {
	if err == nil {
		err = f.err // an answer whose body broke off and that nobody read
	}
	if f.err != nil && ctx.Err() != nil {
		err = ctx.Err() // the connection broke because the call was over
	}
	e := &target.Error{Operation: f.operation, Status: f.status}
	if err == nil {
		if f.status != 0 && f.failure == nil && !isObject(f.body) {
			return f.finish(notKMS(e, f.header, f.body))
		}
		err = f.failureError()
		if err == nil {
			return nil
		}
	}
	var noCreds *credentialsError
	switch {
	case f.attempts == 0 && errors.As(err, &noCreds) && !errors.Is(err, context.Canceled):
		e.Kind, e.Err = target.Credentials, noCreds
	case errors.Is(err, context.Canceled):
		e.Kind, e.Err = target.Cancelled, context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Err = target.Timeout, context.DeadlineExceeded
	case f.attempts == 0:
		e.Kind, e.Err = target.NotSent, cause(err)
	case f.err != nil:
		e.Kind, e.Err = kindOfTransport(f.err), cause(f.err)
	case f.failure != nil:
		e = f.failure
	case f.status != 0:
		e = notKMS(e, f.header, f.body)
		e.RequestID = requestID(f.header)
	default:
		e.Kind, e.Err = target.Connection, cause(err)
	}
	return f.finish(e)
}

func (f *flight) failureError() error {
	if f.failure == nil {
		return nil
	}
	return f.failure
}

func (f *flight) finish(e *target.Error) *target.Error {
	e.Trace = f.trace()
	return e
}

// isObject reports whether body is what a success may be: nothing (row WI-05)
// or a JSON object.
func isObject(body []byte) bool {
	trimmed := bytes.TrimSpace(body)
	return len(trimmed) == 0 || trimmed[0] == '{' && json.Valid(trimmed)
}

// cause strips the layers that only repeat the operation and the URL.
func cause(err error) error {
	var op *smithy.OperationError
	for errors.As(err, &op) {
		err = op.Err
	}
	var u *url.Error
	for errors.As(err, &u) {
		err = u.Err
	}
	return err
}

// kindOfTransport is the kind of a failure to get an answer.
func kindOfTransport(err error) target.Kind {
	var (
		dns     *net.DNSError
		timeout net.Error
		op      *net.OpError
	)
	text := err.Error()
	switch {
	case errors.Is(err, errTooLong), strings.Contains(text, "malformed HTTP"):
		return target.NotKMS
	case strings.HasPrefix(text, "net/http: invalid"), strings.Contains(text, "http: invalid "):
		return target.NotSent
	case errors.As(err, &dns):
		return target.Unreachable
	case errors.As(err, &timeout) && timeout.Timeout():
		return target.Timeout
	case isTLS(err):
		return target.TLS
	case errors.As(err, &op) && op.Op == "dial", errors.Is(err, syscall.ECONNREFUSED),
		errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return target.Unreachable
	}
	return target.Connection
}

func isTLS(err error) bool {
	var (
		record    tls.RecordHeaderError
		alert     tls.AlertError
		verify    *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		host      x509.HostnameError
	)
	return errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &verify) ||
		errors.As(err, &authority) || errors.As(err, &invalid) || errors.As(err, &host) ||
		errors.Is(err, http.ErrSchemeMismatch) || strings.Contains(err.Error(), "tls: ")
}
