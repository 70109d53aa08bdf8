package engine_test

import (
	"crypto/hmac"
	"fmt"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
)

var benchSizes = []int{32, 64, 256, 1024, 4096}

// benchEach runs f for every implementation, algorithm and size.
func benchEach(b *testing.B, f func(b *testing.B, k *engine.Key, size int)) {
	for _, impl := range engine.Impls() {
		for _, alg := range engine.Algorithms() {
			if !impl.Supports(alg) {
				continue
			}
			k := mustKey(b, impl, alg, pattern(32, 1))
			for _, size := range benchSizes {
				b.Run(fmt.Sprintf("impl=%s/alg=%s/size=%d", impl, alg, size), func(b *testing.B) {
					b.ReportAllocs()
					b.SetBytes(int64(size))
					f(b, k, size)
				})
			}
		}
	}
}

func BenchmarkSum(b *testing.B) {
	benchEach(b, func(b *testing.B, k *engine.Key, size int) {
		msg, dst := pattern(size, 2), make([]byte, 0, 64)
		for b.Loop() {
			k.Sum(dst, msg)
		}
	})
}

// BenchmarkSumChained makes each message depend on the tag before it.
func BenchmarkSumChained(b *testing.B) {
	benchEach(b, func(b *testing.B, k *engine.Key, size int) {
		msg, dst := pattern(size, 2), make([]byte, 0, 64)
		for b.Loop() {
			copy(msg, k.Sum(dst, msg))
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	benchEach(b, func(b *testing.B, k *engine.Key, size int) {
		msg := pattern(size, 2)
		tag := k.Sum(nil, msg)
		for b.Loop() {
			if !k.Verify(msg, tag) {
				b.Fatal("right tag refused")
			}
		}
	})
}

func BenchmarkBatch(b *testing.B) {
	for _, impl := range engine.Impls() {
		for _, alg := range engine.Algorithms() {
			for _, l := range batchLoads {
				if !impl.Supports(alg) || l.n < 8 {
					continue
				}
				b.Run(fmt.Sprintf("impl=%s/alg=%s/%s", impl, alg, l), func(b *testing.B) {
					jobs, batch, dst := l.jobs(b, impl, alg), engine.NewBatch(), make([]byte, 0, l.n*64)
					var size int64
					for _, j := range jobs {
						size += int64(len(j.Msg))
					}
					b.ReportAllocs()
					b.SetBytes(size)
					for b.Loop() {
						batch.Sum(dst, jobs)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*l.n), "ns/MAC")
				})
			}
		}
	}
}

// BenchmarkReused is the peer: crypto/hmac, one state reset for each message.
func BenchmarkReused(b *testing.B) {
	for _, alg := range engine.Algorithms() {
		for _, size := range benchSizes {
			b.Run(fmt.Sprintf("impl=crypto-hmac/alg=%s/size=%d", alg, size), func(b *testing.B) {
				h := hmac.New(standard[alg], pattern(32, 1))
				msg, dst := pattern(size, 2), make([]byte, 0, 64)
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					h.Reset()
					h.Write(msg)
					h.Sum(dst)
				}
			})
		}
	}
}
