package awskms

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kmsmac/kmsmac/target"
)

func coded(code string) string { return fmt.Sprintf(`{"__type":%q,"message":"text"}`, code) }

func TestAnswers(t *testing.T) {
	html := map[string]string{"Content-Type": "text/html; charset=utf-8"}
	none := map[string]string{"Content-Type": ""}
	tests := []struct {
		name       string
		answer     answer
		kind       target.Kind
		code       string
		hasMessage bool
	}{
		{"modelled", answer{400, nil, coded("NotFoundException")}, target.NotFound, "NotFoundException", true},
		{"no message (WI-07)", answer{400, nil, `{"__type":"KMSInvalidMacException"}`}, target.InvalidMac, "KMSInvalidMacException", false},
		{"null message", answer{400, nil, `{"__type":"KMSInvalidMacException","message":null}`}, target.InvalidMac, "KMSInvalidMacException", false},
		{"empty message", answer{400, nil, `{"__type":"DisabledException","message":""}`}, target.Disabled, "DisabledException", true},
		{"capital Message (SD-07)", answer{400, nil, `{"__type":"ValidationException","Message":"text"}`}, target.Validation, "ValidationException", true},
		{"namespace (SD-08)", answer{400, nil, coded("com.amazonaws.kms#DisabledException")}, target.Disabled, "DisabledException", true},
		{"suffix (SD-08)", answer{400, nil, coded("DisabledException:http://internal.amazon.com/")}, target.Disabled, "DisabledException", true},
		{"header wins (SD-09)", answer{400, map[string]string{"X-Amzn-ErrorType": "NotFoundException"}, coded("DisabledException")}, target.NotFound, "NotFoundException", true},
		{"header alone", answer{400, map[string]string{"X-Amzn-ErrorType": "NotFoundException"}, ""}, target.NotFound, "NotFoundException", false},
		{"code member", answer{400, nil, `{"code":"ThrottlingException"}`}, target.Throttled, "ThrottlingException", false},
		{"status 404 (SD-10)", answer{404, nil, coded("NotFoundException")}, target.NotFound, "NotFoundException", true},
		{"unknown code", answer{400, nil, coded("SomethingNewException")}, target.Other, "SomethingNewException", true},
		{"unknown code, 500", answer{500, nil, coded("SomethingNewException")}, target.Internal, "SomethingNewException", true},
		{"internal with 400", answer{400, nil, coded("KMSInternalException")}, target.Internal, "KMSInternalException", true},
		{"emulator without the operation", answer{501, nil, coded("InternalFailure")}, target.Unsupported, "InternalFailure", true},
		{"throttled, 429", answer{429, nil, coded("TooManyRequestsException")}, target.Throttled, "TooManyRequestsException", true},

		{"HTML", answer{200, html, "<!DOCTYPE html><html></html>"}, target.NotKMS, "", false},
		{"HTML 404", answer{404, html, "<html>"}, target.NotKMS, "", false},
		{"HTML 500", answer{500, html, "<html>"}, target.NotKMS, "", false},
		{"plain 500", answer{500, none, "boom"}, target.NotKMS, "", false},
		{"empty 400 (SD-11)", answer{400, none, ""}, target.NotKMS, "", false},
		{"empty 500", answer{500, none, ""}, target.NotKMS, "", false},
		{"error without a code", answer{403, nil, `{"message":"Forbidden"}`}, target.NotKMS, "", true},
		{"error of another type", answer{400, nil, `["NotFoundException"]`}, target.NotKMS, "", false},
		{"number as code", answer{400, nil, `{"code":17}`}, target.NotKMS, "", false},
		{"redirect", answer{302, map[string]string{"Location": "/login"}, ""}, target.NotKMS, "", false},
		{"not found, plain", answer{404, none, "404 page not found\n"}, target.NotKMS, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := openOn(t, tt.answer)
			_, typed := generate(t.Context(), c)
			_, admin := c.DescribeKey(t.Context(), testKey)
			_, silent := sdkError(c.EnableKey(t.Context(), testKey))
			x, err := c.Send(t.Context(), target.RawRequest{Operation: "GenerateMac", Body: []byte("{}")})
			if err != nil || x.Err == nil {
				t.Fatalf("Send: %v, want an exchange with an error", err)
			}
			for road, err := range map[string]error{"typed": typed, "admin": admin, "no output": silent, "raw": x.Err} {
				checkError(t, road, err, tt.kind, tt.code, tt.answer.status, tt.hasMessage)
			}
		})
	}
}

func sdkError(err error) (struct{}, error) { return struct{}{}, err }

