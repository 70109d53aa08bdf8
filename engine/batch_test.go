package engine_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
)

// mixedJobs makes n jobs with lengths from lengths in turn, over some keys of
// each implementation and algorithm here, and the tags that must come out.
func mixedJobs(t testing.TB, n int, lengths ...int) (jobs []engine.Job, want [][]byte) {
	t.Helper()
	type keyed struct {
		key    *engine.Key
		secret []byte
	}
	var keys []keyed
	for _, impl := range engine.Impls() {
		for _, alg := range engine.Algorithms() {
			for i := 0; i < 2 && impl.Supports(alg); i++ {
				secret := pattern(20+90*i, byte(len(keys)))
				keys = append(keys, keyed{mustKey(t, impl, alg, secret), secret})
			}
		}
	}
	for i := range n {
		k := keys[i*7%len(keys)]
		msg := pattern(lengths[i%len(lengths)], byte(i))
		jobs = append(jobs, engine.Job{Key: k.key, Msg: msg})
		want = append(want, oracle(k.key.Algorithm(), k.secret, msg))
	}
	return jobs, want
}

func TestBatchMixed(t *testing.T) {
	b := engine.NewBatch()
	for _, n := range []int{0, 1, 2, 3, 7, 8, 9, 40, 129} {
		jobs, want := mixedJobs(t, n, 0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 1000, 5)
		prefix := []byte("prefix")
		got := b.Sum(prefix, jobs)
		if w := append(prefix[:6:6], bytes.Join(want, nil)...); !bytes.Equal(got, w) {
			t.Fatalf("%d jobs: got %x, want %x", n, got, w)
		}
		ok := make([]bool, n)
		b.Verify(ok, jobs, want)
		for i := range ok {
			if !ok[i] {
				t.Errorf("%d jobs: right tag %d refused", n, i)
			}
		}
		for i := range want {
			bad := bytes.Clone(want[i])
			bad[i%len(bad)] ^= 1 << (i % 8)
			tags := append([][]byte(nil), want...)
			tags[i] = bad
			b.Verify(ok, jobs, tags)
			for j := range ok {
				if ok[j] != (j != i) {
					t.Fatalf("%d jobs, tag %d wrong: ok[%d] = %t", n, i, j, ok[j])
				}
			}
		}
	}
}

func TestBatchVerifyLengths(t *testing.T) {
	jobs, want := mixedJobs(t, 24, 10, 100)
	ok, b := make([]bool, len(jobs)), engine.NewBatch()
	for cut := range 65 {
		tags := make([][]byte, len(jobs))
		for i := range tags {
			tags[i] = append(bytes.Clone(want[i]), make([]byte, 65)...)[:cut]
		}
		b.Verify(ok, jobs, tags)
		for i := range ok {
			if ok[i] != (cut == len(want[i])) {
				t.Fatalf("job %d of %s, tag of %d bytes: ok %t", i, jobs[i].Key.Algorithm(), cut, ok[i])
			}
		}
	}
	b.Verify(ok, jobs, make([][]byte, len(jobs)))
	for i := range ok {
		if ok[i] {
			t.Errorf("job %d: nil tag accepted", i)
		}
	}
}

