package conformance

import (
	"strings"
	"time"
)

var dkUntestable = map[string]string{
	"DK-24": "lists the declared errors; each has its own row",
}

// sameKey wants the metadata that CreateKey returned, member by member.
func sameKey(k Key) Expectation {
	e := Expectation{Status: 200, Sets: map[string][]string{"": {"KeyMetadata"}, "KeyMetadata": nil}, Members: Members{}}
	for name, value := range k.Metadata {
		e.Sets["KeyMetadata"] = append(e.Sets["KeyMetadata"], name)
		e.Members["KeyMetadata."+name] = Is(value)
	}
	return e
}

// describes asks for a shared key by the name that id gives it.
func describes(id func(*Probe, Key) string) func(*Probe) {
	return func(p *Probe) {
		k := p.Shared(HMAC256)
		p.Call("DescribeKey", Params{"KeyId": id(p, k)}).Want(sameKey(k))
	}
}

// describeFails asks for a key that cannot be found.
func describeFails(id string, want Expectation) func(*Probe) {
	return func(p *Probe) { p.Call("DescribeKey", Params{"KeyId": id}).Want(want) }
}

// describeMissing asks for a key that does not exist by an id, or by its ARN.
func describeMissing(id func(*Probe) string, byARN bool) func(*Probe) {
	return func(p *Probe) {
		name := id(p)
		arn := p.Shared(HMAC256).Sibling(name)
		if byARN {
			name = arn
		}
		p.Call("DescribeKey", Params{"KeyId": name}).Want(missingKey(arn))
	}
}

func dkCases() []Case {
	undashed := "0123456789abcdef0123456789abcdef"
	return []Case{
		def("DK-01", describes(func(_ *Probe, k Key) string { return k.ID })),
		def("DK-02", describes(func(_ *Probe, k Key) string { return k.ARN })),
		def("DK-03", describes(func(p *Probe, k Key) string { return k.AliasARN(p.Alias(k)) })),
		def("DK-04", describes(func(p *Probe, k Key) string { return p.Alias(k) })),
		def("DK-05", describeMissing((*Probe).UUID, false)),
		def("DK-06", describeMissing((*Probe).UUID, true)),
		def("DK-07", describeMissing((*Probe).MultiRegionID, false)),
		def("DK-08", describeFails("fake-key-id", invalidKeyID("fake-key-id"))),
		def("DK-09", describeFails(undashed, invalidKeyID(undashed))),
		def("DK-10", describeFails("mrk-fake-key-id", invalidKeyID("mrk-fake-key-id"))),
		def("DK-11", func(p *Probe) {
			far := p.In().Shared(HMAC256)
			p.Call("DescribeKey", Params{"KeyId": far.ID}).Want(missingKey(inRegion(far.ARN, p.Region())))
		}).regions(),
		def("DK-12", func(p *Probe) {
			far := p.In().Shared(HMAC256)
			p.Call("DescribeKey", Params{"KeyId": far.ARN}).Want(notFound("Invalid arn " + far.Region))
		}).regions(),
		def("DK-13", func(p *Probe) {
			p.describe(p.Shared(HMAC256.Deleting())).Want(ok(Members{
				"KeyMetadata.KeyState": Is("PendingDeletion"), "KeyMetadata.Enabled": Is(false), "KeyMetadata.DeletionDate": ANumber(),
			}))
		}),
		def("DK-14", func(p *Probe) {
			k := p.Fresh(HMAC256.Deleting())
			p.Do("CancelKeyDeletion", Params{"KeyId": k.ID})
			p.describe(k).Want(ok(Members{
				"KeyMetadata.KeyState": Is("Disabled"), "KeyMetadata.Enabled": Is(false), "KeyMetadata.DeletionDate": Absent(),
			}))
		}),
		def("DK-15", func(p *Probe) {
			for _, kind := range []KeyKind{HMAC256, HMAC256.Disabled(), HMAC256.Deleting(), HMAC256.External()} {
				k := p.Shared(kind)
				p.describe(k).Want(ok(Members{"KeyMetadata.KeyId": Is(k.ID), "KeyMetadata.KeyState": Present()}))
			}
		}),
		def("DK-16", func(p *Probe) {
			p.describe(p.Shared(HMAC256)).Want(stateIs("Enabled"))
			p.describe(p.Shared(HMAC256.Disabled())).Want(stateIs("Disabled"))
			p.describe(p.Shared(HMAC256.Deleting())).Want(stateIs("PendingDeletion"))
			// That it is PendingImport is row CK-39; here only that the two members agree.
			p.describe(p.Shared(HMAC256.External())).Want(stateIs("PendingImport"), stateIs("Enabled"))
		}),
		def("DK-17", func(p *Probe) {
			p.describe(p.Shared(HMAC256.WithMaterial())).Want(ok(Members{
				"KeyMetadata.ExpirationModel": Is("KEY_MATERIAL_DOES_NOT_EXPIRE"),
				"KeyMetadata.ValidTo":         Absent(), "KeyMetadata.CurrentKeyMaterialId": Absent(),
			}))
		}).imports().in(ProfileImport),
		def("DK-18", func(p *Probe) {
			k := p.Fresh(HMAC256.External())
			validTo := p.Now().Add(24 * time.Hour).Truncate(time.Second)
			p.Do("ImportKeyMaterial", plus(p.Parcel(k, p.Bytes(32), defaultWrapping).params(k),
				Params{"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": validTo}))
			p.describe(k).Want(ok(Members{
				"KeyMetadata.ExpirationModel": Is("KEY_MATERIAL_EXPIRES"), "KeyMetadata.ValidTo": Near(validTo, time.Second),
			}))
		}).imports().in(ProfileImport),
		def("DK-19", func(p *Probe) {
			p.describe(p.Shared(HMAC256)).Want(Expectation{Status: 200, Sets: map[string][]string{"": {"KeyMetadata"}}, Members: Members{
				"KeyMetadata.Aliases": Absent(), "KeyMetadata.Tags": Absent(), "KeyMetadata.Policy": Absent(), "KeyMetadata.KeyRotationEnabled": Absent(),
			}})
		}),
		def("DK-20", func(p *Probe) {
			p.RawJSON("DescribeKey", Params{"KeyId": ""}).Want(badLength("keyId", "...", "greater than or equal to 1"))
		}).raw(),
		def("DK-21", describeFails(strings.Repeat("k", 2049), badLength("keyId", "...", "less than or equal to 2048"))),
		def("DK-22", func(p *Probe) {
			p.Call("DescribeKey", Params{"KeyId": p.Shared(HMAC256).ID, "GrantTokens": tokens(11, 8)}).Want(invalid(""))
		}),
		def("DK-23", func(p *Probe) {
			k := p.Shared(HMAC256)
			for _, token := range []string{"", strings.Repeat("t", 8193)} {
				p.Call("DescribeKey", Params{"KeyId": k.ID, "GrantTokens": []string{token}}).Want(invalid(""))
			}
		}),
	}
}
