package awskms

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

const (
	testKey    = "1234abcd-12ab-34cd-56ef-1234567890ab"
	testSecret = "SECRETACCESSKEYSECRETACCESSKEY0123456789"
)

// answer is a canned HTTP answer.
type answer struct {
	status int
	header map[string]string
	body   string
}

func (a answer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", contentType)
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// fakeMAC answers GenerateMac and VerifyMac for one HMAC_SHA_256 key.
func fakeMAC(secret string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			KeyID   string `json:"KeyId"`
			Message []byte
			Mac     []byte
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			answer{400, nil, `{"__type":"SerializationException"}`}.ServeHTTP(w, r)
			return
		}
		m := hmac.New(sha256.New, []byte(secret))
		m.Write(in.Message)
		tag := m.Sum(nil)
		reply := `"MacValid":true`
		switch {
		case strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GenerateMac"):
			reply = fmt.Sprintf(`"Mac":%q`, base64.StdEncoding.EncodeToString(tag))
		case !hmac.Equal(tag, in.Mac):
			answer{400, nil, `{"__type":"KMSInvalidMacException"}`}.ServeHTTP(w, r)
			return
		}
		body := fmt.Sprintf(`{"KeyId":"arn:aws:kms:us-east-1:000000000000:key/%s",%s,"MacAlgorithm":"HMAC_SHA_256"}`, in.KeyID, reply)
		answer{200, map[string]string{"x-amzn-RequestId": "req-1"}, body}.ServeHTTP(w, r)
	}
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func open(t *testing.T, opts Options) *Client {
	t.Helper()
	if opts.Region == "" {
		opts.Region = "us-east-1"
	}
	c, err := New(t.Context(), opts)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return c
}

func openOn(t *testing.T, h http.Handler) *Client {
	t.Helper()
	return open(t, Options{Endpoint: serve(t, h), AccessKeyID: "AKIDTEST", SecretAccessKey: testSecret})
}

func generate(ctx context.Context, c *Client) (target.GenerateMacReply, error) {
	return c.GenerateMac(ctx, target.GenerateMacRequest{
		KeyID: testKey, Algorithm: engine.HMACSHA256, Message: []byte("hello"),
	})
}

// received is one request as the server saw it.
type received struct {
	method, path, host string
	header             http.Header
	body               []byte
	transfer           []string
	length             int64
}

// recorder answers like next and keeps the last request.
func recorder(last *received, next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*last = received{r.Method, r.URL.Path, r.Host, r.Header.Clone(), body, r.TransferEncoding, r.ContentLength}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		next.ServeHTTP(w, r)
	}
}

// signedBy recomputes the SigV4 signature of a request from what arrived.
func signedBy(t *testing.T, r received, secret string) bool {
	t.Helper()
	auth := r.header.Get("Authorization")
	rest, ok := strings.CutPrefix(auth, "AWS4-HMAC-SHA256 ")
	if !ok {
		return false
	}
	part := map[string]string{}
	for _, p := range strings.Split(rest, ", ") {
		name, value, _ := strings.Cut(p, "=")
		part[name] = value
	}
	names := strings.Split(part["SignedHeaders"], ";")
	if !slices.IsSorted(names) {
		t.Errorf("signed headers are not sorted: %v", names)
	}
	canonical := r.method + "\n" + r.path + "\n\n"
	for _, n := range names {
		value := r.header.Get(n)
		switch n {
		case "host":
			value = r.host
		case "content-length":
			value = fmt.Sprint(r.length)
		}
		canonical += n + ":" + strings.TrimSpace(value) + "\n"
	}
	body := sha256.Sum256(r.body)
	canonical += "\n" + part["SignedHeaders"] + "\n" + hex.EncodeToString(body[:])
	hashed := sha256.Sum256([]byte(canonical))
	_, scope, _ := strings.Cut(part["Credential"], "/")
	toSign := "AWS4-HMAC-SHA256\n" + r.header.Get("X-Amz-Date") + "\n" + scope + "\n" + hex.EncodeToString(hashed[:])
	key := []byte("AWS4" + secret)
	for _, s := range append(strings.Split(scope, "/"), toSign) {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(s))
		key = m.Sum(nil)
	}
	return hex.EncodeToString(key) == part["Signature"]
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func discard() *log.Logger { return log.New(io.Discard, "", 0) }
