package targettest

import (
	"bytes"
	"fmt"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

var tagChecks = []check{
	{"info", checkInfo},
	{"tags/standard library", checkStandard},
	{"tags/RFC 4231", checkRFC4231},
	{"tags/consistency", checkConsistency},
	{"tags/wrong tags", checkWrongTags},
	{"tags/identifiers", checkIdentifiers},
}

func checkInfo(p *probe) {
	info := p.target.Info()
	if info.Name == "" || info.Client == "" {
		p.errorf("info %+v lacks a name or the client road", info)
	}
	if again := p.target.Info(); again != info {
		p.errorf("info %+v, then %+v", info, again)
	}
	if info.Endpoint == "" && (info.Host != "" || info.AWS) {
		p.errorf("info %+v has no endpoint, but a host or AWS", info)
	}
}

// lengths around the ends of blocks, with and without the padding, and the
// ends of what a KMS takes.
var lengths = []int{1, 2, 55, 56, 63, 64, 65, 111, 112, 119, 120, 127, 128, 129, 255, 256, 1000, 4095, 4096}

func checkStandard(p *probe) {
	eachAlgorithm(func(alg engine.Algorithm) {
		secret := secretFor(alg)
		key := p.imported(alg, secret)
		for _, n := range lengths {
			msg := pattern(n)
			want := standard(alg, secret, msg)
			got, err := p.generate(key.KeyID, alg, msg)
			if err != nil {
				p.errorf("GenerateMac of %d bytes with %v: %v", n, alg, err)
				continue
			}
			if !bytes.Equal(got.Tag, want) {
				p.errorf("GenerateMac of %d bytes with %v: %x, want %x", n, alg, got.Tag, want)
			}
			p.checkValid(key, alg, msg, want)
		}
	})
}

// checkValid verifies a right tag.
func (p *probe) checkValid(key target.KeyMetadata, alg engine.Algorithm, msg, tag []byte) {
	got, err := p.verify(key.KeyID, alg, msg, tag)
	if err != nil || !got.Valid || got.Algorithm != alg || got.KeyID != key.ARN {
		p.errorf("VerifyMac of %d bytes with %v: %+v, %v, want valid for key %s", len(msg), alg, got, err, key.ARN)
	}
}

// The keys of RFC 4231 have lengths that no KMS imports; keys of the length of
// the key spec with the same tags stand in (RFC 2104, section 3).
func checkRFC4231(p *probe) {
	eachAlgorithm(func(alg engine.Algorithm) {
		for _, c := range rfc4231 {
			key := p.imported(alg, c.material(alg))
			msg, want := unhex(c.msg), unhex(c.tags[alg-engine.HMACSHA224])
			got, err := p.generate(key.KeyID, alg, msg)
			if err != nil {
				p.errorf("case %d with %v: %v", c.number, alg, err)
				continue
			}
			if !bytes.HasPrefix(got.Tag, want) {
				p.errorf("case %d with %v: %x, want %x", c.number, alg, got.Tag, want)
			}
			p.checkValid(key, alg, msg, got.Tag)
		}
	})
}

// checkConsistency is for targets whose keys nobody knows.
func checkConsistency(p *probe) {
	eachAlgorithm(func(alg engine.Algorithm) {
		key, other := p.newKey(alg), p.newKey(alg)
		msg := pattern(200)
		tag := p.tag(key.KeyID, alg, msg)
		if again := p.tag(key.KeyID, alg, msg); !bytes.Equal(tag, again) {
			p.errorf("%v: same key and message, tags %x and %x", alg, tag, again)
		}
		p.checkValid(key, alg, msg, tag)
		if p.tag(other.KeyID, alg, msg) == nil || bytes.Equal(tag, p.tag(other.KeyID, alg, msg)) {
			p.errorf("%v: two keys, one tag", alg)
		}
		for what, changed := range changes(msg) {
			if bytes.Equal(tag, p.tag(key.KeyID, alg, changed)) {
				p.errorf("%v: message with %s, same tag", alg, what)
			}
			_, err := p.verify(key.KeyID, alg, changed, tag)
			p.wantKind(fmt.Sprintf("%v: VerifyMac of a message with %s", alg, what), err, target.InvalidMac)
		}
	})
}

// changes are messages that differ from msg in one place.
func changes(msg []byte) map[string][]byte {
	flip := func(at int) []byte {
		m := bytes.Clone(msg)
		m[at] ^= 1
		return m
	}
	return map[string][]byte{
		"its first bit flipped": flip(0),
		"its middle flipped":    flip(len(msg) / 2),
		"its last bit flipped":  flip(len(msg) - 1),
		"a zero byte more":      append(bytes.Clone(msg), 0),
		"its last byte missing": msg[:len(msg)-1],
	}
}

func checkWrongTags(p *probe) {
	eachAlgorithm(func(alg engine.Algorithm) {
		key, other := p.newKey(alg), p.newKey(alg)
		msg := pattern(77)
		tag := p.tag(key.KeyID, alg, msg)
		wrong := map[string][]byte{
			"of another key":      p.tag(other.KeyID, alg, msg),
			"without its end":     tag[:len(tag)-1],
			"of its first half":   tag[:len(tag)/2],
			"of one byte":         tag[:1],
			"with a byte more":    append(bytes.Clone(tag), 0),
			"twice":               bytes.Repeat(tag, 2),
			"of nothing but zero": make([]byte, len(tag)),
			"of 6,144 bytes":      append(bytes.Clone(tag), make([]byte, 6144-len(tag))...),
		}
		for _, at := range []int{0, len(tag) / 2, len(tag) - 1} {
			for _, bit := range []byte{1, 0x80} {
				flipped := bytes.Clone(tag)
				flipped[at] ^= bit
				wrong[fmt.Sprintf("with bit %#x of byte %d flipped", bit, at)] = flipped
			}
		}
		for what, bad := range wrong {
			got, err := p.verify(key.KeyID, alg, msg, bad)
			p.wantKind(fmt.Sprintf("%v: VerifyMac of a tag %s", alg, what), err, target.InvalidMac)
			if got.Valid {
				p.errorf("%v: VerifyMac of a tag %s: valid", alg, what)
			}
		}
		p.checkValid(key, alg, msg, tag)
	})
}

// checkIdentifiers names one key in all four ways (rows ID-01, GM-05, GM-06).
func checkIdentifiers(p *probe) {
	const alg = engine.HMACSHA256
	key := p.newKey(alg)
	alias := p.alias()
	p.must("CreateAlias", p.admin.CreateAlias(p.ctx, alias, key.KeyID))
	defer func() { p.must("DeleteAlias", p.admin.DeleteAlias(p.ctx, alias)) }()
	list, err := p.admin.ListAliases(p.ctx, key.KeyID)
	p.must("ListAliases", err)
	if len(list) != 1 || list[0].Name != alias || list[0].TargetKeyID != key.KeyID || list[0].ARN == "" {
		p.fatalf("ListAliases = %+v, want %s for key %s", list, alias, key.KeyID)
	}
	msg := pattern(40)
	want := p.tag(key.KeyID, alg, msg)
	for what, id := range map[string]string{
		"id": key.KeyID, "ARN": key.ARN, "alias": alias, "alias ARN": list[0].ARN,
	} {
		got, err := p.generate(id, alg, msg)
		if err != nil || got.KeyID != key.ARN || !bytes.Equal(got.Tag, want) {
			p.errorf("GenerateMac by %s: key %q, tag %x, %v, want key %q, tag %x", what, got.KeyID, got.Tag, err, key.ARN, want)
		}
		valid, err := p.verify(id, alg, msg, want)
		if err != nil || !valid.Valid || valid.KeyID != key.ARN {
			p.errorf("VerifyMac by %s: %+v, %v, want valid for key %q", what, valid, err, key.ARN)
		}
	}
}
