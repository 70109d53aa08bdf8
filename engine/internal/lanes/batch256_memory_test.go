package lanes

import (
	"bytes"
	"runtime"
	"runtime/debug"
	"testing"
)

// grow makes the goroutine's stack grow, and so move, and lets it shrink again.
func grow(depth int) byte {
	var frame [512]byte
	frame[depth%512] = byte(depth)
	if depth > 0 {
		return grow(depth-1) + frame[depth%512]
	}
	return frame[0]
}

// TestBatch256StackMoves adds messages and keys that the compiler could keep on
// the stack, and moves the stack before Run.
func TestBatch256StackMoves(t *testing.T) {
	eachMany256(t, func(t *testing.T, m Many256, h hash256) {
		for round := range 20 {
			done := make(chan string)
			go func() { // a fresh, small stack
				var msgs [24][100]byte
				var mids [24]Mid256
				for i := range msgs {
					for j := range msgs[i] {
						msgs[i][j] = byte(round + i*j)
					}
					mids[i] = *h.mid(t, msgs[i][:20])
				}
				b := NewBatch256()
				for i := range msgs {
					b.Add(&mids[i], msgs[i][:50+i])
				}
				grow(200)
				runtime.GC()
				b.Run(SingleNI, m)
				runtime.KeepAlive(&mids)
				for i := range msgs {
					if want := h.want(msgs[i][:20], msgs[i][:50+i]); !bytes.Equal(b.Tags()[32*i:][:h.size], want) {
						done <- "wrong tag"
						return
					}
				}
				done <- ""
			}()
			if problem := <-done; problem != "" {
				t.Fatal(problem)
			}
		}
	})
}

// TestBatch256UnderGC runs batches while another goroutine keeps collecting, with
// messages that nothing but the batch's caller refers to.
func TestBatch256UnderGC(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	eachMany256(t, func(t *testing.T, m Many256, h hash256) {
		rng := rngFor(t)
		b := NewBatch256()
		for range 10 {
			checkBatch(t, b, m, h, randomJobs(rng, 33, 700))
		}
	})
	close(stop)
	<-stopped
}

func TestBatch256ResetWipes(t *testing.T) {
	eachMany256(t, func(t *testing.T, m Many256, h hash256) {
		rng := rngFor(t)
		b := NewBatch256()
		jobs := randomJobs(rng, 40, 300)
		mids := addAll(t, b, h, jobs)
		b.Run(SingleNI, m)
		runtime.KeepAlive(mids)
		runtime.KeepAlive(jobs)
		tags := b.Tags()
		if bytes.Count(tags, []byte{0}) > len(tags)/2 {
			t.Fatal("no tags before Reset")
		}
		b.Reset()
		for name, mem := range map[string][]byte{"scratch": b.scratch, "tags": b.tags} {
			for i, v := range mem {
				if v != 0 {
					t.Fatalf("byte %d of %s is %#x after Reset", i, name, v)
				}
			}
		}
		if b.Len() != 0 || len(b.Tags()) != 0 {
			t.Fatal("the batch is not empty after Reset")
		}
	})
}

func TestBatch256DoesNotAllocate(t *testing.T) {
	eachMany256(t, func(t *testing.T, m Many256, h hash256) {
		jobs := randomJobs(rngFor(t), 70, 300)
		mid := h.mid(t, []byte("key"))
		b := NewBatch256()
		round := func() {
			for i := range jobs {
				b.Add(mid, jobs[i].msg)
			}
			b.Run(SingleNI, m)
			b.Reset()
			runtime.KeepAlive(jobs)
		}
		round()
		if n := testing.AllocsPerRun(20, round); n != 0 {
			t.Fatalf("%v allocations", n)
		}
	})
}

func TestBatch256WithoutSingleKernel(t *testing.T) {
	for _, h := range hashes256 {
		for _, k := range manies256 {
			t.Run(k.name+"/"+h.name, func(t *testing.T) {
				if !k.m.Available() {
					t.Skip("not on this CPU")
				}
				rng := rngFor(t)
				b := NewBatch256()
				for n := range 20 {
					jobs := randomJobs(rng, n, 200)
					mids := addAll(t, b, h, jobs)
					b.Run(0, k.m)
					runtime.KeepAlive(mids)
					for i, j := range jobs {
						if want := h.want(j.secret, j.msg); !bytes.Equal(b.Tags()[32*i:][:h.size], want) {
							t.Fatalf("job %d of %d: wrong tag", i, n)
						}
					}
					b.Reset()
				}
			})
		}
	}
}

func TestBatch256KernelsInTurn(t *testing.T) {
	rng := rngFor(t)
	b := NewBatch256()
	h := hashes256[0]
	jobs := randomJobs(rng, 50, 200)
	mids := addAll(t, b, h, jobs)
	defer runtime.KeepAlive(mids)
	for range 3 {
		for _, k := range manies256 {
			if !k.m.Available() {
				continue
			}
			clear(b.Tags())
			b.Run(0, k.m)
			for i, j := range jobs {
				if want := h.want(j.secret, j.msg); !bytes.Equal(b.Tags()[32*i:][:32], want) {
					t.Fatalf("%s, job %d: wrong tag", k.name, i)
				}
			}
		}
	}
}

func TestBatch256Panics(t *testing.T) {
	for name, f := range map[string]func(b *Batch256){
		"two hashes":     func(b *Batch256) { b.Add(hashes256[1].mid(t, []byte("k")), nil) },
		"unknown kernel": func(b *Batch256) { b.Run(SingleNI, 99) },
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBatch256()
			b.Add(hashes256[0].mid(t, []byte("k")), nil)
			defer func() {
				if recover() == nil {
					t.Fatal("no panic")
				}
			}()
			f(b)
		})
	}
}
