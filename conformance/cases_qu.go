package conformance

var quUntestable = map[string]string{
	"QU-03": "needs a FIPS endpoint beside the other one",
	"QU-04": "needs a second account",
	"QU-09": "says that throttling is possible, not when",
	"QU-10": "Service Quotas is another service",
}

// perSecond is the default quota of most operations that change keys.
const perSecond = 5

// wearsOut sends one operation on one key until its quota is used up.
func (p *Probe) wearsOut(operation string, params func(i int) Params) {
	p.overQuota(perSecond, operation, func(i int) *Answer { return p.Call(operation, params(i)) })
}

func quCases() []Case {
	sharing := func(kinds func(p *Probe, k Key) []func() *Answer) func(*Probe) {
		return func(p *Probe) {
			p.symmetricQuota()
			p = p.quota()
			k := p.Fresh(HMAC256)
			plain := func() *Answer { return p.Call("GenerateMac", k.MAC(some)) }
			p.oneBucket(plain, append(kinds(p, k), plain)...)
		}
	}
	consumes := func(id string, steps func(*Probe)) Case { return def(id, steps).needs(FeatureQuota).alone() }
	return []Case{
		consumes("QU-01", sharing(func(p *Probe, k Key) []func() *Answer {
			tag, symmetric := p.tag(k, some), p.Fresh(Symmetric)
			return []func() *Answer{
				func() *Answer { return p.Call("VerifyMac", k.Verify(some, tag)) },
				func() *Answer { return p.Call("Encrypt", Params{"KeyId": symmetric.ID, "Plaintext": some}) },
			}
		})),
		consumes("QU-02", sharing(func(p *Probe, k Key) []func() *Answer {
			return []func() *Answer{func() *Answer { return p.Call("GenerateMac", dry(k.MAC(some))) }}
		})),
		consumes("QU-05", sharing(func(p *Probe, _ Key) []func() *Answer {
			return []func() *Answer{func() *Answer { return p.Call("GenerateRandom", Params{"NumberOfBytes": 8}) }}
		})),
		consumes("QU-06", func(p *Probe) {
			p.quota().wearsOut("CreateKey", func(int) Params { return newHMAC("HMAC_256") })
		}),
		consumes("QU-07", func(p *Probe) {
			p = p.quota()
			k := p.Fresh(HMAC256.External())
			params := Params{"KeyId": k.ID, "WrappingAlgorithm": defaultWrapping.Algorithm, "WrappingKeySpec": defaultWrapping.KeySpec}
			p.overQuota(1, "GetParametersForImport", func(int) *Answer { return p.Call("GetParametersForImport", params) })
		}).imports(),
		consumes("QU-08", changesTooFast),
	}
}

// changesTooFast uses up the quotas of the operations that switch keys and
// name them.
func changesTooFast(p *Probe) {
	p = p.quota()
	k, other := p.Fresh(HMAC256), p.Fresh(HMAC256)
	id := func(int) Params { return Params{"KeyId": k.ID} }
	p.wearsOut("EnableKey", id)
	p.wearsOut("DisableKey", id)
	p.overQuota(perSecond, "CancelKeyDeletion", func(int) *Answer {
		if a := p.schedule(other); isRefusal(a) {
			p.Inconclusive("a step on the way was refused: ScheduleKeyDeletion: %s", a.Summary())
		}
		return p.Call("CancelKeyDeletion", Params{"KeyId": other.ID})
	})
	p.wearsOut("CreateAlias", func(int) Params {
		name := "alias/" + p.Name()
		p.KeepAlias(name)
		return Params{"AliasName": name, "TargetKeyId": k.ID}
	})
	name := p.Alias(k)
	p.wearsOut("UpdateAlias", func(i int) Params {
		return Params{"AliasName": name, "TargetKeyId": []Key{other, k}[i%2].ID}
	})
}
