package engine_test

import (
	"bytes"
	"crypto/hmac"
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
var suite = map[string]func(p prover, alg engine.Algorithm) error{
	"lengths": func(p prover, alg engine.Algorithm) error {
		return checkLengths(p, alg, 700, 1, []int{0, 17}, []int{8, 17})
	},
	"vectors": func(p prover, alg engine.Algorithm) error {
		_, err := checkVectors(p, alg)
		return err
	},
	"accumulated": checkAccumulated,
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
				for _, check := range tc.caughtBy {
					if suite[check](&d, alg) == nil {
						t.Errorf("%s: %s does not see it", alg, check)
					}
				}
				if tc.caughtBy == nil {
					allTake(t, &d, alg)
				}
			}
		})
	}
}

// allTake runs every check on what must pass.
func allTake(t *testing.T, p prover, alg engine.Algorithm) {
	t.Helper()
	for name, check := range suite {
		if err := check(p, alg); err != nil {
			t.Errorf("%s: %s refuses what is right: %v", alg, name, err)
		}
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
	allTake(t, hashProver{standard[engine.HMACSHA512]}, engine.HMACSHA512)
}
