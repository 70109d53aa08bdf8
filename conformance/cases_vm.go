package conformance

var vmUntestable = map[string]string{
	"VM-32": "lists the declared errors; each has its own row",
}

// verified wants the answer of VerifyMac for a tag that fits. That KeyId is the
// ARN is judged by the rows that say so (VM-05, IM-33).
func verified(k Key) Expectation {
	return okExactly(Members{"KeyId": Present(), "MacAlgorithm": Is(k.Algorithm), "MacValid": Is(true)})
}

// mismatch wants the exception of a tag that does not fit, whatever its text.
func mismatch() Expectation { return failsSomehow("KMSInvalidMacException") }

// verifies probes the plain success of one spec.
func verifies(kind KeyKind) func(*Probe) {
	return func(p *Probe) {
		k := p.Shared(kind)
		p.Call("VerifyMac", k.Verify(some, p.tag(k, some))).Want(verified(k))
	}
}

// tag has the target make a tag.
func (p *Probe) tag(k Key, msg []byte) []byte { return p.Do("GenerateMac", k.MAC(msg)).Bytes("Mac") }

// verifyTag asks about a tag that is changed from the right one.
func verifyTag(change func(*Probe, []byte) []byte, want ...Expectation) func(*Probe) {
	return func(p *Probe) {
		k := p.Shared(HMAC256)
		p.Call("VerifyMac", k.Verify(some, change(p, p.tag(k, some)))).Want(want...)
	}
}

// verifyFails sends VerifyMac on a shared key, with a tag of the right length
// and with changes, and wants an error that comes before any comparison.
func verifyFails(kind KeyKind, change func(Params) Params, want func(Key) []Expectation) func(*Probe) {
	return func(p *Probe) {
		k := p.Shared(kind)
		params := k.Verify(some, make([]byte, 32))
		if k.Algorithm == "" {
			params["MacAlgorithm"] = "HMAC_SHA_256"
		}
		if change != nil {
			params = change(params)
		}
		p.Call("VerifyMac", params).Want(want(k)...)
	}
}

