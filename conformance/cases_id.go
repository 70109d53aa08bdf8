package conformance

import "strings"

// idUntestable is empty: every row of the group has a case.
var idUntestable map[string]string

// asked sends GenerateMac with another key id.
func (p *Probe) asked(k Key, id string) *Answer {
	return p.Call("GenerateMac", with(k.MAC(some), "KeyId", id))
}

func idCases() []Case {
	return []Case{
		def("ID-01", func(p *Probe) {
			k := p.Shared(HMAC256)
			alias := p.Alias(k)
			for _, id := range []string{k.ID, k.ARN, alias, k.AliasARN(alias)} {
				tag := p.asked(k, id).Want(madeBy(k)).Bytes("Mac")
				p.Call("VerifyMac", with(k.Verify(some, tag), "KeyId", id)).Want(verified(k))
			}
		}),
		def("ID-02", func(p *Probe) {
			k := p.Shared(HMAC256)
			alias := "alias/" + p.Name()
			p.asked(k, alias).Want(notFound("Alias " + k.AliasARN(alias) + " is not found.").known())
		}),
		def("ID-03", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.asked(k, k.Sibling("alias/aws/sqs")).Want(invalidKeyID("alias/aws/sqs").known())
		}),
		def("ID-04", func(p *Probe) {
			k := p.Shared(HMAC256)
			far := otherRegion(p.Region())
			p.asked(k, inRegion(k.ARN, far)).Want(notFound("Invalid arn " + far))
		}),
		def("ID-05", func(p *Probe) {
			k := p.Shared(HMAC256)
			far := otherRegion(p.Region())
			p.asked(k, inRegion(k.AliasARN(p.Alias(k)), far)).Want(notFound("Invalid arn " + far))
		}),
		def("ID-06", func(p *Probe) {
			k := p.Shared(HMAC256)
			arn := foreign(k, k.Sibling(p.UUID()))
			p.asked(k, arn).Want(denied(""))
		}),
		def("ID-07", func(p *Probe) {
			p.asked(p.Shared(HMAC256), "arn:nonsense").Want(refused())
		}),
		def("ID-08", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.asked(k, strings.ToUpper(k.ID)).Want(madeBy(k).as("accepted"), failsSomehow("NotFoundException").as("refused"))
		}),
		def("ID-09", func(p *Probe) {
			k := p.Fresh(HMAC256)
			alias := p.Alias(k)
			for _, id := range []string{alias, k.AliasARN(alias)} {
				p.Call("EnableKey", Params{"KeyId": id}).Want(refused())
				p.Call("DisableKey", Params{"KeyId": id}).Want(refused())
				p.Call("ScheduleKeyDeletion", Params{"KeyId": id, "PendingWindowInDays": 7}).Want(refused())
				p.Call("CancelKeyDeletion", Params{"KeyId": id}).Want(refused())
				p.Call("TagResource", Params{"KeyId": id, "Tags": tagList("a", "b")}).Want(refused())
				p.Call("GetKeyPolicy", Params{"KeyId": id, "PolicyName": "default"}).Want(refused())
				p.Call("GetKeyRotationStatus", Params{"KeyId": id}).Want(refused())
				p.Call("GetParametersForImport", Params{"KeyId": id, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}).Want(refused())
				p.Call("CreateGrant", Params{"KeyId": id, "GranteePrincipal": k.Root(), "Operations": []string{"GenerateMac"}}).Want(refused())
			}
		}).in(ProfileGovernance),
		def("ID-10", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.Do("GetKeyLastUsage", Params{"KeyId": k.ID})
			p.Call("GetKeyLastUsage", Params{"KeyId": p.Alias(k)}).Want(refused())
		}).in(ProfileLifecycle),
		def("ID-11", func(p *Probe) {
			p.asked(p.Shared(HMAC256), "key_id").Want(invalidKeyID("key_id").mentioning("'key_id'"))
		}),
		def("ID-12", func(p *Probe) {
			params := p.Shared(HMAC256).MAC(some)
			params["KeyId"] = nil
			p.RawJSON("GenerateMac", params).Want(invalid("").mentioning("keyId"))
			p.RawJSON("GenerateMac", with(params, "KeyId", nil)).Want(invalid("").mentioning("keyId"))
		}).raw(),
	}
}
