//go:build linux || darwin

package engine_test

import (
	"bytes"
	"os"
	"syscall"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
)

// guarded is one page between two that nobody may touch: a read past a message
// or a write past a tag ends the test.
func guarded(t *testing.T) []byte {
	t.Helper()
	page := os.Getpagesize()
	mem, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(mem) })
	for _, at := range []int{0, 2 * page} {
		if err := syscall.Mprotect(mem[at:at+page], syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return mem[page : 2*page : 2*page]
}

// TestGuardPages puts messages, secrets and tags at both ends of a page.
func TestGuardPages(t *testing.T) {
	in, out := guarded(t), guarded(t)
	copy(in, pattern(len(in), 1))
	step := 1
	if testing.Short() {
		step = 3
	}
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		dst := out[len(out)-alg.Size():]
		for n := 1; n <= 2*alg.BlockSize()+70; n += step {
			secret := in[len(in)-n:]
			k := mustKey(t, impl, alg, secret)
			for _, msg := range [][]byte{in[len(in)-n:], in[:n], in[len(in):], in[n%64:]} {
				want := oracle(alg, secret, msg)
				if got := k.Sum(dst[:0], msg); !bytes.Equal(got, want) || &got[0] != &dst[0] {
					t.Fatalf("%d bytes: got %x, want %x", len(msg), got, want)
				}
				if !k.Verify(msg, dst) {
					t.Fatalf("%d bytes: right tag refused", len(msg))
				}
			}
		}
	})
}

// TestGuardPagesBatch has every message of a batch end or begin at a guard page.
func TestGuardPagesBatch(t *testing.T) {
	in, out := guarded(t), guarded(t)
	copy(in, pattern(len(in), 1))
	step := 5
	if testing.Short() {
		step = 31
	}
	b := engine.NewEagerBatch()
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		secret := pattern(32, 2)
		k := mustKey(t, impl, alg, secret)
		for _, size := range []int{1, 3, 8, 9, 19} {
			for n := 0; n <= 2*alg.BlockSize()+70; n += step {
				var jobs []engine.Job
				var want []byte
				for i := range size {
					msg := in[len(in)-(n+i*(n%3)):]
					if i%2 == 1 {
						msg = in[:n+i*(n%3)]
					}
					jobs = append(jobs, engine.Job{Key: k, Msg: msg})
					want = append(want, oracle(alg, secret, msg)...)
				}
				dst := out[len(out)-len(want):]
				if got := b.Sum(dst[:0], jobs); !bytes.Equal(got, want) || &got[0] != &dst[0] {
					t.Fatalf("batch of %d from %d bytes: got %x, want %x", size, n, got, want)
				}
			}
		}
	})
}
