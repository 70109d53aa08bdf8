package main

// #cgo CFLAGS: -O2 -Wall
// #cgo LDFLAGS: -lcrypto -lIPSec_MB
// #include <stdlib.h>
// #include "peers.h"
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// algorithms in the order of peers.h.
var algorithms = []string{"HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512"}

// variant is one way of a library that runs here.
type variant struct {
	Name       string   `json:"name"`
	Library    string   `json:"library"`
	Version    string   `json:"version"`
	Algorithms []string `json:"algorithms"`

	c *C.variant
}

// variants lists what this CPU can run, each with the algorithms that it
// computes tags for.
func variants() []variant {
	var out []variant
	for _, list := range []func(*C.int) *C.variant{
		func(n *C.int) *C.variant { return C.ipsec_variants(n) },
		func(n *C.int) *C.variant { return C.openssl_variants(n) },
	} {
		var n C.int
		all := unsafe.Slice(list(&n), n)
		for i := range all {
			v := variant{Name: C.GoString(all[i].name), Library: C.GoString(all[i].library), c: &all[i]}
			v.Version = C.GoString(C.version_of(v.c))
			for alg := range algorithms {
				if b, err := newBatch(v, alg, [][]byte{{1}}, [][]byte{{2}}); err == nil {
					v.Algorithms = append(v.Algorithms, algorithms[alg])
					b.free()
				}
			}
			if len(v.Algorithms) > 0 {
				out = append(out, v)
			}
		}
	}
	return out
}

// batch is messages with their keys in the memory of C, ready for one variant.
type batch struct {
	v      variant
	in     *C.input
	work   *C.work
	blocks []unsafe.Pointer
}

// messageStride is what kmsmac itself keeps messages at.
const messageStride = 32

// newBatch copies secrets and messages.
func newBatch(v variant, alg int, secrets, msgs [][]byte) (*batch, error) {
	b := &batch{v: v}
	b.in = (*C.input)(b.alloc(int(unsafe.Sizeof(C.input{}))))
	b.in.alg, b.in.jobs, b.in.keys = C.int(alg), C.int(len(msgs)), C.int(len(secrets))
	b.in.msg, b.in.len = b.copyAll(msgs)
	b.in.secret, b.in.secret_len = b.copyAll(secrets)
	b.in.tags = (*C.uint8_t)(b.alloc(b.tagBytes()))
	if b.work = C.make_work(b.v.c, b.in); b.work == nil {
		b.free()
		return nil, fmt.Errorf("%s cannot do %s here", v.Name, algorithms[alg])
	}
	return b, nil
}

func (b *batch) tagBytes() int { return int(b.in.jobs) * int(C.tag_size[b.in.alg]) }

// alloc is zeroed memory of C, on a page of its own as Go's large slices are.
func (b *batch) alloc(n int) unsafe.Pointer {
	p := C.aligned_alloc(4096, C.size_t(n+4095)&^4095+4096)
	clear(unsafe.Slice((*byte)(p), n))
	b.blocks = append(b.blocks, p)
	return p
}

// copyAll puts the slices one after another, as kmsmac keeps its own.
func (b *batch) copyAll(list [][]byte) (**C.uint8_t, *C.size_t) {
	total := 0
	for _, s := range list {
		total += len(s) + messageStride
	}
	arena := unsafe.Slice((*byte)(b.alloc(total)), total)
	at := unsafe.Slice((**C.uint8_t)(b.alloc(len(list)*8)), len(list))
	lengths := unsafe.Slice((*C.size_t)(b.alloc(len(list)*8)), len(list))
	for i, s := range list {
		copy(arena, s)
		at[i], lengths[i] = (*C.uint8_t)(unsafe.Pointer(&arena[0])), C.size_t(len(s))
		arena = arena[(len(s)+messageStride-1)/messageStride*messageStride:]
	}
	return &at[0], &lengths[0]
}

// tags computes all tags once.
func (b *batch) tags() []byte {
	out := unsafe.Slice((*byte)(unsafe.Pointer(b.in.tags)), b.tagBytes())
	clear(out)
	C.run_work(b.v.c, b.work)
	return append([]byte(nil), out...)
}

// turn computes all tags so many times and returns the nanoseconds.
func (b *batch) turn(times int) (int64, error) {
	if times < 1 {
		return 0, errors.New("a turn has at least one time")
	}
	return int64(C.turn(b.v.c, b.work, C.uint64_t(times))), nil
}

func (b *batch) free() {
	if b.work != nil {
		C.done_work(b.v.c, b.work)
	}
	for _, p := range b.blocks {
		C.free(p)
	}
}
