package targettest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/inproc"
)

// TestDoublesFail runs, on each broken target, the check that must catch it, in
// virtual time: hours of hanging take none.
func TestDoublesFail(t *testing.T) {
	for _, tt := range doubles {
		t.Run(tt.name+"/"+tt.fails, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &double{Target: inproc.New(inproc.Options{})}
				tt.apply(d)
				failures, skipped := named(t, tt.fails).examine(t.Context(), d, patient)
				if len(failures) == 0 {
					t.Errorf("the check %q passed; skipped: %q", tt.fails, skipped)
				}
				time.Sleep(10_000 * time.Hour) // until the calls that hang are over
			})
		})
	}
}

func named(t *testing.T, name string) check {
	t.Helper()
	i := slices.IndexFunc(checks, func(c check) bool { return c.name == name })
	if i < 0 {
		t.Fatalf("no check %q", name)
	}
	return checks[i]
}

// Every check has a double that it catches: a check that cannot fail is none.
func TestEveryCheckHasADouble(t *testing.T) {
	for _, name := range Checks() {
		if !slices.ContainsFunc(doubles, func(b broken) bool { return b.fails == name }) {
			t.Errorf("no double fails %q", name)
		}
	}
}

func TestInprocPasses(t *testing.T) {
	Run(t, func(*testing.T) target.Target { return inproc.New(inproc.Options{}) })
	synctest.Test(t, func(t *testing.T) {
		report := Examine(t.Context(), func() (target.Target, error) { return inproc.New(inproc.Options{}), nil })
		if len(report.Failures) != 0 || len(report.Skipped) != 0 || report.Checks != len(Checks()) {
			t.Errorf("report = %+v, want %d checks and nothing else", report, len(Checks()))
		}
	})
}

// A target that cannot import is held to consistency, and the report says so.
func TestWithoutImport(t *testing.T) {
	report := Examine(t.Context(), func() (target.Target, error) {
		d := &double{Target: inproc.New(inproc.Options{})}
		d.importer = func(context.Context, string, []byte) error {
			return &target.Error{Kind: target.Unsupported, Operation: "ImportKey"}
		}
		return d, nil
	})
	if len(report.Failures) != 0 {
		t.Errorf("failures = %v", report.Failures)
	}
	var skipped []string
	for _, s := range report.Skipped {
		skipped = append(skipped, s.Check)
	}
	want := []string{"tags/standard library", "tags/RFC 4231", "calls/slices", "calls/concurrency", "admin/import"}
	if !slices.Equal(skipped, want) || report.Checks != len(Checks())-len(want) {
		t.Errorf("skipped %v of %d, want %v", skipped, len(Checks()), want)
	}
}

// bare has no KeyAdmin.
type bare struct{ target.Target }

func TestUselessTargets(t *testing.T) {
	for name, open := range map[string]func() (target.Target, error){
		"no KeyAdmin": func() (target.Target, error) { return bare{inproc.New(inproc.Options{})}, nil },
		"not opened":  func() (target.Target, error) { return nil, errors.New("no") },
	} {
		report := Examine(t.Context(), open)
		for _, check := range Checks() {
			if !report.Failed(check) {
				t.Errorf("%s: the check %q did not fail", name, check)
			}
		}
	}
}

// A check that fails leaves no usable key behind.
func TestKeysAreRemoved(t *testing.T) {
	shared := inproc.New(inproc.Options{})
	report := Examine(t.Context(), func() (target.Target, error) {
		return &double{Target: shared, close: func() error { return nil }}, nil
	})
	if len(report.Failures) > 0 {
		t.Errorf("failures = %v", report.Failures)
	}
	page, err := shared.ListKeys(t.Context(), "", 1000)
	if err != nil || len(page.Keys) < 50 {
		t.Fatalf("%d keys, %v", len(page.Keys), err)
	}
	for _, k := range page.Keys {
		if m, err := shared.DescribeKey(t.Context(), k.KeyID); err != nil || m.State != target.StatePendingDeletion {
			t.Errorf("key %s: %s, %v", k.KeyID, m.State, err)
		}
	}
}

func TestRFC4231Table(t *testing.T) {
	if len(rfc4231) != 7 {
		t.Fatalf("%d cases, want 7", len(rfc4231))
	}
	for _, c := range rfc4231 {
		for i, alg := range engine.Algorithms() {
			want := unhex(c.tags[i])
			if len(want) != alg.Size() && !(c.number == 5 && len(want) == 16) {
				t.Errorf("case %d with %v: tag of %d bytes", c.number, alg, len(want))
			}
			material := c.material(alg)
			if len(material) != alg.Size() {
				t.Errorf("case %d with %v: material of %d bytes", c.number, alg, len(material))
			}
			for what, key := range map[string][]byte{"key": unhex(c.key), "material": material} {
				if got := standard(alg, key, unhex(c.msg)); !bytes.HasPrefix(got, want) {
					t.Errorf("case %d with %v and the %s: %x, want %x", c.number, alg, what, got, want)
				}
			}
		}
	}
}
