package conformance_test

// An external package: awskms, the road to the emulator, may be imported by
// tests only.

import (
	"context"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awskms"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// wrappingKeys are shared by all emulators of the tests: an RSA key costs a
// second.
var wrappingKeys = sync.OnceValue(kmsemu.NewWrappingKeys)

// replicaDelay is long enough for the states Creating and Updating to be seen.
const replicaDelay = time.Second

// serve starts an emulator and returns the SDK's road to it.
func serve(t testing.TB, opt kmsemu.Options) target.Target {
	t.Helper()
	opt.WrappingKeys = wrappingKeys()
	opt.Quota = fmt.Sprintf("us-east-1:symmetric=%d:in=%s", whole().SymmetricPerSecond, whole().QuotaRegion)
	opt.Credentials = []kmsemu.Credential{{AccessKeyID: "test", SecretAccessKey: "test"}}
	emu, err := kmsemu.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(emu)
	t.Cleanup(func() {
		server.Close()
		if err := emu.Close(); err != nil {
			t.Error(err)
		}
	})
	client, err := awskms.New(context.Background(), awskms.Options{Endpoint: server.URL, Region: "us-east-1", Name: "emulator"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// whole are the options under which every case is applicable.
func whole() conformance.Options {
	return conformance.Options{
		Region2: "us-west-2", Differential: 8, RunID: "test", Host: "here", Allow: []conformance.Feature{conformance.FeatureQuota},
		QuotaRegion: "eu-central-1", SymmetricPerSecond: 20,
	}
}

func run(t testing.TB, tgt target.Target, o conformance.Options) results.Conformance {
	t.Helper()
	c, err := conformance.Run(t.Context(), tgt, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// clean is the one run of everything on the clean emulator, which several
// tests look at.
var clean struct {
	once   sync.Once
	text   string
	record *conformance.Record
	result results.Conformance
}

// cleanRun returns the record and the results of the clean run.
func cleanRun(t *testing.T) (*conformance.Record, results.Conformance) {
	t.Helper()
	clean.once.Do(func() {
		tgt := serve(t, kmsemu.Options{ReplicaDelay: replicaDelay})
		clean.text, clean.record, clean.result = recordOf(t, tgt, whole())
		mustHaveNoLiveKey(t, tgt)
	})
	if clean.record == nil {
		t.Fatal("the clean run did not come to its end")
	}
	return clean.record, clean.result
}

// TestEmulator: every case passes on the clean emulator.
func TestEmulator(t *testing.T) {
	t.Parallel()
	_, c := cleanRun(t)
	byGroup := map[string][]results.CaseResult{}
	var order []string
	for _, r := range c.Cases {
		if byGroup[r.Group] == nil {
			order = append(order, r.Group)
		}
		byGroup[r.Group] = append(byGroup[r.Group], r)
	}
	for _, g := range order {
		t.Run(g, func(t *testing.T) {
			for _, r := range byGroup[g] {
				t.Run(r.ID, func(t *testing.T) { mustPass(t, r) })
			}
		})
	}
	if len(c.Left) > 0 {
		t.Errorf("left behind: %v", c.Left)
	}
	if got := conformance.Verdict(c); got != results.Pass {
		t.Errorf("verdict %s, want pass; counts %v", got, c.Counts)
	}
	proofs.clean = "clean"
	if by := caughtBy(c); len(by) > 0 {
		proofs.clean = fmt.Sprintf("NOT CLEAN: %v", by)
	}
}

func mustPass(t *testing.T, r results.CaseResult) {
	t.Helper()
	if r.Verdict != results.CasePass {
		t.Errorf("%s: %s\n  expected %s\n  observed %s\n  differs  %q\n  reason   %s",
			r.ID, r.Verdict, r.Expected, r.Observed, r.Differs, r.Reason)
	}
	if r.Verdict == results.CasePass && (r.Observed == "" || r.Requests == 0) {
		t.Errorf("%s passed without an observation or a request: %+v", r.ID, r)
	}
}
