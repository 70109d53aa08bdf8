package targettest

import (
	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

var kindChecks = []check{
	{"kinds/input", checkInput},
	{"kinds/keys", checkMissingKeys},
	{"kinds/algorithm", checkAlgorithm},
	{"kinds/states", checkStates},
	{"kinds/dry run", checkDryRun},
}

// bothFail sends a GenerateMac and a VerifyMac that must fail alike.
func (p *probe) bothFail(what, keyID string, alg engine.Algorithm, msg []byte, kinds ...target.Kind) {
	got, err := p.target.GenerateMac(p.ctx, target.GenerateMacRequest{KeyID: keyID, Algorithm: alg, Message: msg})
	p.wantKind("GenerateMac "+what, err, kinds...)
	if len(got.Tag) > 0 {
		p.errorf("GenerateMac %s: a tag beside the error", what)
	}
	valid, err := p.target.VerifyMac(p.ctx, target.VerifyMacRequest{KeyID: keyID, Algorithm: alg, Message: msg, Tag: make([]byte, 32)})
	p.wantKind("VerifyMac "+what, err, kinds...)
	if valid.Valid {
		p.errorf("VerifyMac %s: valid beside the error", what)
	}
}

func checkInput(p *probe) {
	const alg = engine.HMACSHA256
	key := p.newKey(alg)
	p.bothFail("of no message", key.KeyID, alg, nil, target.Validation)
	p.bothFail("of an empty message", key.KeyID, alg, []byte{}, target.Validation)
	p.bothFail("of 4,097 bytes", key.KeyID, alg, pattern(4097), target.Validation)
	p.bothFail("with no algorithm", key.KeyID, 0, pattern(3), target.NotSent)
	p.bothFail("with an unknown algorithm", key.KeyID, 99, pattern(3), target.NotSent)
	for what, tag := range map[string][]byte{"no tag": nil, "an empty tag": {}, "a tag of 6,145 bytes": make([]byte, 6145)} {
		_, err := p.verify(key.KeyID, alg, pattern(3), tag)
		p.wantKind("VerifyMac of "+what, err, target.Validation)
	}
}

func checkMissingKeys(p *probe) {
	const alg = engine.HMACSHA256
	p.bothFail("with no key", "", alg, pattern(3), target.Validation, target.NotFound)
	p.bothFail("with no such id", "key_id", alg, pattern(3), target.NotFound)
	p.bothFail("with no such key", "00000000-0000-4000-8000-000000000000", alg, pattern(3), target.NotFound)
	p.bothFail("with no such alias", p.alias(), alg, pattern(3), target.NotFound)
	_, err := p.admin.DescribeKey(p.ctx, "00000000-0000-4000-8000-000000000000")
	p.wantKind("DescribeKey of no such key", err, target.NotFound)
	p.wantKind("DeleteAlias of no such alias", p.admin.DeleteAlias(p.ctx, p.alias()), target.NotFound)
}

// checkAlgorithm tries all twelve pairs that do not fit (rows GM-18, GM-19).
func checkAlgorithm(p *probe) {
	eachAlgorithm(func(spec engine.Algorithm) {
		key := p.newKey(spec)
		eachAlgorithm(func(alg engine.Algorithm) {
			if alg != spec {
				p.bothFail("of "+target.KeySpec(spec)+" with "+alg.String(), key.KeyID, alg, pattern(3), target.InvalidUsage)
			}
		})
	})
}

// checkStates breaks off use by each state and, where there is a way back, takes
// it: the same key makes the same tags again.
func checkStates(p *probe) {
	const alg = engine.HMACSHA384
	key := p.newKey(alg)
	msg := pattern(9)
	tag := p.tag(key.KeyID, alg, msg)

	p.must("DisableKey", p.admin.DisableKey(p.ctx, key.KeyID))
	p.bothFail("with a disabled key", key.KeyID, alg, msg, target.Disabled)
	p.must("EnableKey", p.admin.EnableKey(p.ctx, key.KeyID))
	p.checkValid(key, alg, msg, tag)

	_, err := p.admin.ScheduleKeyDeletion(p.ctx, key.KeyID, 7)
	p.must("ScheduleKeyDeletion", err)
	p.bothFail("with a key pending deletion", key.KeyID, alg, msg, target.InvalidState, target.Disabled) // row GM-26
	p.must("CancelKeyDeletion", p.admin.CancelKeyDeletion(p.ctx, key.KeyID))
	p.bothFail("with a key taken back from deletion", key.KeyID, alg, msg, target.Disabled) // row DE-09
	p.must("EnableKey", p.admin.EnableKey(p.ctx, key.KeyID))
	p.checkValid(key, alg, msg, tag)

	empty, err := p.admin.CreateKey(p.ctx, target.CreateKeyRequest{KeySpec: target.KeySpec(alg), Origin: target.OriginExternal})
	if target.KindOf(err) == target.Unsupported {
		return // no import: the state cannot be reached
	}
	p.must("CreateKey for import", err)
	p.made = append(p.made, empty.KeyID)
	p.bothFail("with a key pending import", empty.KeyID, alg, msg, target.InvalidState)
}

func checkDryRun(p *probe) {
	const alg = engine.HMACSHA512
	key := p.newKey(alg)
	msg := pattern(5)
	tag := p.tag(key.KeyID, alg, msg)
	got, err := p.target.GenerateMac(p.ctx, target.GenerateMacRequest{KeyID: key.KeyID, Algorithm: alg, Message: msg, DryRun: true})
	p.wantKind("GenerateMac, dry run", err, target.DryRun)
	if len(got.Tag) > 0 {
		p.errorf("GenerateMac, dry run: a tag")
	}
	_, err = p.target.VerifyMac(p.ctx, target.VerifyMacRequest{KeyID: key.KeyID, Algorithm: alg, Message: msg, Tag: tag, DryRun: true})
	p.wantKind("VerifyMac, dry run", err, target.DryRun)
}
