package main

import (
	"slices"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/vectors"
)

// TestCheckVectors: every vector is right on every implementation, and a vector
// that asks for another tag is wrong on every one that does its algorithm.
func TestCheckVectors(t *testing.T) {
	for _, impl := range engine.Impls() {
		c := newVectorCheck(impl)
		var right, spoilt results.ImplResult
		failed := map[string]bool{}
		for _, v := range vectors.All() {
			right = c.count(right, v, failed)
			if v.Valid {
				v.Tag = slices.Clone(v.Tag)
				v.Tag[0] ^= 1
				spoilt = c.count(spoilt, v, map[string]bool{})
			}
		}
		if right.Failed != 0 || len(failed) != 0 || right.Total+right.NotApplicable != len(vectors.All()) || right.Total == 0 {
			t.Errorf("%s: %+v", impl, right)
		}
		if spoilt.Failed != spoilt.Total || spoilt.Total == 0 || len(spoilt.Failures) != 20 {
			t.Errorf("%s: of the spoilt vectors %+v", impl, spoilt)
		}
	}
}
