package engine

import (
	"flag"
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"
)

var timing = flag.Bool("timing", false, "run the timing test (a minute; wants an idle core)")

// The bounds of the test by Reparaz, Balasch and Verbauwhede, "Dude, is my code
// constant time?" (2017): beyond maxT the two classes differ. A control that
// leaks must reach minControlT, or the test proves nothing.
const (
	maxT        = 4.5
	minControlT = 50
	samples     = 200_000
)

// welch is Welch's t of two classes, computed as samples arrive.
type welch struct {
	n, mean, m2 [2]float64
}

func (w *welch) add(class int, x float64) {
	w.n[class]++
	d := x - w.mean[class]
	w.mean[class] += d / w.n[class]
	w.m2[class] += d * (x - w.mean[class])
}

func (w *welch) t() float64 {
	variance := func(c int) float64 { return w.m2[c] / (w.n[c] - 1) / w.n[c] }
	return (w.mean[0] - w.mean[1]) / math.Sqrt(variance(0)+variance(1))
}

// leak measures run on two classes of input, chosen by coin for each sample and
// prepared before the clock starts. What the machine disturbs is cut off at
// several quantiles of a first part of the samples, each a test of its own; the
// largest |t| is returned.
func leak(seed uint64, prepare func(class int), run func()) float64 {
	const n = samples
	random := rand.New(rand.NewPCG(seed, 2))
	sample := func() (int, float64) {
		class := random.IntN(2)
		prepare(class)
		start := time.Now()
		run()
		return class, float64(time.Since(start).Nanoseconds())
	}
	var first []float64
	for range n / 20 {
		_, x := sample()
		first = append(first, x)
	}
	slices.Sort(first)
	quantiles := []float64{0.5, 0.8, 0.95, 0.99}
	tests := make([]welch, len(quantiles))
	for range n {
		class, x := sample()
		for i, q := range quantiles {
			if x <= first[int(q*float64(len(first)))] {
				tests[i].add(class, x)
			}
		}
	}
	worst := 0.0
	for i := range tests {
		if t := tests[i].t(); math.Abs(t) > math.Abs(worst) {
			worst = t
		}
	}
	return worst
}

