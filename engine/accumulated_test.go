package engine_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
)

// accumulated pins SHA-256 over the tags of accumulate's jobs, one after
// another. The values were computed with crypto/hmac, which
// TestAccumulatedOracle repeats; every implementation on every CPU must give
// the same.
var accumulated = map[engine.Algorithm]string{
	engine.HMACSHA224: "d577ee6bd08c9c0319fd46a47230c018a7749d7bdefcf1a531f2f43bc32c3f3e",
	engine.HMACSHA256: "0070ca031127bf546a6ce2787a7e8f203647532c6223f1ca9394d5acbb73a39e",
	engine.HMACSHA384: "5973cd4ecb03151b3da2b5998c4a5f976af112228a187b807bf67106c3a35aed",
	engine.HMACSHA512: "c6f45dd103e658ea901f6bffb6dbea4352925be414f33820ecdb2df77570e1a7",
}

const accumulatedJobs = 20000

// accumulate feeds next the jobs of the accumulated hash in order: all lengths
// of secrets up to two blocks and more, message lengths with many short ones,
// in groups of 1 to 40 that are one batch each.
func accumulate(next func(group [][2][]byte)) {
	x := uint64(1)
	random := func(n int) int {
		x = x*6364136223846793005 + 1442695040888963407
		return int(x >> 33 % uint64(n))
	}
	bytes := pattern(5000, 41)
	for done, size := 0, 1; done < accumulatedJobs; size = size%40 + 1 {
		var group [][2][]byte
		for range size {
			reach := []int{70, 140, 300, 1200}[random(4)]
			at := random(300)
			n := 1 + random(300)
			secret := bytes[at : at+n]
			at = random(500)
			n = random(reach)
			group = append(group, [2][]byte{secret, bytes[at : at+n]})
		}
		next(group)
		done += size
	}
}

// checkAccumulated computes the accumulated hash singly and in batches.
func checkAccumulated(p prover, alg engine.Algorithm) error {
	single, batched := sha256.New(), sha256.New()
	var err error
	accumulate(func(group [][2][]byte) {
		var keys []any
		var msgs [][]byte
		for _, g := range group {
			k, keyErr := p.key(g[0])
			if keyErr != nil {
				err = keyErr
				return
			}
			keys, msgs = append(keys, k), append(msgs, g[1])
			single.Write(p.sum(k, nil, g[1]))
		}
		batched.Write(p.batch(nil, keys, msgs))
	})
	if err != nil {
		return err
	}
	for _, h := range []struct {
		name string
		hash.Hash
	}{{"single", single}, {"batched", batched}} {
		if got := hex.EncodeToString(h.Sum(nil)); got != accumulated[alg] {
			return fmt.Errorf("accumulated hash of %d tags, %s: %s, want %s", accumulatedJobs, h.name, got, accumulated[alg])
		}
	}
	return nil
}

func TestAccumulated(t *testing.T) {
	eachProver(t, func(t *testing.T, alg engine.Algorithm, p prover) {
		if err := checkAccumulated(p, alg); err != nil {
			t.Error(err)
		}
	})
}

func TestAccumulatedOracle(t *testing.T) {
	for _, alg := range engine.Algorithms() {
		h := sha256.New()
		accumulate(func(group [][2][]byte) {
			for _, g := range group {
				h.Write(oracle(alg, g[0], g[1]))
			}
		})
		if got := hex.EncodeToString(h.Sum(nil)); got != accumulated[alg] {
			t.Errorf("%s: crypto/hmac gives %s, pinned is %s", alg, got, accumulated[alg])
		}
	}
}
