package kmsemu

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestCloseTwice(t *testing.T) {
	s := Start(t)
	for i := range 3 {
		if err := s.Close(); err != nil {
			t.Errorf("Close %d: %v", i, err)
		}
		if err := s.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown %d: %v", i, err)
		}
		if err := s.Emulator.Close(); err != nil {
			t.Errorf("Emulator.Close %d: %v", i, err)
		}
	}
}

func get(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestHealthAndMetrics(t *testing.T) {
	s := StartPipe(t)
	if resp, body := get(t, s.Client(), s.URL+"/healthz"); resp.StatusCode != 200 || body != "ok\n" {
		t.Errorf("/healthz: got %d %q", resp.StatusCode, body)
	}
	for range 2 {
		if _, err := over(t, s, "CreateKey", create("HMAC_256")); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 { // nothing that a client makes up becomes a label
		over(t, s, fmt.Sprintf("Nonsense%d", i), in{})
	}
	over(t, s, "GenerateMac", mac(noUUID))
	resp, body := get(t, s.Client(), s.URL+"/metrics")
	if got := resp.Header.Get("Content-Type"); got != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	const want = `# HELP kmsmac_emulator_requests_total Answers by operation and error code; code "" is a success.
# TYPE kmsmac_emulator_requests_total counter
kmsmac_emulator_requests_total{operation="CreateKey",code=""} 2
kmsmac_emulator_requests_total{operation="GenerateMac",code="NotFoundException"} 1
kmsmac_emulator_requests_total{operation="unknown",code="UnknownOperationException"} 20
# HELP kmsmac_emulator_queue_length Requests that wait for one of the servers.
# TYPE kmsmac_emulator_queue_length gauge
kmsmac_emulator_queue_length 0
# HELP kmsmac_emulator_keys Keys of all accounts and Regions, those pending deletion included.
# TYPE kmsmac_emulator_keys gauge
kmsmac_emulator_keys 2
# HELP kmsmac_emulator_connections Open connections.
# TYPE kmsmac_emulator_connections gauge
kmsmac_emulator_connections 1
`
	body, cpu, _ := strings.Cut(body, "# HELP process_cpu_seconds_total")
	if _, known := cpuTime(); known != strings.Contains(cpu, "\nprocess_cpu_seconds_total ") {
		t.Errorf("CPU time: got %q", cpu)
	}
	if body != want {
		t.Errorf("metrics: got\n%s\nwant\n%s", body, want)
	}
}

// TestTLS: the self-made certificate is good for clients that trust its
// authority and for no other, over HTTP/2 and HTTP/1.1.
func TestTLS(t *testing.T) {
	cert, authority, err := NewCertificate(time.Now(), "kms.test")
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Serve(ServerOptions{Certificate: cert})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) || !strings.HasPrefix(s.URL, "https://127.0.0.1:") {
		t.Fatalf("authority %s, URL %s", authority, s.URL)
	}
	for _, row := range []struct {
		name string
		conf *tls.Config
		h2   bool
		want string
	}{
		{"HTTP/2", &tls.Config{RootCAs: pool}, true, "HTTP/2.0"},
		{"HTTP/1.1", &tls.Config{RootCAs: pool}, false, "HTTP/1.1"},
		{"another name", &tls.Config{RootCAs: pool, ServerName: "kms.test"}, false, "HTTP/1.1"},
		{"untrusted", &tls.Config{}, false, ""},
		{"wrong name", &tls.Config{RootCAs: pool, ServerName: "other.test"}, false, ""},
		{"old TLS", &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11}, false, ""},
	} {
		tr := &http.Transport{TLSClientConfig: row.conf, ForceAttemptHTTP2: row.h2}
		s.client = &http.Client{Transport: tr}
		a, err := over(t, s, "CreateKey", create("HMAC_256"))
		switch {
		case row.want == "" && err == nil:
			t.Errorf("%s: got %d, want no connection", row.name, a.status)
		case row.want != "" && (err != nil || a.status != 200):
			t.Errorf("%s: got %v, %v", row.name, a, err)
		case row.want != "":
			if resp, _ := get(t, s.client, s.URL+"/healthz"); resp.Proto != row.want {
				t.Errorf("%s: got %s", row.name, resp.Proto)
			}
		}
		tr.CloseIdleConnections()
	}
}

