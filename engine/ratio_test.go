package engine_test

import (
	"crypto/hmac"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/engine"
)

var ratios = flag.Bool("ratios", false, "print the table of speeds measured side by side")

// contender is one way to do count MACs.
type contender struct {
	name  string
	count int
	run   func()
}

// interleave gives each contender many short turns in rotation, so that what
// disturbs the machine disturbs all, and returns the 2nd percentile of each in
// nanoseconds per MAC.
func interleave(turns int, contenders []contender) []float64 {
	const turn = 30 * time.Microsecond
	times, repeat := make([][]float64, len(contenders)), make([]int, len(contenders))
	for i, c := range contenders {
		c.run()
		start := time.Now()
		c.run()
		repeat[i] = max(1, int(turn/max(1, time.Since(start))))
	}
	for range turns {
		for i, c := range contenders {
			start := time.Now()
			for range repeat[i] {
				c.run()
			}
			times[i] = append(times[i], float64(time.Since(start).Nanoseconds())/float64(repeat[i]*c.count))
		}
	}
	low := make([]float64, len(contenders))
	for i := range times {
		slices.Sort(times[i])
		low[i] = times[i][turns/50]
	}
	return low
}

// TestRatios prints, for people, every implementation beside crypto/hmac.
func TestRatios(t *testing.T) {
	if !*ratios {
		t.Skip("needs -ratios")
	}
	for _, alg := range engine.Algorithms() {
		for _, size := range benchSizes {
			msg, dst := pattern(size, 2), make([]byte, 0, 64)
			h := hmac.New(standard[alg], pattern(32, 1))
			list := []contender{{"crypto-hmac", 1, func() {
				h.Reset()
				h.Write(msg)
				h.Sum(dst)
			}}}
			for _, impl := range engine.Impls() {
				if !impl.Supports(alg) {
					continue
				}
				k := mustKey(t, impl, alg, pattern(32, 1))
				tag := k.Sum(nil, msg)
				chained := slices.Clone(msg)
				list = append(list, contender{impl.Name(), 1, func() { k.Sum(dst, msg) }},
					contender{impl.Name() + "-chained", 1, func() { copy(chained, k.Sum(dst, chained)) }},
					contender{impl.Name() + "-verify", 1, func() { k.Verify(msg, tag) }})
			}
			low := interleave(400, list)
			for i, c := range list {
				fmt.Printf("%s size=%-5d %-24s %8.1f ns  %5.2fx\n", alg, size, c.name, low[i], low[0]/low[i])
			}
		}
	}
}

// TestBatchRatios prints every implementation's batches beside its single calls:
// jobs over 8 keys, of one size or of mixed sizes.
func TestBatchRatios(t *testing.T) {
	if !*ratios {
		t.Skip("needs -ratios")
	}
	for _, alg := range engine.Algorithms() {
		for _, load := range batchLoads {
			for _, impl := range engine.Impls() {
				if impl.Supports(alg) {
					printBatchRatio(t, impl, alg, load)
				}
			}
		}
	}
}

// batchLoad is a batch of n messages of first to last bytes.
type batchLoad struct{ n, first, last int }

func (l batchLoad) String() string { return fmt.Sprintf("n=%d/size=%d-%d", l.n, l.first, l.last) }

var batchLoads = []batchLoad{
	{1, 32, 32}, {1, 64, 64}, {2, 32, 32}, {3, 64, 64}, {4, 64, 64}, {5, 64, 64}, {6, 64, 64}, {8, 64, 64},
	{9, 64, 64}, {12, 64, 64}, {16, 64, 64}, {4, 1024, 1024}, {16, 4096, 4096},
	{128, 32, 32}, {128, 64, 64}, {128, 256, 256}, {128, 1024, 1024}, {128, 4096, 4096},
	{16, 1, 128}, {128, 1, 128}, {512, 1, 128}, {512, 1, 512}, {512, 1, 4096},
}

func (l batchLoad) jobs(t testing.TB, impl engine.Impl, alg engine.Algorithm) []engine.Job {
	random := rand.New(rand.NewPCG(1, 2))
	var jobs []engine.Job
	for i := range l.n {
		msg := pattern(l.first+random.IntN(l.last-l.first+1), byte(i))
		jobs = append(jobs, engine.Job{Key: mustKey(t, impl, alg, pattern(32, byte(i%8))), Msg: msg})
	}
	for i := 8; i < len(jobs); i++ {
		jobs[i].Key = jobs[i%8].Key
	}
	return jobs
}

func printBatchRatio(t *testing.T, impl engine.Impl, alg engine.Algorithm, l batchLoad) {
	jobs, b := l.jobs(t, impl, alg), engine.NewBatch()
	dst := make([]byte, 0, l.n*64)
	low := interleave(200, []contender{
		{"single", l.n, func() {
			to := dst
			for i := range jobs {
				to = jobs[i].Key.Sum(to, jobs[i].Msg)
			}
		}},
		{"batch", l.n, func() { b.Sum(dst, jobs) }},
	})
	fmt.Printf("%s %-24s %-14s single %8.1f ns  batch %8.1f ns  %5.2fx\n", alg, l, impl, low[0], low[1], low[0]/low[1])
}
