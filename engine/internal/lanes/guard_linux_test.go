package lanes

import (
	"bytes"
	"os"
	"syscall"
	"testing"
)

// guarded is size bytes between two pages that must not be touched.
func guarded(t *testing.T, size int) []byte {
	t.Helper()
	page := os.Getpagesize()
	mem, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(mem) })
	for _, at := range []int{0, page + size} {
		if err := syscall.Mprotect(mem[at:at+page], syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return mem[page : page+size : page+size]
}

func TestSingle256GuardPages(t *testing.T) {
	eachSingle256(t, func(t *testing.T, s Single256, h hash256) {
		rng := rngFor(t)
		page := guarded(t, os.Getpagesize())
		copy(page, bytesFrom(rng, len(page)))
		secret := bytesFrom(rng, 32)
		mid := h.mid(t, secret)
		for n := 0; n <= 300; n++ {
			for _, msg := range [][]byte{page[len(page)-n:], page[:n]} {
				var got [32]byte
				s.Sum(mid, msg, &got)
				if want := h.want(secret, msg); !bytes.Equal(got[:h.size], want) {
					t.Fatalf("%d bytes: got %x, want %x", n, got[:h.size], want)
				}
			}
		}
	})
}

func TestBatch256GuardPages(t *testing.T) {
	eachMany256(t, func(t *testing.T, m Many256, h hash256) {
		rng := rngFor(t)
		page := guarded(t, os.Getpagesize())
		copy(page, bytesFrom(rng, len(page)))
		b := NewBatch256()
		for n := 0; n <= 200; n++ {
			var jobs []testJob
			for i := range 10 {
				secret := bytesFrom(rng, 32)
				jobs = append(jobs, testJob{secret, page[len(page)-n:]}, testJob{secret, page[:n]}, testJob{secret, page[i : i+n]})
			}
			checkBatch(t, b, m, h, jobs)
		}
	})
}
