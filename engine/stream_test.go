package engine_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
)

func TestStreamSplits(t *testing.T) {
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		secret, msg := pattern(40, 1), pattern(2*alg.BlockSize()+3, 2)
		k := mustKey(t, impl, alg, secret)
		want := oracle(alg, secret, msg)
		for i := 0; i <= len(msg); i++ {
			for j := i; j <= len(msg); j += 1 + len(msg)/29 {
				s := k.Stream()
				for _, part := range [][]byte{msg[:i], msg[i:j], nil, msg[j:]} {
					if n, err := s.Write(part); n != len(part) || err != nil {
						t.Fatalf("Write of %d bytes: %d, %v", len(part), n, err)
					}
				}
				if got := s.Sum(nil); !bytes.Equal(got, want) {
					t.Fatalf("split at %d and %d: got %x, want %x", i, j, got, want)
				}
				s.Release()
			}
		}
	})
}

func TestStreamGoesOnAfterSum(t *testing.T) {
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		secret, msg := pattern(40, 3), pattern(300, 4)
		k := mustKey(t, impl, alg, secret)
		s := k.Stream()
		defer s.Release()
		var w io.Writer = s
		for i := range msg {
			prefix := []byte("prefix")
			want := append([]byte("prefix"), oracle(alg, secret, msg[:i])...)
			if got := s.Sum(prefix); !bytes.Equal(got, want) {
				t.Fatalf("after %d bytes: got %x, want %x", i, got, want)
			}
			if got := k.Sum(nil, msg[:i]); !bytes.Equal(got, want[6:]) {
				t.Fatalf("Sum beside the stream after %d bytes: got %x, want %x", i, got, want[6:])
			}
			w.Write(msg[i : i+1])
		}
	})
}

func TestStreamPanics(t *testing.T) {
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		k := mustKey(t, impl, alg, pattern(32, 5))
		released := k.Stream()
		released.Release()
		next := k.Stream() // may hold the released state
		defer next.Release()
		late := mustKey(t, impl, alg, pattern(32, 6))
		orphan := late.Stream()
		late.Destroy()
		var zero engine.Stream
		for name, tc := range map[string]struct {
			f    func()
			want string
		}{
			"Write":         {func() { released.Write(nil) }, "engine: Stream.Write: stream is released"},
			"Sum":           {func() { released.Sum(nil) }, "engine: Stream.Sum: stream is released"},
			"Release":       {func() { released.Release() }, "engine: Stream.Release: stream is released"},
			"key destroyed": {func() { orphan.Sum(nil) }, "engine: Stream.Sum: key is destroyed"},
			"zero":          {func() { zero.Write(nil) }, "engine: Stream.Write: stream was not made by Key.Stream"},
		} {
			if got := panicText(tc.f); got != tc.want {
				t.Errorf("%s: panic %q, want %q", name, got, tc.want)
			}
		}
		orphan.Release()
	})
}
