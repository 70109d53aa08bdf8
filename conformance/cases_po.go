package conformance

import (
	"encoding/json"
	"reflect"
)

var poUntestable = map[string]string{
	"PO-09": "needs a principal with an identity policy of its own",
}

// putPolicy gives the key a policy. Each one leaves the account the right to
// change it again and to delete the key.
func (p *Probe) putPolicy(k Key, text string) {
	p.Do("PutKeyPolicy", Params{"KeyId": k.ID, "PolicyName": "default", "Policy": text})
}

// administers allows the account to manage the key and to delete it, but not
// to make or check MACs.
func administers(k Key) statement {
	return allow(k.Root(), "kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*", "kms:Disable*",
		"kms:Get*", "kms:Delete*", "kms:TagResource", "kms:UntagResource", "kms:RetireGrant", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion")
}

// macsWhen is a policy that allows the account MACs where the condition key
// has the value.
func macsWhen(k Key, key, value string) string {
	macs := allow(k.Root(), "kms:GenerateMac", "kms:VerifyMac")
	macs["Condition"] = map[string]any{"StringEquals": map[string]string{key: value}}
	return policy(administers(k), macs)
}

// ownPolicy is a policy, on one line, that is not the default one.
func ownPolicy(k Key) string {
	return `{"Version":"2012-10-17","Id":"kmsmac","Statement":[{"Sid":"all","Effect":"Allow","Principal":{"AWS":"` + k.Root() +
		`"},"Action":"kms:*","Resource":"*"}]}`
}

// policyOf asks for the key's policy.
func (p *Probe) policyOf(k Key) *Answer {
	return p.Call("GetKeyPolicy", Params{"KeyId": k.ID, "PolicyName": "default"})
}

// wantPolicy wants the policy to be that JSON document, however it is laid out.
func (p *Probe) wantPolicy(a *Answer, want string) {
	holds := func(a *Answer) bool { return sameJSON(want, a.String("Policy")) }
	a = p.settle(a, holds).Want(ok(Members{"Policy": Present()}))
	p.Check(a, "Policy", holds(a), want, a.String("Policy"))
}

func sameJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

func poCases() []Case {
	malformed := fails("MalformedPolicyDocumentException", lockOutText)
	put := func(p *Probe, k Key, text string) *Answer {
		return p.Call("PutKeyPolicy", Params{"KeyId": k.ID, "PolicyName": "default", "Policy": text})
	}
	return []Case{
		def("PO-01", func(p *Probe) {
			p.Call("ListKeyPolicies", Params{"KeyId": p.Shared(HMAC256).ID}).
				Want(ok(Members{"PolicyNames": Is([]string{"default"}), "Truncated": Is(false)}))
		}),
		def("PO-02", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.putPolicy(k, ownPolicy(k))
			p.wantPolicy(p.policyOf(k), ownPolicy(k))
		}),
		def("PO-03", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.wantDefaultPolicy(p.Call("GetKeyPolicy", Params{"KeyId": k.ID}), "Policy", k)
		}),
		def("PO-04", func(p *Probe) {
			p.Call("GetKeyPolicy", Params{"KeyId": p.Shared(HMAC256).ID, "PolicyName": "other"}).Want(notFound("No such policy exists"))
		}),
		def("PO-05", func(p *Probe) {
			k := p.Fresh(HMAC256)
			put(p, k, ownPolicy(k)).Want(okVoid())
			p.wantPolicy(p.policyOf(k), ownPolicy(k))
		}),
		def("PO-06", func(p *Probe) {
			k := p.Fresh(HMAC256)
			put(p, k, lockOut(k)).Want(malformed)
		}),
		def("PO-07", func(p *Probe) {
			put(p, p.Fresh(HMAC256), `{"Version":"2012-10-17","Statement":[`).Want(failsSomehow("MalformedPolicyDocumentException"))
		}),
		def("PO-08", func(p *Probe) {
			k := p.Fresh(HMAC256)
			tag := p.tag(k, some)
			p.putPolicy(k, macsWhen(k, "kms:MacAlgorithm", "HMAC_SHA_256"))
			p.Call("GenerateMac", k.MAC(some)).Want(madeBy(k))
			p.Call("VerifyMac", k.Verify(some, tag)).Want(verified(k))
			p.putPolicy(k, macsWhen(k, "kms:MacAlgorithm", "HMAC_SHA_512"))
			p.Call("GenerateMac", k.MAC(some)).Want(denied(""))
			p.Call("VerifyMac", k.Verify(some, tag)).Want(denied(""))
		}).needs(FeatureAuth),
		def("PO-10", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.putPolicy(k, policy(administers(k)))
			p.Call("GenerateMac", k.MAC(some)).
				Want(denied("User: ... is not authorized to perform: kms:GenerateMac on resource: " + k.ARN + "..."))
		}).needs(FeatureAuth),
		def("PO-11", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.putPolicy(k, macsWhen(k, "kms:EncryptionContext:purpose", "test"))
			p.Call("GenerateMac", k.MAC(some)).Want(denied(""))
		}).needs(FeatureAuth),
	}
}
