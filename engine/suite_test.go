package engine_test

import (
	"bytes"
	"flag"
	"fmt"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
)

// long makes the suite try every length, alignment and batch size instead of a
// stride: minutes instead of a second.
var long = flag.Bool("long", false, "try everything instead of a stride")

// prover is what the suite holds against published answers and crypto/hmac: one
// way to compute one algorithm. The engine's implementations are provers, and
// so are the broken doubles that the suite must refuse.
type prover interface {
	// key makes a secret ready; keys of one prover may be mixed.
	key(secret []byte) (any, error)
	sum(key any, dst, msg []byte) []byte
	verify(key any, msg, tag []byte) bool
	// batch appends the tags of all messages in order.
	batch(dst []byte, keys []any, msgs [][]byte) []byte
}

// implProver is an implementation of the engine.
type implProver struct {
	impl engine.Impl
	alg  engine.Algorithm
	b    *engine.Batch
	jobs []engine.Job
}

func newImplProver(impl engine.Impl, alg engine.Algorithm) *implProver {
	return &implProver{impl: impl, alg: alg, b: engine.NewEagerBatch()}
}

func (p *implProver) key(secret []byte) (any, error) { return p.impl.NewKey(p.alg, secret) }

func (p *implProver) sum(key any, dst, msg []byte) []byte { return key.(*engine.Key).Sum(dst, msg) }

func (p *implProver) verify(key any, msg, tag []byte) bool {
	return key.(*engine.Key).Verify(msg, tag)
}

func (p *implProver) batch(dst []byte, keys []any, msgs [][]byte) []byte {
	p.jobs = p.jobs[:0]
	for i, k := range keys {
		p.jobs = append(p.jobs, engine.Job{Key: k.(*engine.Key), Msg: msgs[i]})
	}
	return p.b.Sum(dst, p.jobs)
}

// eachProver runs f for every implementation here and algorithm.
func eachProver(t *testing.T, f func(t *testing.T, alg engine.Algorithm, p prover)) {
	t.Helper()
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		f(t, alg, newImplProver(impl, alg))
	})
}

// someKeys are secrets shorter than, as long as, and longer than a block.
func someKeys(alg engine.Algorithm) [][]byte {
	return [][]byte{pattern(32, 11), pattern(alg.BlockSize(), 12), pattern(alg.BlockSize()+1, 13)}
}

// checkLengths holds p against crypto/hmac at every stride-th length up to last,
// at each of the alignments, singly and in batches of each of the sizes: once
// with all messages of one length, once with lengths that go on counting. The
// bytes around tags must stay as they were.
func checkLengths(p prover, alg engine.Algorithm, last, stride int, alignments, sizes []int) error {
	c := &lengthCheck{p: p, alg: alg, last: last}
	if err := c.prepare(); err != nil {
		return err
	}
	for n := 0; n <= last; n += stride {
		for _, a := range alignments {
			if err := c.single(n, a); err != nil {
				return err
			}
		}
		for _, size := range sizes {
			for at := 0; at < len(alignments); at += size {
				if err := c.many(n, 0, size, alignments[at:]); err != nil {
					return err
				}
				if err := c.many(n, stride, size, alignments[at:]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

type lengthCheck struct {
	p     prover
	alg   engine.Algorithm
	last  int
	keys  []any
	want  [][][]byte // by key and length
	arena [64][]byte // the same bytes at each distance from a multiple of 64
	out   []byte
	// of the batch at hand
	lengths []int
	some    []any
	msgs    [][]byte
}

// prepare asks the oracle once per key and length: the bytes of a message
// depend on its length alone.
func (c *lengthCheck) prepare() error {
	master := pattern(c.last, 21)
	for a := range c.arena {
		c.arena[a] = append(aligned(c.last + 64)[:a:c.last+64], master...)[a:]
	}
	for _, secret := range someKeys(c.alg) {
		k, err := c.p.key(secret)
		if err != nil {
			return err
		}
		c.keys = append(c.keys, k)
		want := make([][]byte, c.last+1)
		for n := range want {
			want[n] = oracle(c.alg, secret, master[:n])
		}
		c.want = append(c.want, want)
	}
	return nil
}

// aligned returns n bytes whose address is a multiple of 64.
func aligned(n int) []byte {
	b := make([]byte, n+64)
	for at := range 64 {
		if address(b[at:])%64 == 0 {
			return b[at : at+n : at+n]
		}
	}
	panic("no multiple of 64 among 64 addresses")
}

func (c *lengthCheck) single(n, alignment int) error {
	i := n % len(c.keys)
	msg, want := c.arena[alignment][:n:n], c.want[i][n]
	out := c.canary(1)
	got := c.p.sum(c.keys[i], out[:canarySize], msg)
	if err := c.compare(got, want); err != nil {
		return fmt.Errorf("%d bytes at alignment %d: %w", n, alignment, err)
	}
	if !c.p.verify(c.keys[i], msg, want) {
		return fmt.Errorf("%d bytes at alignment %d: right tag refused", n, alignment)
	}
	return nil
}

func (c *lengthCheck) many(n, step, size int, alignments []int) error {
	c.lengths, c.some, c.msgs = c.lengths[:0], c.some[:0], c.msgs[:0]
	for i := range size {
		length := (n + i*step) % (c.last + 1)
		c.lengths = append(c.lengths, length)
		c.some = append(c.some, c.keys[i%len(c.keys)])
		c.msgs = append(c.msgs, c.arena[alignments[i%len(alignments)]][:length:length])
	}
	out := c.canary(size)
	got := c.p.batch(out[:canarySize], c.some, c.msgs)
	if len(got) != canarySize+size*c.alg.Size() {
		return fmt.Errorf("batch of %d: %d bytes of tags", size, len(got)-canarySize)
	}
	for i, length := range c.lengths {
		tag := got[canarySize+i*c.alg.Size():][:c.alg.Size()]
		if want := c.want[i%len(c.keys)][length]; !bytes.Equal(tag, want) {
			return fmt.Errorf("batch of %d from %d bytes, step %d, alignments from %d, job %d of %d bytes: got %x, want %x",
				size, n, step, alignments[0], i, length, tag, want)
		}
	}
	if err := c.untouched(got, size); err != nil {
		return fmt.Errorf("batch of %d: %w", size, err)
	}
	return nil
}

const canarySize = 16

// canary returns room for n tags between canaries.
func (c *lengthCheck) canary(n int) []byte {
	size := 2*canarySize + n*c.alg.Size()
	if cap(c.out) < size {
		c.out = make([]byte, size)
	}
	c.out = c.out[:size]
	for i := range c.out {
		c.out[i] = 0xc5
	}
	return c.out
}

func (c *lengthCheck) compare(got, want []byte) error {
	if len(got) != canarySize+len(want) || !bytes.Equal(got[canarySize:], want) {
		return fmt.Errorf("got %x, want %x", got[min(canarySize, len(got)):], want)
	}
	return c.untouched(got, 1)
}

// untouched looks at the canaries around n tags.
func (c *lengthCheck) untouched(got []byte, n int) error {
	if &got[0] != &c.out[0] {
		return fmt.Errorf("tags were not appended in place")
	}
	for _, b := range [][]byte{c.out[:canarySize], c.out[canarySize+n*c.alg.Size():]} {
		if len(bytes.Trim(b, "\xc5")) > 0 {
			return fmt.Errorf("bytes beside the tags changed: %x", c.out)
		}
	}
	return nil
}