// TestFaultsOverTLS: resets and cut bodies break HTTP/1.1 and HTTP/2 alike.
func TestFaultsOverTLS(t *testing.T) {
	cert, authority, err := NewCertificate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	for _, what := range []string{"reset=1", "truncate=1"} {
		for _, h2 := range []bool{false, true} {
			e, err := New(Options{Faults: what})
			if err != nil {
				t.Fatal(err)
			}
			s, err := e.Serve(ServerOptions{Certificate: cert})
			if err != nil {
				t.Fatal(err)
			}
			s.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: h2}}
			if a, err := over(t, s, "ListKeys", in{}); err == nil {
				t.Errorf("%s, HTTP/2 %v: got %d, want a broken connection", what, h2, a.status)
			}
			s.Close()
		}
	}
}

// TestConnectionLimit: one connection more than allowed waits until another
// ends.
func TestConnectionLimit(t *testing.T) {
	e, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Serve(ServerOptions{MaxConnections: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	open := func() (net.Conn, *bufio.Reader) {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		return c, bufio.NewReader(c)
	}
	first, r1 := open()
	_, r2 := open()
	for _, r := range []*bufio.Reader{r1, r2} {
		if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, "200") {
			t.Fatalf("within the limit: got %q, %v", line, err)
		}
	}
	third, r3 := open()
	third.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if line, err := r3.ReadString('\n'); err == nil {
		t.Errorf("over the limit: got %q, want no answer yet", line)
	}
	third.SetReadDeadline(time.Time{})
	first.Close()
	if line, err := r3.ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Errorf("after another ended: got %q, %v", line, err)
	}
}

// TestSlowClients: whoever sends too slowly or takes no answer is cut off, in
// virtual time.
func TestSlowClients(t *testing.T) {
	raw := func(op, body string) []byte {
		c := &client{t: t, region: "us-east-1", id: "test", secret: "test", now: time.Now}
		var buf bytes.Buffer
		c.request(op, body).Write(&buf)
		return buf.Bytes()
	}
	var wg sync.WaitGroup
	for _, row := range []struct {
		name   string
		within time.Duration
		talk   func(t *testing.T, c net.Conn)
	}{
		{"no headers", headerTimeout, func(t *testing.T, c net.Conn) { c.Write([]byte("POST / HTTP/1.1\r\n")) }},
		{"headers drop by drop", headerTimeout, func(t *testing.T, c net.Conn) {
			wg.Go(func() {
				for _, b := range raw("ListKeys", "{}") {
					if _, err := c.Write([]byte{b}); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			})
		}},
		{"no body", patience, func(t *testing.T, c net.Conn) {
			r := raw("ListKeys", `{"Limit":7}`)
			c.Write(r[:len(r)-3])
		}},
		{"no request after the first", idleTimeout, func(t *testing.T, c net.Conn) {
			wg.Go(func() { c.Write(raw("ListKeys", "{}")) })
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil || resp.StatusCode != 200 {
				t.Errorf("first request: got %v, %v", resp, err)
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := StartPipe(t)
				c, err := s.Client().Transport.(*http.Transport).DialContext(t.Context(), "", "")
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				row.talk(t, c)
				defer wg.Wait()
				began := time.Now()
				if _, err := io.Copy(io.Discard, c); err != nil {
					t.Errorf("got %v, want the end of the connection", err)
				}
				if d := time.Since(began); d > row.within+time.Second || d < row.within-time.Second {
					t.Errorf("cut off after %v, want %v", d, row.within)
				}
			})
		})
	}
	t.Run("takes no answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := StartPipe(t)
			c, err := s.Client().Transport.(*http.Transport).DialContext(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.Write(raw("ListKeys", "{}"))
			time.Sleep(patience + time.Second)
			synctest.Wait()
			if n := s.slots.open.Load(); n != 0 {
				t.Errorf("%d connections are open, want none", n)
			}
		})
	})
}

