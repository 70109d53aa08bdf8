package engine

import (
	"crypto/hmac"
	"encoding/binary"
	"reflect"
	"testing"
	"unsafe"
)

// reach collects all memory that can be reached from v, a pointer, spare
// capacity included.
type reach struct {
	t    *testing.T
	seen map[unsafe.Pointer]bool
	mem  [][]byte
}

func reachable(t *testing.T, p any) [][]byte {
	t.Helper()
	r := &reach{t: t, seen: map[unsafe.Pointer]bool{}}
	r.value(reflect.ValueOf(p))
	return r.mem
}

func (r *reach) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			r.object(v.UnsafePointer(), v.Type().Elem(), 1)
		}
	case reflect.Slice:
		if v.Cap() > 0 {
			r.object(v.UnsafePointer(), v.Type().Elem(), v.Cap())
		}
	case reflect.Interface:
		if !v.IsNil() {
			r.value(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			r.value(v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			r.value(v.Index(i))
		}
	case reflect.String:
		r.mem = append(r.mem, []byte(v.String()))
	case reflect.Map, reflect.Chan, reflect.Func, reflect.UnsafePointer:
		if !v.IsZero() {
			r.t.Fatalf("cannot look into a %s", v.Type())
		}
	}
}

// object takes n values of type e at p.
func (r *reach) object(p unsafe.Pointer, e reflect.Type, n int) {
	if r.seen[p] {
		return
	}
	r.seen[p] = true
	r.mem = append(r.mem, unsafe.Slice((*byte)(p), int(e.Size())*n))
	for i := range n {
		r.value(reflect.NewAt(e, unsafe.Add(p, int(e.Size())*i)).Elem())
	}
}

// traces are the four-byte words, in both byte orders, of everything that must
// not stay: tags, inner tags, midstates, messages.
type traces map[uint32]string

func (tr traces) add(what string, secret []byte) {
	for ; len(secret) >= 4; secret = secret[4:] {
		for _, w := range []uint32{binary.BigEndian.Uint32(secret), binary.LittleEndian.Uint32(secret)} {
			if w != 0 {
				tr[w] = what
			}
		}
	}
}

// find returns what was found first, or nothing.
func (tr traces) find(mem [][]byte) string {
	for _, m := range mem {
		for ; len(m) >= 4; m = m[4:] {
			if what := tr[binary.NativeEndian.Uint32(m)]; what != "" {
				return what
			}
		}
	}
	return ""
}

func (tr traces) addJob(alg Algorithm, k *Key, secret, msg []byte) []byte {
	h := hmac.New(standardHashes[alg], secret)
	h.Write(msg)
	tag := h.Sum(nil)
	tr.add("tag", tag)
	tr.add("message", msg)
	words := 4 + alg.BlockSize()/2 // behind the mark, before the zeros
	tr.add("inner midstate", k.mid.inner[4:words])
	tr.add("outer midstate", k.mid.outer[4:words])
	inner := standardHashes[alg]().(marshalableHash)
	if err := inner.UnmarshalBinary(k.mid.inner); err == nil {
		inner.Write(msg)
		tr.add("inner tag", inner.Sum(nil))
	}
	return tag
}

// TestBatchLeavesNothing looks through all memory that a Batch keeps for what
// the batch before was made of.
func TestBatchLeavesNothing(t *testing.T) {
	eachHasher(t, func(t *testing.T, alg Algorithm, h *hasher, k *Key) {
		secret := []byte("a secret of some bytes")
		for _, n := range []int{1, 3, 8, 13, 40} {
			b, tr := NewEagerBatch(), traces{}
			jobs, tags := make([]Job, n), make([][]byte, n)
			for i := range jobs {
				msg := make([]byte, (i%5)*37)
				for j := range msg {
					msg[j] = byte(0x90 + i + j*j)
				}
				jobs[i] = Job{k, msg}
				tags[i] = tr.addJob(alg, k, secret, msg)
			}
			sum := b.Sum(nil, jobs)
			messages := make([][]byte, n) // and nothing else that is hard to walk
			for i := range jobs {
				messages[i] = jobs[i].Msg
			}
			if tr.find([][]byte{sum}) != "tag" || n > 1 && tr.find(reachable(t, &messages)) != "message" || tr.find(reachable(t, &k.mid)) == "" {
				t.Fatal("this test does not see what is there")
			}
			clear(sum)
			if what := tr.find(reachable(t, b)); what != "" {
				t.Errorf("%d jobs: Sum leaves words of %s", n, what)
			}
			b.Verify(make([]bool, n), jobs, tags)
			if what := tr.find(reachable(t, b)); what != "" {
				t.Errorf("%d jobs: Verify leaves words of %s", n, what)
			}
		}
	})
}
