package conformance

import (
	"encoding/json"
	"regexp"
	"strconv"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

var wiUntestable = map[string]string{
	"WI-14": "needs a fault of the service, which nobody can order",
	"WI-24": "the order of members says nothing and must never be asserted",
	"WI-27": "needs requests to four hosts of AWS",
	"WI-28": "every case is sent over HTTP/1.1; what else a host offers is settled in its TLS handshake",
}

// noOperation is the name of no operation.
const noOperation = "Nope"

const httpDate = `[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT`

// exponent is how KMS writes times: 1.608639949636E9, or shorter for a round
// one.
var exponent = regexp.MustCompile(`^\d\.\d{1,12}E9$`)

// unreadable wants the error of a body that cannot be read.
func unreadable() Expectation { return failsSomehow("SerializationException") }

// brokenMessage sends GenerateMac with something else than Base64 as Message.
func (p *Probe) brokenMessage(k Key, message any) *Answer {
	return p.RawJSON("GenerateMac", with(k.MAC(some), "Message", message))
}

// status probes an error of which only the status and the code count.
func status(code string, provoke func(*Probe) *Answer) func(*Probe) {
	return func(p *Probe) { provoke(p).Want(failsSomehow(code)) }
}

func onShared(kind KeyKind, change func(Params) Params) func(*Probe) *Answer {
	return func(p *Probe) *Answer {
		params := p.Shared(kind).MAC(some)
		if change != nil {
			params = change(params)
		}
		return p.Call("GenerateMac", params)
	}
}

func wiCases() []Case {
	return []Case{
		def("WI-01", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.RawJSON("GenerateMac", k.MAC(some)).Want(madeBy(k))
		}).raw(),
		def("WI-02", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.RawJSON("GenerateMac", k.MAC(some)).Want(ok(Members{"KeyId": Present()}))
		}).raw(),
		def("WI-03", func(p *Probe) {
			want := ok(nil)
			want.Headers = map[string]Value{"Content-Type": Is("application/x-amz-json-1.1"), "x-amzn-RequestId": Matching(uuidForm)}
			p.Call("GenerateMac", p.Shared(HMAC256).MAC(some)).Want(want)
		}),
		def("WI-04", func(p *Probe) {
			k := p.Shared(HMAC256)
			withHeaders(p.Call("GenerateMac", k.MAC(some)), ok(nil))
			withHeaders(p.asked(k, "key_id"), failsSomehow("NotFoundException"))
		}),
		def("WI-05", emptyBodies),
		def("WI-06", func(p *Probe) {
			want := failsSomehow("NotFoundException")
			want.Sets = map[string][]string{"": {"__type", "message"}}
			p.asked(p.Shared(HMAC256), "key_id").Want(want)
		}),
		def("WI-07", func(p *Probe) {
			want := failsSilently("CustomKeyStoreNotFoundException")
			want.Sets = map[string][]string{"": {"__type"}}
			p.Call("GenerateRandom", Params{"NumberOfBytes": 64, "CustomKeyStoreId": "does not exist"}).Want(want)
		}),
		def("WI-08", func(p *Probe) {
			want := failsSomehow("NotFoundException")
			want.Headers = map[string]Value{"x-amzn-errortype": Absent()}
			p.asked(p.Shared(HMAC256), "key_id").Want(want)
		}),
		def("WI-09", status("NotFoundException", func(p *Probe) *Answer { return p.describe(Key{ID: p.UUID()}) })),
		def("WI-10", status("DisabledException", onShared(HMAC256.Disabled(), nil))),
		def("WI-11", status("KMSInvalidStateException", func(p *Probe) *Answer { return p.schedule(p.Fresh(HMAC256.Deleting())) })),
		def("WI-12", status("DryRunOperationException", onShared(HMAC256, dry))),
		def("WI-13", status("AlreadyExistsException", func(p *Probe) *Answer {
			k := p.Shared(HMAC256)
			return p.alias(p.Alias(k), k.ID)
		})),
		def("WI-15", status("ValidationException", onShared(HMAC256, set("MacAlgorithm", "INVALID")))),
		def("WI-16", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.putPolicy(k, policy(administers(k)))
			p.Call("GenerateMac", k.MAC(some)).Want(denied(""))
		}).needs(FeatureAuth),
		def("WI-17", func(p *Probe) {
			p = p.quota()
			k := p.Fresh(HMAC256)
			p.wearsOut("EnableKey", func(int) Params { return Params{"KeyId": k.ID} })
		}).needs(FeatureQuota).alone().in(ProfileQuota),
		def("WI-18", func(p *Probe) {
			p.AnyAnswerWanted()
			p.Raw(target.RawRequest{Operation: noOperation, Body: []byte("{}")}).
				Want(Expectation{Code: "UnknownOperationException", Message: MessageAbsent})
		}).raw(),
		def("WI-19", func(p *Probe) {
			for _, body := range []string{"not JSON", `{"KeyId":`} {
				p.Raw(target.RawRequest{Operation: "DescribeKey", Body: []byte(body)}).Want(unreadable())
			}
		}).raw(),
		def("WI-20", func(p *Probe) {
			k := p.Shared(HMAC256)
			for _, text := range []string{"%%%%", "c29tZ"} {
				p.brokenMessage(k, text).Want(unreadable())
			}
		}).raw(),
		def("WI-21", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.brokenMessage(k, 1).Want(unreadable())
			p.brokenMessage(k, []string{"c29tZQ=="}).Want(unreadable())
		}).raw(),
		def("WI-22", func(p *Probe) {
			k := p.Shared(HMAC256)
			for range 8 { // + and / turn up in one of eight tags, but for one run in 50,000
				p.Call("GenerateMac", k.MAC(p.Bytes(9))).Want(ok(Members{"Mac": BytesLong(32)}))
			}
		}),
		def("WI-23", func(p *Probe) {
			p.wantTime(p.Call("CreateKey", newHMAC("HMAC_256")), "KeyMetadata.CreationDate")
			p.wantTime(p.schedule(p.Fresh(HMAC256)), "DeletionDate")
		}),
		def("WI-25", nothingIsNull),
		def("WI-26", func(p *Probe) {
			p.Call("GenerateMac", with(with(p.Shared(HMAC256).MAC(some), "MacAlgorithm", "INVALID"), "Message", []byte{})).
				Want(invalid("2 validation errors detected: ...; ...").mentioning("macAlgorithm", "message").known())
		}),
	}
}

