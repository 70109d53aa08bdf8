package raw_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awskms"
	"github.com/kmsmac/kmsmac/target/internal/wiretest"
	"github.com/kmsmac/kmsmac/target/kmsemu"
	"github.com/kmsmac/kmsmac/target/raw"
	"github.com/kmsmac/kmsmac/target/targettest"
)

func open(t *testing.T, c wiretest.Config) wiretest.Client {
	t.Helper()
	client, err := raw.New(raw.Options{
		Endpoint: c.Endpoint, Region: wiretest.Region, RootCAs: c.RootCAs, MaxConnections: c.MaxConnections, Timeout: c.Timeout, Now: c.Now,
		Credentials: func(context.Context) (raw.Credentials, time.Time, error) {
			return raw.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, time.Time{}, c.CredentialsErr
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
	*raw.Client
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
		client, err := raw.New(raw.Options{Endpoint: server.URL, Region: "us-east-1"})
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

// A server that refuses HTTP/1.1 by ALPN is told from one with a bad certificate.
func TestNoHTTP1(t *testing.T) {
	lender := httptest.NewTLSServer(good) // of its certificate
	defer lender.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: lender.TLS.Certificates, NextProtos: []string{"other/1"}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, conn) // shakes hands, in vain
		_ = conn.Close()
	}()
	defer func() {
		_ = l.Close()
		<-done
	}()
	roots := x509.NewCertPool()
	roots.AddCert(lender.Certificate())
	c, err := raw.New(raw.Options{Endpoint: "https://" + l.Addr().String(), Region: "us-east-1", RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.GenerateMac(t.Context(), hello)
	if target.KindOf(err) != target.TLS || !strings.Contains(err.Error(), "HTTP/1.1") {
		t.Errorf("%v, kind %q", err, target.KindOf(err))
	}
}

func TestNewRefuses(t *testing.T) {
	behind := func(*http.Request) (*url.URL, error) { return url.Parse("http://user:PASSWORD@proxy.example:3128") }
	for name, o := range map[string]raw.Options{
		"nothing":                 {},
		"no Region":               {Endpoint: "http://127.0.0.1:1"},
		"AWS without credentials": {Endpoint: "https://kms.us-east-1.amazonaws.com", Region: "us-east-1", AWS: true},
		"proxy":                   {Endpoint: "http://127.0.0.1:1", Region: "us-east-1", Proxy: behind},
	} {
		_, err := raw.New(o)
		if err == nil || !strings.HasPrefix(err.Error(), "raw: ") || strings.Contains(err.Error(), "PASSWORD") {
			t.Errorf("%s: %v", name, err)
		}
	}
	direct := func(*http.Request) (*url.URL, error) { return nil, nil }
	if _, err := raw.New(raw.Options{Endpoint: "http://127.0.0.1:1", Region: "us-east-1", Proxy: direct}); err != nil {
		t.Errorf("no proxy for this endpoint: %v", err)
	}
}
