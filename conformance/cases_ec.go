package conformance

import (
	"time"

	"github.com/kmsmac/kmsmac/target"
)

var ecUntestable = map[string]string{
	"EC-05": "needs a principal with an identity policy of its own: a key policy cannot ask for the tags or aliases of its key",
}

// later repeats a request until the expectation holds or the row's time is
// over, on any target, and wants it then.
func (a *Answer) later(want Expectation) *Answer {
	p := a.probe
	return p.Until(a, func(a *Answer) bool {
		_, diffs := want.judge(a, false)
		return !hard(diffs)
	}).Want(want)
}

func ecCases() []Case {
	return []Case{
		def("EC-01", readAfterWrite),
		def("EC-02", func(p *Probe) {
			k := p.create(HMAC256)
			p.Call("GenerateMac", k.MAC(some)).Want(madeBy(k).as("at once"), failsSomehow("NotFoundException").as("not yet"))
			p.Call("GenerateMac", k.MAC(some)).later(madeBy(k))
		}),
		def("EC-03", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.Do("DisableKey", Params{"KeyId": k.ID})
			p.Call("GenerateMac", k.MAC(some)).later(failsSomehow("DisabledException"))
			p.Do("EnableKey", Params{"KeyId": k.ID})
			p.Call("GenerateMac", k.MAC(some)).later(madeBy(k))
		}),
		def("EC-04", grantsTakeEffect).needs(FeatureAuth).within(5 * time.Minute),
		def("EC-06", func(p *Probe) {
			r := p.startReplica(p.Fresh(HMAC256.Multi()))
			p.In().describe(r).later(stateIs(target.StateEnabled))
		}).regions().in(ProfileMultiRegion).within(2 * time.Minute),
		def("EC-07", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.Do("ScheduleKeyDeletion", Params{"KeyId": k.ID, "PendingWindowInDays": 7})
			p.describe(k).later(stateIs(target.StatePendingDeletion))
		}).within(20 * time.Minute),
		def("EC-08", func(p *Probe) {
			k := p.Fresh(Symmetric)
			p.Do("EnableKeyRotation", Params{"KeyId": k.ID})
			p.Call("GetKeyRotationStatus", Params{"KeyId": k.ID}).later(ok(Members{"KeyRotationEnabled": Is(true)}))
			p.Do("TagResource", Params{"KeyId": k.ID, "Tags": tagList("tag1", "value1")})
			tags := p.Call("ListResourceTags", Params{"KeyId": k.ID})
			p.wantTags(p.Until(tags, func(a *Answer) bool { return ownTags(a) == "tag1=value1" }), "tag1=value1", true)
		}).within(10 * time.Minute),
	}
}

// readAfterWrite changes what has a name, a description and a target, and
// reads each through another operation. The tag says which key an alias means.
func readAfterWrite(p *Probe) {
	old, next := p.Fresh(HMAC256), p.Fresh(HMAC256)
	tagOf := func(k Key) Expectation {
		return ok(Members{"Mac": TheBytes(p.Do("GenerateMac", k.MAC(some)).Bytes("Mac"))})
	}
	byOld, byNext := tagOf(old), tagOf(next)
	name := p.Alias(old)
	p.asked(old, name).later(byOld)
	p.Do("UpdateAlias", Params{"AliasName": name, "TargetKeyId": next.ID})
	p.asked(next, name).later(byNext)
	p.Do("DeleteAlias", Params{"AliasName": name})
	p.asked(next, name).later(failsSomehow("NotFoundException"))
	p.Do("UpdateKeyDescription", Params{"KeyId": old.ID, "Description": "new"})
	p.describe(old).later(ok(Members{"KeyMetadata.Description": Is("new")}))
}

// grantsTakeEffect grants what the policy does not allow, and takes it back.
// The token of a grant is good at once.
func grantsTakeEffect(p *Probe) {
	k, grant := p.onlyByGrant()
	p.Call("GenerateMac", with(k.MAC(some), "GrantTokens", []string{grant.String("GrantToken")})).Want(madeBy(k))
	p.Call("GenerateMac", k.MAC(some)).later(madeBy(k))
	p.Do("RevokeGrant", Params{"KeyId": k.ID, "GrantId": grant.String("GrantId")})
	p.Call("GenerateMac", k.MAC(some)).later(denied(""))
}
