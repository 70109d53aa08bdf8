package engine_test

import (
	"bytes"
	"crypto/hmac"
	"flag"
	"fmt"
	"hash"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/engine"
)

// soak is 10 million for `make engine-soak`. A failure prints the seed that
// repeats it.
var (
	soak     = flag.Int("soak", 20_000, "random jobs per implementation and algorithm")
	soakSeed = flag.Uint64("soak-seed", 1, "seed of the random jobs")
)

// TestSoak holds random jobs against crypto/hmac, in batches of random size
// mixed with single calls: any key, any length to two pages with short ones
// preferred, any alignment, any order.
func TestSoak(t *testing.T) {
	jobs := *soak
	if testing.Short() {
		jobs = min(jobs, 2000)
	}
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		start, s := time.Now(), newSoaker(t, impl, alg)
		for s.done < jobs {
			if err := s.turn(); err != "" {
				t.Fatalf("seed %d, after %d jobs: %s", *soakSeed, s.done, err)
			}
		}
		t.Logf("%d jobs, 0 wrong, %.1f s", s.done, time.Since(start).Seconds())
	})
}

type soaker struct {
	random *rand.Rand
	keys   []*engine.Key
	oracle []hash.Hash
	buf    []byte
	b      *engine.Batch // takes turns with other: one eager, one as users have it
	other  *engine.Batch
	jobs   []engine.Job
	want   []byte
	tags   [][]byte
	ok     []bool
	got    []byte
	done   int
}

func newSoaker(t *testing.T, impl engine.Impl, alg engine.Algorithm) *soaker {
	s := &soaker{random: rand.New(rand.NewPCG(*soakSeed, uint64(alg))), b: engine.NewEagerBatch(), other: engine.NewBatch()}
	s.buf = pattern(1<<14, byte(*soakSeed))
	for i := range 64 {
		secret := pattern(1+s.random.IntN(200), byte(i))
		s.keys = append(s.keys, mustKey(t, impl, alg, secret))
		s.oracle = append(s.oracle, hmac.New(standard[alg], secret))
	}
	return s
}

// turn tries one batch and returns what was wrong with it.
func (s *soaker) turn() string {
	s.b, s.other = s.other, s.b
	n := 1 + s.random.IntN([]int{4, 17, 40, 200}[s.random.IntN(4)])
	s.plan(n)
	size := len(s.want) / n
	s.got = s.b.Sum(s.got[:0], s.jobs)
	for i := range n {
		if want := s.tags[i]; !bytes.Equal(s.got[i*size:][:size], want) {
			return s.describe("batch", i, s.got[i*size:][:size], want)
		}
	}
	wrong := s.random.IntN(n)
	s.tags[wrong][s.random.IntN(size)] ^= 1 << s.random.IntN(8)
	s.b.Verify(s.ok, s.jobs, s.tags)
	for i, ok := range s.ok {
		if ok != (i != wrong) {
			return s.describe("batch verify", i, nil, s.tags[i])
		}
	}
	i := s.random.IntN(n)
	j := s.jobs[i]
	if single := j.Key.Sum(nil, j.Msg); j.Key.Verify(j.Msg, s.tags[i]) != (i != wrong) || !bytes.Equal(single, s.got[i*size:][:size]) {
		return s.describe("single", i, single, s.got[i*size:][:size])
	}
	s.done += n
	return ""
}

// plan makes n jobs and their tags by the oracle. Every fourth batch has one
// length only, so that whole groups meet one shape.
func (s *soaker) plan(n int) {
	s.jobs, s.want, s.tags, s.ok = s.jobs[:0], s.want[:0], s.tags[:0], make([]bool, n)
	least, reach := 0, []int{17, 70, 140, 140, 300, 700, 1100}[s.random.IntN(7)]
	if s.random.IntN(50) == 0 {
		reach = 8192
	}
	if s.random.IntN(4) == 0 {
		least, reach = s.random.IntN(reach), 1
	}
	for range n {
		key, at := s.random.IntN(len(s.keys)), s.random.IntN(1<<12)
		msg := s.buf[at:][:least+s.random.IntN(reach)]
		s.jobs = append(s.jobs, engine.Job{Key: s.keys[key], Msg: msg})
		h := s.oracle[key]
		h.Reset()
		h.Write(msg)
		s.want = h.Sum(s.want)
	}
	size := len(s.want) / n
	for i := range n {
		s.tags = append(s.tags, s.want[i*size:][:size])
	}
}

func (s *soaker) describe(what string, i int, got, want []byte) string {
	return fmt.Sprintf("%s of %d, job %d of %d bytes: got %x, want %x", what, len(s.jobs), i, len(s.jobs[i].Msg), got, want)
}
