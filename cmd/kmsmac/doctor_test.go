//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// clearAWS takes this machine's own settings out of the test.
func clearAWS(t *testing.T) {
	t.Helper()
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasSuffix(strings.ToLower(name), "_proxy") || strings.HasPrefix(name, "KMSMAC_") {
			t.Setenv(name, "")
		}
	}
	none := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_CONFIG_FILE", none)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", none)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

// doctor runs the command and returns its exit code and findings.
func doctor(t *testing.T, args ...string) (int, []finding, string) {
	t.Helper()
	var out, talk bytes.Buffer
	code := Main(t.Context(), streams{in: strings.NewReader(""), out: &out, err: &talk},
		append([]string{"doctor", "--json", "--out", filepath.Join(t.TempDir(), "results")}, args...))
	var got struct{ Findings []finding }
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s%s", err, out.String(), talk.String())
	}
	return code, got.Findings, out.String() + talk.String()
}

// emulatorAt serves an emulator through wrap.
func emulatorAt(t *testing.T, o kmsemu.Options, start func(http.Handler) *httptest.Server) string {
	t.Helper()
	emu, err := kmsemu.New(o)
	if err != nil {
		t.Fatal(err)
	}
	srv := start(emu)
	t.Cleanup(func() { srv.Close(); _ = emu.Close() })
	return srv.URL
}

// dated is a handler whose answers carry another time.
func dated(h http.Handler, off time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(&dateWriter{w, off}, r)
	})
}

type dateWriter struct {
	http.ResponseWriter
	off time.Duration
}

func (w *dateWriter) WriteHeader(status int) {
	w.Header().Set("Date", time.Now().Add(w.off).UTC().Format(http.TimeFormat))
	w.ResponseWriter.WriteHeader(status)
}

// misconfiguration is something that goes wrong in real set-ups, and what the
// doctor must say.
type misconfiguration struct {
	name   string
	plant  func(t *testing.T) (args []string)
	check  string // the one finding that is a problem
	found  string // part of what it says
	remedy string // part of what to do
}

// at is the flag for a target.
func at(url string) []string { return []string{"--target", url} }

var misconfigurations = []misconfiguration{
	{"no Region", func(*testing.T) []string { return at("aws") }, "region", "no Region", "AWS_REGION"},
	{"a Region with a slip", func(t *testing.T) []string {
		t.Setenv("AWS_REGION", "us-esat-1")
		return at("aws")
	}, "region", "us-esat-1", "--target aws:eu-west-1"},
	{"no credentials", func(*testing.T) []string { return at("aws:eu-west-1") }, "credentials", "credentials", "AWS_PROFILE"},
	{"a profile that is not there", func(t *testing.T) []string {
		t.Setenv("AWS_PROFILE", "gone")
		return at("aws:eu-west-1")
	}, "credentials", "gone", "AWS_PROFILE"},
	{"a secret with a line break", func(t *testing.T) []string {
		t.Setenv("AWS_ACCESS_KEY_ID", "me")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "s3cret\n")
		return at(emulatorAt(t, kmsemu.Options{}, httptest.NewServer))
	}, "credentials", "AWS_SECRET_ACCESS_KEY", "export it again"},
	{"a wrong secret", func(t *testing.T) []string {
		t.Setenv("AWS_ACCESS_KEY_ID", "me")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
		return at(emulatorAt(t, kmsemu.Options{Credentials: []kmsemu.Credential{{AccessKeyID: "me", SecretAccessKey: "s3cret"}}}, httptest.NewServer))
	}, "endpoint", "InvalidSignatureException", "secret does not belong"},
	{"an unknown access key", func(t *testing.T) []string {
		return at(emulatorAt(t, kmsemu.Options{Credentials: []kmsemu.Credential{{AccessKeyID: "me", SecretAccessKey: "s3cret"}}}, httptest.NewServer))
	}, "endpoint", "UnrecognizedClientException", "does not know this access key"},
	{"nothing listens", func(t *testing.T) []string {
		srv := httptest.NewServer(nil)
		srv.Close()
		return at(srv.URL)
	}, "endpoint", "cannot be reached", "nothing listens"},
	{"a name that does not exist", func(*testing.T) []string { return at("http://no-such-host.invalid:4566") }, "endpoint", "cannot be reached", "DNS"},
	{"another server on the port", func(t *testing.T) []string {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html>It works!</html>"))
		}))
		t.Cleanup(srv.Close)
		return at(srv.URL)
	}, "endpoint", "text/html", "host and port"},
	{"https to a server of http", func(t *testing.T) []string {
		return at(strings.Replace(emulatorAt(t, kmsemu.Options{}, httptest.NewServer), "http:", "https:", 1))
	}, "endpoint", "tls", "write http://"},
	{"http to a server of https", func(t *testing.T) []string {
		return at(strings.Replace(emulatorAt(t, kmsemu.Options{}, httptest.NewTLSServer), "https:", "http:", 1))
	}, "endpoint", "speaks HTTPS", "write https://"},
	{"an authority that nobody trusts", func(t *testing.T) []string {
		return at(emulatorAt(t, kmsemu.Options{}, httptest.NewTLSServer))
	}, "endpoint", "unknown authority", "--ca-file"},
	{"a clock that is off", func(t *testing.T) []string {
		return at(emulatorAt(t, kmsemu.Options{}, func(h http.Handler) *httptest.Server { return httptest.NewServer(dated(h, -20*time.Minute)) }))
	}, "clock", "20m", "timedatectl"},
	{"an endpoint in the environment", func(t *testing.T) []string {
		t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
		return at("aws:eu-west-1")
	}, "redirect", "AWS_ENDPOINT_URL leads to http://127.0.0.1:9", "unset AWS_ENDPOINT_URL"},
	{"few open files", func(t *testing.T) []string {
		var was syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
			t.Fatal(err)
		}
		low := was
		low.Cur = 200
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was) })
		return at("engine")
	}, "files", "200 open files", "ulimit -n"},
	{"an implementation that is not there", func(t *testing.T) []string {
		t.Setenv("KMSMAC_IMPL", "abacus")
		return at("engine")
	}, "engine", "abacus", "unset KMSMAC_IMPL"},
	{"results that cannot be written", func(t *testing.T) []string {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{"--target", "engine", "--out", filepath.Join(file, "results")}
	}, "results", "cannot be written", "--out"},
}