func checkError(t *testing.T, road string, err error, kind target.Kind, code string, status int, hasMessage bool) {
	t.Helper()
	var e *target.Error
	if !errors.As(err, &e) {
		t.Errorf("%s: %v is no *target.Error", road, err)
		return
	}
	if e.Kind != kind || e.Code != code || e.Status != status || e.HasMessage != hasMessage {
		t.Errorf("%s: kind %q code %q status %d message %v, want %q %q %d %v",
			road, e.Kind, e.Code, e.Status, e.HasMessage, kind, code, status, hasMessage)
	}
	if e.Operation == "" || e.Trace.Attempts != 1 {
		t.Errorf("%s: operation %q, attempts %d", road, e.Operation, e.Trace.Attempts)
	}
	if strings.ContainsAny(err.Error(), "\n\r\x1b") || strings.Contains(err.Error(), testSecret) {
		t.Errorf("%s: text %q", road, err)
	}
}

// Successes that are none: the SDK lets all but the bad Base64 pass (SD-12, SD-13).
func TestGenerateMacSuccessThatIsNone(t *testing.T) {
	tests := map[string]string{
		"empty":           "",
		"empty object":    "{}",
		"no tag":          `{"KeyId":"a","MacAlgorithm":"HMAC_SHA_256"}`,
		"null tag":        `{"Mac":null}`,
		"empty tag":       `{"Mac":""}`,
		"unpadded Base64": `{"Mac":"AAA"}`,
		"URL-safe Base64": `{"Mac":"_-8="}`,
		"no Base64":       `{"Mac":"!!!!"}`,
		"number":          `{"Mac":17}`,
		"array":           `[]`,
		"cut JSON":        `{"Mac":"AAAA"`,
		"text after":      `{"Mac":"AAAA"}<html>`,
		"HTML":            `<html></html>`,
		"plain text":      `OK`,
		"other operation": `{"MacValid":true}`,
		"null":            `null`,
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := generate(t.Context(), openOn(t, answer{200, nil, body}))
			if target.KindOf(err) != target.NotKMS {
				t.Errorf("reply %+v, err %v, want kind not_kms", got, err)
			}
		})
	}
}

func TestVerifyMacAnswers(t *testing.T) {
	tests := []struct {
		name, body string
		kind       target.Kind
		valid      bool
	}{
		{"valid", `{"MacValid":true}`, "", true},
		{"says false", `{"MacValid":false}`, "", false},
		{"absent", `{"KeyId":"a"}`, target.NotKMS, false},
		{"null", `{"MacValid":null}`, target.NotKMS, false},
		{"empty", ``, target.NotKMS, false},
		{"text", `{"MacValid":"true"}`, target.NotKMS, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := openOn(t, answer{200, nil, tt.body}).VerifyMac(t.Context(), target.VerifyMacRequest{
				KeyID: testKey, Algorithm: 1, Message: []byte("m"), Tag: []byte("t"),
			})
			if target.KindOf(err) != tt.kind || got.Valid != tt.valid {
				t.Errorf("valid %v, err %v, want %v, kind %q", got.Valid, err, tt.valid, tt.kind)
			}
		})
	}
}

// A success without output that is HTML passes through the SDK unread.
func TestSuccessWithoutOutput(t *testing.T) {
	for body, want := range map[string]target.Kind{
		"": "", "{}": "", " {}\n": "", "<html>": target.NotKMS, "OK": target.NotKMS, "{": target.NotKMS, "[]": target.NotKMS,
	} {
		for _, user := range []bool{false, true} {
			c := open(t, Options{Endpoint: serve(t, answer{200, nil, body}), UserSettings: user})
			if err := c.EnableKey(t.Context(), testKey); target.KindOf(err) != want {
				t.Errorf("user settings %v: EnableKey answered %q: %v, want kind %q", user, body, err, want)
			}
		}
	}
}