// TestGivenUp: a request that was given up is no success, neither to a client
// whose body does not end in time nor to a handler around the emulator. An empty
// 200 would say that DisableKey has worked.
func TestGivenUp(t *testing.T) {
	c := newClient(t, Options{Parallelism: 1})
	key := c.hmacKey()
	disable := func() *http.Request { return c.request("DisableKey", fmt.Sprintf(`{"KeyId":%q}`, key)) }
	given, giveUp := context.WithCancel(t.Context())
	giveUp()
	busy := c.handler.(*Emulator)
	for _, row := range []struct {
		name string
		busy bool
	}{{"while it is worked on", false}, {"in the queue", true}} {
		if row.busy {
			busy.servers <- struct{}{}
		}
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, disable().WithContext(given))
		if row.busy {
			busy.leave()
		}
		if w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: got %d %q, want 503", row.name, w.Code, w.Body)
		}
	}
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // from here on only the body is to come
		if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Error(err)
		}
		c.handler.ServeHTTP(w, r)
	}))
	defer srv.Close()
	conn, err := tls.Dial("tcp", srv.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true}) // the certificate is of no concern
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var raw bytes.Buffer
	disable().Write(&raw)
	conn.Write(raw.Bytes()[:raw.Len()-3])
	if resp, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || resp.StatusCode != http.StatusBadRequest {
		t.Errorf("body that does not end: got %v, %v, want 400", resp, err)
	}
	if state := c.call("DescribeKey", in{"KeyId": key}).ok(); !bytes.Contains(state.body, []byte(`"Enabled":true`)) {
		t.Errorf("the key was disabled: %s", state.body)
	}
}

// TestLongStall: an answer that is late on purpose is later than the patience
// with clients, and arrives.
func TestLongStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := StartPipe(t, Options{Faults: "stall=1:50m"})
		if a, err := over(t, s, "ListKeys", in{}); err != nil || a.status != 200 {
			t.Errorf("got %v, %v", a, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := StartPipe(t, Options{Faults: "slow=1:50m"})
		if a, err := over(t, s, "ListKeys", in{}); err != nil || a.status != 200 {
			t.Errorf("got %v, %v", a, err)
		}
	})
}

// TestWireLimits: headers and bodies over the limits, over TCP.
func TestWireLimits(t *testing.T) {
	s := Start(t)
	resp, err := http.Post(s.URL, contentType, strings.NewReader(strings.Repeat("x", maxBody+1)))
	if err != nil || resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("body over the limit: got %v, %v", resp, err)
	}
	r, err := http.NewRequest("POST", s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Long", strings.Repeat("x", maxHeaderBytes+8192))
	if resp, err := http.DefaultClient.Do(r); err != nil || resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("headers over the limit: got %v, %v", resp, err)
	}
}

// TestShutdownWaits: a request under way is answered, no new one is taken.
func TestShutdownWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := StartPipe(t, Options{Latency: "constant:2s"})
		got := make(chan error, 1)
		go func() {
			a, err := over(t, s, "ListKeys", in{})
			if err == nil && a.status != 200 {
				err = fmt.Errorf("status %d", a.status)
			}
			got <- err
		}()
		synctest.Wait()
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-got; err != nil {
			t.Errorf("request under way: %v", err)
		}
		if _, err := over(t, s, "ListKeys", in{}); err == nil {
			t.Error("a request after the shutdown was answered")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := StartPipe(t, Options{Latency: "constant:1h"})
		var wg sync.WaitGroup
		wg.Go(func() { over(t, s, "ListKeys", in{}) })
		defer wg.Wait()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := s.Shutdown(ctx); err == nil || time.Since(began) > 2*time.Second {
			t.Errorf("got %v after %v, want an error after 1s", err, time.Since(began))
		}
	})
}
