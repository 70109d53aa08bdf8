package lanes

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

var many512 = []batch512{
	{name: "avx512x8", one: Single512VL, many: Lanes512x8},
	{name: "avx2x4", one: Single512BMI2, many: Lanes512x4},
}

// batch512 runs a batch by a pair of kernels.
type batch512 struct {
	*Batch512
	name string
	one  Single512
	many Lanes512
	jobs []Job512
	tags [][64]byte
}

func (b *batch512) available() bool {
	return b.one.Available() && b.many.Available()
}

// sum computes the tags of messages, with keys by turns.
func (b *batch512) sum(mids []*Mid512, msgs [][]byte) [][64]byte {
	b.jobs = b.jobs[:0]
	for i, msg := range msgs {
		b.jobs = append(b.jobs, Job512{mids[i%len(mids)], msg})
	}
	b.tags = slices.Grow(b.tags[:0], len(msgs)+1)[:len(msgs)+1]
	b.tags[len(msgs)] = canary512
	b.Sum(b.tags[:len(msgs)], b.jobs)
	return b.tags[:len(msgs)]
}

// canary512 stands behind the tags.
var canary512 = [64]byte{0: 0xa5, 31: 1, 63: 0x5a}

// eachBatch512 runs f for every pair of kernels this CPU has.
func eachBatch512(t *testing.T, f func(t *testing.T, b *batch512)) {
	t.Helper()
	for _, k := range many512 {
		t.Run(k.name, func(t *testing.T) {
			if !k.available() {
				t.Skip("not on this CPU")
			}
			k.Batch512 = NewBatch512(k.many, k.one)
			f(t, &k)
		})
	}
}

// keys512 is a set of keys of both hashes.
type keys512 struct {
	hash   []hash512
	secret [][]byte
	mid    []*Mid512
}

func makeKeys512(t testing.TB, rng *rand.Rand, n int) *keys512 {
	k := new(keys512)
	for i := range n {
		h := hashes512[i%2]
		secret := bytesFrom(rng, 1+rng.IntN(200))
		k.hash = append(k.hash, h)
		k.secret = append(k.secret, secret)
		k.mid = append(k.mid, h.mid(t, secret))
	}
	return k
}

// check sums the messages, with keys by turns, and compares with the oracle.
func (k *keys512) check(t *testing.T, b *batch512, msgs [][]byte) {
	t.Helper()
	tags := b.sum(k.mid, msgs)
	if tags[:len(msgs)+1][len(msgs)] != canary512 {
		t.Fatal("wrote behind the tags")
	}
	for i, msg := range msgs {
		h := k.hash[i%len(k.mid)]
		got := tags[i][:h.size]
		if want := h.want(k.secret[i%len(k.mid)], msg); !bytes.Equal(got, want) {
			t.Fatalf("job %d of %d, %s, %d bytes: got %x, want %x", i, len(msgs), h.name, len(msg), got, want)
		}
	}
}

func TestBatch512EveryLength(t *testing.T) {
	eachBatch512(t, func(t *testing.T, b *batch512) {
		rng := rngFor(t)
		k := makeKeys512(t, rng, 5)
		buf := bytesFrom(rng, 4160+64)
		step := 1
		if testing.Short() {
			step = 7
		}
		for n := 0; n <= 4160; n += step {
			at := n % 64
			msgs := make([][]byte, 1+n%40)
			for i := range msgs {
				msgs[i] = buf[at+i%7 : at+i%7+max(0, n-i%7)]
			}
			k.check(t, b, msgs)
		}
	})
}

func TestBatch512Borders(t *testing.T) {
	borders := []int{0, 1, 47, 48, 63, 64, 65, 110, 111, 112, 113, 127, 128, 129, 191, 192, 193, 239, 240, 255, 256, 257, 320}
	eachBatch512(t, func(t *testing.T, b *batch512) {
		rng := rngFor(t)
		k := makeKeys512(t, rng, 3)
		buf := bytesFrom(rng, 1000)
		for count := 1; count <= 40; count++ {
			for _, n := range borders {
				msgs := make([][]byte, count)
				for i := range msgs {
					msgs[i] = buf[i : i+n]
				}
				k.check(t, b, msgs)
				for i := range msgs {
					n := borders[rng.IntN(len(borders))]
					msgs[i] = buf[i : i+n]
				}
				k.check(t, b, msgs)
			}
		}
	})
}

func TestBatch512Mixed(t *testing.T) {
	eachBatch512(t, func(t *testing.T, b *batch512) {
		rng := rngFor(t)
		k := makeKeys512(t, rng, 9)
		buf := bytesFrom(rng, 40000)
		for trial := range 300 {
			limit := []int{130, 600, 4200, 9000, 30000}[trial%5]
			msgs := make([][]byte, rng.IntN(41))
			for i := range msgs {
				n := rng.IntN(limit)
				at := rng.IntN(100)
				msgs[i] = buf[at : at+n]
			}
			k.check(t, b, msgs)
		}
	})
}

func TestBatch512Alignments(t *testing.T) {
	eachBatch512(t, func(t *testing.T, b *batch512) {
		rng := rngFor(t)
		k := makeKeys512(t, rng, 8)
		buf := bytesFrom(rng, 1000)
		for at := range 64 {
			for _, n := range []int{5, 64, 100, 120, 128, 300} {
				msgs := make([][]byte, 8)
				for i := range msgs {
					msgs[i] = buf[at+i : at+i+n]
				}
				k.check(t, b, msgs)
			}
		}
	})
}

func TestBatch512Wipes(t *testing.T) {
	eachBatch512(t, func(t *testing.T, b *batch512) {
		rng := rngFor(t)
		k := makeKeys512(t, rng, 2)
		msgs := [][]byte{make([]byte, 100), make([]byte, 300), nil, make([]byte, 120), make([]byte, 125)}
		b.sum(k.mid, msgs)
		if b.memory.work != (scratch512{}) || b.junk != ([64]byte{}) || b.Batch512.jobs != nil || b.Batch512.tags != nil {
			t.Fatal("the batch still holds something")
		}
	})
}

func TestBatch512DoesNotAllocate(t *testing.T) {
	eachBatch512(t, func(t *testing.T, b *batch512) {
		k := makeKeys512(t, rngFor(t), 8)
		msgs := make([][]byte, 37)
		for i := range msgs {
			msgs[i] = make([]byte, 600*i)
		}
		if n := testing.AllocsPerRun(20, func() {
			b.sum(k.mid, msgs)
		}); n != 0 {
			t.Fatalf("%v allocations", n)
		}
	})
}

func BenchmarkBatch512(b *testing.B) {
	for _, k := range many512 {
		if !k.available() {
			continue
		}
		k.Batch512 = NewBatch512(k.many, k.one)
		var mids []*Mid512
		for i := range 8 {
			mids = append(mids, hashes512[0].mid(b, []byte{byte(i)}))
		}
		for _, n := range []int{1, 2, 3, 4, 8, 16, 128} {
			for _, size := range []int{32, 64, 256, 1024, 4096} {
				msgs := make([][]byte, n)
				for i := range msgs {
					msgs[i] = make([]byte, size)
				}
				k.sum(mids, msgs)
				b.Run(fmt.Sprintf("impl=%s/batch=%d/size=%d", k.name, n, size), func(b *testing.B) {
					b.SetBytes(int64(n * size))
					b.ReportAllocs()
					for b.Loop() {
						k.Sum(k.tags[:n], k.jobs)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/MAC")
				})
			}
		}
	}
}
