package engine

import (
	"crypto/sha256"
	"hash"
	"strings"
	"testing"
)

// spoiled is SHA-256 that flips one bit when it is asked for a digest of total
// bytes (the padded key included).
type spoiled struct {
	marshalableHash
	total, seen int
}

func (s *spoiled) Write(p []byte) (int, error) {
	s.seen += len(p)
	return s.marshalableHash.Write(p)
}

func (s *spoiled) Reset() {
	s.seen = 0
	s.marshalableHash.Reset()
}

func (s *spoiled) UnmarshalBinary(b []byte) error {
	s.seen = 64
	return s.marshalableHash.UnmarshalBinary(b)
}

func (s *spoiled) Sum(dst []byte) []byte {
	dst = s.marshalableHash.Sum(dst)
	if s.seen == s.total {
		dst[len(dst)-1] ^= 1
	}
	return dst
}

// TestSelfTestRefuses: what gives a wrong tag is not listed, and the reason is.
func TestSelfTestRefuses(t *testing.T) {
	if approvedOnly() {
		t.Skip("in FIPS mode crypto/hmac takes no foreign hash")
	}
	for name, tc := range map[string]struct {
		total  int
		reason string
	}{
		"right":                     {-1, ""},
		"wrong at the known answer": {64 + 8, "failed its known-answer test: RFC 4231 case 1 for HMAC_SHA_256 gives "},
		"wrong at 119 bytes":        {64 + 119, "failed its known-answer test: HMAC_SHA_256 of 119 bytes differs from crypto/hmac"},
		"wrong at the outer hash":   {64 + 32, "failed its known-answer test: RFC 4231 case 1 for HMAC_SHA_256 gives "},
	} {
		t.Run(name, func(t *testing.T) {
			c := new(catalog)
			c.add(candidate{name: "double", hashes: map[Algorithm]func() hash.Hash{
				HMACSHA256: func() hash.Hash { return &spoiled{sha256.New().(marshalableHash), tc.total, 0} },
			}})
			if tc.reason == "" {
				if len(c.impls) != 1 || len(c.missing) != 0 {
					t.Errorf("the double without a fault is refused: %+v", c.missing)
				}
				return
			}
			if len(c.impls) != 0 || len(c.missing) != 1 || !strings.HasPrefix(c.missing[0].Reason, tc.reason) {
				t.Errorf("listed %d, missing %+v; want the reason %q", len(c.impls), c.missing, tc.reason)
			}
		})
	}
}

// forgetful is a hash whose state cannot be saved.
type forgetful struct{ hash.Hash }

func TestStateThatCannotBeSaved(t *testing.T) {
	if approvedOnly() {
		t.Skip("in FIPS mode the reason is FIPS mode")
	}
	c := new(catalog)
	c.add(candidate{name: "double", hashes: map[Algorithm]func() hash.Hash{
		HMACSHA256: func() hash.Hash { return forgetful{sha256.New()} },
	}})
	want := Missing{"double", "its hash state cannot be saved"}
	if len(c.impls) != 0 || len(c.missing) != 1 || c.missing[0] != want {
		t.Errorf("got %+v, want %+v", c.missing, want)
	}
}
