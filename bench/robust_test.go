package bench

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awskms"
	"github.com/kmsmac/kmsmac/target/kmsemu"
	"github.com/kmsmac/kmsmac/target/lean"
	"github.com/kmsmac/kmsmac/target/raw"
)

// fault spoils the answer to one request.
type fault struct {
	name   string
	strike func(w http.ResponseWriter, r *http.Request, next http.Handler)
	count  string // the name it is counted under; "" is a wrong tag
}

// wireFaults are what a target does to a load on the wire.
var wireFaults = []fault{
	{"connection reset", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		if tcp, ok := hijack(w).(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
			_ = tcp.Close()
		}
	}, "connection"},
	{"connection closed", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { _ = hijack(w).Close() }, "connection"},
	{"answer cut off", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		c := hijack(w)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 100\r\n\r\n{\"KeyId\":")
		_ = c.Close()
	}, "connection"},
	{"throttle", answerWith(400, `{"__type":"ThrottlingException","message":"Rate exceeded"}`), "ThrottlingException"},
	{"internal error", answerWith(500, `{"__type":"KMSInternalException","message":"x"}`), "KMSInternalException"},
	{"a page instead of an answer", answerWith(503, `<html>`), "not_kms"},
	{"no answer", func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() }, "timeout"},
	{"answer after the deadline", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		<-r.Context().Done() // the client gave up
		next.ServeHTTP(w, r)
	}, "timeout"},
	{"wrong tag", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
		at := bytes.Index(rec.Body.Bytes(), []byte(`"Mac":"`)) + len(`"Mac":"`)
		body := rec.Body.Bytes()
		body[at] = map[bool]byte{true: 'B', false: 'A'}[body[at] == 'A']
		_, _ = w.Write(body)
	}, ""},
}

func hijack(w http.ResponseWriter) net.Conn {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	return c
}