// TestTiming compares, for each implementation: a fixed and a random message,
// alone and in a batch; a fixed and a random secret; a tag wrong in its first
// and in its last byte; a right and a wrong tag.
//
// One sample is one MAC, or one batch where a batch has kernels of its own. Where
// the hash is another package's, what it does with message and secret is printed
// and not judged: Go's SHA-512 for AVX2 gives |t| of 4 to 8 on a Zen 4, which is
// 0.1 ns of 400, and so it does under crypto/hmac alone.
func TestTiming(t *testing.T) {
	if !*timing {
		t.Skip("needs -timing")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	judged := 0
	for _, impl := range Impls() {
		for _, alg := range Algorithms() {
			if impl.Supports(alg) {
				t.Run(impl.Name()+"/"+alg.String(), func(t *testing.T) { judged += checkTiming(t, impl, alg) })
			}
		}
	}
	if judged == 0 {
		t.Error("nothing was judged")
	}
}

// checkTiming returns how many of the comparisons were judged. A control comes
// before and after: an early-exit compare in the same place must show, or the
// machine was too busy for the others to mean anything.
func checkTiming(t *testing.T, impl Impl, alg Algorithm) (judged int) {
	c := newTimingCase(t, impl, alg)
	c.control(t)
	defer c.control(t)
	for _, s := range []struct {
		name    string
		prepare func(class int)
		run     func()
		ours    bool // also where the hash is another package's
	}{
		{"message", c.message, c.sum, false},
		{"secret", c.secret, c.sum, false},
		{"wrong byte", c.wrongByte, c.verify, true},
		{"right tag", c.rightTag, c.verify, true},
		{"message in batch", c.message, c.batch, false},
	} {
		if s.name == "message in batch" && !impl.p.kernels.batch() {
			continue // the same code as for one message
		}
		worst := math.Abs(persistent(t, s.name, s.prepare, s.run))
		if !s.ours && !impl.p.kernels.any() {
			continue
		}
		judged++
		if !(worst < maxT) { // NaN included
			t.Errorf("%s: |t| is %.2f, want under %.1f", s.name, worst, maxT)
		}
	}
	return judged
}

// control measures an early-exit compare.
func (c *timingCase) control(t *testing.T) {
	t.Helper()
	got := math.Abs(leak(1, c.wrongByte, c.leakyVerify))
	t.Logf("control, an early-exit compare: |t| = %.1f", got)
	if !(got > minControlT) {
		t.Errorf("|t| of the leaky control is %.1f, want over %d: this machine cannot tell", got, minControlT)
	}
}

// persistent measures up to three times, each with classes of its own, until one
// t is within the bound or points the other way: what leaks has a direction.
// Returned is the smallest |t| of a series that stayed, else what ended it.
func persistent(t *testing.T, name string, prepare func(class int), run func()) float64 {
	var least float64
	for seed := range uint64(3) {
		got := leak(seed, prepare, run)
		t.Logf("%s: t = %.2f", name, got)
		if math.Abs(got) < maxT {
			return got
		}
		if seed > 0 && (got < 0) != (least < 0) {
			t.Logf("%s: the sign changed, so no leak", name)
			return 0
		}
		if seed == 0 || math.Abs(got) < math.Abs(least) {
			least = got
		}
	}
	return least
}

// timingCase holds one place in memory for each input. The classes are made by
// arithmetic alone, with the same instructions on the same memory, so that they
// differ in content and in nothing else.
type timingCase struct {
	key        *Key
	base       *Key // its midstates are made anew for each class
	fixed, msg []byte
	right, tag []byte
	noise      [2 * maxBlockSize]byte
	room       []byte
	random     *rand.ChaCha8
	b          *Batch
	jobs       []Job
	ok         bool
}

func newTimingCase(t *testing.T, impl Impl, alg Algorithm) *timingCase {
	c := &timingCase{room: make([]byte, 0, 16*64), b: NewEagerBatch(), random: rand.NewChaCha8([32]byte{1})}
	c.fixed, c.msg = make([]byte, 100), make([]byte, 100)
	for _, k := range []**Key{&c.key, &c.base} {
		var err error
		if *k, err = impl.NewKey(alg, []byte("a secret of some bytes")); err != nil {
			t.Fatal(err)
		}
	}
	if c.key.mid == nil {
		t.Skip("in FIPS mode the midstates are crypto/hmac's")
	}
	c.right = c.key.Sum(nil, c.msg)
	c.tag = append([]byte(nil), c.right...)
	for range 9 {
		c.jobs = append(c.jobs, Job{c.key, c.msg})
	}
	return c
}

// choose sets dst to base for class 0 and to noise for class 1.
func (c *timingCase) choose(class int, dst, base []byte) {
	c.random.Read(c.noise[:])
	mask := byte(-class)
	for i := range dst {
		dst[i] = base[i] ^ (base[i]^c.noise[i])&mask
	}
}

func (c *timingCase) message(class int) { c.choose(class, c.msg, c.fixed) }

func (c *timingCase) rightTag(class int) { c.choose(class, c.tag, c.right) }

// secret replaces the words of both midstates; what surrounds them stays.
func (c *timingCase) secret(class int) {
	words := c.key.alg.BlockSize() / 2
	c.choose(class, c.key.mid.inner[4:4+words], c.base.mid.inner[4:])
	c.choose(class, c.key.mid.outer[4:4+words], c.base.mid.outer[4:])
	if err := c.key.setKernelForm(); err != nil {
		panic(err)
	}
}

// wrongByte spoils the first byte or the last.
func (c *timingCase) wrongByte(class int) {
	copy(c.tag, c.right)
	c.tag[0] ^= byte(1 - class)
	c.tag[len(c.tag)-1] ^= byte(class)
}

// What is timed.

func (c *timingCase) sum() {
	c.key.Sum(c.room, c.msg)
}

func (c *timingCase) verify() {
	c.ok = c.key.Verify(c.msg, c.tag)
}

func (c *timingCase) batch() { c.b.Sum(c.room, c.jobs) }

// leakyVerify stops at the first byte that differs.
func (c *timingCase) leakyVerify() {
	got := c.key.Sum(c.room, c.msg)
	i := 0
	for i < len(got) && got[i] == c.tag[i] {
		i++
	}
	c.ok = i == len(got)
}
