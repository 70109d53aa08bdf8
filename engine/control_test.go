package engine_test

import (
	"bytes"
	"crypto/hmac"
	"fmt"
	"hash"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
)

// double is stdlib with one fault. The suite must find each.
type double struct {
	*implProver
	sumFault    func(tag, msg []byte)               // spoils a tag of sum and verify
	verifyFault func(key any, msg, tag []byte) bool // replaces verify
	batchFault  func(tags []byte, size int, n int)  // spoils the tags of a batch of n
	behind      bool                                // writes one byte behind the tags
}

func (d *double) sum(key any, dst, msg []byte) []byte {
	at := len(dst)
	dst = d.implProver.sum(key, dst, msg)
	if d.sumFault != nil {
		d.sumFault(dst[at:], msg)
	}
	d.spill(dst)
	return dst
}

func (d *double) verify(key any, msg, tag []byte) bool {
	if d.verifyFault != nil {
		return d.verifyFault(key, msg, tag)
	}
	return bytes.Equal(d.sum(key, nil, msg), tag)
}

func (d *double) batch(dst []byte, keys []any, msgs [][]byte) []byte {
	at := len(dst)
	dst = d.implProver.batch(dst, keys, msgs)
	if d.batchFault != nil {
		d.batchFault(dst[at:], d.alg.Size(), len(keys))
	}
	d.spill(dst)
	return dst
}

func (d *double) spill(dst []byte) {
	if d.behind && cap(dst) > len(dst) {
		dst[:len(dst)+1][len(dst)] = 0
	}
}

// suite is every check that can be run on a prover, by name.
func suite(p prover, alg engine.Algorithm) map[string]error {
	r := lengthRange{700, 1, []int{0, 1, 17, 63}, []int{1, 2, 8, 17}}
	_, vectorErr := checkVectors(p, alg)
	return map[string]error{
		"lengths":     checkLengths(p, alg, r.last, r.stride, r.alignments, r.sizes),
		"vectors":     vectorErr,
		"accumulated": checkAccumulated(p, alg),
	}
}

func TestSuiteRefusesBrokenDoubles(t *testing.T) {
	stdlib, err := engine.Lookup(engine.Stdlib)
	if err != nil {
		t.Fatal(err)
	}
	swap := func(tags []byte, size, i, j int) {
		a, b := tags[i*size:][:size], tags[j*size:][:size]
		for k := range a {
			a[k], b[k] = b[k], a[k]
		}
	}
	for name, tc := range map[string]struct {
		double
		caughtBy []string
	}{
		"none": {double{}, nil},
		"one bit where the padding needs a second block": {double{sumFault: func(tag, msg []byte) {
			if len(msg)%64 == 56 {
				tag[len(tag)-1] ^= 0x80
			}
		}}, []string{"lengths", "accumulated"}}, // no vector has such a length
		"one bit at one length that no vector has": {double{sumFault: func(tag, msg []byte) {
			if len(msg) == 643 {
				tag[0] ^= 1
			}
		}}, []string{"lengths", "accumulated"}},
		"tag of one alignment": {double{sumFault: func(tag, msg []byte) {
			if len(msg) > 0 && address(msg)%64 == 17 {
				tag[3] ^= 4
			}
		}}, []string{"lengths"}},
		"verify takes a prefix": {double{verifyFault: func(key any, msg, tag []byte) bool {
			return bytes.HasPrefix(key.(*engine.Key).Sum(nil, msg), tag)
		}}, []string{"vectors"}},
		"verify says no": {double{verifyFault: func(any, []byte, []byte) bool { return false }},
			[]string{"lengths", "vectors"}},
		"lane 5 wrong": {double{batchFault: func(tags []byte, size, n int) {
			if n > 5 {
				tags[5*size] ^= 1
			}
		}}, []string{"lengths", "vectors", "accumulated"}},
		"order lost in large batches": {double{batchFault: func(tags []byte, size, n int) {
			if n > 9 {
				swap(tags, size, 0, n-1)
			}
		}}, []string{"lengths", "vectors", "accumulated"}},
		"last job of an odd batch": {double{batchFault: func(tags []byte, size, n int) {
			if n%8 == 1 && n > 8 {
				tags[len(tags)-1] ^= 1
			}
		}}, []string{"lengths", "vectors", "accumulated"}},
		"writes behind the tag": {double{behind: true}, []string{"lengths"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, alg := range []engine.Algorithm{engine.HMACSHA256, engine.HMACSHA384} {
				d := tc.double
				d.implProver = newImplProver(stdlib, alg)
				found := suite(&d, alg)
				if tc.caughtBy == nil {
					for check, err := range found {
						if err != nil {
							t.Errorf("%s: %s refuses the double without a fault: %v", alg, check, err)
						}
					}
				}
				for _, check := range tc.caughtBy {
					if found[check] == nil {
						t.Errorf("%s: %s does not see it", alg, check)
					}
				}
			}
		})
	}
}

// hashProver is HMAC with crypto/hmac over any hash, for controls.
type hashProver struct{ fresh func() hash.Hash }

func (p hashProver) key(secret []byte) (any, error) { return bytes.Clone(secret), nil }

func (p hashProver) sum(key any, dst, msg []byte) []byte {
	h := hmac.New(p.fresh, key.([]byte))
	h.Write(msg)
	return h.Sum(dst)
}

func (p hashProver) verify(key any, msg, tag []byte) bool {
	return hmac.Equal(p.sum(key, nil, msg), tag)
}

func (p hashProver) batch(dst []byte, keys []any, msgs [][]byte) []byte {
	for i := range keys {
		dst = p.sum(keys[i], dst, msgs[i])
	}
	return dst
}

// TestSuiteTakesAnotherPackage runs the suite on crypto/hmac itself.
func TestSuiteTakesAnotherPackage(t *testing.T) {
	for check, err := range suite(hashProver{standard[engine.HMACSHA512]}, engine.HMACSHA512) {
		if err != nil {
			t.Error(fmt.Errorf("%s refuses crypto/hmac: %w", check, err))
		}
	}
}
