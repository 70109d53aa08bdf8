package vectors

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"regexp"
	"strings"
	"testing"
)

var newHash = map[string]func() hash.Hash{
	"HMAC_SHA_224": sha256.New224,
	"HMAC_SHA_256": sha256.New,
	"HMAC_SHA_384": sha512.New384,
	"HMAC_SHA_512": sha512.New,
}

func sum(t *testing.T, alg string, key, msg []byte) []byte {
	t.Helper()
	h := newHash[alg]
	if h == nil {
		t.Fatalf("no hash for algorithm %q", alg)
	}
	m := hmac.New(h, key)
	m.Write(msg)
	return m.Sum(nil)
}

func TestCounts(t *testing.T) {
	if n := len(RFC4231()); n != 28 {
		t.Errorf("RFC4231 has %d vectors, want 28", n)
	}
	if n := len(Wycheproof()); n != 694 {
		t.Errorf("Wycheproof has %d vectors, want 694", n)
	}
	if n := len(All()); n != 722 {
		t.Errorf("All has %d vectors, want 722", n)
	}
	type class struct {
		source, alg      string
		truncated, valid bool
	}
	got := map[class]int{}
	for _, v := range All() {
		got[class{v.Source.Name, v.Algorithm, v.Truncated(), v.Valid}]++
	}
	want := map[class]int{}
	for _, alg := range rfcAlgorithms {
		want[class{"RFC 4231", alg, false, true}] = 6
		want[class{"RFC 4231", alg, true, true}] = 1
		want[class{"Wycheproof", alg, false, true}] = 33
		want[class{"Wycheproof", alg, true, true}] = 33
		want[class{"Wycheproof", alg, false, false}] = 54
		want[class{"Wycheproof", alg, true, false}] = 54
	}
	want[class{"Wycheproof", "HMAC_SHA_224", true, false}] = 52
	for c, n := range want {
		if got[c] != n {
			t.Errorf("%+v: %d vectors, want %d", c, got[c], n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("classes %v, want %v", got, want)
	}
}

func TestEveryVectorAgainstTheStandardLibrary(t *testing.T) {
	for _, v := range All() {
		if err := v.Check(sum(t, v.Algorithm, v.Key, v.Msg)); err != nil {
			t.Error(err)
		}
	}
}

func TestWellFormed(t *testing.T) {
	name := regexp.MustCompile(`^(rfc4231|wycheproof-hmac)-[0-9a-z-]+$`)
	seen := map[string]bool{}
	for _, v := range All() {
		if !name.MatchString(v.ID) || seen[v.ID] {
			t.Errorf("ID %q is malformed or used twice", v.ID)
		}
		seen[v.ID] = true
		if len(v.Key) == 0 || v.TagBits != 8*len(v.Tag) || v.TagBits == 0 {
			t.Errorf("%s: key of %d bytes, tag of %d bytes, TagBits %d", v.ID, len(v.Key), len(v.Tag), v.TagBits)
		}
		if v.Source.Name == "" || v.Source.Version == "" || v.Source.Place == "" {
			t.Errorf("%s: incomplete source %+v", v.ID, v.Source)
		}
	}
	for _, id := range []string{"rfc4231-1-sha256", "rfc4231-5-sha512", "rfc4231-7-sha224", "wycheproof-hmac-sha256-17", "wycheproof-hmac-sha224-172"} {
		if !seen[id] {
			t.Errorf("no vector %q", id)
		}
	}
}

func TestSourceString(t *testing.T) {
	for _, tc := range []struct {
		v    Vector
		want string
	}{
		{RFC4231()[0], "RFC 4231 (December 2005), section 4.2"},
		{RFC4231()[27], "RFC 4231 (December 2005), section 4.8"},
		{Wycheproof()[0], "Wycheproof (v0.0.0-20260902155932-3fa63dd0344a), testvectors_v1/hmac_sha224_test.json, tcId 1"},
	} {
		if got := tc.v.Source.String(); got != tc.want {
			t.Errorf("%s: source %q, want %q", tc.v.ID, got, tc.want)
		}
	}
}

// Every way of being wrong must be caught on every vector it can show on.
func TestCheckCatches(t *testing.T) {
	for _, v := range All() {
		full := sum(t, v.Algorithm, v.Key, v.Msg)
		if err := v.Check(nil); err == nil {
			t.Errorf("%s: no tag at all was taken", v.ID)
		}
		if err := v.Check(full[:len(full)-1]); err == nil {
			t.Errorf("%s: a tag one byte short was taken", v.ID)
		}
		if err := v.Check(append(full[:len(full):len(full)], 0)); err == nil {
			t.Errorf("%s: a tag one byte long was taken", v.ID)
		}
		if !v.Valid {
			accepts := append([]byte(nil), full...)
			copy(accepts, v.Tag)
			if err := v.Check(accepts); err == nil {
				t.Errorf("%s: an implementation that yields the wrong tag was taken", v.ID)
			}
			continue
		}
		for bit := range v.TagBits {
			full[bit/8] ^= 1 << (bit % 8)
			if err := v.Check(full); err == nil || !strings.Contains(err.Error(), v.ID) {
				t.Errorf("%s: flipped bit %d: error %v, want one that names the vector", v.ID, bit, err)
			}
			full[bit/8] ^= 1 << (bit % 8)
		}
	}
}

func TestCheckOfBrokenVectors(t *testing.T) {
	good := RFC4231()[1]
	full := sum(t, good.Algorithm, good.Key, good.Msg)
	for _, tc := range []struct {
		name string
		edit func(*Vector)
	}{
		{"unknown algorithm", func(v *Vector) { v.Algorithm = "HMAC_MD5" }},
		{"no tag bits", func(v *Vector) { v.TagBits, v.Tag = 0, nil }},
		{"negative tag bits", func(v *Vector) { v.TagBits = -8 }},
		{"tag bits not whole bytes", func(v *Vector) { v.TagBits = 129 }},
		{"more tag bits than the tag has", func(v *Vector) { v.TagBits = 264 }},
		{"flipped expectation", func(v *Vector) { v.Valid = false }},
		{"flipped tag", func(v *Vector) { v.Tag[31] ^= 1 }},
		{"tag shorter than TagBits", func(v *Vector) { v.Tag = v.Tag[:16] }},
	} {
		v := RFC4231()[1]
		tc.edit(&v)
		if err := v.Check(full); err == nil {
			t.Errorf("%s: no error", tc.name)
		}
	}
	if err := good.Check(full); err != nil {
		t.Errorf("unchanged vector: %v", err)
	}
}

func TestCallersCannotCorruptTheTable(t *testing.T) {
	for _, v := range All() {
		clear(v.Key)
		clear(v.Msg)
		clear(v.Tag)
		clear(v.Flags)
	}
	for _, v := range All() {
		if err := v.Check(sum(t, v.Algorithm, v.Key, v.Msg)); err != nil {
			t.Fatal(err)
		}
		for _, f := range v.Flags {
			if f == "" {
				t.Fatalf("%s: a flag was lost", v.ID)
			}
		}
	}
}

func TestUnhexPanicsOnABrokenTable(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	unhex("0g")
}
