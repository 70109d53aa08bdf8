package engine

import "fmt"

// Algorithm is one of KMS's four HMAC algorithms. Its text form is KMS's own
// spelling, for example HMAC_SHA_256. The zero value is no algorithm.
type Algorithm uint8

// The algorithms of RFC 2104 over the hashes of FIPS 180-4.
const (
	HMACSHA224 Algorithm = iota + 1
	HMACSHA256
	HMACSHA384
	HMACSHA512
)

var algorithmFacts = [...]struct {
	name        string
	size, block int
}{
	HMACSHA224: {"HMAC_SHA_224", 28, 64},
	HMACSHA256: {"HMAC_SHA_256", 32, 64},
	HMACSHA384: {"HMAC_SHA_384", 48, 128},
	HMACSHA512: {"HMAC_SHA_512", 64, 128},
}

// Algorithms returns the four algorithms, shortest tag first.
func Algorithms() []Algorithm {
	return []Algorithm{HMACSHA224, HMACSHA256, HMACSHA384, HMACSHA512}
}

// ParseAlgorithm is the inverse of String for valid algorithms. The spelling is
// exact; any other text gives ErrUnknownAlgorithm.
func ParseAlgorithm(s string) (Algorithm, error) {
	for a := HMACSHA224; a <= HMACSHA512; a++ {
		if algorithmFacts[a].name == s {
			return a, nil
		}
	}
	return 0, fmt.Errorf("%w %q", ErrUnknownAlgorithm, s)
}

// Valid reports whether a is one of the four.
func (a Algorithm) Valid() bool { return a >= HMACSHA224 && a <= HMACSHA512 }

// Size is the length of a tag in bytes; 0 if a is not valid.
func (a Algorithm) Size() int {
	if !a.Valid() {
		return 0
	}
	return algorithmFacts[a].size
}

// BlockSize is the hash's block length in bytes; 0 if a is not valid.
func (a Algorithm) BlockSize() int {
	if !a.Valid() {
		return 0
	}
	return algorithmFacts[a].block
}

// String is KMS's spelling, or "Algorithm(n)" for a value that is not valid.
func (a Algorithm) String() string {
	if !a.Valid() {
		return fmt.Sprintf("Algorithm(%d)", uint8(a))
	}
	return algorithmFacts[a].name
}

// MarshalText is String with an error for values that are not valid.
func (a Algorithm) MarshalText() ([]byte, error) {
	if !a.Valid() {
		return nil, fmt.Errorf("%w %d", ErrUnknownAlgorithm, uint8(a))
	}
	return []byte(algorithmFacts[a].name), nil
}

// UnmarshalText is the inverse of MarshalText. It leaves a alone when the text
// is not known.
func (a *Algorithm) UnmarshalText(text []byte) error {
	v, err := ParseAlgorithm(string(text))
	if err != nil {
		return err
	}
	*a = v
	return nil
}
