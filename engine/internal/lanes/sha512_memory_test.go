package lanes

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha512"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"unsafe"
)

// The kernels know these places.
func TestGroup512Layout(t *testing.T) {
	var w scratch512
	var g group512
	for _, f := range []struct {
		name      string
		got, want uintptr
	}{
		{"scratch.state", unsafe.Offsetof(w.state), 0},
		{"scratch.tail", unsafe.Offsetof(w.tail), 512},
		{"scratch.group", unsafe.Offsetof(w.group), 1536},
		{"scratch.left", unsafe.Offsetof(w.left), 1544},
		{"msg", unsafe.Offsetof(g.msg), 0},
		{"mid", unsafe.Offsetof(g.mid), 64},
		{"out", unsafe.Offsetof(g.out), 128},
		{"bits", unsafe.Offsetof(g.bits), 192},
		{"rest", unsafe.Offsetof(g.rest), 256},
		{"mark", unsafe.Offsetof(g.mark), 320},
		{"full", unsafe.Offsetof(g.full), 384},
		{"begin", unsafe.Offsetof(g.begin), 392},
		{"short", unsafe.Offsetof(g.short), 400},
		{"end", unsafe.Offsetof(g.end), 408},
		{"size", unsafe.Sizeof(g), 448},
	} {
		if f.got != f.want {
			t.Errorf("%s lies at %d, want %d", f.name, f.got, f.want)
		}
	}
	if got := []uint64{endNone512, endExact512, endHalf512, endWhole512}; fmt.Sprint(got) != "[0 1 2 3]" {
		t.Errorf("values of end are %d", got)
	}
}

// Messages that a caller made in its own frame, at ever deeper stacks, while
// the collector runs all the time, shrinks stacks and preempts.
func TestBatch512UnderCollector(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	for _, k := range many512 {
		t.Run(k.name, func(t *testing.T) {
			if !k.available() {
				t.Skip("not on this CPU")
			}
			stop := make(chan struct{})
			var collector, workers sync.WaitGroup
			collector.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						runtime.GC()
					}
				}
			})
			for worker := range 4 {
				workers.Go(func() {
					b := NewBatch512(k.many, k.one)
					for trial := range 20 {
						if err := deeper(b, k.one, byte(16*worker+trial), 40); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			workers.Wait()
			close(stop)
			collector.Wait()
		})
	}
}

// deeper computes tags of messages in its frame and calls itself.
//
//go:noinline
func deeper(b *Batch512, one Single512, seed byte, depth int) error {
	if depth == 0 {
		return nil
	}
	var msgs [11][400]byte
	var jobs [11]Job512
	var tags [11][64]byte
	mid, secret := collectorKey(seed)
	for i := range jobs {
		for j := range msgs[i] {
			msgs[i][j] = seed + byte(i*j)
		}
		jobs[i] = Job512{mid, msgs[i][:37*i]}
	}
	b.Sum(tags[:], jobs[:])
	for i := range jobs {
		mac := hmac.New(sha512.New, secret)
		mac.Write(jobs[i].Msg)
		want := mac.Sum(nil)
		if !bytes.Equal(tags[i][:], want) {
			return fmt.Errorf("depth %d, job %d: got %x, want %x", depth, i, tags[i], want)
		}
		var frame [300]byte
		copy(frame[:], jobs[i].Msg)
		var tag [64]byte
		one.Sum(mid, frame[:min(len(jobs[i].Msg), 300)], &tag)
		if len(jobs[i].Msg) <= 300 && !bytes.Equal(tag[:], want) {
			return fmt.Errorf("depth %d, message %d alone: got %x, want %x", depth, i, tag, want)
		}
	}
	return deeper(b, one, seed+1, depth-1)
}

// collectorKey is a key in fresh memory.
func collectorKey(seed byte) (*Mid512, []byte) {
	secret := bytes.Repeat([]byte{seed}, 40)
	return hashes512[0].midstates(secret), secret
}

func FuzzBatch512(f *testing.F) {
	f.Add([]byte("key"), []byte{0, 1, 2, 111, 112, 128}, []byte("message"))
	f.Add([]byte{}, []byte{255, 255, 64, 64, 64, 64, 64, 64, 64, 64}, []byte{0x80})
	f.Fuzz(func(t *testing.T, secret, lengths, fill []byte) {
		if len(lengths) > 100 || len(fill) == 0 {
			return
		}
		buf := bytes.Repeat(fill, 3*255/len(fill)+1)
		for _, k := range many512 {
			if !k.available() {
				continue
			}
			k.Batch512 = NewBatch512(k.many, k.one)
			var msgs [][]byte
			for _, n := range lengths {
				msgs = append(msgs, buf[:3*int(n)])
			}
			h := hashes512[len(secret)%2]
			keys := &keys512{[]hash512{h}, [][]byte{secret}, []*Mid512{h.mid(t, secret)}}
			keys.check(t, &k, msgs)
		}
	})
}
