package awskms

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

func TestSend(t *testing.T) {
	body := []byte(`{"KeyId":"k"}`)
	hourAgo := time.Now().Add(-time.Hour)
	tests := []struct {
		name   string
		req    target.RawRequest
		signed bool // the target's signature holds for what arrived
		check  func(t *testing.T, r received)
	}{
		{"plain", target.RawRequest{Body: body}, true, func(t *testing.T, r received) {
			if r.method != "POST" || r.path != "/" || r.header.Get("Content-Type") != contentType || !bytes.Equal(r.body, body) {
				t.Errorf("arrived: %+v", r)
			}
			if !strings.Contains(r.header.Get("Authorization"), "Credential=AKIDTEST/"+time.Now().UTC().Format("20060102")+"/us-east-1/kms/aws4_request") {
				t.Errorf("Authorization = %s", r.header.Get("Authorization"))
			}
		}},
		{"no body", target.RawRequest{}, true, func(t *testing.T, r received) {
			if len(r.body) != 0 || r.length != 0 {
				t.Errorf("arrived %q, length %d", r.body, r.length)
			}
		}},
		{"method and path", target.RawRequest{Method: "PUT", Path: "/other", Body: body}, true, func(t *testing.T, r received) {
			if r.method != "PUT" || r.path != "/other" {
				t.Errorf("arrived: %s %s", r.method, r.path)
			}
		}},
		{"header replaced", target.RawRequest{Body: body, Header: http.Header{"content-type": {"text/plain"}, "X-New": {"a"}}}, true,
			wantHeader(map[string]string{"Content-Type": "text/plain", "X-New": "a"})},
		{"host replaced", target.RawRequest{Body: body, Header: http.Header{"Host": {"kms.example"}}}, true, func(t *testing.T, r received) {
			if r.host != "kms.example" {
				t.Errorf("host %s", r.host)
			}
		}},
		{"header omitted", target.RawRequest{Body: body, Omit: []string{"x-amz-target", "User-Agent"}}, true,
			wantHeader(map[string]string{"X-Amz-Target": "", "User-Agent": ""})},
		{"chunked", target.RawRequest{Body: body, Omit: []string{"Content-Length"}}, true, func(t *testing.T, r received) {
			if len(r.transfer) != 1 || r.transfer[0] != "chunked" || !bytes.Equal(r.body, body) {
				t.Errorf("arrived: %+v", r)
			}
		}},
		{"no signature", target.RawRequest{Body: body, Signature: target.Signature{None: true}}, false,
			wantHeader(map[string]string{"Authorization": "", "X-Amz-Date": ""})},
		{"wrong secret", target.RawRequest{Body: body, Signature: target.Signature{SecretAccessKey: "other"}}, false, nil},
		{"unknown key id", target.RawRequest{Body: body, Signature: target.Signature{AccessKeyID: "AKIDOTHER"}}, true, func(t *testing.T, r received) {
			if !strings.Contains(r.header.Get("Authorization"), "Credential=AKIDOTHER/") {
				t.Errorf("Authorization = %s", r.header.Get("Authorization"))
			}
		}},
		{"session token", target.RawRequest{Body: body, Signature: target.Signature{SessionToken: "tok"}}, true,
			wantHeader(map[string]string{"X-Amz-Security-Token": "tok"})},
		{"other scope", target.RawRequest{Body: body, Signature: target.Signature{Region: "eu-west-1", Service: "s3"}}, true, func(t *testing.T, r received) {
			if !strings.Contains(r.header.Get("Authorization"), "/eu-west-1/s3/aws4_request") {
				t.Errorf("Authorization = %s", r.header.Get("Authorization"))
			}
		}},
		{"old", target.RawRequest{Body: body, Signature: target.Signature{Time: hourAgo}}, true,
			wantHeader(map[string]string{"X-Amz-Date": hourAgo.UTC().Format("20060102T150405Z")})},
		{"authorization replaced", target.RawRequest{Body: body, Signature: target.Signature{Authorization: "Basic abc"}}, false,
			wantHeader(map[string]string{"Authorization": "Basic abc"})},
		{"body after", target.RawRequest{Body: body, Signature: target.Signature{BodyAfter: []byte(`{"KeyId":"other"}`)}}, false, func(t *testing.T, r received) {
			if string(r.body) != `{"KeyId":"other"}` {
				t.Errorf("body %s", r.body)
			}
		}},
		{"body emptied after", target.RawRequest{Body: body, Signature: target.Signature{BodyAfter: []byte{}}}, false, func(t *testing.T, r received) {
			if len(r.body) != 0 {
				t.Errorf("body %s", r.body)
			}
		}},
		{"header after", target.RawRequest{Body: body, Signature: target.Signature{HeaderAfter: http.Header{"X-Amz-Target": {"TrentService.Other"}}}}, false,
			wantHeader(map[string]string{"X-Amz-Target": "TrentService.Other"})},
		{"date removed after", target.RawRequest{Body: body, Signature: target.Signature{HeaderAfter: http.Header{"X-Amz-Date": nil}}}, false,
			wantHeader(map[string]string{"X-Amz-Date": ""})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var last received
			c := openOn(t, recorder(&last, answer{200, nil, "{}"}))
			tt.req.Operation = "DescribeKey"
			x, err := c.Send(t.Context(), tt.req)
			if err != nil || x.Status != 200 || x.Err != nil {
				t.Fatalf("Send: %+v, %v", x, err)
			}
			if got := signedBy(t, last, testSecret); got != tt.signed {
				t.Errorf("signature holds: %v, want %v", got, tt.signed)
			}
			if tt.check != nil {
				tt.check(t, last)
			}
			checkExchange(t, x, last)
			if !bytes.Equal(x.RequestBody, last.body) {
				t.Errorf("body kept %q, sent %q", x.RequestBody, last.body)
			}
		})
	}
}

