package engine_test

import (
	"bytes"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/engine"
)

// TestUnderGarbageCollection computes with messages on growing stacks and
// short-lived heap memory while the collector runs all the time and goroutines
// are preempted: where a kernel keeps an address too long, this shows it.
func TestUnderGarbageCollection(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	reach := 300 * time.Millisecond
	if testing.Short() {
		reach = 60 * time.Millisecond
	}
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		secret := pattern(32, 1)
		k := mustKey(t, impl, alg, secret)
		var stop atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			for !stop.Load() {
				runtime.GC()
			}
		})
		for g := range 2 * runtime.GOMAXPROCS(0) {
			wg.Go(func() {
				b := engine.NewEagerBatch()
				for i := 0; !stop.Load(); i++ {
					if !deep(b, k, secret, i%40, g+i) {
						t.Errorf("goroutine %d, turn %d: wrong tag", g, i)
						return
					}
				}
			})
		}
		timer := time.AfterFunc(reach, func() { stop.Store(true) })
		defer timer.Stop()
		wg.Wait()
	})
}

// deep grows the stack by some kilobytes per level before it computes, so that
// the runtime moves the stack with the messages on it, and computes on the way
// back too.
func deep(b *engine.Batch, k *engine.Key, secret []byte, levels, seed int) bool {
	var pad [1024]byte
	pad[seed%len(pad)] = byte(seed)
	if levels > 0 && !deep(b, k, secret, levels-1, seed+1) {
		return false
	}
	alg := k.Algorithm()
	msg := pad[:seed%len(pad)]
	want := oracle(alg, secret, msg)
	var room [64]byte
	if !bytes.Equal(k.Sum(room[:0], msg), want) || !k.Verify(msg, want) {
		return false
	}
	if levels%8 > 0 {
		return true
	}
	var jobs []engine.Job
	var all []byte
	for i := range 11 {
		m := bytes.Clone(pad[:(seed+i*50)%len(pad)])
		jobs = append(jobs, engine.Job{Key: k, Msg: m})
		all = append(all, oracle(alg, secret, m)...)
	}
	return bytes.Equal(b.Sum(nil, jobs), all)
}
