package engine_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
)

// TestBatchShapes holds batches in which few messages are much longer than the
// rest against crypto/hmac: what does not fit a group goes one by one, at the
// front, in the middle or at the end of what is sorted.
func TestBatchShapes(t *testing.T) {
	shapes := [][]int{ // pairs: how many of how many bytes
		{1, 4096, 15, 32}, {31, 32, 1, 4096}, {2, 4096, 126, 32}, {1, 20000, 64, 64}, {1, 256, 15, 0},
		{8, 300, 8, 10}, {3, 8192, 3, 8193, 40, 55}, {1, 9000, 1, 5000, 1, 2500, 1, 1200, 60, 100}, {7, 64, 1, 4000, 9, 64},
		{64, 0, 1, 1}, {9, 119, 1, 120, 9, 119}, {16, 448, 1, 447, 15, 64},
	}
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		batches := []*engine.Batch{engine.NewBatch(), engine.NewEagerBatch()}
		for _, shape := range shapes {
			var jobs []engine.Job
			var want []byte
			for at := 0; at < len(shape); at += 2 {
				for i := range shape[at] {
					secret, msg := pattern(20+at, byte(i%3)), pattern(shape[at+1], byte(i))
					jobs = append(jobs, engine.Job{Key: mustKey(t, impl, alg, secret), Msg: msg})
					want = append(want, oracle(alg, secret, msg)...)
				}
			}
			for _, b := range batches {
				if got := b.Sum(nil, jobs); !bytes.Equal(got, want) {
					t.Error(fmt.Sprint("wrong tags for ", shape))
				}
			}
		}
	})
}
