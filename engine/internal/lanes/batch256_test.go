package lanes

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"
)

var manies256 = []struct {
	name string
	m    Many256
}{
	{"none", 0},
	{"hybrid", ManyHybrid},
	{"pair", ManyPair},
	{"wide16", ManyWide16},
	{"wide8", ManyWide8},
}

func eachMany256(t *testing.T, f func(t *testing.T, m Many256, h hash256)) {
	t.Helper()
	for _, k := range manies256 {
		for _, h := range hashes256 {
			t.Run(k.name+"/"+h.name, func(t *testing.T) {
				if !k.m.Available() || !SingleNI.Available() {
					t.Skip("not on this CPU")
				}
				f(t, k.m, h)
			})
		}
	}
}

type testJob struct{ secret, msg []byte }

// addAll adds jobs and returns their keys, which the caller keeps alive.
func addAll(t *testing.T, b *Batch256, h hash256, jobs []testJob) []*Mid256 {
	t.Helper()
	mids := make([]*Mid256, len(jobs))
	for i, j := range jobs {
		mids[i] = h.mid(t, j.secret)
		b.Add(mids[i], j.msg)
	}
	return mids
}

// checkBatch runs jobs as one batch and compares each tag with crypto/hmac.
func checkBatch(t *testing.T, b *Batch256, m Many256, h hash256, jobs []testJob) {
	t.Helper()
	mids := addAll(t, b, h, jobs)
	b.Run(SingleNI, m)
	runtime.KeepAlive(mids)
	runtime.KeepAlive(jobs)
	for i, j := range jobs {
		got := b.Tags()[32*i:][:h.size]
		if want := h.want(j.secret, j.msg); !bytes.Equal(got, want) {
			t.Fatalf("job %d of %d, %d bytes: got %x, want %x", i, len(jobs), len(j.msg), got, want)
		}
	}
	b.Reset()
}

func randomJobs(rng *rand.Rand, n, maxLen int) []testJob {
	jobs := make([]testJob, n)
	for i := range jobs {
		jobs[i] = testJob{bytesFrom(rng, 1+rng.IntN(100)), bytesFrom(rng, rng.IntN(maxLen+1))}
	}
	return jobs
}

func TestBatch256EveryLength(t *testing.T) {
	eachMany256(t, func(t *testing.T, m Many256, h hash256) {
		rng := rngFor(t)
		b := NewBatch256()
		b.Eager = true
		step := 1
		if testing.Short() {
			step = 31
		}
		for n := 0; n <= 4160; n += step {
			if n > 400 && n%64 > 2 && n%64 < 54 && step == 1 && n%5 != 0 {
				continue
			}
			jobs := make([]testJob, 8+n%10)
			for i := range jobs {
				jobs[i] = testJob{bytesFrom(rng, 32), bytesFrom(rng, n+64)[i:][:n]}
			}
			checkBatch(t, b, m, h, jobs)
		}
	})
}

func TestBatch256EverySize(t *testing.T) {
	eachMany256(t, func(t *testing.T, m Many256, h hash256) {
		rng := rngFor(t)
		b := NewBatch256()
		b.Eager = true
		for n := range 41 {
			for _, maxLen := range []int{0, 64, 128, 300, 2000} {
				checkBatch(t, b, m, h, randomJobs(rng, n, maxLen))
			}
		}
		checkBatch(t, b, m, h, randomJobs(rng, 300, 500))
		for _, n := range []int{0, 64, 128, 192, 4096, 8192} { // more than maxKnown
			jobs := make([]testJob, 75)
			for i := range jobs {
				jobs[i] = testJob{bytesFrom(rng, 32), bytesFrom(rng, n)}
			}
			checkBatch(t, b, m, h, jobs)
		}
		checkBatch(t, b, m, h, randomJobs(rng, 60, 3*maxLane))
	})
}

func BenchmarkBatch256(b *testing.B) {
	h := hashes256[0]
	rng := rngFor(b)
	var mids []*Mid256
	for range 8 {
		mids = append(mids, h.mid(b, bytesFrom(rng, 32)))
	}
	for _, k := range manies256 {
		if !k.m.Available() || !SingleNIVL.Available() {
			continue
		}
		for _, c := range []struct {
			name    string
			n       int
			lo, top int
		}{
			{"n=8/size=64", 8, 64, 64},
			{"n=16/size=64", 16, 64, 64},
			{"n=128/size=32", 128, 32, 32},
			{"n=128/size=64", 128, 64, 64},
			{"n=128/size=256", 128, 256, 256},
			{"n=128/size=1024", 128, 1024, 1024},
			{"n=128/size=4096", 128, 4096, 4096},
			{"n=512/size=1-128", 512, 1, 128},
			{"n=512/size=1-4096", 512, 1, 4096},
		} {
			msgs := make([][]byte, c.n)
			total := 0
			for i := range msgs {
				msgs[i] = bytesFrom(rng, c.lo+rng.IntN(c.top-c.lo+1))
				total += len(msgs[i])
			}
			b.Run("impl="+k.name+"/"+c.name, func(b *testing.B) {
				b.SetBytes(int64(total))
				b.ReportAllocs()
				batch := NewBatch256()
				for b.Loop() {
					for i, m := range msgs {
						batch.Add(mids[i&7], m)
					}
					batch.Run(SingleNIVL, k.m)
					batch.Reset()
				}
				runtime.KeepAlive(mids)
				runtime.KeepAlive(msgs)
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*c.n), "ns/MAC")
			})
		}
	}
}
