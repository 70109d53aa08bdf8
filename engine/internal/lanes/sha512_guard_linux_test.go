package lanes

import (
	"bytes"
	"os"
	"testing"
)

func TestSingle512GuardPages(t *testing.T) {
	eachSingle512(t, func(t *testing.T, s Single512, h hash512) {
		rng := rngFor(t)
		page := guarded(t, os.Getpagesize())
		copy(page, bytesFrom(rng, len(page)))
		secret := bytesFrom(rng, 32)
		mid := h.mid(t, secret)
		for n := 0; n <= 600; n++ {
			for _, msg := range [][]byte{page[len(page)-n:], page[:n]} {
				var got [64]byte
				s.Sum(mid, msg, &got)
				if want := h.want(secret, msg); !bytes.Equal(got[:h.size], want) {
					t.Fatalf("%d bytes: got %x, want %x", n, got[:h.size], want)
				}
			}
		}
	})
}

// Messages that end where readable memory does, in every lane.
func TestBatch512GuardPages(t *testing.T) {
	eachBatch512(t, func(t *testing.T, b *batch512) {
		rng := rngFor(t)
		k := makeKeys512(t, rng, 8)
		page := guarded(t, os.Getpagesize())
		copy(page, bytesFrom(rng, len(page)))
		for n := range 400 {
			msgs := make([][]byte, 8)
			for i := range msgs {
				m := max(0, n-i*(n%3))
				msgs[i] = page[len(page)-m:]
				if i%4 == 3 {
					msgs[i] = page[:m]
				}
			}
			k.check(t, b, msgs)
		}
	})
}
