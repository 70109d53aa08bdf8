package conformance

import (
	"crypto/sha256"
	"fmt"

	"github.com/kmsmac/kmsmac/vectors"
)

// some is the message of the recordings.
var some = []byte("some important message")

var gmUntestable = map[string]string{
	"GM-39": "needs a second account",
	"GM-40": "needs a fault of the service, which nobody can order",
	"GM-41": "lists the declared errors; each has its own row",
}

// madeBy wants the answer of GenerateMac: exactly three members. That KeyId is
// the ARN is judged by the rows that say so (GM-05, GM-06, MR-13; IM-33).
func madeBy(k Key) Expectation {
	return okExactly(Members{"KeyId": Present(), "Mac": BytesLong(sizeOf[k.Kind.Spec]), "MacAlgorithm": Is(k.Algorithm)})
}

// generates probes the plain success of one spec.
func generates(kind KeyKind) func(*Probe) {
	return func(p *Probe) {
		k := p.Shared(kind)
		p.Call("GenerateMac", k.MAC(some)).Want(madeBy(k))
	}
}

// generateFails sends GenerateMac on a shared key, with changes, and wants an
// error.
func generateFails(kind KeyKind, change func(Params) Params, want func(Key) []Expectation) func(*Probe) {
	return func(p *Probe) {
		k := p.Shared(kind)
		params := k.MAC(some)
		if k.Algorithm == "" {
			params["MacAlgorithm"] = "HMAC_SHA_224"
		}
		if change != nil {
			params = change(params)
		}
		p.Call("GenerateMac", params).Want(want(k)...)
	}
}

func set(name string, value any) func(Params) Params {
	return func(p Params) Params { return with(p, name, value) }
}

func just(e Expectation) func(Key) []Expectation {
	return func(Key) []Expectation { return []Expectation{e} }
}

// pendingDeletion lists the two answers that the key state table allows for a
// key that was enabled before.
func pendingDeletion(k Key) []Expectation {
	return []Expectation{wrongState(k, "pending deletion").as("state"), isDisabled(k).as("disabled")}
}

func badMacEnum(value string) Expectation {
	return badEnum(value, "macAlgorithm", "HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512")
}

func tokens(n, length int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%0*d", length, i)
	}
	return list
}

