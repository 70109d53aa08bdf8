package lanes

import (
	"bytes"
	"fmt"
	"testing"
)

var singles256 = []struct {
	name string
	s    Single256
}{
	{"sha-ni", SingleNI},
	{"sha-ni-vl", SingleNIVL},
}

// eachSingle256 runs f for every kernel this CPU has and each hash.
func eachSingle256(t *testing.T, f func(t *testing.T, s Single256, h hash256)) {
	t.Helper()
	for _, k := range singles256 {
		for _, h := range hashes256 {
			t.Run(k.name+"/"+h.name, func(t *testing.T) {
				if !k.s.Available() {
					t.Skip("not on this CPU")
				}
				f(t, k.s, h)
			})
		}
	}
}

func TestSingle256EveryLength(t *testing.T) {
	eachSingle256(t, func(t *testing.T, s Single256, h hash256) {
		rng := rngFor(t)
		secret := bytesFrom(rng, 40)
		mid := h.mid(t, secret)
		buf := bytesFrom(rng, 4160+64)
		step := 1
		if testing.Short() {
			step = 7
		}
		for n := 0; n <= 4160; n += step {
			at := n % 64
			msg := buf[at : at+n]
			want := h.want(secret, msg)
			var got [40]byte
			for i := range got {
				got[i] = 0xa5
			}
			s.Sum(mid, msg, (*[32]byte)(got[:32]))
			if !bytes.Equal(got[:h.size], want) {
				t.Fatalf("%d bytes at offset %d: got %x, want %x", n, at, got[:h.size], want)
			}
			if !bytes.Equal(got[32:], bytes.Repeat([]byte{0xa5}, 8)) {
				t.Fatalf("%d bytes: wrote behind the tag", n)
			}
			if !s.Verify(mid, msg, want) {
				t.Fatalf("%d bytes: right tag refused", n)
			}
		}
	})
}

func TestSingle256EveryAlignment(t *testing.T) {
	eachSingle256(t, func(t *testing.T, s Single256, h hash256) {
		rng := rngFor(t)
		secret := bytesFrom(rng, 100)
		mid := h.mid(t, secret)
		buf := bytesFrom(rng, 400)
		for n := range 150 {
			for at := range 64 {
				msg := buf[at : at+n]
				var got [32]byte
				s.Sum(mid, msg, &got)
				if want := h.want(secret, msg); !bytes.Equal(got[:h.size], want) {
					t.Fatalf("%d bytes at offset %d: got %x, want %x", n, at, got[:h.size], want)
				}
			}
		}
	})
}

func TestSingle256Long(t *testing.T) {
	eachSingle256(t, func(t *testing.T, s Single256, h hash256) {
		rng := rngFor(t)
		secret := bytesFrom(rng, 32)
		mid := h.mid(t, secret)
		before := *mid
		buf := bytesFrom(rng, 3*maxCall+100)
		for _, n := range []int{maxCall - 1, maxCall, maxCall + 1, maxCall + 55, maxCall + 56, maxCall + 64, 2 * maxCall, 2*maxCall + 1, 3*maxCall + 100} {
			var got [32]byte
			s.Sum(mid, buf[:n], &got)
			if want := h.want(secret, buf[:n]); !bytes.Equal(got[:h.size], want) {
				t.Fatalf("%d bytes: got %x, want %x", n, got[:h.size], want)
			}
		}
		if *mid != before {
			t.Fatal("the midstates changed")
		}
	})
}

func TestSingle256NilMessage(t *testing.T) {
	eachSingle256(t, func(t *testing.T, s Single256, h hash256) {
		mid := h.mid(t, []byte("k"))
		var got [32]byte
		s.Sum(mid, nil, &got)
		if want := h.want([]byte("k"), nil); !bytes.Equal(got[:h.size], want) {
			t.Fatalf("got %x, want %x", got[:h.size], want)
		}
	})
}

func TestSingle256VerifyRefuses(t *testing.T) {
	eachSingle256(t, func(t *testing.T, s Single256, h hash256) {
		mid := h.mid(t, []byte("key"))
		msg := []byte("message")
		tag := h.want([]byte("key"), msg)
		for bit := range 8 * len(tag) {
			wrong := bytes.Clone(tag)
			wrong[bit/8] ^= 1 << (bit % 8)
			if s.Verify(mid, msg, wrong) {
				t.Fatalf("tag with bit %d turned was accepted", bit)
			}
		}
		for _, n := range []int{0, 1, 27, 28, 31, 32, 33} {
			if n == h.size {
				continue
			}
			if s.Verify(mid, msg, append(bytes.Clone(tag), make([]byte, 40)...)[:n]) {
				t.Fatalf("tag of %d bytes was accepted", n)
			}
		}
		if s.Verify(mid, msg, nil) {
			t.Fatal("nil tag was accepted")
		}
	})
}

func TestSingle256DoesNotAllocate(t *testing.T) {
	eachSingle256(t, func(t *testing.T, s Single256, h hash256) {
		mid := h.mid(t, []byte("key"))
		msg := make([]byte, 300)
		want := h.want([]byte("key"), msg)
		if n := testing.AllocsPerRun(100, func() {
			if !s.Verify(mid, msg, want) {
				t.Error("right tag refused")
			}
		}); n != 0 {
			t.Fatalf("%v allocations", n)
		}
	})
}

func TestSingle256UnknownPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Fatal("no panic")
		}
	}()
	var tag [32]byte
	Single256(0).Sum(new(Mid256), nil, &tag)
}

func BenchmarkSingle256(b *testing.B) {
	for _, k := range singles256 {
		if !k.s.Available() {
			continue
		}
		for _, n := range []int{32, 64, 256, 1024, 4096} {
			mid := hashes256[0].mid(b, []byte("key"))
			msg := make([]byte, n)
			b.Run(fmt.Sprintf("impl=%s/size=%d", k.name, n), func(b *testing.B) {
				b.SetBytes(int64(n))
				b.ReportAllocs()
				var tag [32]byte
				for b.Loop() {
					k.s.Sum(mid, msg, &tag)
				}
			})
			b.Run(fmt.Sprintf("impl=%s/chained/size=%d", k.name, n), func(b *testing.B) {
				b.SetBytes(int64(n))
				var tag [32]byte
				for b.Loop() {
					k.s.Sum(mid, msg, &tag)
					copy(msg, tag[:])
				}
			})
		}
	}
}
