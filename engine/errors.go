package engine

import "errors"

// What NewKey, ParseAlgorithm and Lookup refuse, for errors.Is.
var (
	// ErrUnknownAlgorithm: the value or text is none of the four algorithms.
	ErrUnknownAlgorithm = errors.New("engine: unknown algorithm")
	// ErrEmptySecret: a secret has at least one byte.
	ErrEmptySecret = errors.New("engine: secret is empty")
	// ErrNotApproved: Go's FIPS 140 mode is enforced and the secret has fewer
	// than 14 bytes (112 bits), which SP 800-131A does not allow.
	ErrNotApproved = errors.New("engine: secret under 14 bytes is not approved in FIPS 140 mode")
	// ErrUnavailable: the implementation is unknown, cannot run here, or does
	// not do the algorithm. The text of the wrapping error says which.
	ErrUnavailable = errors.New("engine: implementation not available")
)
