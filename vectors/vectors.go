// Package vectors is published known answers for HMAC with SHA-224, SHA-256,
// SHA-384 and SHA-512, each with its source.
//
// Do not use it as a random test of anything but HMAC, and do not use its
// keys: they are public.
//
// RFC4231 and Wycheproof return the vectors of one source, All both. A vector
// is tried by computing the full tag of Msg under Key and handing it to Check,
// the one rule for whole, shortened, valid and invalid tags; the rule is here
// so that everyone who tries a vector judges alike. Rekeyed gives a key of the
// length that a KMS imports, with the same tags.
//
// Every call returns fresh memory, so everything is safe for concurrent use
// and nothing a caller does changes what the next one gets. Nothing is secret.
package vectors

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
)

// Vector is one known answer. Its slices belong to the caller.
type Vector struct {
	ID        string // stable name, for example "rfc4231-1-sha256", "wycheproof-hmac-sha256-17"
	Source    Source
	Algorithm string // KMS's spelling: HMAC_SHA_224, HMAC_SHA_256, HMAC_SHA_384 or HMAC_SHA_512
	Key       []byte // at least 1 byte
	Msg       []byte // may be empty
	Tag       []byte // TagBits/8 bytes; wrong on purpose if not Valid
	TagBits   int    // a multiple of 8, at most the algorithm's tag length
	Valid     bool   // whether Tag is the tag of Msg under Key, cut to TagBits
	Comment   string
	Flags     []string // the source's own words for what the vector tries; may be empty
}

// Source says where a vector comes from.
type Source struct {
	Name    string // "RFC 4231", "Wycheproof"
	Version string // date or module version
	Place   string // section, or file and test number
	Licence string // SPDX identifier; empty for the RFC's facts
}

// String gives name, version and place in one line.
func (s Source) String() string {
	return s.Name + " (" + s.Version + "), " + s.Place
}

// All returns every vector: RFC4231 first, then Wycheproof.
func All() []Vector { return slices.Concat(RFC4231(), Wycheproof()) }

// Truncated reports whether the vector's tag is shorter than the algorithm's.
func (v Vector) Truncated() bool {
	h, ok := hashes[v.Algorithm]
	return ok && v.TagBits < 8*h.size
}

// Check judges an implementation by the full tag that it computed for Msg
// under Key. It returns nil if full has the algorithm's length and its first
// TagBits are Tag for a valid vector, or are not Tag for an invalid one.
// Otherwise the error names the vector and what was wrong.
//
// An invalid vector says only which tag must not come out: whether the right
// one does is what the valid vectors show.
func (v Vector) Check(full []byte) error {
	h, ok := hashes[v.Algorithm]
	if !ok {
		return fmt.Errorf("vectors: %s: unknown algorithm %q", v.ID, v.Algorithm)
	}
	if v.TagBits <= 0 || v.TagBits%8 != 0 || v.TagBits > 8*h.size {
		return fmt.Errorf("vectors: %s: a tag of %d bits is not one of %s", v.ID, v.TagBits, v.Algorithm)
	}
	if len(full) != h.size {
		return fmt.Errorf("vectors: %s: the tag has %d bytes, want %d", v.ID, len(full), h.size)
	}
	got := full[:v.TagBits/8]
	switch same := bytes.Equal(got, v.Tag); {
	case v.Valid && !same:
		return fmt.Errorf("vectors: %s: tag %x, want %x", v.ID, got, v.Tag)
	case !v.Valid && same:
		return fmt.Errorf("vectors: %s: tag %x is the one that must be refused", v.ID, got)
	}
	return nil
}

// unhex decodes the tables' hexadecimal text.
func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic("vectors: broken table: " + err.Error())
	}
	return b
}
