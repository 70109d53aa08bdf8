package engine

import (
	"bytes"
	"reflect"
	"testing"
	"unsafe"

	"github.com/kmsmac/kmsmac/engine/internal/lanes"
)

// memory is the raw bytes of what p, a pointer in an interface, points to.
func memory(p any) []byte {
	v := reflect.ValueOf(p)
	return unsafe.Slice((*byte)(v.UnsafePointer()), v.Type().Elem().Size())
}

// eachHasher runs f for every pooled hash here.
func eachHasher(t *testing.T, f func(t *testing.T, alg Algorithm, h *hasher, k *Key)) {
	t.Helper()
	if approvedOnly() {
		t.Skip("crypto/hmac's states cannot be wiped")
	}
	for _, impl := range Impls() {
		for _, alg := range Algorithms() {
			if !impl.Supports(alg) {
				continue
			}
			t.Run(impl.Name()+"/"+alg.String(), func(t *testing.T) {
				k, err := impl.NewKey(alg, []byte("a secret of some bytes"))
				if err != nil {
					t.Fatal(err)
				}
				f(t, alg, k.hasher, k)
			})
		}
	}
}

func TestReleasedStateEqualsFresh(t *testing.T) {
	message := bytes.Repeat([]byte("message"), 50)
	eachHasher(t, func(t *testing.T, alg Algorithm, h *hasher, k *Key) {
		fresh := memory(h.fresh())
		for n := range message {
			s := h.start(k.mid)
			s.Write(message[:n/2])
			s.Write(message[n/2 : n])
			if n%3 > 0 {
				s.finish(k.mid)
			}
			if bytes.Equal(memory(s.marshalableHash), fresh) {
				t.Fatalf("after %d bytes: this test sees no difference before the release", n)
			}
			h.put(s)
			if !bytes.Equal(memory(s.marshalableHash), fresh) || s.tag != [maxSize]byte{} {
				t.Fatalf("after %d bytes: the released state still holds something", n)
			}
		}
	})
}

func TestNewKeyLeavesNothingInPool(t *testing.T) {
	eachHasher(t, func(t *testing.T, alg Algorithm, h *hasher, k *Key) {
		secret := bytes.Repeat([]byte("long"), alg.BlockSize())
		s := h.get()
		if _, err := newMidstates(s, secret); err != nil {
			t.Fatal(err)
		}
		h.put(s)
		if !bytes.Equal(memory(s.marshalableHash), memory(h.fresh())) {
			t.Error("the state that made the midstates still holds something")
		}
	})
}

func TestDestroyWipesMidstates(t *testing.T) {
	eachHasher(t, func(t *testing.T, alg Algorithm, h *hasher, k *Key) {
		blank := midstates{make([]byte, len(k.mid.inner)), make([]byte, len(k.mid.outer))}
		form := k.narrow != lanes.Mid256{} || k.wide != lanes.Mid512{}
		if reflect.DeepEqual(*k.mid, blank) || form != k.kernels.any() {
			t.Fatal("no midstate to wipe")
		}
		k.Destroy()
		if !reflect.DeepEqual(*k.mid, blank) || k.narrow != (lanes.Mid256{}) || k.wide != (lanes.Mid512{}) {
			t.Errorf("left of the midstates: %x, %x, %x", *k.mid, k.narrow, k.wide)
		}
	})
}

func TestKernelFormRefusesUnknownState(t *testing.T) {
	eachHasher(t, func(t *testing.T, alg Algorithm, h *hasher, k *Key) {
		if err := k.setKernelForm(); err != nil {
			t.Fatal(err)
		}
		k.mid.inner = k.mid.inner[1:]
		if k.setKernelForm() == nil {
			t.Error("a state of another size was taken")
		}
	})
}
