package engine_test

import (
	"bytes"
	"crypto/fips140"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
)

// TestFIPSModes runs the tests of this package again under each of Go's FIPS
// modes, and the test below that knows what must differ.
func TestFIPSModes(t *testing.T) {
	if fips140.Enabled() {
		t.Skip("this is the inner run")
	}
	self := thisBinary(t)
	for _, mode := range []string{"on", "only"} {
		t.Run(mode, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), self[0], append(self[1:], "-test.v", "-test.short",
				"-test.run=^(TestInsideFIPSMode|TestNewKey.*|TestVerify|TestStream.*|TestSumAppends|TestKey.*|TestChosen|TestBatch.*)$")...)
			cmd.Env = append(os.Environ(), "GODEBUG=fips140="+mode)
			out, err := cmd.CombinedOutput()
			if strings.Contains(string(out), "FIPS 140-3 mode is incompatible") {
				t.Skip("this build of Go has no FIPS mode (purego has none)")
			}
			if err != nil || !strings.Contains(string(out), "--- PASS: TestInsideFIPSMode") {
				t.Errorf("fips140=%s: %v\n%s", mode, err, out)
			}
		})
	}
}

// thisBinary is the command that runs this test again: under make arm64 the
// binary needs the emulator that it runs in.
func thisBinary(t *testing.T) []string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.CommandContext(t.Context(), exe, "-test.list=^$").Run(); errors.Is(err, syscall.ENOEXEC) && runtime.GOARCH == "arm64" {
		return []string{"qemu-aarch64", exe}
	}
	return []string{exe}
}

func TestInsideFIPSMode(t *testing.T) {
	if !fips140.Enabled() {
		t.Skip("TestFIPSModes runs this with FIPS mode on")
	}
	if impls := engine.Impls(); len(impls) != 1 || impls[0].Name() != engine.Stdlib {
		t.Errorf("implementations in FIPS mode: %v, want stdlib alone", impls)
	}
	if _, err := engine.Lookup(engine.SHA256SIMD); err == nil {
		t.Error("sha256-simd can be had in FIPS mode")
	}
	for _, alg := range engine.Algorithms() {
		for n := 1; n <= 20; n++ {
			secret := pattern(n, 1)
			k, err := engine.NewKey(alg, secret)
			if refused := fips140.Enforced() && n < 14; refused != (err != nil) || refused != errors.Is(err, engine.ErrNotApproved) {
				t.Errorf("%s, secret of %d bytes, enforced %t: error %v", alg, n, fips140.Enforced(), err)
			}
			if err != nil {
				continue
			}
			if got, want := k.Sum(nil, secret), oracle(alg, secret, secret); !bytes.Equal(got, want) {
				t.Errorf("%s, secret of %d bytes: got %x, want %x", alg, n, got, want)
			}
		}
		fips140.WithoutEnforcement(func() {
			secret := []byte("short")
			k, err := engine.NewKey(alg, secret)
			if err != nil {
				t.Errorf("%s: short secret without enforcement: %v", alg, err)
				return
			}
			if got, want := k.Sum(nil, secret), oracle(alg, secret, secret); !bytes.Equal(got, want) {
				t.Errorf("%s without enforcement: got %x, want %x", alg, got, want)
			}
		})
	}
}
