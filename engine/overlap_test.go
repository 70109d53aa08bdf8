package engine_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
)

// TestOverlap: messages may lie in the room that the tags are written to, also
// one in the place of several tags and several in one place.
func TestOverlap(t *testing.T) {
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		secret := pattern(32, 9)
		k, b := mustKey(t, impl, alg, secret), engine.NewBatch()
		for _, n := range []int{1, 2, 3, 5, 8, 17, 70} {
			for _, size := range []int{1, 33, 64, 200} {
				for _, stride := range []int{0, 1, alg.Size(), size, 90} {
					name := fmt.Sprintf("%d messages of %d bytes, %d apart", n, size, stride)
					buf := pattern(n*(stride+64)+size+64, 3)
					var jobs []engine.Job
					var want []byte
					for i := range n {
						msg := buf[5+i*stride:][:size]
						jobs = append(jobs, engine.Job{Key: k, Msg: msg})
						want = append(want, oracle(alg, secret, msg)...)
					}
					if got := b.Sum(buf[:5], jobs); !bytes.Equal(got[5:], want) {
						t.Fatalf("%s: the batch gives wrong tags", name)
					}
				}
			}
		}
		for size := range 200 {
			buf := pattern(300, 4)
			want := oracle(alg, secret, buf[3:][:size])
			if got := k.Sum(buf[:7], buf[3:][:size]); !bytes.Equal(got[7:], want) {
				t.Fatalf("one message of %d bytes: wrong tag", size)
			}
		}
	})
}
