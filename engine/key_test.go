package engine_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"sync"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
)

// The oracle: crypto/hmac over standard hashes, never the engine.
var standard = map[engine.Algorithm]func() hash.Hash{
	engine.HMACSHA224: sha256.New224,
	engine.HMACSHA256: sha256.New,
	engine.HMACSHA384: sha512.New384,
	engine.HMACSHA512: sha512.New,
}

func oracle(alg engine.Algorithm, secret, msg []byte) []byte {
	h := hmac.New(standard[alg], secret)
	h.Write(msg)
	return h.Sum(nil)
}

// eachImpl runs f for every implementation here and algorithm it supports.
func eachImpl(t *testing.T, f func(t *testing.T, impl engine.Impl, alg engine.Algorithm)) {
	t.Helper()
	ran := 0
	for _, impl := range engine.Impls() {
		for _, alg := range engine.Algorithms() {
			if !impl.Supports(alg) {
				continue
			}
			ran++
			t.Run(fmt.Sprintf("impl=%s/alg=%s", impl, alg), func(t *testing.T) { f(t, impl, alg) })
		}
	}
	if ran < len(engine.Algorithms()) {
		t.Fatalf("ran %d implementations and algorithms, want at least the %d of stdlib", ran, len(engine.Algorithms()))
	}
}

func mustKey(t testing.TB, impl engine.Impl, alg engine.Algorithm, secret []byte) *engine.Key {
	t.Helper()
	k, err := impl.NewKey(alg, secret)
	if err != nil {
		t.Fatalf("NewKey(%s, %d bytes) on %s: %v", alg, len(secret), impl, err)
	}
	return k
}

// pattern is a message or secret of n bytes in which no two blocks are equal.
func pattern(n int, seed byte) []byte {
	b := make([]byte, n)
	x := uint32(seed) + 1
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

func TestSecretLengths(t *testing.T) {
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		msg := pattern(77, 1)
		for n := 1; n <= 3*alg.BlockSize()+1; n++ {
			secret := pattern(n, 2)
			k := mustKey(t, impl, alg, secret)
			if got, want := k.Sum(nil, msg), oracle(alg, secret, msg); !bytes.Equal(got, want) {
				t.Fatalf("secret of %d bytes: got %x, want %x", n, got, want)
			}
		}
	})
}

func TestNewKeyDoesNotKeepSecret(t *testing.T) {
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		for _, n := range []int{16, alg.BlockSize(), alg.BlockSize() + 1} {
			secret, msg := pattern(n, 3), []byte("message")
			want := oracle(alg, secret, msg)
			k := mustKey(t, impl, alg, secret)
			clear(secret)
			if got := k.Sum(nil, msg); !bytes.Equal(got, want) {
				t.Errorf("secret of %d bytes changed after NewKey: got %x, want %x", n, got, want)
			}
		}
	})
}

func TestNewKeyRefuses(t *testing.T) {
	stdlib, err := engine.Lookup(engine.Stdlib)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		impl   engine.Impl
		alg    engine.Algorithm
		secret []byte
		want   error
	}{
		"algorithm zero":        {stdlib, 0, []byte("k"), engine.ErrUnknownAlgorithm},
		"algorithm past last":   {stdlib, engine.HMACSHA512 + 1, []byte("k"), engine.ErrUnknownAlgorithm},
		"algorithm largest":     {stdlib, 255, []byte("k"), engine.ErrUnknownAlgorithm},
		"nil secret":            {stdlib, engine.HMACSHA256, nil, engine.ErrEmptySecret},
		"empty secret":          {stdlib, engine.HMACSHA256, []byte{}, engine.ErrEmptySecret},
		"implementation zero":   {engine.Impl{}, engine.HMACSHA256, []byte("k"), engine.ErrUnavailable},
		"algorithm comes first": {engine.Impl{}, 0, nil, engine.ErrUnknownAlgorithm},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := tc.impl.NewKey(tc.alg, tc.secret)
			if k != nil || !errors.Is(err, tc.want) {
				t.Errorf("got %v, %v; want nil and %v", k, err, tc.want)
			}
		})
	}
	if _, err := engine.NewKey(0, []byte("k")); !errors.Is(err, engine.ErrUnknownAlgorithm) {
		t.Errorf("NewKey of no algorithm: got %v, want %v", err, engine.ErrUnknownAlgorithm)
	}
	if _, err := engine.NewKey(engine.HMACSHA384, nil); !errors.Is(err, engine.ErrEmptySecret) {
		t.Errorf("NewKey of no secret: got %v, want %v", err, engine.ErrEmptySecret)
	}
}

