package engine_test

import (
	"crypto/fips140"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
)

func TestChosen(t *testing.T) {
	for _, alg := range engine.Algorithms() {
		c := engine.Chosen(alg)
		t.Logf("%s: %s: %s", alg, c.Impl, c.Reason)
		if !c.Impl.Supports(alg) || c.Reason == "" {
			t.Errorf("%s: chosen %q for the reason %q", alg, c.Impl, c.Reason)
		}
		if again := engine.Chosen(alg); again != c || engine.Default(alg) != c.Impl {
			t.Errorf("%s: chosen %s, then %s, by default %s", alg, c.Impl, again.Impl, engine.Default(alg))
		}
		if fips140.Enabled() && c.Impl.Name() != engine.Stdlib {
			t.Errorf("%s: chosen %s in FIPS mode", alg, c.Impl)
		}
		if c.Impl.Name() == engine.SHA256SIMD {
			t.Errorf("%s: sha256-simd is for cross-checks", alg)
		}
		k, err := engine.NewKey(alg, pattern(32, 1))
		if err != nil || k.Impl() != c.Impl {
			t.Errorf("%s: NewKey gives %v, %v; want a key on %s", alg, k, err, c.Impl)
		}
	}
	if c := engine.Chosen(engine.HMACSHA512 + 1); c != (engine.Choice{}) {
		t.Errorf("chosen for no algorithm: %+v", c)
	}
}
