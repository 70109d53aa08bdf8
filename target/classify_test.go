package target_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"syscall"
	"testing"

	"github.com/kmsmac/kmsmac/target"
)

func ExampleClassifyAnswer() {
	header := http.Header{"X-Amzn-Requestid": {"7e0c9a3e"}}
	body := []byte(`{"__type":"com.amazonaws.kms#DisabledException","message":"the key is disabled"}`)
	err := target.ClassifyAnswer("GenerateMac", 400, header, body)
	fmt.Println(err.Kind, err.Code, err.RequestID)
	fmt.Println(err)
	// Output:
	// disabled DisabledException 7e0c9a3e
	// target: GenerateMac: DisabledException: the key is disabled
}

func TestClassifyAnswer(t *testing.T) {
	coded := func(code string) string { return fmt.Sprintf(`{"__type":%q,"message":"text"}`, code) }
	html := http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	tests := []struct {
		name       string
		status     int
		header     http.Header
		body       string
		kind       target.Kind
		code       string
		hasMessage bool
	}{
		{"success", 200, nil, `{"Mac":""}`, "", "", false},
		{"success without output (WI-05)", 200, nil, "", "", "", false},
		{"success that is null", 200, nil, " null\n", "", "", false},
		{"success that is HTML", 200, html, "<html>", target.NotKMS, "", false},
		{"success that is an array", 200, nil, "[]", target.NotKMS, "", false},
		{"success that is a number", 200, nil, "0", target.NotKMS, "", false},
		{"error that is null", 400, nil, "null", target.NotKMS, "", false},
		{"modelled", 400, nil, coded("NotFoundException"), target.NotFound, "NotFoundException", true},
		{"no message (WI-07)", 400, nil, `{"__type":"KMSInvalidMacException"}`, target.InvalidMac, "KMSInvalidMacException", false},
		{"null message", 400, nil, `{"__type":"DisabledException","message":null}`, target.Disabled, "DisabledException", false},
		{"Message (SD-07)", 400, nil, `{"__type":"ValidationException","Message":"x"}`, target.Validation, "ValidationException", true},
		{"namespace (SD-08)", 400, nil, coded("com.amazonaws.kms#DisabledException"), target.Disabled, "DisabledException", true},
		{"suffix (SD-08)", 400, nil, coded("DisabledException:http://a/b#c"), target.Disabled, "DisabledException", true},
		{"header wins (SD-09)", 400, http.Header{"X-Amzn-Errortype": {"NotFoundException"}}, coded("DisabledException"), target.NotFound, "NotFoundException", true},
		{"header alone", 400, http.Header{"X-Amzn-Errortype": {"NotFoundException:"}}, "", target.NotFound, "NotFoundException", false},
		{"code member", 400, nil, `{"code":"ThrottlingException"}`, target.Throttled, "ThrottlingException", false},
		{"unknown code", 400, nil, coded("NewException"), target.Other, "NewException", true},
		{"unknown code, 500", 500, nil, coded("NewException"), target.Internal, "NewException", true},
		{"501", 501, nil, coded("InternalFailure"), target.Unsupported, "InternalFailure", true},
		{"HTML 500", 500, html, "<html>", target.NotKMS, "", false},
		{"empty 400 (SD-11)", 400, nil, "", target.NotKMS, "", false},
		{"error without a code", 403, nil, `{"message":"Forbidden"}`, target.NotKMS, "", true},
		{"error that is an array", 400, nil, `["NotFoundException"]`, target.NotKMS, "", false},
		{"redirect", 302, nil, "", target.NotKMS, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := target.ClassifyAnswer("GenerateMac", tt.status, tt.header, []byte(tt.body))
			if tt.kind == "" {
				if e != nil {
					t.Fatalf("%v, want a success", e)
				}
				return
			}
			if e == nil || e.Kind != tt.kind || e.Code != tt.code || e.HasMessage != tt.hasMessage || e.Status != tt.status {
				t.Fatalf("%+v, want kind %q code %q message %v", e, tt.kind, tt.code, tt.hasMessage)
			}
		})
	}
}

func TestKindOfCodeOfImport(t *testing.T) {
	if k := target.KindOfCode("ImportKeyMaterial", "InvalidCiphertextException", 400); k != target.Import {
		t.Errorf("importing: %q", k)
	}
	if k := target.KindOfCode("Decrypt", "InvalidCiphertextException", 400); k != target.Other {
		t.Errorf("decrypting: %q", k)
	}
}

func TestKindOfTransport(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want target.Kind
	}{
		{"reset", &net.OpError{Op: "read", Err: syscall.ECONNRESET}, target.Connection},
		{"closed", io.ErrUnexpectedEOF, target.Connection},
		{"refused", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, target.Unreachable},
		{"no such host", &net.OpError{Op: "dial", Err: &net.DNSError{Name: "a", IsNotFound: true}}, target.Unreachable},
		{"dial too slow", &net.OpError{Op: "dial", Err: context.DeadlineExceeded}, target.Timeout},
		{"certificate", &tls.CertificateVerificationError{Err: errors.New("x")}, target.TLS},
		{"no TLS there", tls.RecordHeaderError{Msg: "x"}, target.TLS},
		{"not HTTP", errors.New(`malformed HTTP response "x"`), target.NotKMS},
		{"two lengths", errors.New(`http: message cannot contain multiple Content-Length headers; got ["1" "2"]`), target.NotKMS},
		{"header line cut", textproto.ProtocolError("malformed MIME header: missing colon"), target.Connection},
		{"chunks", errors.New("invalid byte in chunk length"), target.NotKMS},
		{"refused header", errors.New("net/http: invalid header field value"), target.NotSent},
	}
	for _, tt := range tests {
		if got := target.KindOfTransport(fmt.Errorf("wrapped: %w", tt.err)); got != tt.want && tt.name != "refused header" {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if got := target.KindOfTransport(tt.err); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
