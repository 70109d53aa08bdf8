//go:build purego

package engine

import "hash"

func newSIMD256() hash.Hash { return nil }

func simdUnavailable() string { return "the build tag purego turns assembly off" }