func TestSumAppends(t *testing.T) {
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		secret := pattern(32, 4)
		k := mustKey(t, impl, alg, secret)
		want := oracle(alg, secret, nil)
		for _, msg := range [][]byte{nil, {}} {
			if got := k.Sum(nil, msg); !bytes.Equal(got, want) {
				t.Errorf("empty message (nil: %t): got %x, want %x", msg == nil, got, want)
			}
		}
		buf := bytes.Repeat([]byte{0xa5}, 5+alg.Size()+7)
		got := k.Sum(buf[:5], nil)
		if &got[0] != &buf[0] || len(got) != 5+alg.Size() {
			t.Errorf("Sum did not append in place: length %d", len(got))
		}
		if !bytes.Equal(got[5:], want) {
			t.Errorf("got %x, want %x", got[5:], want)
		}
		rest := append(append([]byte(nil), buf[:5]...), buf[5+alg.Size():]...)
		if !bytes.Equal(rest, bytes.Repeat([]byte{0xa5}, 12)) {
			t.Errorf("bytes beside the tag changed: %x", rest)
		}
		exact := make([]byte, 3, 3+alg.Size()-1)
		if got := k.Sum(exact, nil); !bytes.Equal(got[3:], want) || cap(exact) != 3+alg.Size()-1 {
			t.Errorf("Sum into too little room: got %x, want %x", got[3:], want)
		}
	})
}

func TestSumOverlap(t *testing.T) {
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		secret := pattern(20, 5)
		k := mustKey(t, impl, alg, secret)
		for _, n := range []int{1, alg.Size(), 200} {
			for shift := range 9 {
				buf := pattern(n+shift+alg.Size(), 6)
				msg := buf[:n]
				want := oracle(alg, secret, msg)
				at := min(n, shift)
				if got := k.Sum(buf[at:at], msg); !bytes.Equal(got, want) {
					t.Fatalf("message of %d bytes, tag at %d: got %x, want %x", n, at, got, want)
				}
			}
		}
	})
}

func TestVerify(t *testing.T) {
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		secret, msg := pattern(32, 7), pattern(100, 8)
		k := mustKey(t, impl, alg, secret)
		tag := oracle(alg, secret, msg)
		if !k.Verify(msg, tag) {
			t.Fatal("right tag refused")
		}
		for bit := range 8 * len(tag) {
			bad := bytes.Clone(tag)
			bad[bit/8] ^= 1 << (bit % 8)
			if k.Verify(msg, bad) {
				t.Errorf("tag with bit %d flipped accepted", bit)
			}
		}
		for n := range len(tag) {
			if k.Verify(msg, tag[:n]) {
				t.Errorf("tag cut to %d bytes accepted", n)
			}
		}
		for _, more := range []int{1, 4, 64} {
			if k.Verify(msg, append(bytes.Clone(tag), make([]byte, more)...)) {
				t.Errorf("tag with %d bytes more accepted", more)
			}
		}
		if k.Verify(msg, nil) || k.Verify(nil, tag) {
			t.Error("nil tag, or tag of another message, accepted")
		}
	})
}

func panicText(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return ""
}

func TestKeyPanics(t *testing.T) {
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		dead := mustKey(t, impl, alg, []byte("0123456789abcdef"))
		tag := dead.Sum(nil, nil)
		dead.Destroy()
		dead.Destroy() // again does nothing
		var none *engine.Key
		none.Destroy()
		for name, tc := range map[string]struct {
			f    func()
			want string
		}{
			"Sum nil":          {func() { none.Sum(nil, nil) }, "engine: Key.Sum: key is nil"},
			"Verify nil":       {func() { none.Verify(nil, tag) }, "engine: Key.Verify: key is nil"},
			"Stream nil":       {func() { none.Stream() }, "engine: Key.Stream: key is nil"},
			"Sum destroyed":    {func() { dead.Sum(nil, nil) }, "engine: Key.Sum: key is destroyed"},
			"Verify destroyed": {func() { dead.Verify(nil, tag) }, "engine: Key.Verify: key is destroyed"},
			"Stream destroyed": {func() { dead.Stream() }, "engine: Key.Stream: key is destroyed"},
			"Sum zero":         {func() { new(engine.Key).Sum(nil, nil) }, "engine: Key.Sum: key is destroyed"},
		} {
			if got := panicText(tc.f); got != tc.want {
				t.Errorf("%s: panic %q, want %q", name, got, tc.want)
			}
		}
		if dead.Algorithm() != alg || dead.Impl() != impl {
			t.Errorf("a destroyed key forgot what it was: %s on %s", dead.Algorithm(), dead.Impl())
		}
	})
}

func TestKeyConcurrent(t *testing.T) {
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		secret := pattern(32, 9)
		k := mustKey(t, impl, alg, secret)
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				var buf [64]byte
				for i := range 200 {
					msg := pattern(i*3+g, byte(g))
					want := oracle(alg, secret, msg)
					s := k.Stream()
					s.Write(msg)
					if got := k.Sum(buf[:0], msg); !bytes.Equal(got, want) || !k.Verify(msg, want) {
						t.Errorf("goroutine %d message %d: got %x, want %x", g, i, got, want)
					}
					if got := s.Sum(buf[:0]); !bytes.Equal(got, want) {
						t.Errorf("goroutine %d stream %d: got %x, want %x", g, i, got, want)
					}
					s.Release()
				}
			})
		}
		wg.Wait()
	})
}
