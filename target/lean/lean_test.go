package lean_test

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awskms"
	"github.com/kmsmac/kmsmac/target/internal/wiretest"
	"github.com/kmsmac/kmsmac/target/kmsemu"
	"github.com/kmsmac/kmsmac/target/lean"
	"github.com/kmsmac/kmsmac/target/targettest"
)

func open(t *testing.T, c wiretest.Config) wiretest.Client {
	t.Helper()
	client, err := lean.New(lean.Options{
		Endpoint: c.Endpoint, Region: wiretest.Region, RootCAs: c.RootCAs, MaxConnections: c.MaxConnections, Timeout: c.Timeout, Now: c.Now,
		Credentials: func(context.Context) (lean.Credentials, time.Time, error) {
			return lean.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, time.Time{}, c.CredentialsErr
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestWire(t *testing.T) { wiretest.Run(t, open) }

// managed is a client with keys that the SDK manages.
type managed struct {
	*lean.Client
	target.KeyAdmin
}

func TestTarget(t *testing.T) {
	server := kmsemu.Start(t)
	targettest.Run(t, func(t *testing.T) target.Target {
		admin, err := awskms.New(t.Context(), awskms.Options{Endpoint: server.URL, Region: "us-east-1"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = admin.Close() })
		client, err := lean.New(lean.Options{Endpoint: server.URL, Region: "us-east-1"})
		if err != nil {
			t.Fatal(err)
		}
		return managed{client, admin}
	})
}

const goodBody = `{"KeyId":"k","Mac":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=","MacAlgorithm":"HMAC_SHA_256"}`

var good = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = io.WriteString(w, goodBody)
})

var hello = target.GenerateMacRequest{KeyID: "k", Algorithm: engine.HMACSHA256, Message: []byte("hello")}

func TestHTTP2(t *testing.T) {
	var (
		mu     sync.Mutex
		protos = map[string]int{}
	)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		protos[r.Proto]++
		mu.Unlock()
		good(w, r)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	c, err := lean.New(lean.Options{Endpoint: server.URL, Region: "us-east-1", RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.GenerateMac(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if _, err := c.GenerateMac(t.Context(), hello); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := c.Counters(); n.Protocol != "HTTP/2.0" || n.ConnectionsOpened != 1 || n.Attempts != 161 || protos["HTTP/2.0"] != 161 {
		t.Errorf("%+v, the server saw %v", n, protos)
	}
}

// A proxy of plain HTTP gets the whole URL; one for TLS is asked to connect.
func TestProxy(t *testing.T) {
	plain := httptest.NewServer(good)
	defer plain.Close()
	secure := httptest.NewTLSServer(good)
	defer secure.Close()
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	var seen []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Method+" "+r.Host)
		if r.Method == http.MethodConnect {
			tunnel(t, w, r.Host)
			return
		}
		good(w, r)
	}))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, endpoint, want string }{
		{"plain", plain.URL, "POST " + strings.TrimPrefix(plain.URL, "http://")},
		{"TLS", secure.URL, "CONNECT " + strings.TrimPrefix(secure.URL, "https://")},
	} {
		seen = nil
		c, err := lean.New(lean.Options{Endpoint: tt.endpoint, Region: "us-east-1", RootCAs: roots, Proxy: http.ProxyURL(at)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.GenerateMac(t.Context(), hello); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if len(seen) != 1 || seen[0] != tt.want {
			t.Errorf("%s: the proxy saw %q, want %q", tt.name, seen, tt.want)
		}
	}
}

// tunnel joins the client of a CONNECT with host until one of the two ends.
func tunnel(t *testing.T, w http.ResponseWriter, host string) {
	there, err := net.Dial("tcp", host)
	if err != nil {
		t.Errorf("proxy: %v", err)
		return
	}
	here, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Errorf("proxy: %v", err)
		return
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		_, _ = io.Copy(there, here)
		_ = there.Close()
	}()
	go func() {
		_, _ = io.Copy(here, there)
		_ = here.Close()
	}()
}

func TestNewRefuses(t *testing.T) {
	for name, o := range map[string]lean.Options{
		"nothing":                 {},
		"no Region":               {Endpoint: "http://127.0.0.1:1"},
		"no Endpoint":             {Region: "us-east-1"},
		"AWS without credentials": {Endpoint: "https://kms.us-east-1.amazonaws.com", Region: "us-east-1", AWS: true},
	} {
		if _, err := lean.New(o); err == nil || !strings.HasPrefix(err.Error(), "lean: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
