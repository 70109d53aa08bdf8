package engine

import (
	"fmt"
	"hash"
	"slices"
	"sync"
)

// Impl is a named implementation of one or more algorithms. Its zero value
// names none and supports nothing. Values can be compared with ==.
type Impl struct{ p *implementation }

// Missing is an implementation that cannot run here.
type Missing struct {
	Name   string
	Reason string // for people, for example "the CPU lacks SHA-NI"
}

// Names of the implementations that every build knows.
const (
	// Stdlib is the standard library with cached midstates. It runs everywhere
	// and does all algorithms. In Go's FIPS 140 mode it is crypto/hmac itself.
	Stdlib = "stdlib"
	// SHA256SIMD is minio/sha256-simd's plain New, an independent
	// implementation of HMACSHA256 for cross-checks.
	SHA256SIMD = "sha256-simd"
)

// implementation is what an Impl points to. It does not change once listed. An
// algorithm is done where it has a hasher, which makes the midstates and serves
// streams; kernels take single messages and batches over from it.
type implementation struct {
	name    string
	hashers [HMACSHA512 + 1]*hasher
	kernels kernels
}

// catalog is what this process can and cannot run.
type catalog struct {
	impls   []*implementation // stdlib first
	missing []Missing
}

// detected looks at CPU, build tags and FIPS mode once.
var detected = sync.OnceValue(detect)

// detect is the one list of implementations.
func detect() *catalog {
	c := new(catalog)
	c.add(candidate{name: Stdlib, hashes: standardHashes})
	c.add(candidate{name: SHA256SIMD, hashes: simdHashes, reason: simdReason})
	for _, k := range kernelCandidates() {
		c.add(k)
	}
	if len(c.impls) == 0 || c.impls[0].name != Stdlib {
		panic("engine: the standard library " + c.missing[0].Reason)
	}
	return c
}

// candidate is an implementation before it is trusted.
type candidate struct {
	name    string
	hashes  map[Algorithm]func() hash.Hash
	kernels kernels
	reason  string // why it cannot run here; empty if it can
}

// add lists what can run here and gives the right tags.
func (c *catalog) add(n candidate) {
	p := &implementation{name: n.name, kernels: n.kernels}
	reason := n.reason
	if approvedOnly() && n.name != Stdlib {
		reason = "Go's FIPS 140 mode is on"
	}
	for alg, fresh := range n.hashes {
		if p.hashers[alg] = newHasher(fresh); p.hashers[alg] == nil && reason == "" {
			reason = "its hash state cannot be saved"
		}
	}
	if reason == "" {
		reason = p.selfTest()
	}
	if reason != "" {
		c.missing = append(c.missing, Missing{n.name, reason})
		return
	}
	c.impls = append(c.impls, p)
}

// Impls lists the implementations that can run here, Stdlib first. The list is
// the caller's.
func Impls() []Impl {
	var list []Impl
	for _, p := range detected().impls {
		list = append(list, Impl{p})
	}
	return list
}

// Unavailable lists the implementations that this version of the engine has but
// cannot run here, each with its reason. The list is the caller's.
func Unavailable() []Missing { return slices.Clone(detected().missing) }

// Lookup returns the implementation called name. The error wraps ErrUnavailable
// and says why.
func Lookup(name string) (Impl, error) {
	for _, p := range detected().impls {
		if p.name == name {
			return Impl{p}, nil
		}
	}
	for _, m := range detected().missing {
		if m.Name == name {
			return Impl{}, fmt.Errorf("%w: %s: %s", ErrUnavailable, name, m.Reason)
		}
	}
	return Impl{}, fmt.Errorf("%w: %q is not a known name", ErrUnavailable, name)
}

// Name of the implementation; empty for the zero Impl.
func (i Impl) Name() string {
	if i.p == nil {
		return ""
	}
	return i.p.name
}

// String is Name.
func (i Impl) String() string { return i.Name() }

// Supports reports whether the implementation does alg.
func (i Impl) Supports(alg Algorithm) bool {
	return i.p != nil && alg.Valid() && i.p.hashers[alg] != nil
}

// NewKey is the package's NewKey for this implementation. Where it does not
// support alg the error wraps ErrUnavailable.
func (i Impl) NewKey(alg Algorithm, secret []byte) (*Key, error) {
	if !alg.Valid() {
		return nil, fmt.Errorf("%w %d", ErrUnknownAlgorithm, uint8(alg))
	}
	if !i.Supports(alg) {
		return nil, fmt.Errorf("%w: %q does not do %s", ErrUnavailable, i.Name(), alg)
	}
	if len(secret) == 0 {
		return nil, ErrEmptySecret
	}
	if err := checkApproved(secret); err != nil {
		return nil, err
	}
	k := &Key{alg: alg, impl: i.p}
	if err := k.prepare(secret); err != nil {
		return nil, err
	}
	k.live.Store(true)
	return k, nil
}

// prepare makes the midstates.
func (k *Key) prepare(secret []byte) error {
	if approvedOnly() {
		a, err := newApprovedKey(standardHashes[k.alg], secret)
		k.approved.Store(a)
		return err
	}
	k.hasher = k.impl.hashers[k.alg]
	s := k.hasher.get()
	defer k.hasher.put(s)
	var err error
	if k.mid, err = newMidstates(s, secret); err != nil {
		return err
	}
	k.kernels, k.team = k.impl.kernels, k.hasher
	if k.kernels.lanes512 != 0 {
		k.team = k.impl.hashers[HMACSHA512]
	}
	if k.kernels.any() {
		return k.setKernelForm()
	}
	return nil
}
