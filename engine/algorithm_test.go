package engine_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
)

func TestAlgorithms(t *testing.T) {
	for _, tc := range []struct {
		alg         engine.Algorithm
		text        string
		size, block int
	}{
		{engine.HMACSHA224, "HMAC_SHA_224", 28, 64},
		{engine.HMACSHA256, "HMAC_SHA_256", 32, 64},
		{engine.HMACSHA384, "HMAC_SHA_384", 48, 128},
		{engine.HMACSHA512, "HMAC_SHA_512", 64, 128},
	} {
		if !tc.alg.Valid() || tc.alg.String() != tc.text || tc.alg.Size() != tc.size || tc.alg.BlockSize() != tc.block {
			t.Errorf("%d: got %s, size %d, block %d; want %+v", tc.alg, tc.alg, tc.alg.Size(), tc.alg.BlockSize(), tc)
		}
		b, err := json.Marshal(tc.alg)
		if err != nil || string(b) != `"`+tc.text+`"` {
			t.Errorf("Marshal(%s): got %s, %v", tc.text, b, err)
		}
		var back engine.Algorithm
		if err := json.Unmarshal(b, &back); err != nil || back != tc.alg {
			t.Errorf("Unmarshal(%s): got %s, %v", b, back, err)
		}
	}
	if n := len(engine.Algorithms()); n != 4 {
		t.Errorf("%d algorithms, want 4", n)
	}
}

func TestAlgorithmNotValid(t *testing.T) {
	for _, a := range []engine.Algorithm{0, 5, 255} {
		if a.Valid() || a.Size() != 0 || a.BlockSize() != 0 {
			t.Errorf("%s: valid %t, size %d, block %d; want none", a, a.Valid(), a.Size(), a.BlockSize())
		}
		if _, err := a.MarshalText(); !errors.Is(err, engine.ErrUnknownAlgorithm) {
			t.Errorf("MarshalText of %s: got %v", a, err)
		}
	}
	if got := engine.Algorithm(9).String(); got != "Algorithm(9)" {
		t.Errorf("got %q", got)
	}
	for _, text := range []string{"", "HMAC_SHA_1", "HMAC_256", "hmac_sha_256", "HMAC_SHA_256 "} {
		a := engine.HMACSHA384
		if err := a.UnmarshalText([]byte(text)); !errors.Is(err, engine.ErrUnknownAlgorithm) || a != engine.HMACSHA384 {
			t.Errorf("UnmarshalText(%q): got %v and %s; want an error and no change", text, err, a)
		}
	}
}
