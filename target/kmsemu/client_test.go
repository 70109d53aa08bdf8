package kmsemu

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"
)

// tb is a *testing.T or, under a deviation, something that only records.
type tb interface {
	Helper()
	Fatalf(format string, args ...any)
}

// client sends raw signed requests straight to a handler. It shares no code
// with the emulator.
type client struct {
	t       tb
	lenient bool // look at codes and texts only, not at how the wire carries them
	clock   *clock
	handler http.Handler
	region  string
	id      string
	secret  string
	token   string
	now     func() time.Time // the client's own clock
}

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// answer is a raw response.
type answer struct {
	t       tb
	lenient bool
	op      string
	status  int
	header  http.Header
	body    []byte
	json    map[string]any // nil for a body that is not a JSON object
}

// in is the input of an operation.
type in map[string]any

// testWrappingKeys saves each test the making of RSA keys.
var testWrappingKeys = NewWrappingKeys()

// newClient makes an emulator with a clock of its own and returns a client for
// us-east-1.
func newClient(t *testing.T, opt Options) *client {
	t.Helper()
	return clientFor(t, opt)
}

func clientFor(t tb, opt Options) *client {
	t.Helper()
	if opt.WrappingKeys == nil {
		opt.WrappingKeys = testWrappingKeys
	}
	clk := newClock()
	opt.Now = clk.now
	e, err := New(opt)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return &client{t: t, handler: e, region: "us-east-1", id: "test", secret: "test", clock: clk, now: clk.now}
}

// in returns the same client for another Region.
func (c *client) in(region string) *client { d := *c; d.region = region; return &d }

// call sends an operation with input, which is a map or, as a string, the raw
// body.
func (c *client) call(op string, input any) *answer {
	c.t.Helper()
	body, ok := input.(string)
	if !ok {
		b, err := json.Marshal(input)
		if err != nil {
			c.t.Fatalf("%v", err)
		}
		body = string(b)
	}
	return c.send(c.request(op, body), op)
}

// request builds a correctly signed request.
func (c *client) request(op, body string) *http.Request {
	r := httptest.NewRequest("POST", "http://127.0.0.1:4599/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "TrentService."+op)
	c.sign(r, body, "kms")
	return r
}

// sign signs r as of now. Every header of the request is signed.
func (c *client) sign(r *http.Request, body, service string) {
	at := c.now().UTC()
	r.Header.Set("X-Amz-Date", at.Format("20060102T150405Z"))
	if c.token != "" {
		r.Header.Set("X-Amz-Security-Token", c.token)
	}
	r.Header.Del("Authorization")
	lines := map[string]string{"host": r.Host}
	for k, v := range r.Header {
		lines[strings.ToLower(k)] = strings.Join(v, ",")
	}
	var names []string
	for k := range lines {
		names = append(names, k)
	}
	sort.Strings(names)
	canonical := "POST\n/\n\n"
	for _, k := range names {
		canonical += k + ":" + lines[k] + "\n"
	}
	signed := strings.Join(names, ";")
	canonical += "\n" + signed + "\n" + hexSum(body)
	day := at.Format("20060102")
	scope := day + "/" + c.region + "/" + service + "/aws4_request"
	toSign := "AWS4-HMAC-SHA256\n" + at.Format("20060102T150405Z") + "\n" + scope + "\n" + hexSum(canonical)
	k := []byte("AWS4" + c.secret)
	for _, part := range []string{day, c.region, service, "aws4_request", toSign} {
		m := hmac.New(sha256.New, k)
		m.Write([]byte(part))
		k = m.Sum(nil)
	}
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%x", c.id, scope, signed, k))
}

func hexSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// send serves r and reads the answer.
func (c *client) send(r *http.Request, op string) *answer {
	c.t.Helper()
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	a := newAnswer(c.t, op, w.Result())
	a.lenient = c.lenient
	return a
}

func newAnswer(t tb, op string, resp *http.Response) *answer {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s: reading the answer: %v", op, err)
	}
	a := &answer{t: t, op: op, status: resp.StatusCode, header: http.Header{}, body: body}
	for k, v := range resp.Header { // a recorder keeps the spelling of the wire
		a.header[http.CanonicalHeaderKey(k)] = v
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&a.json); err != nil {
		a.json = nil
	}
	return a
}

// ok demands a success.
func (a *answer) ok() *answer {
	a.t.Helper()
	if a.status != 200 {
		a.t.Fatalf("%s: got %d %s, want 200", a.op, a.status, a.body)
	}
	return a
}