func answerWith(status int, body string) func(http.ResponseWriter, *http.Request, http.Handler) {
	kind := "application/x-amz-json-1.1"
	if strings.HasPrefix(body, "<") {
		kind = "text/html"
	}
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// robustAlias names a key whose material is known, so that no test here waits for
// an import, which takes long on a busy machine.
const robustAlias = "alias/robust"

var robustSecret = []byte("an HMAC_256 key has 32 bytes, so")

// robustEmulator has that key.
func robustEmulator(t *testing.T) *kmsemu.Emulator {
	t.Helper()
	emu, err := kmsemu.New(kmsemu.Options{SeedKeys: []kmsemu.SeedKey{{Region: "eu-west-1", Material: robustSecret, Aliases: []string{robustAlias}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close() })
	return emu
}

func robustWorkload() (Workload, map[string][]byte) {
	return Workload{Generate: 1, Keys: []string{robustAlias}}, map[string][]byte{robustAlias: robustSecret}
}

// faulty is an emulator that spoils every fourth GenerateMac.
func faulty(t *testing.T, f fault) (url string, struck *atomic.Int64) {
	t.Helper()
	emu := robustEmulator(t)
	var n atomic.Int64
	struck = new(atomic.Int64)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GenerateMac") || n.Add(1)%4 != 0 {
			emu.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body) // or the server would not see the client go
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		struck.Add(1)
		f.strike(w, r, emu)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, struck
}

// measuring is a client road with the SDK's key administration.
type measuring struct {
	target.Target
	target.KeyAdmin
}

func roadTo(t *testing.T, client, url string) target.Target {
	t.Helper()
	sdk, err := awskms.New(t.Context(), awskms.Options{Endpoint: url, Region: "eu-west-1", MaxConnections: 50, Timeout: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sdk.Close() })
	var one target.Target
	switch client {
	case "sdk":
		return sdk
	case lean.Road:
		one, err = lean.New(lean.Options{Endpoint: url, Region: "eu-west-1", Timeout: -1})
	case raw.Road:
		one, err = raw.New(raw.Options{Endpoint: url, Region: "eu-west-1", Timeout: -1})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = one.Close() })
	return measuring{one, sdk}
}

// Whatever a target does to single requests, on every road they are counted
// under one name, the others are right, and the schedule goes on.
func TestFaultsOnTheWire(t *testing.T) {
	for _, f := range wireFaults {
		for _, client := range []string{"sdk", lean.Road, raw.Road} {
			t.Run(f.name+"/"+client, func(t *testing.T) {
				t.Parallel()
				url, struck := faulty(t, f)
				work, secrets := robustWorkload()
				p := Plan{Arrivals: Arrivals{Rate: 80}, Duration: 500 * time.Millisecond, Warmup: NoTime, Timeout: 2 * time.Second, Workers: 40, Workload: work}
				if f.count != "timeout" {
					p.Timeout = time.Minute // a busy machine is not the fault
				}
				rep, err := Run(t.Context(), roadTo(t, client, url), p, Options{Secrets: secrets})
				if err != nil {
					t.Fatal(err)
				}
				l, n := rep.Loads[0], struck.Load()
				if n < 9 || l.Requests != 40 || l.Dropped != 0 || l.Attempts != 40 || rep.Stopped != "" || len(rep.Left) != 0 {
					t.Errorf("%d struck of %d requests, %d attempts, %d dropped, stopped %q, left %v; want all 40 sent, 1 in 4 struck",
						n, l.Requests, l.Attempts, l.Dropped, rep.Stopped, rep.Left)
				}
				if f.count == "" && (l.WrongTags != n || len(l.Errors) != 0) || f.count != "" && (l.Errors[f.count] != n || len(l.Errors) != 1 || l.WrongTags != 0) {
					t.Errorf("%d struck: errors %v, wrong tags %d; want them under %q", n, l.Errors, l.WrongTags, f.count)
				}
				if l.Succeeded != l.Requests-n {
					t.Errorf("%d of %d succeeded, %d were struck", l.Succeeded, l.Requests, n)
				}
			})
		}
	}
}

// A target that is away for a while: what was due meanwhile is counted, before
// and after all is right.
func TestFaultsForAWhile(t *testing.T) {
	broken := func(err error) error {
		return &target.Error{Operation: OpGenerate, Kind: target.KindOfTransport(err), Err: err, Trace: target.Trace{Attempts: 1}}
	}
	for _, row := range []struct {
		name  string
		err   error
		count string
	}{
		{"restart", broken(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), "unreachable"},
		{"no name", broken(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "kms", IsNotFound: true}}), "unreachable"},
		{"name server silent", broken(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "i/o timeout", Name: "kms", IsTimeout: true}}), "unreachable"},
		{"certificate of somebody else", broken(fmt.Errorf("handshake: %w", x509.HostnameError{Certificate: &x509.Certificate{}, Host: "kms"})), "tls"},
		{"unknown authority", broken(x509.UnknownAuthorityError{}), "tls"},
		{"reset", broken(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), "connection"},
		{"credentials expired", refuse(OpGenerate, target.Unauthorised), "unauthorisedException"},
		{"key disabled", refuse(OpGenerate, target.Disabled), "disabledException"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := Plan{Arrivals: Arrivals{Rate: 100}, Duration: 10 * time.Second, Warmup: NoTime, Workload: Workload{Generate: 1}}
			set := func(f *fakeKMS) {
				f.answer = func(n int64) error {
					if n > 201 && n <= 401 { // the first is the set-up's
						return row.err
					}
					return nil
				}
			}
			bubble(t, p, Options{}, set, func(_ *fakeKMS, rep *Report, err error) {
				if err != nil {
					t.Fatal(err)
				}
				l := rep.Loads[0]
				if l.Requests != 1000 || l.Succeeded != 800 || l.Errors[row.count] != 200 || len(l.Errors) != 1 || rep.Stopped != "" {
					t.Errorf("%d requests, %d right, errors %v, stopped %q; want 1000, 800 and 200 named %s", l.Requests, l.Succeeded, l.Errors, rep.Stopped, row.count)
				}
			})
		})
	}
}

// A target that is restarted in the middle of a run answers again, on the same
// client, with nothing lost but what was due meanwhile.
func TestTargetRestarts(t *testing.T) {
	for _, client := range []string{"sdk", lean.Road, raw.Road} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			emu := robustEmulator(t)
			srv, err := emu.Listen("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = srv.Close() }()
			address := strings.TrimPrefix(srv.URL, "http://")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var failedBefore int64
			state := "up"
			observe := func(p Progress) { // once a second
				switch {
				case p.Phase != PhaseMeasure || p.Response == nil && state == "up":
				case state == "up":
					if err := srv.Close(); err != nil {
						t.Error(err)
					}
					state = "down"
				case state == "down" && p.Errors > 0:
					if srv, err = emu.Listen(address); err != nil {
						t.Error(err)
						cancel()
					}
					failedBefore, state = p.Errors, "again"
				case state == "again" && p.Response != nil && p.Errors == 0:
					state = "well"
					cancel()
				}
			}
			work, secrets := robustWorkload()
			p := Plan{Arrivals: Arrivals{Rate: 50}, Duration: 2 * time.Minute, Warmup: NoTime, Timeout: time.Minute, Workload: work}
			rep, err := Run(ctx, roadTo(t, client, srv.URL), p, Options{Observer: observe, Secrets: secrets})
			if err != nil {
				t.Fatal(err)
			}
			l := rep.Loads[0]
			if state != "well" || failedBefore == 0 || l.Errors["unreachable"]+l.Errors["connection"]+l.Succeeded+l.Unfinished != l.Requests || len(rep.Left) != 0 {
				t.Errorf("ended %s: %d requests, %d right, %d unfinished, errors %v, left %v", state, l.Requests, l.Succeeded, l.Unfinished, l.Errors, rep.Left)
			}
		})
	}
}
