package wiretest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// answer is a canned HTTP answer.
type answer struct {
	status int
	header string // "Name: value" lines
	body   string
}

func (a answer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	for line := range strings.Lines(a.header) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

func coded(code string) string { return fmt.Sprintf(`{"__type":%q,"message":"some text"}`, code) }

// testAnswers: answers that are no successes, with the class of each.
func testAnswers(t *testing.T, open Open) {
	const html = "Content-Type: text/html"
	tests := []struct {
		name   string
		answer answer
		kind   target.Kind
		code   string
	}{
		{"wrong tag", answer{400, "", `{"__type":"KMSInvalidMacException"}`}, target.InvalidMac, "KMSInvalidMacException"},
		{"throttled", answer{400, "", coded("ThrottlingException")}, target.Throttled, "ThrottlingException"},
		{"throttled with 429", answer{429, "", coded("TooManyRequestsException")}, target.Throttled, "TooManyRequestsException"},
		{"not found", answer{400, "", coded("NotFoundException")}, target.NotFound, "NotFoundException"},
		{"disabled", answer{400, "", coded("DisabledException")}, target.Disabled, "DisabledException"},
		{"state", answer{400, "", coded("KMSInvalidStateException")}, target.InvalidState, "KMSInvalidStateException"},
		{"usage", answer{400, "", coded("InvalidKeyUsageException")}, target.InvalidUsage, "InvalidKeyUsageException"},
		{"dry run", answer{400, "", coded("DryRunOperationException")}, target.DryRun, "DryRunOperationException"},
		{"denied", answer{400, "", coded("AccessDeniedException")}, target.AccessDenied, "AccessDeniedException"},
		{"signature", answer{403, "", coded("InvalidSignatureException")}, target.Unauthorised, "InvalidSignatureException"},
		{"Message (SD-07)", answer{400, "", `{"__type":"ValidationException","Message":"some text"}`}, target.Validation, "ValidationException"},
		{"namespace (SD-08)", answer{400, "", coded("com.amazonaws.kms#DisabledException")}, target.Disabled, "DisabledException"},
		{"suffix (SD-08)", answer{400, "", coded("DisabledException:http://internal/")}, target.Disabled, "DisabledException"},
		{"header wins (SD-09)", answer{400, "X-Amzn-ErrorType: NotFoundException:http://x/", coded("DisabledException")}, target.NotFound, "NotFoundException"},
		{"header alone", answer{400, "X-Amzn-ErrorType: com.amazonaws.kms#NotFoundException", ""}, target.NotFound, "NotFoundException"},
		{"unknown code", answer{400, "", coded("NewException")}, target.Other, "NewException"},
		{"internal", answer{500, "", coded("KMSInternalException")}, target.Internal, "KMSInternalException"},
		{"unavailable", answer{503, "", coded("ServiceUnavailable")}, target.Internal, "ServiceUnavailable"},
		{"not implemented", answer{501, "", coded("InternalFailure")}, target.Unsupported, "InternalFailure"},

		{"HTML", answer{404, html, "<html></html>"}, target.NotKMS, ""},
		{"HTML 500", answer{500, html, "<html></html>"}, target.NotKMS, ""},
		{"long HTML", answer{502, html, strings.Repeat("<p>bad gateway</p>", 100_000)}, target.NotKMS, ""},
		{"empty 400 (SD-11)", answer{400, "", ""}, target.NotKMS, ""},
		{"redirect", answer{302, "Location: /login", ""}, target.NotKMS, ""},
		{"not modified", answer{304, "", ""}, target.NotKMS, ""},
		{"no code", answer{403, "", `{"message":"Forbidden"}`}, target.NotKMS, ""},
		{"array", answer{400, "", `[]`}, target.NotKMS, ""},
		{"cut JSON", answer{400, "", `{"__type":"NotFound`}, target.NotKMS, ""},
		{"control characters", answer{400, "", `{"__type":"NotFoundException","message":"a\u001b[31m\nb"}`}, target.NotFound, "NotFoundException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.answer.header += "\nX-Amzn-RequestId: request-1"
			c := openOn(t, open, serve(t, tt.answer.ServeHTTP))
			_, generated := generate(t.Context(), c)
			_, verified := verify(t.Context(), c)
			for operation, err := range map[string]error{"GenerateMac": generated, "VerifyMac": verified} {
				e := checkError(t, err, operation, tt.kind, 1)
				if e.Code != tt.code || e.Status != tt.answer.status || e.RequestID != "request-1" {
					t.Errorf("%s: code %q, status %d, request id %q, want %q, %d", operation, e.Code, e.Status, e.RequestID, tt.code, tt.answer.status)
				}
				if text := strings.Contains(tt.answer.body, "some text"); text && e.Message != "some text" || e.HasMessage != strings.Contains(strings.ToLower(tt.answer.body), `"message"`) {
					t.Errorf("%s: message %q, has one: %v", operation, e.Message, e.HasMessage)
				}
				if throttles := e.Trace.Throttles; (throttles == 1) != (tt.kind == target.Throttled) || throttles > 1 {
					t.Errorf("%s: %d throttles", operation, throttles)
				}
				if e.Trace.Wire <= 0 {
					t.Errorf("%s: wire time %v", operation, e.Trace.Wire)
				}
			}
			if n := c.Counters(); n.Attempts != 2 || (n.Throttles == 2) != (tt.kind == target.Throttled) {
				t.Errorf("counters %+v", n)
			}
		})
	}
}