// empty demands a success without a body.
func (a *answer) empty() *answer {
	a.t.Helper()
	if a.ok(); len(a.body) != 0 && !a.lenient {
		a.t.Fatalf("%s: got body %q, want none", a.op, a.body)
	}
	return a
}

// fails demands an error: HTTP 400, a code, and a text that matches the
// pattern as a whole. The pattern "-" demands that there is no text member.
func (a *answer) fails(code, pattern string) *answer {
	a.t.Helper()
	return a.failsWith(400, code, pattern)
}

func (a *answer) failsWith(status int, code, pattern string) *answer {
	a.t.Helper()
	got, _ := a.json["__type"].(string)
	text, has := a.json["message"]
	if a.lenient {
		if got == "" {
			got = a.header.Get("X-Amzn-Errortype")
		}
		got, _, _ = strings.Cut(got[strings.Index(got, "#")+1:], ":")
		if status/100 == a.status/100 {
			status = a.status
		}
		if !has {
			text, has = a.json["Message"]
		}
	}
	if a.status != status || got != code {
		a.t.Fatalf("%s: got %d %s, want %d %s", a.op, a.status, a.body, status, code)
	}
	if pattern == "-" {
		if has || !a.lenient && len(a.json) != 1 {
			a.t.Fatalf("%s: got %s, want only __type", a.op, a.body)
		}
		return a
	}
	s, _ := text.(string)
	if !regexp.MustCompile(`^(?s:` + pattern + `)$`).MatchString(s) {
		a.t.Fatalf("%s: got message %q, want a match of %q", a.op, s, pattern)
	}
	return a
}

// at returns a member by path, parts separated by dots; nil when absent.
func (a *answer) at(path string) any {
	var v any = a.json
	for _, p := range strings.Split(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

func (a *answer) str(path string) string { s, _ := a.at(path).(string); return s }

// number returns a JSON number; the test fails when there is none.
func (a *answer) number(path string) float64 {
	a.t.Helper()
	n, _ := a.at(path).(json.Number)
	f, err := n.Float64()
	if err != nil {
		a.t.Fatalf("%s: member %s: got %v, want a number", a.op, path, a.at(path))
	}
	return f
}

func (a *answer) bytes(path string) []byte {
	a.t.Helper()
	b, err := base64.StdEncoding.DecodeString(a.str(path))
	if err != nil || len(b) == 0 {
		a.t.Fatalf("%s: member %s: got %v, want Base64", a.op, path, a.at(path))
	}
	return b
}

func (a *answer) list(path string) []any { l, _ := a.at(path).([]any); return l }

// wants compares one member with its JSON form.
func (a *answer) wants(path string, want any) *answer {
	a.t.Helper()
	g, _ := json.Marshal(a.at(path))
	w, _ := json.Marshal(want)
	if !bytes.Equal(g, w) {
		a.t.Fatalf("%s: member %s: got %s, want %s", a.op, path, g, w)
	}
	return a
}

// members demands exactly these members at a path ("" for the whole body).
func (a *answer) members(path string, want ...string) *answer {
	a.t.Helper()
	m := a.json
	if path != "" {
		m, _ = a.at(path).(map[string]any)
	}
	var got []string
	for k := range m {
		got = append(got, k)
	}
	sort.Strings(got)
	sort.Strings(want)
	if strings.Join(got, " ") != strings.Join(want, " ") {
		a.t.Fatalf("%s: members of %q: got %v, want %v", a.op, path, got, want)
	}
	return a
}

func arnOf(region, id string) string {
	return "arn:aws:kms:" + region + ":000000000000:key/" + id
}

// key makes a key and returns its id.
func (c *client) key(input in) string {
	c.t.Helper()
	return c.call("CreateKey", input).ok().str("KeyMetadata.KeyId")
}

// hmacKey makes an HMAC_256 key.
func (c *client) hmacKey() string {
	c.t.Helper()
	return c.key(in{"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"})
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func msg(s string) string { return b64([]byte(s)) }

func mac(id string) in {
	return in{"KeyId": id, "Message": msg("some important message"), "MacAlgorithm": "HMAC_SHA_256"}
}

func (i in) with(name string, v any) in {
	o := in{}
	for k, x := range i {
		o[k] = x
	}
	o[name] = v
	return o
}

func (i in) without(name string) in {
	o := i.with(name, nil)
	delete(o, name)
	return o
}

// re quotes a literal text for fails.
func re(format string, args ...any) string { return regexp.QuoteMeta(fmt.Sprintf(format, args...)) }

// wireHeaders returns the headers of an answer as they are spelled.
func (c *client) wireHeaders() http.Header {
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, c.request("ListKeys", "{}"))
	return w.Result().Header
}
