package lanes

import (
	"bytes"
	"crypto/hmac"
	"fmt"
	"testing"
	"unsafe"
)

var singles512 = []struct {
	name string
	s    Single512
}{
	{"avx512vl", Single512VL},
	{"avx2", Single512BMI2},
}

// eachSingle512 runs f for every kernel this CPU has and each hash.
func eachSingle512(t *testing.T, f func(t *testing.T, s Single512, h hash512)) {
	t.Helper()
	for _, k := range singles512 {
		for _, h := range hashes512 {
			t.Run(k.name+"/"+h.name, func(t *testing.T) {
				if !k.s.Available() {
					t.Skip("not on this CPU")
				}
				f(t, k.s, h)
			})
		}
	}
}

func TestSingle512EveryLength(t *testing.T) {
	eachSingle512(t, func(t *testing.T, s Single512, h hash512) {
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
			var got [72]byte
			for i := range got {
				got[i] = 0xa5
			}
			s.Sum(mid, msg, (*[64]byte)(got[:64]))
			if !bytes.Equal(got[:h.size], want) {
				t.Fatalf("%d bytes at offset %d: got %x, want %x", n, at, got[:h.size], want)
			}
			if !bytes.Equal(got[64:], bytes.Repeat([]byte{0xa5}, 8)) {
				t.Fatalf("%d bytes: wrote behind the tag", n)
			}
			if !s.Verify(mid, msg, want) {
				t.Fatalf("%d bytes: right tag refused", n)
			}
		}
	})
}

func TestSingle512EveryAlignment(t *testing.T) {
	eachSingle512(t, func(t *testing.T, s Single512, h hash512) {
		rng := rngFor(t)
		secret := bytesFrom(rng, 100)
		mid := h.mid(t, secret)
		buf := bytesFrom(rng, 500)
		for n := range 300 {
			for at := range 64 {
				msg := buf[at : at+n]
				var got [64]byte
				s.Sum(mid, msg, &got)
				if want := h.want(secret, msg); !bytes.Equal(got[:h.size], want) {
					t.Fatalf("%d bytes at offset %d: got %x, want %x", n, at, got[:h.size], want)
				}
			}
		}
	})
}

func TestSingle512Long(t *testing.T) {
	eachSingle512(t, func(t *testing.T, s Single512, h hash512) {
		rng := rngFor(t)
		secret := bytesFrom(rng, 32)
		mid := h.mid(t, secret)
		before := *mid
		buf := bytesFrom(rng, 3*maxCall512+200)
		for _, n := range []int{maxCall512 - 1, maxCall512, maxCall512 + 1, maxCall512 + 111, maxCall512 + 112, maxCall512 + 128, 2 * maxCall512, 2*maxCall512 + 1, 3*maxCall512 + 200} {
			var got [64]byte
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

func TestSingle512NilMessage(t *testing.T) {
	eachSingle512(t, func(t *testing.T, s Single512, h hash512) {
		mid := h.mid(t, []byte("k"))
		var got [64]byte
		s.Sum(mid, nil, &got)
		if want := h.want([]byte("k"), nil); !bytes.Equal(got[:h.size], want) {
			t.Fatalf("got %x, want %x", got[:h.size], want)
		}
	})
}

func TestSingle512VerifyRefuses(t *testing.T) {
	eachSingle512(t, func(t *testing.T, s Single512, h hash512) {
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
		for _, n := range []int{0, 1, 47, 48, 63, 64, 65} {
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

func TestSingle512DoesNotAllocate(t *testing.T) {
	eachSingle512(t, func(t *testing.T, s Single512, h hash512) {
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

func TestSingle512UnknownPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Fatal("no panic")
		}
	}()
	var tag [64]byte
	Single512(0).Sum(new(Mid512), nil, &tag)
}

func BenchmarkSingle512(b *testing.B) {
	for _, k := range singles512 {
		if !k.s.Available() {
			continue
		}
		for _, n := range []int{32, 64, 256, 1024, 4096} {
			mid := hashes512[0].mid(b, []byte("key"))
			msg := make([]byte, n)
			mac := hmac.New(hashes512[0].new, []byte("key"))
			b.Run(fmt.Sprintf("impl=stdlib/size=%d", n), func(b *testing.B) {
				b.SetBytes(int64(n))
				var tag [64]byte
				for b.Loop() {
					mac.Reset()
					mac.Write(msg)
					mac.Sum(tag[:0])
				}
			})
			b.Run(fmt.Sprintf("impl=%s/size=%d", k.name, n), func(b *testing.B) {
				b.SetBytes(int64(n))
				b.ReportAllocs()
				var tag [64]byte
				for b.Loop() {
					k.s.Sum(mid, msg, &tag)
				}
			})
			b.Run(fmt.Sprintf("impl=%s/chained/size=%d", k.name, n), func(b *testing.B) {
				b.SetBytes(int64(n))
				var tag [64]byte
				for b.Loop() {
					k.s.Sum(mid, msg, &tag)
					copy(msg, tag[:])
				}
			})
		}
	}
}

// The kernels read these fields.
func TestMid512Layout(t *testing.T) {
	var m Mid512
	for _, f := range []struct {
		name      string
		got, want uintptr
	}{
		{"inner", unsafe.Offsetof(m.inner), 0},
		{"outer", unsafe.Offsetof(m.outer), 64},
		{"size", unsafe.Offsetof(m.size), 128},
	} {
		if f.got != f.want {
			t.Errorf("%s lies at %d, want %d", f.name, f.got, f.want)
		}
	}
}