func wantHeader(want map[string]string) func(*testing.T, received) {
	return func(t *testing.T, r received) {
		t.Helper()
		for name, value := range want {
			if got := r.header.Get(name); got != value {
				t.Errorf("%s = %q, want %q", name, got, value)
			}
		}
	}
}

func TestSendSessionToken(t *testing.T) {
	var last received
	c := open(t, Options{
		Endpoint:    serve(t, recorder(&last, answer{200, nil, "{}"})),
		AccessKeyID: "AKIDTEST", SecretAccessKey: testSecret, SessionToken: "own",
	})
	tests := []struct {
		name string
		sig  target.Signature
		want string
	}{
		{"own", target.Signature{}, "own"},
		{"replaced", target.Signature{SessionToken: "other"}, "other"},
		{"another key has none", target.Signature{AccessKeyID: "AKIDOTHER"}, ""},
		{"another secret keeps it", target.Signature{SecretAccessKey: "x"}, "own"},
	}
	for _, tt := range tests {
		if _, err := c.Send(t.Context(), target.RawRequest{Operation: "ListKeys", Signature: tt.sig}); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got := last.header.Get("X-Amz-Security-Token"); got != tt.want {
			t.Errorf("%s: token %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestSendNotSent(t *testing.T) {
	c := openOn(t, answer{200, nil, "{}"})
	for name, req := range map[string]target.RawRequest{
		"bad method":       {Method: "A B"},
		"bad path":         {Path: "/%zz"},
		"line break":       {Header: http.Header{"X-Amz-Target": {"a\nb"}}},
		"bad header name":  {Header: http.Header{"X Y": {"a"}}},
		"line break after": {Signature: target.Signature{Authorization: "a\r\nb"}},
	} {
		req.Operation = "ListKeys"
		if x, err := c.Send(t.Context(), req); target.KindOf(err) != target.NotSent {
			t.Errorf("%s: status %d, err %v, want kind not_sent", name, x.Status, err)
		}
	}
}

func TestSendSendsOnce(t *testing.T) {
	n := 0
	c := open(t, Options{Attempts: 5, Endpoint: serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		answer{500, nil, coded("KMSInternalException")}.ServeHTTP(w, r)
	}))})
	x, err := c.Send(t.Context(), target.RawRequest{Operation: "ListKeys", Body: []byte("{}")})
	if err != nil || x.Err == nil || x.Err.Kind != target.Internal || n != 1 || x.Attempts != 1 {
		t.Errorf("%d requests, exchange %+v, err %v", n, x, err)
	}
}

func TestEndpointWithPath(t *testing.T) {
	var last received
	c := open(t, Options{Endpoint: serve(t, recorder(&last, fakeMAC("k"))) + "/kms/"})
	if _, err := c.Send(t.Context(), target.RawRequest{Operation: "X.GenerateMac", Body: []byte("{}")}); err != nil || last.path != "/kms/" {
		t.Errorf("Send: path %q, err %v", last.path, err)
	}
	if _, err := generate(t.Context(), c); err != nil || last.path != "/kms/" {
		t.Errorf("GenerateMac: path %q, err %v", last.path, err)
	}
}
