//go:build purego

package engine

import "hash"

var simdHashes map[Algorithm]func() hash.Hash

const simdReason = "the build tag purego turns assembly off"
