package engine_test

import (
	"errors"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
)

func TestImpls(t *testing.T) {
	impls := engine.Impls()
	if impls[0].Name() != engine.Stdlib {
		t.Errorf("first is %s, want %s", impls[0], engine.Stdlib)
	}
	seen := map[string]bool{}
	for _, impl := range impls {
		if seen[impl.Name()] {
			t.Errorf("%s is listed twice", impl)
		}
		seen[impl.Name()] = true
		if got, err := engine.Lookup(impl.Name()); err != nil || got != impl {
			t.Errorf("Lookup(%s): got %s, %v", impl, got, err)
		}
		if impl.Supports(0) || impl.Supports(engine.HMACSHA512+1) {
			t.Errorf("%s supports what is no algorithm", impl)
		}
		one := false
		for _, alg := range engine.Algorithms() {
			one = one || impl.Supports(alg)
		}
		if !one {
			t.Errorf("%s is listed but supports nothing", impl)
		}
	}
	for _, alg := range engine.Algorithms() {
		if !impls[0].Supports(alg) {
			t.Errorf("stdlib does not do %s", alg)
		}
		if d := engine.Default(alg); !d.Supports(alg) || !seen[d.Name()] {
			t.Errorf("default for %s is %q", alg, d)
		}
	}
}

func TestUnavailable(t *testing.T) {
	for _, m := range engine.Unavailable() {
		if m.Name == "" || m.Reason == "" {
			t.Errorf("missing implementation without name or reason: %+v", m)
		}
		if _, err := engine.Lookup(m.Name); !errors.Is(err, engine.ErrUnavailable) {
			t.Errorf("Lookup(%s): got %v, want %v", m.Name, err, engine.ErrUnavailable)
		}
	}
	for _, name := range []string{"", "STDLIB", "stdlib ", "no such"} {
		if _, err := engine.Lookup(name); !errors.Is(err, engine.ErrUnavailable) {
			t.Errorf("Lookup(%q): got %v, want %v", name, err, engine.ErrUnavailable)
		}
	}
	var none engine.Impl
	if none.Name() != "" || none.Supports(engine.HMACSHA256) || engine.Default(0) != none {
		t.Errorf("the zero Impl is %q; default of no algorithm is %q", none, engine.Default(0))
	}
}

func TestSHA256SIMDDoesOnlySHA256(t *testing.T) {
	impl, err := engine.Lookup(engine.SHA256SIMD)
	if err != nil {
		t.Skipf("not here: %v", err)
	}
	for _, alg := range engine.Algorithms() {
		if got, want := impl.Supports(alg), alg == engine.HMACSHA256; got != want {
			t.Errorf("Supports(%s) = %t, want %t", alg, got, want)
		}
	}
}