func gmCases() []Case {
	return []Case{
		def("GM-01", generates(HMAC224)),
		def("GM-02", generates(HMAC256)),
		def("GM-03", generates(HMAC384)),
		def("GM-04", generates(HMAC512)),
		def("GM-05", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.Call("GenerateMac", k.MAC(some)).Want(ok(Members{"KeyId": Is(k.ARN)}))
		}),
		def("GM-06", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.Call("GenerateMac", with(k.MAC(some), "KeyId", p.Alias(k))).Want(ok(Members{"KeyId": Is(k.ARN)}))
		}),
		def("GM-07", func(p *Probe) {
			k := p.Shared(HMAC256)
			first := p.Do("GenerateMac", k.MAC(some)).Bytes("Mac")
			p.Call("GenerateMac", k.MAC(some)).Want(ok(Members{"Mac": TheBytes(first)}))
		}),
		def("GM-08", func(p *Probe) {
			k := p.Shared(HMAC256)
			first := p.Do("GenerateMac", k.MAC(some)).Bytes("Mac")
			p.Call("GenerateMac", k.MAC(flipped(some))).Want(ok(Members{"Mac": OtherBytes(first)}))
		}),
		def("GM-09", func(p *Probe) {
			first := p.Do("GenerateMac", p.Shared(HMAC256).MAC(some)).Bytes("Mac")
			p.Call("GenerateMac", p.Fresh(HMAC256).MAC(some)).Want(ok(Members{"Mac": OtherBytes(first)}))
		}),
		def("GM-10", generateSize(1)),
		def("GM-11", generateSize(4096)),
		def("GM-12", generateFails(HMAC256, set("Message", make([]byte, 4097)),
			just(badLength("message", "", "less than or equal to 4096").known()))),
		def("GM-13", generateFails(HMAC256, set("Message", []byte{}), just(badLength("message", "", "greater than or equal to 1")))),
		def("GM-14", withoutMember("GenerateMac", "Message", "message")).raw(),
		def("GM-15", generateFails(HMAC256, set("MacAlgorithm", "INVALID"), just(badMacEnum("INVALID")))),
		def("GM-16", withoutMember("GenerateMac", "MacAlgorithm", "macAlgorithm")).raw(),
		def("GM-17", generateFails(HMAC256, set("MacAlgorithm", "hmac_sha_256"), just(badMacEnum("hmac_sha_256")))),
		def("GM-18", generateFails(HMAC224, set("MacAlgorithm", "HMAC_SHA_256"), just(wrongAlgorithm("HMAC_SHA_256", "HMAC_224")))),
		def("GM-19", otherPairs),
		def("GM-20", generateFails(HMAC256, set("KeyId", "key_id"), just(invalidKeyID("key_id")))),
		def("GM-21", func(p *Probe) {
			k := p.Shared(HMAC256)
			id := p.UUID()
			p.Call("GenerateMac", with(k.MAC(some), "KeyId", id)).Want(missingKey(k.Sibling(id)))
		}),
		def("GM-22", generateFails(Symmetric, nil, func(k Key) []Expectation { return []Expectation{wrongUsage(k, "GenerateMac")} })),
		def("GM-23", func(p *Probe) {
			for _, kind := range []KeyKind{ECCSign, ECCAgree} {
				k := p.Shared(kind)
				p.Call("GenerateMac", with(k.MAC(some), "MacAlgorithm", "HMAC_SHA_256")).Want(wrongUsage(k, "GenerateMac"))
			}
		}),
		def("GM-24", generateFails(Symmetric, nil, func(k Key) []Expectation { return []Expectation{wrongUsage(k, "GenerateMac")} })),
		def("GM-25", generateFails(HMAC256.Disabled(), nil, func(k Key) []Expectation { return []Expectation{isDisabled(k).known()} })),
		def("GM-26", generateFails(HMAC256.Deleting(), nil, pendingDeletion)),
		def("GM-27", func(p *Probe) {
			k := p.Fresh(HMAC256.Multi())
			p.Replicate(k)
			p.Do("ScheduleKeyDeletion", Params{"KeyId": k.ID, "PendingWindowInDays": 7})
			p.Call("GenerateMac", k.MAC(some)).Want(wrongState(k, "pending replica deletion").as("state"), isDisabled(k).as("disabled"))
		}).regions().in(ProfileMultiRegion),
		def("GM-28", generateFails(HMAC256.External(), nil, func(k Key) []Expectation {
			return []Expectation{wrongState(k, "pending import").known()}
		})).imports().in(ProfileImport),
		def("GM-29", func(p *Probe) {
			k := p.Fresh(HMAC256.WithMaterial())
			p.Do("DeleteImportedKeyMaterial", Params{"KeyId": k.ID})
			p.Call("GenerateMac", k.MAC(some)).Want(wrongState(k, "pending import").known())
		}).imports().in(ProfileImport),
		def("GM-30", func(p *Probe) {
			k := p.Creating(p.Fresh(HMAC256.Multi()))
			p.In().Call("GenerateMac", k.MAC(some)).Want(wrongState(k, "creating"))
		}).regions().in(ProfileMultiRegion),
		def("GM-31", func(p *Probe) {
			k := p.Updating()
			p.Call("GenerateMac", k.MAC(some)).Want(madeBy(k))
		}).regions().in(ProfileMultiRegion),
		def("GM-32", generateFails(HMAC256, set("GrantTokens", []string{"garbage"}), func(k Key) []Expectation {
			return []Expectation{failsSomehow("InvalidGrantTokenException").as("refused"), madeBy(k).as("ignored")}
		})),
		def("GM-33", generateFails(HMAC256, set("GrantTokens", tokens(11, 8)), just(invalid("")))),
		def("GM-34", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.RawJSON("GenerateMac", with(k.MAC(some), "MessageType", "RAW")).Want(madeBy(k))
		}).raw(),
		def("GM-35", func(p *Probe) {
			k := p.Shared(HMAC256)
			tag := p.Do("GenerateMac", k.MAC(some)).Bytes("Mac")
			p.RawJSON("GenerateMac", with(k.MAC(some), "EncryptionContext", map[string]string{"purpose": "test"})).
				Want(ok(Members{"Mac": TheBytes(tag)}).as("ignored"), refused().as("refused"))
		}).raw(),
		def("GM-36", func(p *Probe) {
			k := p.Shared(HMAC256)
			digest := sha256.Sum256(some)
			first := p.Do("GenerateMac", k.MAC(some)).Bytes("Mac")
			p.Call("GenerateMac", k.MAC(digest[:])).Want(ok(Members{"KeyId": Present(), "Mac": OtherBytes(first)}))
		}),
		def("GM-37", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.Call("GenerateMac", k.MAC([]byte{0, 0xff, 0xfe, 0, 0x80, 'a', 0xc3})).Want(madeBy(k))
		}),
		def("GM-38", func(p *Probe) { p.rfc4231(vectors.RFC4231()[1]) }).imports().in(ProfileImport),
	}
}

func generateSize(n int) func(*Probe) {
	return func(p *Probe) {
		k := p.Shared(HMAC256)
		p.Call("GenerateMac", k.MAC(p.Bytes(n))).Want(madeBy(k))
	}
}

// withoutMember leaves a required member out of an otherwise right request.
func withoutMember(operation, member, named string) func(*Probe) {
	return func(p *Probe) {
		k := p.Shared(HMAC256)
		params := k.MAC(some)
		if operation == "VerifyMac" {
			params = k.Verify(some, make([]byte, 32))
		}
		p.RawJSON(operation, with(params, member, nil)).Want(invalid("").mentioning(named))
	}
}

// otherPairs tries the eleven mismatched pairs that GM-18 leaves.
func otherPairs(p *Probe) {
	for _, kind := range hmacKinds {
		k := p.Shared(kind)
		for _, other := range hmacKinds {
			alg := algorithmOf[other.Spec]
			if kind == other || kind == HMAC224 && other == HMAC256 {
				continue
			}
			p.Call("GenerateMac", with(k.MAC(some), "MacAlgorithm", alg)).Want(wrongAlgorithm(alg, kind.Spec))
		}
	}
}

// flipped returns b with one bit changed.
func flipped(b []byte) []byte {
	c := append([]byte(nil), b...)
	c[len(c)/2] ^= 0x04
	return c
}