// TestDoctor plants one misconfiguration at a time. The doctor must name it, say
// what to do, and find no other problem.
func TestDoctor(t *testing.T) {
	named := 0
	for _, m := range misconfigurations {
		t.Run(m.name, func(t *testing.T) {
			clearAWS(t)
			code, findings, text := doctor(t, m.plant(t)...)
			var problems []finding
			for _, f := range findings {
				if f.Level == levelProblem {
					problems = append(problems, f)
				}
				if (f.Level == levelOK) != (f.Remedy == "") {
					t.Errorf("%+v: a remedy belongs to a warning or a problem, and to nothing else", f)
				}
			}
			if code != exitFailed || len(problems) != 1 {
				t.Fatalf("exit %d, problems %+v, want exactly one\n%s", code, problems, text)
			}
			p := problems[0]
			if p.Check != m.check || !strings.Contains(p.Found, m.found) || !strings.Contains(p.Remedy, m.remedy) {
				t.Errorf("got %+v, want %s: …%s… do: …%s…", p, m.check, m.found, m.remedy)
			}
			for _, secret := range []string{"s3cret", "another\""} {
				if strings.Contains(text, secret) {
					t.Errorf("the secret is in the output: %s", text)
				}
			}
			named++
		})
	}
	t.Logf("%d of %d planted misconfigurations are named", named, len(misconfigurations))
}

// TestDoctorFindsNothing: on the embedded emulator, on one of ours, and over TLS
// with its authority, there is no problem.
func TestDoctorFindsNothing(t *testing.T) {
	clearAWS(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	rows := map[string]func() []string{
		"embedded": func() []string { return nil },
		"engine":   func() []string { return at("engine") },
		"URL":      func() []string { return at(emulatorAt(t, kmsemu.Options{}, httptest.NewServer)) },
		"TLS": func() []string {
			url := emulatorAt(t, kmsemu.Options{}, func(h http.Handler) *httptest.Server {
				srv := httptest.NewTLSServer(h)
				block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
				if err := os.WriteFile(ca, block, 0o600); err != nil {
					t.Fatal(err)
				}
				return srv
			})
			return append(at(url), "--ca-file", ca)
		},
	}
	for name, args := range rows {
		code, findings, text := doctor(t, args()...)
		if code != exitOK || worst(findings) == levelProblem {
			t.Errorf("%s: exit %d\n%s", name, code, text)
		}
	}
}

// TestDoctorMachine tries what cannot be planted: ports.
func TestDoctorMachine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "range")
	for text, want := range map[string]level{"32768 60999\n": levelOK, "50000\t51000\n": levelWarning, "nonsense": levelOK} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if f := portsFinding(file); f.Level != want {
			t.Errorf("%q: %+v, want %s", text, f, want)
		}
	}
	busy := httptest.NewServer(nil)
	defer busy.Close()
	a := &app{ctx: t.Context()}
	if f := listenFinding(a, busy.Listener.Addr().String()); f.Level != levelWarning || !strings.Contains(f.Remedy, "--listen 127.0.0.1:0") {
		t.Errorf("a port that is taken: %+v", f)
	}
	if f := listenFinding(a, "127.0.0.1:0"); f.Level != levelOK {
		t.Errorf("a free port: %+v", f)
	}
}
