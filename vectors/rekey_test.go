package vectors

import (
	"bytes"
	"testing"
)

func TestRekeyedHasTheSameTags(t *testing.T) {
	none := 0
	for _, v := range All() {
		key := Rekeyed(v)
		if key == nil {
			none++
			h := hashes[v.Algorithm]
			if len(v.Key) <= h.size || len(v.Key) > h.block {
				t.Errorf("%s: no key for one of %d bytes", v.ID, len(v.Key))
			}
			continue
		}
		if len(key) != hashes[v.Algorithm].size {
			t.Errorf("%s: %d bytes, want %d", v.ID, len(key), hashes[v.Algorithm].size)
		}
		for _, msg := range [][]byte{v.Msg, nil, []byte("another message")} {
			if got, want := sum(t, v.Algorithm, key, msg), sum(t, v.Algorithm, v.Key, msg); !bytes.Equal(got, want) {
				t.Errorf("%s: message %x: tag %x, want %x", v.ID, msg, got, want)
			}
		}
	}
	if none != 12 { // the 65-byte keys of SHA-384 and SHA-512, whose block is 128
		t.Errorf("%d vectors have no such key, want 12", none)
	}
}

// 28 of 28, with six distinct keys for each algorithm: cases 6 and 7 share one.
func TestRekeyedRFC4231(t *testing.T) {
	distinct := map[string]bool{}
	for _, v := range RFC4231() {
		key := Rekeyed(v)
		if key == nil {
			t.Errorf("%s: no key", v.ID)
			continue
		}
		distinct[v.Algorithm+string(key)] = true
		if err := v.Check(sum(t, v.Algorithm, key, v.Msg)); err != nil {
			t.Error(err)
		}
	}
	if len(distinct) != 24 {
		t.Errorf("%d distinct keys, want 24", len(distinct))
	}
}

func TestRekeyedLengths(t *testing.T) {
	long := func(n int) []byte { return bytes.Repeat([]byte{0x5c}, n) }
	for _, tc := range []struct {
		name string
		alg  string
		key  []byte
		want bool
	}{
		{"empty", "HMAC_SHA_256", nil, true},
		{"one byte", "HMAC_SHA_256", long(1), true},
		{"one less than the tag", "HMAC_SHA_256", long(31), true},
		{"as long as the tag", "HMAC_SHA_256", long(32), true},
		{"one more", "HMAC_SHA_256", long(33), false},
		{"one more, but zero", "HMAC_SHA_256", append(long(32), 0), true},
		{"a block", "HMAC_SHA_256", long(64), false},
		{"a block of zeros", "HMAC_SHA_256", make([]byte, 64), true},
		{"over a block", "HMAC_SHA_256", long(65), true},
		{"zeros over a block", "HMAC_SHA_256", make([]byte, 65), true},
		{"a block of SHA-512", "HMAC_SHA_512", long(128), false},
		{"over it", "HMAC_SHA_512", long(129), true},
		{"unknown algorithm", "HMAC_MD5", long(16), false},
	} {
		got := Rekeyed(Vector{Algorithm: tc.alg, Key: tc.key})
		if (got != nil) != tc.want {
			t.Errorf("%s: key %x, want one: %v", tc.name, got, tc.want)
		}
		if got == nil {
			continue
		}
		if a, b := sum(t, tc.alg, got, long(3)), sum(t, tc.alg, tc.key, long(3)); !bytes.Equal(a, b) {
			t.Errorf("%s: tag %x, want %x", tc.name, a, b)
		}
	}
}

func TestRekeyedIsACopy(t *testing.T) {
	v := Vector{Algorithm: "HMAC_SHA_256", Key: bytes.Repeat([]byte{1}, 32)}
	clear(Rekeyed(v))
	if v.Key[0] != 1 {
		t.Error("clearing the new key cleared the vector's")
	}
}
