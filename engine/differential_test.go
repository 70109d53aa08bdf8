package engine_test

import (
	"testing"
	"unsafe"

	"github.com/kmsmac/kmsmac/engine"
)

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// upTo returns first, first+step, … up to last.
func upTo(first, last, step int) (list []int) {
	for i := first; i <= last; i += step {
		list = append(list, i)
	}
	return list
}

// TestEveryLength is the suite's main part. The long test takes every length 0
// to 4160 at every alignment 0 to 63 in every batch size 1 to 40; the others
// take strides that meet every residue over the whole run.
func TestEveryLength(t *testing.T) {
	eachProver(t, func(t *testing.T, alg engine.Algorithm, p prover) {
		for _, r := range lengthRanges() {
			if err := checkLengths(p, alg, r.last, r.stride, r.alignments, r.sizes); err != nil {
				t.Error(err)
			}
		}
	})
}

type lengthRange struct {
	last, stride      int
	alignments, sizes []int
}

func lengthRanges() []lengthRange {
	switch {
	case *long:
		return []lengthRange{{4160, 1, upTo(0, 63, 1), upTo(1, 40, 1)}}
	case testing.Short():
		return []lengthRange{
			{300, 1, []int{0, 1, 63}, []int{1, 8, 17}},
			{4160, 61, []int{0, 31}, []int{3, 16}},
		}
	}
	return []lengthRange{
		{300, 1, upTo(0, 63, 9), []int{1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33}},
		{4160, 37, upTo(0, 63, 21), []int{1, 5, 8, 11, 16, 40}},
		{4160, 1, []int{0}, nil},
	}
}