// withHeaders wants the answer and the headers that every answer has.
func withHeaders(a *Answer, want Expectation) {
	want.Headers = map[string]Value{
		"Cache-Control": Is("no-cache, no-store, must-revalidate, private"), "Expires": Is("0"), "Pragma": Is("no-cache"),
		"Date": Matching(httpDate), "Content-Length": Is(strconv.Itoa(len(a.Body))),
	}
	a.Want(want)
}

// emptyBodies sends every operation without an output.
func emptyBodies(p *Probe) {
	k, next := p.Fresh(HMAC256), p.Shared(HMAC256)
	name := "alias/" + p.Name()
	params := granting(k, Params{"RetiringPrincipal": k.Root()})
	revoked, retired := p.Do("CreateGrant", params).String("GrantId"), p.Do("CreateGrant", params).String("GrantToken")
	p.KeepAlias(name)
	for _, c := range []struct {
		operation string
		params    Params
	}{
		{"DisableKey", Params{"KeyId": k.ID}},
		{"EnableKey", Params{"KeyId": k.ID}},
		{"CreateAlias", Params{"AliasName": name, "TargetKeyId": k.ID}},
		{"UpdateAlias", Params{"AliasName": name, "TargetKeyId": next.ID}},
		{"DeleteAlias", Params{"AliasName": name}},
		{"TagResource", Params{"KeyId": k.ID, "Tags": tagList("a", "b")}},
		{"UntagResource", Params{"KeyId": k.ID, "TagKeys": []string{"a"}}},
		{"PutKeyPolicy", Params{"KeyId": k.ID, "PolicyName": "default", "Policy": ownPolicy(k)}},
		{"RevokeGrant", Params{"KeyId": k.ID, "GrantId": revoked}},
		{"RetireGrant", Params{"GrantToken": retired}},
		{"UpdateKeyDescription", Params{"KeyId": k.ID, "Description": "new"}},
	} {
		want := okEmpty()
		want.Headers = map[string]Value{"Content-Length": Is("0")}
		p.Call(c.operation, c.params).Want(want)
	}
}

// wantTime wants a time in epoch seconds. A program reads the same number
// however it is written (row CK-14), so that its form only warns; which time
// it is, rows CK-14 and DE-03 judge.
func (p *Probe) wantTime(a *Answer, member string) {
	const year = 365 * 24 * time.Hour
	a = a.Want(ok(Members{member: Near(p.Now(), year)}))
	v, _ := a.Get(member)
	n, _ := v.(json.Number)
	p.Prefer(a, member, exponent.MatchString(n.String()), "written as in 1.608639949636E9", n.String())
}

// nothingIsNull looks at members that have no value.
func nothingIsNull(p *Probe) {
	absent := func(prefix string, names ...string) Expectation {
		m := Members{}
		for _, n := range names { // a value where none belongs is judged by the rows CK-02 and RO-02
			m[prefix+n] = NotNull()
		}
		return ok(m)
	}
	k := p.Fresh(HMAC256)
	p.describe(k).Want(absent("KeyMetadata.", "CloudHsmClusterId", "CustomKeyStoreId", "DeletionDate", "EncryptionAlgorithms", "ExpirationModel",
		"KeyAgreementAlgorithms", "MultiRegionConfiguration", "PendingDeletionWindowInDays", "SigningAlgorithms", "ValidTo", "XksKeyConfiguration"))
	p.Call("GetKeyRotationStatus", Params{"KeyId": k.ID}).
		Want(absent("", "NextRotationDate", "OnDemandRotationStartDate", "RotationPeriodInDays"))
	p.Call("ListResourceTags", Params{"KeyId": k.ID}).Want(absent("", "NextMarker"))
}
