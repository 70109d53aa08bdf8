package target

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// ClassifyAnswer gives an HTTP answer its kind, for clients that are not the
// SDK. It reads failures as the Go SDK does (rows SD-07 to SD-11): the header
// X-Amzn-ErrorType wins over the members __type and code; a namespace before #
// and anything after : are no part of the code; message and Message are one.
//
// It returns nil for a success: a status 2xx with an empty body (row WI-05), a
// JSON object, or null, which has no member either: what the operation must
// have, its caller misses. An answer that no KMS gives is of Kind NotKMS; its
// body, which may hold anything, is not quoted. The Trace is the caller's to
// fill in.
func ClassifyAnswer(operation string, status int, header http.Header, body []byte) *Error {
	if status < 200 || status > 299 {
		return classifyFailure(operation, status, header, body)
	}
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 || string(trimmed) == "null" || trimmed[0] == '{' && json.Valid(trimmed) {
		return nil
	}
	return notKMS(&Error{Operation: operation, Status: status, RequestID: requestID(header)}, header, body)
}

func classifyFailure(operation string, status int, header http.Header, body []byte) *Error {
	e := &Error{Operation: operation, Status: status, RequestID: requestID(header)}
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
	e.Kind = KindOfCode(operation, e.Code, status)
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

// notKMS says what the answer looks like.
func notKMS(e *Error, header http.Header, body []byte) *Error {
	e.Kind = NotKMS
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

// KindOfTransport is the kind of a failure to get an answer: err is what dialling,
// a TLS handshake, writing or reading returned. It does not look for the end of a
// context, which is the caller's to check first.
func KindOfTransport(err error) Kind {
	var (
		dns     *net.DNSError
		timeout net.Error
		op      *net.OpError
	)
	text := err.Error()
	switch {
	case isNotHTTP(text):
		return NotKMS
	case strings.HasPrefix(text, "net/http: invalid"), strings.Contains(text, "http: invalid "):
		return NotSent
	case errors.As(err, &dns):
		return Unreachable
	case errors.As(err, &timeout) && timeout.Timeout():
		return Timeout
	case isTLS(err):
		return TLS
	case errors.As(err, &op) && op.Op == "dial", errors.Is(err, syscall.ECONNREFUSED),
		errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return Unreachable
	}
	return Connection
}

// isNotHTTP reports whether something came that is not HTTP. What net/http says of
// it has no type. Its "malformed MIME header" is not here: that is also how a
// connection looks that was cut in the middle of a header.
func isNotHTTP(text string) bool {
	for _, part := range []string{
		"malformed HTTP", "malformed chunked encoding", "chunk length",
		"multiple Content-Length headers", "bad Content-Length", "unsupported transfer encoding",
	} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
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
