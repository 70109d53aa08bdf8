package wiretest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// checkSignature computes the signature of a request as it arrived from its own
// list of signed headers (SigV4, AWS General Reference), and compares.
func checkSignature(r *http.Request, body []byte, secret string) error {
	auth, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=")
	credential, rest, ok2 := strings.Cut(auth, ", SignedHeaders=")
	signed, signature, ok3 := strings.Cut(rest, ", Signature=")
	if !ok || !ok2 || !ok3 {
		return fmt.Errorf("header Authorization %q", r.Header.Get("Authorization"))
	}
	_, scope, _ := strings.Cut(credential, "/")
	var canonical strings.Builder
	fmt.Fprintf(&canonical, "%s\n%s\n\n", r.Method, strings.ReplaceAll(r.URL.EscapedPath(), "%", "%25"))
	names := strings.Split(signed, ";")
	if !slices.IsSorted(names) || !slices.Contains(names, "host") || !slices.Contains(names, "x-amz-target") {
		return fmt.Errorf("signed headers %q", signed)
	}
	for _, name := range names {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		fmt.Fprintf(&canonical, "%s:%s\n", name, value)
	}
	fmt.Fprintf(&canonical, "\n%s\n%x", signed, sha256.Sum256(body))
	text := fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s\n%x", r.Header.Get("X-Amz-Date"), scope, sha256.Sum256([]byte(canonical.String())))
	key := []byte("AWS4" + secret)
	for _, part := range strings.Split(scope, "/") {
		key = mac(key, part)
	}
	if want := hex.EncodeToString(mac(key, text)); signature != want {
		return fmt.Errorf("signature %s, want %s of\n%s", signature, want, canonical.String())
	}
	return nil
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// kms answers both operations for one HMAC_SHA_256 key and lets look see every
// request.
func kms(look func(r *http.Request, body []byte)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client is gone
		}
		if look != nil {
			look(r, body)
		}
		var in struct {
			KeyID   string `json:"KeyId"`
			Message []byte
			Mac     []byte
		}
		if err := json.Unmarshal(body, &in); err != nil {
			answer{400, "", coded("SerializationException")}.ServeHTTP(w, r)
			return
		}
		tag := mac([]byte("secret of the key"), string(in.Message))
		out := map[string]any{"KeyId": "arn:aws:kms:eu-west-1:000000000000:key/" + in.KeyID, "MacAlgorithm": "HMAC_SHA_256"}
		switch {
		case strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GenerateMac"):
			out["Mac"] = base64.StdEncoding.EncodeToString(tag)
		case hmac.Equal(tag, in.Mac):
			out["MacValid"] = true
		default:
			answer{400, "", `{"__type":"KMSInvalidMacException"}`}.ServeHTTP(w, r)
			return
		}
		text, _ := json.Marshal(out) // strings and a bool
		answer{200, "", string(text)}.ServeHTTP(w, r)
	}
}

// testSignature: every request arrives whole and rightly signed.
func testSignature(t *testing.T, open Open) {
	at := time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)
	var (
		mu   sync.Mutex
		last *http.Request
		errs []error
	)
	server := httptest.NewServer(kms(func(r *http.Request, body []byte) {
		mu.Lock()
		defer mu.Unlock()
		last = r
		errs = append(errs, checkSignature(r, body, secretKey))
	}))
	defer server.Close()
	for _, endpoint := range []string{server.URL, server.URL + "/a%20path/"} {
		for _, token := range []string{"", "SESSION/+=TOKEN"} {
			now := at
			c := openOn(t, open, endpoint, func(c *Config) {
				c.SessionToken = token
				c.Now = func() time.Time { return now }
			})
			for _, size := range []int{0, 1, 31, 4096} {
				now = now.Add(time.Second)
				msg := make([]byte, size)
				g, err := c.GenerateMac(t.Context(), target.GenerateMacRequest{KeyID: keyID, Algorithm: engine.HMACSHA256, Message: msg})
				if err != nil || !strings.HasSuffix(g.KeyID, keyID) {
					t.Fatalf("%s, size %d: %+v, %v", endpoint, size, g, err)
				}
				v, err := c.VerifyMac(t.Context(), target.VerifyMacRequest{KeyID: keyID, Algorithm: engine.HMACSHA256, Message: msg, Tag: g.Tag})
				if err != nil || !v.Valid {
					t.Fatalf("%s, size %d: %+v, %v", endpoint, size, v, err)
				}
				mu.Lock()
				h := last.Header
				if h.Get("X-Amz-Security-Token") != token || h.Get("X-Amz-Date") != now.Format("20060102T150405Z") ||
					h.Get("Content-Type") != "application/x-amz-json-1.1" || h.Get("User-Agent") != "kmsmac" || h.Get("Accept-Encoding") != "" {
					t.Errorf("%s: header %v", endpoint, h)
				}
				mu.Unlock()
			}
		}
	}
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if len(errs) != 2*2*4*2 {
		t.Errorf("%d requests arrived", len(errs))
	}
}