// hijack answers with bytes of its own and closes the connection.
func hijack(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

func TestNoAnswer(t *testing.T) {
	tlsServer := httptest.NewUnstartedServer(answer{200, nil, "{}"})
	tlsServer.Config.ErrorLog = discard()
	tlsServer.StartTLS()
	defer tlsServer.Close()
	plain := serve(t, answer{200, nil, "{}"})
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		endpoint string
		kind     target.Kind
		status   int
	}{
		{"refused", refused, target.Unreachable, 0},
		{"closed", serve(t, hijack("")), target.Connection, 0},
		{"cut in the header", serve(t, hijack("HTTP/1.1 200 OK\r\nContent-")), target.Connection, 0},
		{"cut in the body", serve(t, hijack("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Mac\":\"AAAA\"")), target.Connection, 200},
		{"cut at the body", serve(t, hijack("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")), target.Connection, 200},
		{"cut in a chunk", serve(t, hijack("HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{}")), target.Connection, 500},
		{"too long", serve(t, hijack("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")), target.NotKMS, 200},
		{"not HTTP", serve(t, hijack("SSH-2.0-OpenSSH_9.6\r\n")), target.NotKMS, 0},
		{"TLS to plain HTTP", strings.Replace(plain, "http:", "https:", 1), target.TLS, 0},
		{"unknown authority", tlsServer.URL, target.TLS, 0},
		{"plain HTTP to TLS", strings.Replace(tlsServer.URL, "https:", "http:", 1), target.NotKMS, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := open(t, Options{Endpoint: tt.endpoint, AccessKeyID: "AKIDTEST", SecretAccessKey: testSecret})
			_, typed := generate(t.Context(), c)
			checkError(t, "typed", typed, tt.kind, "", tt.status, false)
			silent := c.EnableKey(t.Context(), testKey)
			checkError(t, "no output", silent, tt.kind, "", tt.status, false)
			x, err := c.Call(t.Context(), "DisableKey", map[string]any{"KeyId": testKey})
			checkError(t, "call", err, tt.kind, "", tt.status, false)
			if x.Err == nil || len(x.RequestBody) == 0 {
				t.Errorf("exchange = %+v, want the request and the error", x)
			}
			x, err = c.Send(t.Context(), target.RawRequest{Operation: "GenerateMac"})
			if tt.kind == target.NotKMS && tt.status == 400 {
				err = x.Err
			}
			checkError(t, "raw", err, tt.kind, "", tt.status, false)
		})
	}
}

func TestDeadlines(t *testing.T) {
	release := make(chan struct{})
	hang := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	slowBody := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "{")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() { close(release) })
	cancelled := func(t *testing.T) context.Context {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		return ctx
	}
	over := func(t *testing.T) context.Context {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		return ctx
	}
	tests := []struct {
		name    string
		ctx     func(*testing.T) context.Context
		timeout time.Duration
		kind    target.Kind
		is      error
	}{
		{"caller's deadline", func(t *testing.T) context.Context { return within(t, 20*time.Millisecond) }, -1, target.Timeout, context.DeadlineExceeded},
		{"own time limit", func(t *testing.T) context.Context { return t.Context() }, 20 * time.Millisecond, target.Timeout, context.DeadlineExceeded},
		{"cancelled", cancelled, 0, target.Cancelled, context.Canceled},
		{"over before", over, 0, target.Cancelled, context.Canceled},
	}
	for _, tt := range tests {
		for where, endpoint := range map[string]string{"header": hang, "body": slowBody} {
			for _, user := range []bool{false, true} {
				if user && where == "body" {
					continue // the untouched SDK may close a connection under a slow body by itself
				}
				t.Run(fmt.Sprintf("%s/%s/user=%v", tt.name, where, user), func(t *testing.T) {
					c := open(t, Options{Endpoint: endpoint, Timeout: tt.timeout, UserSettings: user})
					start := time.Now()
					_, typed := generate(tt.ctx(t), c)
					_, raw := c.Send(tt.ctx(t), target.RawRequest{Operation: "GenerateMac"})
					silent := c.EnableKey(tt.ctx(t), testKey)
					for road, err := range map[string]error{"typed": typed, "raw": raw, "no output": silent} {
						if target.KindOf(err) != tt.kind || !errors.Is(err, tt.is) {
							t.Errorf("%s: %v, want kind %q that is %v", road, err, tt.kind, tt.is)
						}
					}
					if d := time.Since(start); d > 10*time.Second {
						t.Errorf("took %v", d)
					}
				})
			}
		}
	}
}

func TestTrustedCertificate(t *testing.T) {
	s := httptest.NewTLSServer(fakeMAC("k"))
	defer s.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, user := range []bool{false, true} {
		c := open(t, Options{Endpoint: s.URL, CAFile: file, UserSettings: user})
		if _, err := generate(t.Context(), c); err != nil {
			t.Errorf("user settings %v: %v", user, err)
		}
		x, err := c.Call(t.Context(), "GenerateMac", map[string]any{"KeyId": testKey, "MacAlgorithm": "HMAC_SHA_256", "Message": []byte("m")})
		if err != nil || !x.Verified {
			t.Errorf("user settings %v: verified %v, err %v", user, x.Verified, err)
		}
	}
}

