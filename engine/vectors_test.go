package engine_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/vectors"
)

// vectorBatch is how many jobs surround a vector: more than two full groups of
// the widest kernel.
const vectorBatch = 33

// checkVectors tries every published answer for alg on p: singly, and in every
// position of a batch whose other jobs have lengths of their own.
func checkVectors(p prover, alg engine.Algorithm) (tried int, err error) {
	other, err := p.key(pattern(32, 31))
	if err != nil {
		return 0, err
	}
	keys, msgs := make([]any, vectorBatch), make([][]byte, vectorBatch)
	noise := pattern(400+vectorBatch, 32)
	for _, v := range vectors.All() {
		if v.Algorithm != alg.String() {
			continue
		}
		tried++
		k, err := p.key(v.Key)
		if err != nil {
			return tried, fmt.Errorf("%s: %w", v.ID, err)
		}
		full := p.sum(k, nil, v.Msg)
		if err := v.Check(full); err != nil {
			return tried, err
		}
		if whole := !v.Truncated(); p.verify(k, v.Msg, v.Tag) != (v.Valid && whole) {
			return tried, fmt.Errorf("%s: verify says %t", v.ID, !(v.Valid && whole))
		}
		for at := range keys {
			for i := range keys {
				keys[i], msgs[i] = other, noise[i:][:i*(tried%70)%400]
			}
			keys[at], msgs[at] = k, v.Msg
			tags := p.batch(nil, keys, msgs)
			if tag := tags[at*alg.Size():][:alg.Size()]; !bytes.Equal(tag, full) {
				return tried, fmt.Errorf("%s in position %d of a batch: got %x, want %x", v.ID, at, tag, full)
			}
		}
	}
	return tried, nil
}

func TestVectors(t *testing.T) {
	eachProver(t, func(t *testing.T, alg engine.Algorithm, p prover) {
		tried, err := checkVectors(p, alg)
		if err != nil {
			t.Error(err)
		}
		if tried < 7+172 {
			t.Errorf("tried %d vectors, want at least RFC 4231's 7 and Wycheproof's 172", tried)
		}
	})
}

// TestVectorsStreamed writes each vector in two pieces.
func TestVectorsStreamed(t *testing.T) {
	eachImpl(t, func(t *testing.T, impl engine.Impl, alg engine.Algorithm) {
		for _, v := range vectors.All() {
			if v.Algorithm != alg.String() {
				continue
			}
			s := mustKey(t, impl, alg, v.Key).Stream()
			s.Write(v.Msg[:len(v.Msg)/2])
			s.Write(v.Msg[len(v.Msg)/2:])
			if err := v.Check(s.Sum(nil)); err != nil {
				t.Error(err)
			}
			s.Release()
		}
	})
}
