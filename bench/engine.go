package bench

import (
	"fmt"
	"slices"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
)

// CryptoHMAC names, beside the engine's implementations, what a Go program has
// without the engine: one crypto/hmac state for each key, reset for each
// message.
const CryptoHMAC = "crypto-hmac"

// Limits of an EnginePlan.
const (
	MaxEngineJobs   = 4096
	MaxEngineRounds = 10_000
	engineKeys      = 8 // that the messages of a batch share
)

// EnginePlan is all that defines a measurement of the engine but the machine.
// The zero value measures every implementation of this machine and CryptoHMAC,
// with every algorithm, size and batch of the defaults. A case is one of each.
type EnginePlan struct {
	// Seed of messages, mixed lengths, secrets and of the order in each round.
	Seed uint64 `json:"seed"`
	// Impls by name, or CryptoHMAC; default all that can run here.
	Impls []string `json:"impls"`
	// Algorithms; default all four. An implementation is measured with those
	// that it does.
	Algorithms []engine.Algorithm `json:"algorithms"`
	// Sizes of messages: a range is a mix of lengths, each equally likely, for
	// batches of more than one. Weights must be 1. Default 32, 64, 256, 1024,
	// 4096, 1..128, 1..4096.
	Sizes Sizes `json:"sizes"`
	// Batches are numbers of messages, 1 to MaxEngineJobs; default 1, 4, 8, 16,
	// 128, 512. One message goes through Key.Sum, more through Batch.Sum.
	Batches []int `json:"batches"`
	// Rounds, 1 to MaxEngineRounds; default 20. In each round every case has one
	// turn, in an order of its own.
	Rounds int `json:"rounds"`
	// Turn is the wanted length of a turn, 1 µs to 1 s; default 200 µs. It is as
	// much longer as one piece of work is.
	Turn time.Duration `json:"turn_ns"`
}

// WithDefaults returns the plan with every default filled in. It changes
// nothing that is set.
func (p EnginePlan) WithDefaults() EnginePlan {
	if len(p.Impls) == 0 {
		for _, impl := range engine.Impls() {
			p.Impls = append(p.Impls, impl.Name())
		}
		p.Impls = append(p.Impls, CryptoHMAC)
	}
	if len(p.Algorithms) == 0 {
		p.Algorithms = engine.Algorithms()
	}
	if len(p.Sizes) == 0 {
		p.Sizes = Sizes{one(32), one(64), one(256), one(1024), one(4096), mixed(128), mixed(4096)}
	}
	if len(p.Batches) == 0 {
		p.Batches = []int{1, 4, 8, 16, 128, 512}
	}
	if p.Rounds == 0 {
		p.Rounds = 20
	}
	if p.Turn == 0 {
		p.Turn = 200 * time.Microsecond
	}
	return p
}

func one(n int) SizeRange   { return SizeRange{Min: n, Max: n, Weight: 1} }
func mixed(n int) SizeRange { return SizeRange{Min: 1, Max: n, Weight: 1} }

// Validate reports what is wrong with the plan, defaults filled in: an unknown
// implementation, a value out of range, or nothing to measure.
func (p EnginePlan) Validate() error {
	p = p.WithDefaults()
	for _, name := range p.Impls {
		if name == CryptoHMAC {
			continue
		}
		if _, err := engine.Lookup(name); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
	}
	for _, alg := range p.Algorithms {
		if !alg.Valid() {
			return fmt.Errorf("bench: %w %s", engine.ErrUnknownAlgorithm, alg)
		}
	}
	if err := p.Sizes.validate(); err != nil {
		return err
	}
	for _, r := range p.Sizes {
		if r.Weight != 1 {
			return fmt.Errorf("bench: a size of the engine's plan has no weight, not %v", r.Weight)
		}
	}
	for _, n := range p.Batches {
		if n < 1 || n > MaxEngineJobs {
			return fmt.Errorf("bench: a batch of %d is not between 1 and %d", n, MaxEngineJobs)
		}
	}
	switch {
	case p.Rounds < 1 || p.Rounds > MaxEngineRounds:
		return fmt.Errorf("bench: %d rounds is not between 1 and %d", p.Rounds, MaxEngineRounds)
	case p.Turn < time.Microsecond || p.Turn > time.Second:
		return fmt.Errorf("bench: a turn of %s is not between 1 µs and 1 s", p.Turn)
	case len(p.cases()) == 0:
		return fmt.Errorf("bench: nothing to measure: none of %v does one of the algorithms, or a mix of lengths has batches of 1 only", p.Impls)
	}
	return nil
}

// engineSpec is one case before it is made.
type engineSpec struct {
	impl string // of the engine, CryptoHMAC, or a peer's variant
	op   string
	alg  engine.Algorithm
	size SizeRange
	jobs int
}

// supported reports whether the implementation does the algorithm. Peers do all.
func (s engineSpec) supported() bool {
	impl, err := engine.Lookup(s.impl)
	return err != nil || impl.Supports(s.alg)
}

// cases are the plan's, without peers; the plan has its defaults.
func (p EnginePlan) cases() []engineSpec {
	var out []engineSpec
	p.each(func(alg engine.Algorithm, size SizeRange, jobs int) {
		for _, impl := range p.Impls {
			if s := (engineSpec{impl, opFor(jobs), alg, size, jobs}); s.supported() {
				out = append(out, s)
			}
		}
	})
	return out
}

// peerCases are the plan's pieces of work for every variant of the peers.
func (p EnginePlan) peerCases(variants []PeerVariant) []engineSpec {
	var out []engineSpec
	p.each(func(alg engine.Algorithm, size SizeRange, jobs int) {
		for _, v := range variants {
			if slices.Contains(v.Algorithms, alg) {
				out = append(out, engineSpec{v.Name, opFor(jobs), alg, size, jobs})
			}
		}
	})
	return out
}

func (p EnginePlan) each(f func(alg engine.Algorithm, size SizeRange, jobs int)) {
	for _, alg := range p.Algorithms {
		for _, jobs := range p.Batches {
			for _, size := range p.Sizes {
				if jobs > 1 || size.Min == size.Max {
					f(alg, size, jobs)
				}
			}
		}
	}
}

func opFor(jobs int) string {
	if jobs == 1 {
		return results.OpSum
	}
	return results.OpBatch
}
