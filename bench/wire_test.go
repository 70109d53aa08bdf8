package bench

import (
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awskms"
	"github.com/kmsmac/kmsmac/target/inproc"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// over runs p through the SDK on a new emulator.
func over(t *testing.T, p Plan, deviations ...string) (*Report, error) {
	t.Helper()
	srv := kmsemu.Start(t, kmsemu.Options{Deviations: deviations})
	c, err := awskms.New(t.Context(), awskms.Options{Endpoint: srv.URL, Region: "eu-west-1", MaxConnections: p.InFlight()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return Run(t.Context(), c, p, Options{RunID: "test"})
}

func TestThroughTheSDK(t *testing.T) {
	p := Plan{
		Arrivals: Arrivals{Rate: 200, Poisson: true}, Duration: 500 * time.Millisecond,
		Workload: Workload{KeySpecs: []string{"HMAC_224", "HMAC_384"}, CorruptShare: 0.2, KeyNames: ByAlias, Sizes: Sizes{{1, 4096, 1}}},
	}
	rep, err := over(t, p)
	if err != nil || len(rep.Left) != 0 || len(rep.Warnings) != 0 || rep.Stopped != "" {
		t.Fatalf("left %v, warnings %v, stopped %q, %v", rep.Left, rep.Warnings, rep.Stopped, err)
	}
	var n, opened int64
	for i, l := range rep.Loads {
		n += l.Requests
		opened += l.ConnectionsOpened
		if l.Verified != l.Requests || l.WrongTags != 0 || l.Attempts != l.Requests || l.VerifiedBy != VerifiedByEngine || l.Client != "sdk" {
			t.Errorf("%+v", l)
		}
		if (l.Network != nil) != (i == 0) {
			t.Errorf("load %d has network %+v, want that of the run in the first alone", i, l.Network)
		}
		if l.Wire == nil || l.Wire.P50 <= 0 || l.Wire.P50 > l.Service.P50 || l.Service.P50 > l.Response.P50 {
			t.Errorf("wire %+v, service %+v, response %+v: want each within the next", l.Wire, l.Service, l.Response)
		}
	}
	// The set-up opens at least one, and each is counted once.
	if w := rep.Loads[0].Network; w.Protocol != "HTTP/1.1" || w.BytesSent == 0 || w.ConnectionsOpened < 1 || opened >= w.ConnectionsOpened+1 {
		t.Errorf("network %+v, %d connections opened under load", w, opened)
	}
	if e, _ := p.Estimate(false); n == 0 || n > e.Load[OpGenerate]+e.Load[OpVerify] {
		t.Errorf("%d requests, at most %v were announced", n, e.Load)
	}
}

func TestWrongTagDeviationIsFound(t *testing.T) {
	rep, err := over(t, Plan{Arrivals: Arrivals{Rate: 100}, Duration: 300 * time.Millisecond}, "wrong-tag")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range rep.Loads {
		if want := l.Operation == OpGenerate; want != (l.WrongTags > 0) || want && l.WrongTags != l.Requests {
			t.Errorf("%s: %d wrong of %d", l.Operation, l.WrongTags, l.Requests)
		}
	}
	if rep.Verdict() != results.Fail {
		t.Errorf("verdict %s, want fail", rep.Verdict())
	}
}

// A server that goes away in the middle of a run: every request is counted,
// failures under their name, and the keys that are left are reported.
func TestServerGoesAway(t *testing.T) {
	e, err := kmsemu.New(kmsemu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	srv, err := e.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := awskms.New(t.Context(), awskms.Options{Endpoint: srv.URL, Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p := Plan{Arrivals: Arrivals{Rate: 50}, Duration: 2 * time.Second, Warmup: NoTime, Timeout: 5 * time.Second, Workload: Workload{Generate: 1}}
	seen := 0
	rep, err := Run(t.Context(), c, p, Options{Log: closeAfter{func() {
		if seen++; seen == 1 { // the header, after about a second
			_ = srv.Close()
		}
	}}})
	if err != nil {
		t.Fatal(err)
	}
	l := rep.Loads[0]
	var failed int64
	for name, n := range l.Errors {
		failed += n
		if !slices.Contains([]string{string(target.Unreachable), string(target.Connection)}, name) {
			t.Errorf("%d failures are named %s", n, name)
		}
	}
	if l.Requests != 100 || l.Succeeded+failed != 100 || l.Succeeded == 0 || failed == 0 || len(rep.Left) != 1 {
		t.Errorf("%d requests, %d right, %d failed; left %v; want 100 in all, some of both, and one key left", l.Requests, l.Succeeded, failed, rep.Left)
	}
}

type closeAfter struct{ f func() }

func (c closeAfter) Write(p []byte) (int, error) { c.f(); return len(p), nil }

// What is no KMS is an error with its kind, not a run full of failures.
func TestNotAKMS(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.NotFoundHandler()}
	go func() { _ = srv.Serve(l) }()
	defer srv.Close()
	c, err := awskms.New(t.Context(), awskms.Options{Endpoint: "http://" + l.Addr().String(), Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	rep, err := Run(t.Context(), c, Plan{Duration: time.Second}, Options{})
	if target.KindOf(err) != target.NotKMS || len(rep.Loads) != 0 {
		t.Errorf("%v (%s), %d loads, want not_kms and none", err, target.KindOf(err), len(rep.Loads))
	}
}

func TestInProcess(t *testing.T) {
	rep, err := Run(t.Context(), inproc.New(inproc.Options{}), Plan{Concurrency: 2, Duration: 100 * time.Millisecond}, Options{})
	if err != nil || rep.Verdict() != results.Pass || len(rep.Left) != 0 {
		t.Fatalf("%s, left %v, %v", rep.Verdict(), rep.Left, err)
	}
	for _, l := range rep.Loads {
		if l.Verified != l.Requests || l.Requests < 100 || l.Client != "engine" {
			t.Errorf("%+v", l)
		}
	}
}