// testReuse: how many connections requests that follow each other take.
func testReuse(t *testing.T, open Open) {
	const requests = 20
	tests := []struct {
		name        string
		handler     http.HandlerFunc
		connections int64
	}{
		{"kept", kms(nil), 1},
		{"closed after each", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "close")
			kms(nil)(w, r)
		}, requests},
		{"chunks", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			for _, part := range strings.SplitAfter(goodBody, ",") {
				_, _ = io.WriteString(w, part)
				_ = http.NewResponseController(w).Flush()
			}
		}, 1},
		{"errors", answer{400, "", coded("ThrottlingException")}.ServeHTTP, 1},
		{"no KMS", answer{200, "", "hello"}.ServeHTTP, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := openOn(t, open, serve(t, tt.handler))
			for range requests {
				_, err := generate(t.Context(), c)
				if k := target.KindOf(err); k == target.Connection || k == target.Timeout {
					t.Fatal(err)
				}
			}
			n := c.Counters()
			if n.ConnectionsOpened != tt.connections || n.Attempts != requests {
				t.Errorf("%d connections, %d attempts, want %d and %d", n.ConnectionsOpened, n.Attempts, tt.connections, requests)
			}
		})
	}
	t.Run("more than may be kept", func(t *testing.T) {
		// Four requests in flight, two connections kept, then four again.
		var here sync.WaitGroup
		c := openOn(t, open, serve(t, kms(func(*http.Request, []byte) { here.Done(); here.Wait() })), func(c *Config) { c.MaxConnections = 2 })
		for round := range 2 {
			here.Add(4)
			inParallel(4, func(int) {
				if _, err := generate(t.Context(), c); err != nil {
					t.Error(err)
				}
			})
			if n := c.Counters().ConnectionsOpened; n != int64(4+2*round) {
				t.Errorf("round %d: %d connections", round, n)
			}
		}
	})
}

func inParallel(n int, do func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}

// testMany: requests at once do not get each other's answers.
func testMany(t *testing.T, open Open) {
	const workers, each = 16, 40
	c := openOn(t, open, serve(t, kms(nil)))
	inParallel(workers, func(i int) {
		for n := range each {
			msg := fmt.Appendf(make([]byte, n*37), "%d %d", i, n)
			want := mac([]byte("secret of the key"), string(msg))
			id := fmt.Sprintf("key-%d-%d", i, n%3)
			g, err := c.GenerateMac(t.Context(), target.GenerateMacRequest{KeyID: id, Algorithm: engine.HMACSHA256, Message: msg})
			if err != nil || !hmac.Equal(g.Tag, want) || !strings.HasSuffix(g.KeyID, "/"+id) {
				t.Errorf("worker %d, request %d: %+v, %v", i, n, g, err)
				return
			}
			want[n%32] ^= 1
			_, err = c.VerifyMac(t.Context(), target.VerifyMacRequest{KeyID: id, Algorithm: engine.HMACSHA256, Message: msg, Tag: want})
			if target.KindOf(err) != target.InvalidMac {
				t.Errorf("worker %d, request %d: a changed tag gives %v", i, n, err)
				return
			}
		}
	})
	if n := c.Counters(); n.Attempts != 2*workers*each || n.ConnectionsOpened > 2*workers {
		t.Errorf("counters %+v", n)
	}
}

// testCounters: bytes and attempts are what the server saw, Date what it said.
func testCounters(t *testing.T, open Open) {
	var in, out atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		kms(nil)(w, r)
	}))
	server.Listener = &meter{server.Listener, &in, &out}
	server.Start()
	defer server.Close()
	c := openOn(t, open, server.URL)
	for range 5 {
		if _, err := generate(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	n := c.Counters()
	if n.Attempts != 5 || n.ConnectionsOpened != 1 || n.BytesSent != in.Load() || n.BytesReceived != out.Load() || n.Protocol != "HTTP/1.1" {
		t.Errorf("%+v, the server took %d bytes and gave %d", n, in.Load(), out.Load())
	}
	if n.DateDelta > -time.Hour+3*time.Second || n.DateDelta < -time.Hour-3*time.Second {
		t.Errorf("date delta %v, want an hour behind", n.DateDelta)
	}
	info := c.Info()
	if info.Endpoint != server.URL || info.Host != "127.0.0.1" || info.Region != Region || info.AWS || info.Client == "" {
		t.Errorf("info %+v", info)
	}
}

// meter counts the bytes on accepted connections.
type meter struct {
	net.Listener
	in, out *atomic.Int64
}

func (m *meter) Accept() (net.Conn, error) {
	c, err := m.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &meteredConn{c, m}, nil
}

type meteredConn struct {
	net.Conn
	m *meter
}

func (c *meteredConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.m.in.Add(int64(n))
	return n, err
}

func (c *meteredConn) Write(p []byte) (int, error) {
	c.m.out.Add(int64(len(p))) // before the client can have them all
	return c.Conn.Write(p)
}
