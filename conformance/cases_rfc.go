package conformance

import (
	"fmt"
	"strings"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/vectors"
)

// specOf is the inverse of algorithmOf.
func specOf(algorithm string) KeyKind {
	for _, k := range hmacKinds {
		if algorithmOf[k.Spec] == algorithm {
			return k
		}
	}
	return KeyKind{}
}

// rfcCases are the 28 pairs of RFC 4231 test case and algorithm, re-keyed to
// the exact import length: engine, vectors and KMS meet in each.
func rfcCases() []Case {
	var cases []Case
	for _, v := range vectors.RFC4231() {
		c := def("GM-38", func(p *Probe) { p.rfc4231(v) })
		c.ID = strings.ToUpper(strings.Replace(v.ID, "rfc4231", "RFC", 1))
		c.Group, c.Profile, c.Operation = "RFC", ProfileImport, "GenerateMac, VerifyMac"
		c.Title = fmt.Sprintf("%s, %s: %s", v.Source.Place, v.Algorithm, v.Comment)
		c.Evidence.Source = "RFC 4231 " + v.Source.Place + "; " + c.Evidence.Source
		c.Needs = []Feature{FeatureImport}
		cases = append(cases, c)
	}
	return cases
}

// rfc4231 imports the vector's key, re-keyed, and compares three tags: the
// published one, the engine's and the target's.
func (p *Probe) rfc4231(v vectors.Vector) {
	secret := vectors.Rekeyed(v)
	full := p.engineSum(v.Algorithm, secret, v.Msg)
	if err := v.Check(full); err != nil {
		p.Inconclusive("package engine is wrong on this vector: %v", err)
	}
	p.holdAgainst(p.SharedWith(specOf(v.Algorithm), secret), v.Msg, full)
}

// holdAgainst wants the tag from GenerateMac and a yes from VerifyMac.
func (p *Probe) holdAgainst(k Key, msg, tag []byte) {
	p.Mac(k, msg).Want(ok(Members{"KeyId": Present(), "Mac": TheBytes(tag), "MacAlgorithm": Is(k.Algorithm)}))
	p.VerifyMac(k, msg, tag).Want(ok(Members{"KeyId": Present(), "MacValid": Is(true), "MacAlgorithm": Is(k.Algorithm)}))
}

func (p *Probe) engineSum(algorithm string, secret, msg []byte) []byte {
	alg, err := engine.ParseAlgorithm(algorithm)
	if err != nil {
		p.Inconclusive("%v", err)
	}
	key, err := p.run.s.opts.NewKey(alg, secret)
	if err != nil {
		p.Inconclusive("%v", err)
	}
	defer key.Destroy()
	return key.Sum(nil, msg)
}

// differentialCases hold engine and target against each other on n random
// keys and messages of 1 to 4,096 bytes, a few keys of one spec in each case.
func differentialCases(n int) []Case {
	var cases []Case
	for i, kind := range hmacKinds {
		share := n / len(hmacKinds)
		if i < n%len(hmacKinds) {
			share++
		}
		for part := 1; share > 0; part++ {
			cases = append(cases, differentialCase(kind, part, min(share, maxCaseKeys)))
			share -= maxCaseKeys
		}
	}
	return cases
}

func differentialCase(kind KeyKind, part, n int) Case {
	c := def("GM-38", func(p *Probe) {
		for range n {
			k := p.Fresh(kind.WithMaterial())
			msg := p.Bytes(1 + p.run.rng.IntN(4096))
			p.holdAgainst(k, msg, p.engineSum(algorithmOf[kind.Spec], k.Secret, msg))
		}
	})
	c.ID, c.Group, c.Profile, c.Operation = "DIFF-"+kind.Spec, "DIFF", ProfileImport, "GenerateMac, VerifyMac"
	if part > 1 {
		c.ID += fmt.Sprint("-", part)
	}
	c.Title = fmt.Sprintf("%d random imported keys and messages against package engine", n)
	c.Expected = "the tags that package engine computes"
	c.Needs = []Feature{FeatureImport}
	return c
}

// withDifferential adds the random comparison to the catalogue if it is asked
// for.
func withDifferential(o Options, all []Case) []Case {
	if o.Differential <= 0 {
		return all
	}
	return append(all, differentialCases(o.Differential)...)
}
