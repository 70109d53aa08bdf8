package conformance

var drUntestable = map[string]string{
	"DR-10": "billing and CloudTrail cannot be seen through the API, and telling which requests a quota counts would use it up",
}

// dry is a request that must not do anything.
func dry(params Params) Params { return with(params, "DryRun", true) }

func drCases() []Case {
	pair := func(operation string) func(*Probe) {
		return func(p *Probe) {
			p.Call(operation, dry(Params{"KeyId": p.Shared(Symmetric).ID, "KeyPairSpec": "ECC_NIST_P256"})).Want(wouldSucceed())
		}
	}
	return []Case{
		def("DR-01", pair("GenerateDataKeyPair")),
		def("DR-02", pair("GenerateDataKeyPairWithoutPlaintext")),
		def("DR-03", generateFails(HMAC256, dry, just(wouldSucceed().known()))),
		def("DR-04", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.putPolicy(k, policy(administers(k)))
			p.Call("GenerateMac", dry(k.MAC(some))).Want(denied(""))
		}).needs(FeatureAuth),
		def("DR-05", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.Call("GenerateMac", dry(with(k.MAC(some), "MacAlgorithm", "INVALID"))).Want(invalid(""))
			p.Call("GenerateMac", dry(k.MAC(make([]byte, 4097)))).Want(invalid(""))
		}),
		def("DR-06", generateFails(HMAC256.Disabled(), dry, func(k Key) []Expectation { return []Expectation{isDisabled(k)} })),
		def("DR-07", func(p *Probe) {
			k := p.Shared(HMAC224)
			p.Call("GenerateMac", dry(with(k.MAC(some), "MacAlgorithm", "HMAC_SHA_256"))).Want(wrongAlgorithm("HMAC_SHA_256", "HMAC_224"))
		}),
		def("DR-08", func(p *Probe) {
			k := p.Shared(HMAC256)
			tag := p.tag(k, some)
			p.Call("GenerateMac", with(k.MAC(some), "DryRun", false)).
				Want(okExactly(Members{"KeyId": Present(), "Mac": TheBytes(tag), "MacAlgorithm": Is(k.Algorithm)}))
		}),
		def("DR-09", neverSucceeds),
		def("DR-11", notSupported).raw(),
	}
}

// neverSucceeds dry-runs what would succeed.
func neverSucceeds(p *Probe) {
	k := p.Shared(HMAC256)
	tag := p.tag(k, some)
	p.Call("GenerateMac", dry(k.MAC(some))).Want(refused())
	p.Call("VerifyMac", dry(k.Verify(some, tag))).Want(refused())
	p.Call("CreateGrant", dry(granting(p.Fresh(HMAC256), nil))).Want(refused())
	p.Call("Encrypt", dry(Params{"KeyId": p.Shared(Symmetric).ID, "Plaintext": some})).Want(refused())
}

// notSupported sends DryRun where it is no member: it is ignored, or refused
// as any unknown member is (row GM-34), but nothing is dry-run.
func notSupported(p *Probe) {
	k := p.Shared(HMAC256)
	refusals := []Expectation{failsSomehow("ValidationException").as("refused"), failsSomehow("SerializationException").as("refused")}
	p.RawJSON("DescribeKey", dry(Params{"KeyId": k.ID})).
		Want(append([]Expectation{ok(Members{"KeyMetadata.KeyId": Is(k.ID)}).as("ignored")}, refusals...)...)
	p.RawJSON("CreateKey", p.run.s.tagged(dry(newHMAC("HMAC_256")))).
		Want(append([]Expectation{ok(Members{"KeyMetadata.KeySpec": Is("HMAC_256")}).as("ignored")}, refusals...)...)
}
