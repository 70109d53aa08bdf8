package conformance

import (
	"fmt"
	"strings"

	"github.com/kmsmac/kmsmac/vectors"
)

// Bounds of one Wycheproof case: real AWS gives import parameters once a
// second, and a case has its time.
const (
	maxCaseKeys    = 10
	maxCaseVectors = 36
)

// wycheproofCases hold the target against the Wycheproof vectors whose keys
// have exactly the length that is imported and whose messages a KMS takes, a
// few keys in each case.
func wycheproofCases() []Case {
	var cases []Case
	for _, kind := range hmacKinds {
		for _, batch := range batches(importable(kind)) {
			cases = append(cases, wycheproofCase(kind, batch))
		}
	}
	return cases
}

func importable(kind KeyKind) (out []vectors.Vector) {
	for _, v := range vectors.Wycheproof() {
		if v.Algorithm == algorithmOf[kind.Spec] && len(v.Key) == sizeOf[kind.Spec] && len(v.Msg) >= 1 && len(v.Msg) <= 4096 {
			out = append(out, v)
		}
	}
	return out
}

// batches cuts the vectors into runs with few keys and few vectors.
func batches(all []vectors.Vector) (out [][]vectors.Vector) {
	keys := map[string]bool{}
	begin := 0
	for i, v := range all {
		if !keys[string(v.Key)] && len(keys) == maxCaseKeys || i-begin == maxCaseVectors {
			out = append(out, all[begin:i])
			begin, keys = i, map[string]bool{}
		}
		keys[string(v.Key)] = true
	}
	if begin < len(all) {
		out = append(out, all[begin:])
	}
	return out
}

func wycheproofCase(kind KeyKind, batch []vectors.Vector) Case {
	first, last := testNumber(batch[0]), testNumber(batch[len(batch)-1])
	c := def("GM-38", func(p *Probe) {
		for _, v := range batch {
			p.wycheproof(v)
		}
	})
	c.ID = fmt.Sprintf("WYP-%s-%s-%s", strings.TrimPrefix(kind.Spec, "HMAC_"), first, last)
	c.Group, c.Profile, c.Operation = "WYP", ProfileImport, "GenerateMac, VerifyMac"
	c.Title = fmt.Sprintf("Wycheproof, %s, tcId %s to %s: %d vectors with keys of %d bytes", algorithmOf[kind.Spec], first, last, len(batch), sizeOf[kind.Spec])
	c.Expected = "the tags that are valid, and none that is not"
	c.Evidence.Source = batch[0].Source.Name + " " + batch[0].Source.Version + "; " + c.Evidence.Source
	c.Needs, c.FullOnly = []Feature{FeatureImport}, true
	return c
}

// testNumber is the number of a Wycheproof test, which its id ends in.
func testNumber(v vectors.Vector) string { return v.ID[strings.LastIndexByte(v.ID, '-')+1:] }

// wycheproof imports the vector's key and asks for both halves: the tag, and
// what is said to the vector's own tag.
func (p *Probe) wycheproof(v vectors.Vector) {
	full := p.engineSum(v.Algorithm, v.Key, v.Msg)
	if err := v.Check(full); err != nil {
		p.Inconclusive("package engine is wrong on this vector: %v", err)
	}
	k := p.SharedWith(specOf(v.Algorithm), v.Key)
	if v.Valid && !v.Truncated() {
		p.holdAgainst(k, v.Msg, v.Tag)
		return
	}
	// a tag that was changed, or cut: never one that VerifyMac takes (row VM-10)
	p.Mac(k, v.Msg).Want(ok(Members{"Mac": TheBytes(full)}))
	p.VerifyMac(k, v.Msg, v.Tag).Want(mismatch())
}