func TestBatchPanics(t *testing.T) {
	jobs, tags := mixedJobs(t, 5, 10)
	dead := mustKey(t, jobs[0].Key.Impl(), jobs[0].Key.Algorithm(), []byte("0123456789abcdef"))
	dead.Destroy()
	with := func(i int, k *engine.Key) []engine.Job {
		j := append([]engine.Job(nil), jobs...)
		j[i].Key = k
		return j
	}
	ok := make([]bool, 5)
	b := engine.NewBatch()
	for name, tc := range map[string]struct {
		f    func()
		want string
	}{
		"Sum nil":          {func() { b.Sum(nil, with(3, nil)) }, "engine: Batch.Sum: jobs[3].Key is nil"},
		"Sum destroyed":    {func() { b.Sum(nil, with(4, dead)) }, "engine: Batch.Sum: jobs[4].Key is destroyed"},
		"Verify nil":       {func() { b.Verify(ok, with(0, nil), tags) }, "engine: Batch.Verify: jobs[0].Key is nil"},
		"Verify destroyed": {func() { b.Verify(ok, with(1, dead), tags) }, "engine: Batch.Verify: jobs[1].Key is destroyed"},
		"ok short":         {func() { b.Verify(ok[:4], jobs, tags) }, "engine: Batch.Verify: ok has 4 elements for 5 jobs"},
		"ok long":          {func() { b.Verify(make([]bool, 6), jobs, tags) }, "engine: Batch.Verify: ok has 6 elements for 5 jobs"},
		"tags short":       {func() { b.Verify(ok, jobs, tags[:0]) }, "engine: Batch.Verify: tags has 0 elements for 5 jobs"},
		"tags nil":         {func() { b.Verify(ok, jobs, nil) }, "engine: Batch.Verify: tags has 0 elements for 5 jobs"},
		"none but ok":      {func() { b.Verify(ok, nil, nil) }, "engine: Batch.Verify: ok has 5 elements for 0 jobs"},
	} {
		if got := panicText(tc.f); got != tc.want {
			t.Errorf("%s: panic %q, want %q", name, got, tc.want)
		}
	}
	for i := range ok {
		if ok[i] {
			t.Errorf("a refused Verify set ok[%d]", i)
		}
	}
	b.Verify(nil, nil, nil)
	if got := new(engine.Batch).Sum(nil, jobs); !bytes.Equal(got, bytes.Join(tags, nil)) {
		t.Error("after panics: wrong tags from a zero Batch")
	}
}

// TestBatchOverlap lets the tags land on messages: one message in the place of
// several tags, several in one place.
func TestBatchOverlap(t *testing.T) {
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		secret := pattern(32, 9)
		k, b := mustKey(t, impl, alg, secret), engine.NewBatch()
		for _, n := range []int{1, 2, 3, 5, 8, 20, 70} {
			for _, size := range []int{1, 33, 64, 200} {
				for _, stride := range []int{0, 1, alg.Size(), size, 90} {
					buf := pattern(n*(stride+64)+size+64, 3)
					var jobs []engine.Job
					var want []byte
					for i := range n {
						msg := buf[5+i*stride:][:size]
						jobs = append(jobs, engine.Job{Key: k, Msg: msg})
						want = append(want, oracle(alg, secret, msg)...)
					}
					if got := b.Sum(buf[:5], jobs); !bytes.Equal(got[5:], want) {
						t.Fatalf("%d messages of %d bytes, %d apart: wrong tags", n, size, stride)
					}
				}
			}
		}
	})
}

func TestBatchAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool drop values at random")
	}
	jobs, tags := mixedJobs(t, 100, 0, 64, 100, 1000)
	b, dst, ok := engine.NewBatch(), make([]byte, 0, 100*64), make([]bool, 100)
	for _, n := range []int{1, 3, 100} {
		for name, f := range map[string]func(){
			"Sum":    func() { b.Sum(dst, jobs[:n]) },
			"Verify": func() { b.Verify(ok[:n], jobs[:n], tags[:n]) },
		} {
			f()
			if got := testing.AllocsPerRun(50, f); got != 0 {
				t.Errorf("%s of %d jobs allocates %v times", name, n, got)
			}
		}
	}
}

func ExampleBatch() {
	key, err := engine.NewKey(engine.HMACSHA256, []byte("Jefe"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer key.Destroy()
	jobs := []engine.Job{
		{Key: key, Msg: []byte("what do ya want ")},
		{Key: key, Msg: []byte("for nothing?")},
	}
	b := engine.NewBatch()
	tags := b.Sum(nil, jobs)
	fmt.Printf("%x\n%x\n", tags[:32], tags[32:])
	ok := make([]bool, 2)
	b.Verify(ok, jobs, [][]byte{tags[:32], tags[:32]})
	fmt.Println(ok)
	// Output:
	// b4f901c96804e22a9b5e2e9d945c655c01d5987121cec6f55ff5f5beaed22e4f
	// 5b76684e3845b690044b079f63c0392cd40e45659f876d7db1bbbeb8d22efffa
	// [true false]
}
