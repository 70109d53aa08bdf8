package wire

import (
	"crypto/tls"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/target"
)

func TestParseEndpoint(t *testing.T) {
	tests := []struct {
		url                       string
		host, name, address, path string
		tls                       bool
	}{
		{"http://127.0.0.1:4566", "127.0.0.1:4566", "127.0.0.1", "127.0.0.1:4566", "/", false},
		{"https://kms.us-east-1.amazonaws.com", "kms.us-east-1.amazonaws.com", "kms.us-east-1.amazonaws.com", "kms.us-east-1.amazonaws.com:443", "/", true},
		{"https://h:443/", "h", "h", "h:443", "/", true},
		{"http://h:443/", "h:443", "h", "h:443", "/", false},
		{"http://h:/", "h", "h", "h:80", "/", false},
		{"http://h/a//", "h", "h", "h:80", "/a/", false},
		{"http://h/a%20b", "h", "h", "h:80", "/a%20b/", false},
		{"http://[::1]:80", "[::1]", "::1", "[::1]:80", "/", false},
		{"http://[::1]:81", "[::1]:81", "::1", "[::1]:81", "/", false},
	}
	for _, tt := range tests {
		e, err := ParseEndpoint(tt.url)
		if err != nil || e.Host != tt.host || e.Name != tt.name || e.Address != tt.address || e.Path != tt.path || e.TLS != tt.tls {
			t.Errorf("%s: %+v, %v, want %+v", tt.url, e, err, tt)
		}
	}
	for _, bad := range []string{
		"", "127.0.0.1:4566", "localhost", "ftp://h", "http://", "http:///x", "http://:80", "http://user:PASS@h", "http://h?x=PASS",
		"http://h#PASS", "http://h\r\nX: y", "http://PASS:port/", "unix:///run/x",
	} {
		if _, err := ParseEndpoint(bad); err == nil {
			t.Errorf("%q was taken", bad)
		} else if strings.Contains(err.Error(), "PASS") {
			t.Errorf("%q: the error quotes what may be secret: %v", bad, err)
		}
	}
}

func TestOptionsComplete(t *testing.T) {
	good := Options{Endpoint: "http://h:1/", Region: "us-east-1"}
	s, err := good.Complete("lean")
	if err != nil {
		t.Fatal(err)
	}
	want := target.Info{Name: "http://h:1", Endpoint: "http://h:1", Host: "h", Region: "us-east-1", Client: "lean"}
	if s.Info != want || s.MaxConnections != DefaultConnections || s.Timeout != DefaultTimeout {
		t.Errorf("%+v, want info %+v and the defaults", s, want)
	}
	if c, err := s.Source.Get(t.Context(), noon); err != nil || c.AccessKeyID != "test" || c.SecretAccessKey != "test" {
		t.Errorf("credentials %v, %v, want test and test", c, err)
	}
	if at := s.SignAt(noon); !at.Equal(noon) {
		t.Errorf("signs at %v, want %v", at, noon)
	}
	for name, change := range map[string]func(*Options){
		"no Region":               func(o *Options) { o.Region = "" },
		"line break in Region":    func(o *Options) { o.Region = "a\r\nb" },
		"no Endpoint":             func(o *Options) { o.Endpoint = "" },
		"bad Endpoint":            func(o *Options) { o.Endpoint = "h" },
		"negative MaxConnections": func(o *Options) { o.MaxConnections = -1 },
		"AWS without Credentials": func(o *Options) { o.AWS = true },
		"no such CA file":         func(o *Options) { o.CAFile = filepath.Join(t.TempDir(), "none") },
	} {
		o := good
		change(&o)
		if _, err := o.Complete("lean"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLoadRoots(t *testing.T) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	roots, err := LoadRoots(file)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{RootCAs: roots, ServerName: "example.com"})
	if err != nil {
		t.Fatalf("the certificate was not trusted: %v", err)
	}
	_ = conn.Close()
	if err := os.WriteFile(file, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadRoots(file); err == nil {
		t.Error("a file without a certificate was taken")
	}
}
