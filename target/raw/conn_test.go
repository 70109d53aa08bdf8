package raw

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

var request = target.GenerateMacRequest{KeyID: "k", Algorithm: engine.HMACSHA256, Message: []byte("hello")}

const reply = `{"KeyId":"k","Mac":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","MacAlgorithm":"HMAC_SHA_256"}`

func client(t testing.TB, h http.HandlerFunc) (*Client, *httptest.Server) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := New(Options{Endpoint: s.URL, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, s
}

func answerGood(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = io.WriteString(w, reply)
}

func mustGenerate(t testing.TB, ctx context.Context, c *Client) {
	t.Helper()
	if _, err := c.GenerateMac(ctx, request); err != nil {
		t.Fatal(err)
	}
}

// age makes the idle connections look long idle.
func (c *Client) age() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.idle {
		k.since = k.since.Add(-time.Hour)
	}
}

// A connection that the server closed while it was idle costs no request.
func TestStaleConnections(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("stale connections are not known on Windows")
	}
	c, s := client(t, answerGood)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { mustGenerate(t, t.Context(), c) })
	}
	wg.Wait()
	s.CloseClientConnections() // waits until they are closed
	c.age()
	opened := c.Counters().ConnectionsOpened
	mustGenerate(t, t.Context(), c)
	n := c.Counters()
	if n.ConnectionsOpened != opened+1 || n.Attempts != 5 || len(c.idle) != 1 {
		t.Errorf("%+v after %d connections, %d idle", n, opened, len(c.idle))
	}
	c.age()
	mustGenerate(t, t.Context(), c)
	if n := c.Counters(); n.ConnectionsOpened != opened+1 {
		t.Errorf("a good connection was taken for a stale one: %+v", n)
	}
}

// What a server says unasked never becomes the answer to the next request.
func TestUnaskedAnswer(t *testing.T) {
	c, _ := client(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
		_ = conn.Close()
	})
	for round := range 2 {
		_, err := c.GenerateMac(t.Context(), request)
		if e, ok := err.(*target.Error); !ok || e.Status != 200 {
			t.Errorf("round %d: %v", round, err)
		}
	}
	if n := c.Counters(); n.ConnectionsOpened != 2 {
		t.Errorf("%+v", n)
	}
}

// Contexts that end after their request leave the connection alone; a context that
// ends while the connection is idle too.
func TestContextsOfOneRequest(t *testing.T) {
	c, _ := client(t, answerGood)
	for range 50 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		mustGenerate(t, ctx, c)
		cancel()
	}
	long, cancel := context.WithCancel(t.Context())
	for range 3 {
		mustGenerate(t, long, c)
	}
	mustGenerate(t, context.Background(), c)
	mustGenerate(t, long, c)
	cancel()
	mustGenerate(t, t.Context(), c)
	mustGenerate(t, context.Background(), c)
	if n := c.Counters(); n.ConnectionsOpened != 1 {
		t.Errorf("%d connections", n.ConnectionsOpened)
	}
	if _, err := c.GenerateMac(long, request); target.KindOf(err) != target.Cancelled {
		t.Errorf("an ended context: %v", err)
	}
}

// Ending contexts at any moment never breaks a request of another context.
func TestContextsEndAnyTime(t *testing.T) {
	c, _ := client(t, answerGood)
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 200 {
				ctx, cancel := context.WithCancel(context.Background())
				if worker%2 == 0 {
					go cancel()
				}
				_, err := c.GenerateMac(ctx, request)
				cancel()
				if k := target.KindOf(err); k != "" && (k != target.Cancelled || worker%2 != 0) {
					t.Errorf("worker %d, request %d: %v", worker, i, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestCloseEndsIdleConnections(t *testing.T) {
	c, _ := client(t, answerGood)
	mustGenerate(t, t.Context(), c)
	k := c.idle[0]
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := k.net.Write([]byte("x")); err == nil {
		t.Error("an idle connection is open after Close")
	}
	mustGenerate(t, t.Context(), c) // against the promise, but it must not leak
	if len(c.idle) != 0 {
		t.Errorf("%d connections kept after Close", len(c.idle))
	}
}

// A request allocates the tag and nothing else, with and without a context that
// can end. The server is in this process, so its allocations are counted first.
func TestRequestAllocatesTheTagOnly(t *testing.T) {
	s := newCanned(t)
	c, err := New(Options{Endpoint: s.url, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for name, ctx := range map[string]context.Context{"shared": ctx, "background": context.Background()} {
		mustGenerate(t, ctx, c)
		n := testing.AllocsPerRun(500, func() { mustGenerate(t, ctx, c) })
		if n != 1 {
			t.Errorf("%s: %v allocations for each request, want 1", name, n)
		}
	}
}

// A request that the socket does not take in one piece, and requests without any
// deadline, go through net.Conn.
func TestOtherWays(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(answerGood))
	defer s.Close()
	for name, timeout := range map[string]time.Duration{"with a deadline": 0, "without": -1} {
		c, err := New(Options{Endpoint: s.URL, Region: "us-east-1", Timeout: timeout})
		if err != nil {
			t.Fatal(err)
		}
		long := request
		long.Message = make([]byte, 16<<20)
		for _, req := range []target.GenerateMacRequest{request, long, request} {
			if _, err := c.GenerateMac(context.Background(), req); err != nil {
				t.Errorf("%s, %d bytes: %v", name, len(req.Message), err)
			}
		}
		if n := c.Counters(); n.ConnectionsOpened != 1 || n.BytesSent < 4*16<<20/3 {
			t.Errorf("%s: %+v", name, n)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The deadline of a request is never early and at most the slack late; one set
// for an earlier request serves while it is.
func TestSetLimit(t *testing.T) {
	var set []time.Time
	k := &conn{net: &deadlines{set: &set}}
	start := time.Unix(1_000_000, 0)
	steps := []struct {
		name  string
		at    time.Duration // -1: no deadline
		slack time.Duration
		want  time.Duration // set to; -1: no deadline; -2: left alone
	}{
		{"none at first", -1, 0, -2},
		{"first", 100, 10, 110},
		{"a little later", 105, 10, -2},
		{"as late as it goes", 110, 10, -2},
		{"one more", 111, 10, 121},
		{"exact, later than wanted", 120, 0, 120},
		{"exact, the same", 120, 0, -2},
		{"much earlier", 50, 10, 60},
		{"none", -1, 10, -1},
		{"none again", -1, 10, -2},
		{"after none", 60, 10, 70},
	}
	for _, s := range steps {
		set = nil
		var deadline time.Time
		if s.at >= 0 {
			deadline = start.Add(s.at)
		}
		if err := k.setLimit(deadline, s.slack); err != nil {
			t.Fatal(err)
		}
		var want time.Time
		if s.want >= 0 {
			want = start.Add(s.want)
		}
		if s.want == -2 && len(set) != 0 || s.want != -2 && (len(set) != 1 || !set[0].Equal(want)) {
			t.Errorf("%s: set %v, want %v", s.name, set, s.want)
		}
	}
}

// deadlines keeps the deadlines that are set on it.
type deadlines struct {
	net.Conn
	set *[]time.Time
}

func (d *deadlines) SetDeadline(t time.Time) error {
	*d.set = append(*d.set, t)
	return nil
}
