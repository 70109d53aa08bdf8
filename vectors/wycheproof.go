package vectors

import (
	"fmt"
	"strings"
)

//go:generate go -C _gen run . -out ../zz_wycheproof.go

// wycheproofFile is one file of the Wycheproof collection, reduced to the
// facts that a Vector holds.
type wycheproofFile struct {
	algorithm string // KMS's spelling
	path      string // inside the module
	tests     []wycheproofTest
}

// wycheproofTest is one test of a file; key, msg and tag are hexadecimal, flags
// are separated by spaces.
type wycheproofTest struct {
	id            int // tcId
	valid         bool
	flags         string
	key, msg, tag string
	comment       string
}

// Wycheproof returns the HMAC tests of the Wycheproof collection: 172 for
// SHA-224 and 174 each for SHA-256, SHA-384 and SHA-512, about half with tags
// cut to half their length, and many with tags that were changed and are not
// Valid.
func Wycheproof() []Vector {
	var all []Vector
	for _, f := range wycheproofTable {
		for _, t := range f.tests {
			all = append(all, f.vector(t))
		}
	}
	return all
}

func (f wycheproofFile) vector(t wycheproofTest) Vector {
	tag := unhex(t.tag)
	return Vector{
		ID: fmt.Sprintf("wycheproof-hmac-%s-%d", hashes[f.algorithm].name, t.id),
		Source: Source{
			Name:    "Wycheproof",
			Version: wycheproofVersion,
			Place:   fmt.Sprintf("%s, tcId %d", f.path, t.id),
			Licence: "Apache-2.0",
		},
		Algorithm: f.algorithm,
		Key:       unhex(t.key),
		Msg:       unhex(t.msg),
		Tag:       tag,
		TagBits:   8 * len(tag),
		Valid:     t.valid,
		Comment:   t.comment,
		Flags:     strings.Fields(t.flags),
	}
}