func TestHTTP2IsRecorded(t *testing.T) {
	s := httptest.NewUnstartedServer(fakeMAC("k"))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	c := open(t, Options{Endpoint: s.URL, CAFile: file})
	for range 20 {
		if _, err := generate(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.Counters(); got.Protocol != "HTTP/2.0" || got.ConnectionsOpened != 1 {
		t.Errorf("counters = %+v, want HTTP/2.0 on one connection", got)
	}
}

func TestTransportKinds(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want target.Kind
	}{
		{"no such host", &net.OpError{Op: "dial", Err: &net.DNSError{Name: "kms.invalid", IsNotFound: true}}, target.Unreachable},
		{"name server silent", &net.OpError{Op: "dial", Err: &net.DNSError{IsTimeout: true}}, target.Unreachable},
		{"no route", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}, target.Unreachable},
		{"dial timed out", &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, target.Timeout},
		{"reset", &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, target.Connection},
		{"broken pipe", &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}, target.Connection},
		{"end of file", io.EOF, target.Connection},
		{"alert", &net.OpError{Op: "remote error", Err: tls.AlertError(40)}, target.TLS},
		{"handshake text", errors.New("tls: server selected unsupported protocol version 301"), target.TLS},
		{"unknown", errors.New("something new"), target.Connection},
		{"header refused", errors.New(`net/http: invalid header field value for "X-Amz-Target"`), target.NotSent},
	}
	for _, tt := range tests {
		if got := kindOfTransport(fmt.Errorf("wrapped: %w", tt.err)); got != tt.want && tt.name != "header refused" {
			t.Errorf("%s: kind %q, want %q", tt.name, got, tt.want)
		}
		if got := kindOfTransport(tt.err); got != tt.want {
			t.Errorf("%s: kind %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestNoCredentials(t *testing.T) {
	empty := t.TempDir()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("HOME", empty)
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(empty, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(empty, "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	c := open(t, Options{AWS: true, Endpoint: serve(t, fakeMAC("k"))})
	_, typed := generate(t.Context(), c)
	_, raw := c.Send(t.Context(), target.RawRequest{Operation: "GenerateMac"})
	for road, err := range map[string]error{"check": c.CheckCredentials(t.Context()), "typed": typed, "raw": raw} {
		if target.KindOf(err) != target.Credentials {
			t.Errorf("%s: %v, want kind credentials", road, err)
		}
	}
	if n := c.Counters().Attempts; n != 0 {
		t.Errorf("%d attempts, want none", n)
	}
	// What needs no credentials needs none.
	unsigned := target.RawRequest{Operation: "GenerateMac", Body: []byte("{}"), Signature: target.Signature{None: true}}
	if x, err := c.Send(t.Context(), unsigned); err != nil || x.Status != 200 {
		t.Errorf("unsigned: status %d, err %v", x.Status, err)
	}
	other := target.Signature{AccessKeyID: "a", SecretAccessKey: "b"}
	if _, err := c.Send(t.Context(), target.RawRequest{Operation: "GenerateMac", Body: []byte("{}"), Signature: other}); err != nil {
		t.Errorf("signed by another: %v", err)
	}

	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
	t.Setenv("AWS_SECRET_ACCESS_KEY", testSecret)
	c = open(t, Options{AWS: true, Endpoint: serve(t, fakeMAC("k"))})
	if err := c.CheckCredentials(t.Context()); err != nil {
		t.Errorf("with credentials in the environment: %v", err)
	}
	// An emulator never gets them.
	var last received
	c = open(t, Options{Endpoint: serve(t, recorder(&last, fakeMAC("k"))), UserSettings: true})
	if _, err := generate(t.Context(), c); err != nil || !strings.Contains(last.header.Get("Authorization"), "Credential=test/") {
		t.Errorf("emulator got %q, err %v", last.header.Get("Authorization"), err)
	}
}

func TestUnreadableConfiguration(t *testing.T) {
	t.Setenv("AWS_PROFILE", "no-such-profile")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "credentials"))
	_, err := New(t.Context(), Options{Region: "eu-west-1"})
	if target.KindOf(err) != target.Credentials {
		t.Errorf("New = %v, want kind credentials", err)
	}
	if _, err := New(t.Context(), Options{Region: "eu-west-1", Endpoint: "http://127.0.0.1:1"}); err != nil {
		t.Errorf("an emulator must not depend on it: %v", err)
	}
}

var _ aws.CredentialsProvider = (*credentialSource)(nil)
