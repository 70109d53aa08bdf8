package conformance_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// TestNewKeyDecides: the engine's tags come from the keys that the caller makes,
// and an engine without a key accuses nobody.
func TestNewKeyDecides(t *testing.T) {
	stdlib, err := engine.Lookup(engine.Stdlib)
	if err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int64
	rows := []struct {
		name   string
		newKey func(engine.Algorithm, []byte) (*engine.Key, error)
		want   results.CaseVerdict
		calls  int64
		differ string
	}{
		{"default", nil, results.CasePass, 0, ""},
		{"stdlib", func(alg engine.Algorithm, secret []byte) (*engine.Key, error) {
			calls.Add(1)
			return stdlib.NewKey(alg, secret)
		}, results.CasePass, 1, ""},
		{"none", func(engine.Algorithm, []byte) (*engine.Key, error) {
			calls.Add(1)
			return nil, errors.New("no key today")
		}, results.CaseInconclusive, 1, "no key today"},
		{"wrong", func(alg engine.Algorithm, secret []byte) (*engine.Key, error) {
			calls.Add(1)
			return stdlib.NewKey(alg, append([]byte{1}, secret...))
		}, results.CaseInconclusive, 1, "package engine is wrong on this vector"},
	}
	tgt := serve(t, kmsemu.Options{})
	for _, row := range rows {
		calls.Store(0)
		o := whole()
		o.Cases, o.Differential, o.NewKey = []string{"RFC-1-SHA256"}, 0, row.newKey
		c := run(t, tgt, o)
		if len(c.Cases) != 1 || c.Cases[0].Verdict != row.want || calls.Load() != row.calls {
			t.Errorf("%s: %+v with %d keys made, want %s with %d", row.name, c.Cases, calls.Load(), row.want, row.calls)
			continue
		}
		if got := c.Cases[0].Reason; !strings.Contains(got, row.differ) {
			t.Errorf("%s: %q, want %q in it", row.name, got, row.differ)
		}
	}
}