func vmCases() []Case {
	return []Case{
		def("VM-01", verifies(HMAC224)),
		def("VM-02", verifies(HMAC256)),
		def("VM-03", verifies(HMAC384)),
		def("VM-04", verifies(HMAC512)),
		def("VM-05", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.Call("VerifyMac", k.Verify(some, p.tag(k, some))).Want(ok(Members{"KeyId": Is(k.ARN)}))
		}),
		def("VM-06", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.Call("VerifyMac", k.Verify([]byte("some different important message"), p.tag(k, some))).Want(mismatch())
		}),
		def("VM-07", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.Call("VerifyMac", k.Verify([]byte("some different important message"), p.tag(k, some))).
				Want(failsSilently("KMSInvalidMacException"))
		}),
		def("VM-08", func(p *Probe) {
			for _, kind := range hmacKinds {
				k := p.Shared(kind)
				p.Call("VerifyMac", k.Verify(flipped(some), p.tag(k, some))).Want(mismatch())
			}
		}),
		def("VM-09", verifyTag(func(_ *Probe, tag []byte) []byte { return flipped(tag) }, mismatch())),
		def("VM-10", func(p *Probe) {
			k := p.Shared(HMAC256)
			tag := p.tag(k, some)
			for _, n := range []int{31, 16} {
				p.Call("VerifyMac", k.Verify(some, tag[:n])).Want(mismatch())
			}
		}),
		def("VM-11", verifyTag(func(_ *Probe, tag []byte) []byte { return append(tag, 0) }, mismatch())),
		def("VM-12", func(p *Probe) {
			k := p.Shared(HMAC256)
			tag := p.tag(k, some)
			p.Call("VerifyMac", k.Verify(some, tag[:1])).Want(mismatch())
			p.Call("VerifyMac", k.Verify(some, append(tag, make([]byte, 6144-len(tag))...))).Want(mismatch())
		}),
		def("VM-13", verifyFails(HMAC256, set("Mac", make([]byte, 6145)),
			just(badLength("mac", "...", "less than or equal to 6144")))),
		def("VM-14", verifyFails(HMAC256, set("Mac", []byte{}), just(badLength("mac", "...", "greater than or equal to 1")))),
		def("VM-15", withoutMember("VerifyMac", "Mac", "mac")).raw(),
		def("VM-16", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.Call("VerifyMac", with(k.Verify(some, p.tag(k, some)), "MacAlgorithm", "HMAC_SHA_512")).
				Want(wrongAlgorithm("HMAC_SHA_512", "HMAC_256"))
		}),
		def("VM-17", verifyFails(HMAC256, set("MacAlgorithm", "INVALID"), just(badMacEnum("INVALID")))),
		def("VM-18", verifyFails(HMAC256, set("KeyId", "key_id"), just(invalidKeyID("key_id")))),
		def("VM-19", func(p *Probe) {
			tag := p.tag(p.Fresh(HMAC256), some)
			p.Call("VerifyMac", p.Shared(HMAC256).Verify(some, tag)).Want(mismatch())
		}),
		def("VM-20", verifyFails(Symmetric, nil, func(k Key) []Expectation { return []Expectation{wrongUsage(k, "VerifyMac")} })),
		def("VM-21", func(p *Probe) {
			k := p.Fresh(HMAC256)
			tag := p.tag(k, some)
			p.Do("DisableKey", Params{"KeyId": k.ID})
			p.Call("VerifyMac", k.Verify(some, tag)).Want(isDisabled(k).known())
		}),
		def("VM-22", verifyFails(HMAC256.Disabled(), nil, func(k Key) []Expectation { return []Expectation{isDisabled(k).known()} })),
		def("VM-23", verifyFails(HMAC256.Deleting(), nil, pendingDeletion)),
		def("VM-24", verifyFails(HMAC256.External(), nil, func(k Key) []Expectation {
			return []Expectation{wrongState(k, "pending import").known()}
		})).imports().in(ProfileImport),
		def("VM-25", func(p *Probe) {
			k := p.Updating()
			p.Call("VerifyMac", k.Verify(some, p.tag(k, some))).Want(verified(k))
			fresh := p.Fresh(HMAC256.Multi())
			tag := p.tag(fresh, some)
			r := p.Creating(fresh)
			p.In().Call("VerifyMac", r.Verify(some, tag)).Want(wrongState(r, "creating"))
		}).regions().in(ProfileMultiRegion),
		def("VM-26", func(p *Probe) {
			k := p.Shared(HMAC256)
			tag := make([]byte, 32)
			p.Call("VerifyMac", k.Verify(make([]byte, 4097), tag)).Want(badLength("message", "", "less than or equal to 4096"))
			p.Call("VerifyMac", k.Verify([]byte{}, tag)).Want(badLength("message", "", "greater than or equal to 1"))
		}),
		def("VM-27", func(p *Probe) {
			k := p.Shared(HMAC256)
			tag, alias := p.tag(k, some), p.Alias(k)
			for _, id := range []string{alias, k.ARN, k.AliasARN(alias)} {
				p.Call("VerifyMac", with(k.Verify(some, tag), "KeyId", id)).Want(verified(k))
			}
		}),
		def("VM-28", func(p *Probe) {
			k, next := p.Shared(HMAC256), p.Fresh(HMAC256)
			alias := p.Alias(k)
			tag := p.Do("GenerateMac", with(k.MAC(some), "KeyId", alias)).Bytes("Mac")
			p.Do("UpdateAlias", Params{"AliasName": alias, "TargetKeyId": next.ID})
			p.Call("VerifyMac", with(k.Verify(some, tag), "KeyId", alias)).Want(mismatch())
		}),
		def("VM-29", func(p *Probe) {
			secret := p.Bytes(32)
			old := p.FreshWith(HMAC256, secret)
			tag := p.tag(old, some)
			again := p.FreshWith(HMAC256, secret)
			p.Call("VerifyMac", again.Verify(some, tag)).Want(verified(again))
		}).imports().in(ProfileImport),
		def("VM-30", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.Call("VerifyMac", with(k.Verify(some, p.tag(k, some)), "DryRun", true)).Want(wouldSucceed().known())
		}),
		def("VM-31", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.Call("VerifyMac", with(k.Verify(some, flipped(p.tag(k, some))), "DryRun", true)).
				Want(mismatch().as("compared"), wouldSucceed().as("not compared"))
		}),
	}
}

// wouldSucceed wants the answer to a dry run of a request that is all right.
func wouldSucceed() Expectation {
	return fails("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
}
