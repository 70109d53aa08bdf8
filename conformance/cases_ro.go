package conformance

// roUntestable is empty: every row of the group has a case.
var roUntestable map[string]string

// rsa4096 is the kind of key of the recordings about rotation.
var rsa4096 = KeyKind{Spec: "RSA_4096", Usage: "SIGN_VERIFY"}

// maxRotations is the quota of rotations on demand of a key (row RO-11).
const maxRotations = 25

// notRotatable wants the answer for keys of a type that cannot be rotated. The
// recordings show an empty text, which clients show for no text too.
func notRotatable() []Expectation {
	const code = "UnsupportedOperationException"
	empty := failsSomehow(code)
	empty.Members = Members{"message": Is("")}
	return []Expectation{failsSilently(code).as("no message"), empty.as("an empty message")}
}

// rotate sends RotateKeyOnDemand.
func (p *Probe) rotate(k Key) *Answer { return p.Call("RotateKeyOnDemand", Params{"KeyId": k.ID}) }

// rotates probes RotateKeyOnDemand.
func rotates(kind KeyKind, want func(Key) []Expectation) func(*Probe) {
	return func(p *Probe) {
		k := p.Fresh(kind)
		p.rotate(k).Want(want(k)...)
	}
}

func roCases() []Case {
	refusedType := func(Key) []Expectation { return notRotatable() }
	return []Case{
		def("RO-01", func(p *Probe) {
			p.Call("GetKeyRotationStatus", Params{"KeyId": p.Shared(HMAC256).ID}).Want(ok(Members{"KeyRotationEnabled": Is(false)}))
		}),
		def("RO-02", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.Call("GetKeyRotationStatus", Params{"KeyId": k.ID}).
				Want(ok(Members{"KeyId": Is(k.ARN), "NextRotationDate": Absent(), "RotationPeriodInDays": Absent()}))
		}),
		def("RO-03", func(p *Probe) {
			a := p.Call("EnableKeyRotation", Params{"KeyId": p.Fresh(HMAC256).ID}).Want(failsSomehow("UnsupportedOperationException"))
			p.Prefer(a, "message", a.Message == "", "an empty text, as a user of AWS reports of an RSA key", a.Message)
		}),
		def("RO-04", func(p *Probe) {
			p.Call("DisableKeyRotation", Params{"KeyId": p.Fresh(HMAC256).ID}).Want(failsSomehow("UnsupportedOperationException"))
		}),
		def("RO-05", rotates(rsa4096, refusedType)),
		def("RO-06", func(p *Probe) { p.rotate(p.Fresh(HMAC256)).Want(notRotatable()...) }),
		def("RO-07", rotates(rsa4096.Disabled(), func(k Key) []Expectation { return []Expectation{isDisabled(k)} })),
		def("RO-08", func(p *Probe) {
			id := p.UUID()
			p.Call("RotateKeyOnDemand", Params{"KeyId": id}).Want(missingKey(p.Shared(HMAC256).Sibling(id)))
		}),
		def("RO-09", rotates(Symmetric.External(), func(k Key) []Expectation {
			return []Expectation{wrongState(k, "pending import")}
		})).imports().in(ProfileImport),
		def("RO-10", func(p *Probe) {
			k := p.FreshWith(Symmetric, p.Bytes(32))
			p.rotate(k).Want(fails("KMSInvalidStateException", "No available key material pending rotation for the key: "+k.ARN+"."))
		}).imports().in(ProfileImport),
		def("RO-11", rotatedOut),
		def("RO-12", func(p *Probe) { p.rotate(p.Fresh(HMAC256.WithMaterial())).Want(refused()) }).imports().in(ProfileImport),
		def("RO-13", func(p *Probe) {
			p.Call("ListKeyRotations", Params{"KeyId": p.Shared(HMAC256).ID}).Want(
				ok(Members{"Rotations": Is([]string{}), "Truncated": Is(false)}).as("an empty list"),
				ok(Members{"Rotations": Absent(), "Truncated": Is(false)}).as("no list"))
		}),
		def("RO-14", rotatedByHand),
	}
}

// rotatedOut rotates a key once more than it may be. A lower quota, as AWS had
// until 2025, ends the same way.
func rotatedOut(p *Probe) {
	k := p.Fresh(Symmetric)
	var a *Answer
	for n := 0; n <= maxRotations && (a == nil || a.Succeeded()); n++ {
		a = p.rotate(k)
	}
	a.Want(fails("LimitExceededException", "The on-demand rotations limit has been reached for the given keyId. "+
		"No more on-demand rotations can be performed for this key: "+k.ARN))
}

// rotatedByHand points an alias to a new key and asks for a tag of the old one.
func rotatedByHand(p *Probe) {
	old, next := p.Fresh(HMAC256), p.Fresh(HMAC256)
	alias := p.Alias(old)
	tag := p.Do("GenerateMac", with(old.MAC(some), "KeyId", alias)).Bytes("Mac")
	p.Do("UpdateAlias", Params{"AliasName": alias, "TargetKeyId": next.ID})
	p.Call("VerifyMac", with(old.Verify(some, tag), "KeyId", alias)).Want(mismatch())
	p.Call("VerifyMac", next.Verify(some, tag)).Want(mismatch())
	p.Call("VerifyMac", old.Verify(some, tag)).Want(verified(old))
}