// testSuccesses: answers with status 200, right and wrong.
func testSuccesses(t *testing.T, open Open) {
	const tag = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	tests := []struct {
		name, body          string
		generated, verified target.Kind
		valid               bool
	}{
		{"GenerateMac", `{"KeyId":"k","Mac":"` + tag + `","MacAlgorithm":"HMAC_SHA_256"}`, "", target.NotKMS, false},
		{"VerifyMac", `{"KeyId":"k","MacAlgorithm":"HMAC_SHA_256","MacValid":true}`, target.NotKMS, "", true},
		{"says false (VM-08)", `{"KeyId":"k","MacAlgorithm":"HMAC_SHA_256","MacValid":false}`, target.NotKMS, "", false},
		{"both at once", ` { "MacValid" : true , "Mac":"` + tag + `","MacAlgorithm":"HMAC_SHA_256","KeyId":"k" } `, "", "", true},
		{"tag cut", `{"KeyId":"k","Mac":"AAECAwQ="}`, target.NotKMS, target.NotKMS, false},
		{"tag of another length", `{"Mac":"` + tag[:40] + `"}`, target.NotKMS, target.NotKMS, false},
		{"URL-safe Base64 (WI-22)", `{"Mac":"_-ECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}`, target.NotKMS, target.NotKMS, false},
		{"empty (SD-12)", ``, target.NotKMS, target.NotKMS, false},
		{"empty object (SD-12)", `{}`, target.NotKMS, target.NotKMS, false},
		{"HTML", `<html></html>`, target.NotKMS, target.NotKMS, false},
		{"text after", `{"Mac":"` + tag + `","MacValid":true}x`, target.NotKMS, target.NotKMS, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := openOn(t, open, serve(t, answer{200, "X-Amzn-RequestId: request-1", tt.body}.ServeHTTP))
			g, err := generate(t.Context(), c)
			checkOutcome(t, err, "GenerateMac", tt.generated)
			if err == nil && (g.KeyID != "k" || g.Algorithm != engine.HMACSHA256 || len(g.Tag) != 32 || g.Tag[31] != 31 || g.Trace.Attempts != 1 || g.Trace.Wire <= 0) {
				t.Errorf("GenerateMac: %+v", g)
			}
			v, err := verify(t.Context(), c)
			checkOutcome(t, err, "VerifyMac", tt.verified)
			if v.Valid != tt.valid || err == nil && (v.KeyID != "k" || v.Algorithm != engine.HMACSHA256 || v.Trace.Attempts != 1 || v.Trace.Wire <= 0) {
				t.Errorf("VerifyMac: %+v", v)
			}
			if n := c.Counters(); n.ConnectionsOpened != 1 {
				t.Errorf("%d connections: an answer that cannot be read is still whole", n.ConnectionsOpened)
			}
		})
	}
}

func checkOutcome(t *testing.T, err error, operation string, kind target.Kind) {
	t.Helper()
	if kind == "" {
		if err != nil {
			t.Errorf("%s: %v", operation, err)
		}
		return
	}
	if e := checkError(t, err, operation, kind, 1); e.Status != 200 || e.RequestID != "request-1" {
		t.Errorf("%s: status %d, request id %q", operation, e.Status, e.RequestID)
	}
}
