package conformance

import (
	"fmt"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

// goldenGroup is the group of what nobody knows of AWS KMS: its cases ask, and
// keep the answer. They never fail.
const goldenGroup = "U"

// asks makes the case of an unknown of the behaviour table: what is asked, and
// the answers that are thought possible.
func asks(id, probe, candidates string, steps func(*Probe)) Case {
	operation, _, _ := strings.Cut(probe, " ")
	return Case{
		ID: id, Group: goldenGroup, Operation: strings.TrimRight(operation, ",:"), Title: probe, Expected: "unknown: " + candidates, Profile: ProfileGolden,
		Evidence: Evidence{Class: Inferred, Source: "unknown without an account", Confidence: Low},
		Needs:    []Feature{FeatureCaller}, Steps: steps,
	}
}

// Note keeps the answer, whatever it is, and says which of the candidates it
// is. Only a baseline judges it.
func (a *Answer) Note(candidates ...Expectation) *Answer {
	p := a.probe
	if a.planned {
		p.run.s.plan.lines = append(p.run.s.plan.lines, "  expect any answer, and keep it")
		return a
	}
	if p.run.s.baseline != nil {
		return a.wantRecorded(nil)
	}
	p.run.judged = append(p.run.judged, judgement{step: a.step})
	text := a.Operation + ": " + clip(a.Summary(), 160)
	for _, e := range candidates {
		if _, diffs := e.judge(a, false); len(diffs) == 0 && e.Name != "" {
			text += " (" + e.Name + ")"
			break
		}
	}
	if p.run.observed != "" {
		text = p.run.observed + "; " + text
	}
	p.run.observed = text
	p.record([]Fact{a.fact("status", "any")}, nil)
	return a
}

// named gives each code as a candidate.
func named(codes ...string) (out []Expectation) {
	for _, c := range codes {
		if c == "" {
			out = append(out, ok(nil).as("accepted"))
			continue
		}
		out = append(out, failsSomehow(c).as(c))
	}
	return out
}

// noteEach keeps the answer of each request.
func noteEach(operation string, each func(*Probe) []Params) func(*Probe) {
	return func(p *Probe) {
		for _, params := range each(p) {
			p.RawJSON(operation, params).Note(named("", "ValidationException", "InvalidKeyUsageException", "KMSInvalidMacException",
				"NotFoundException", "UnsupportedOperationException", "SerializationException", "KMSInvalidStateException")...)
		}
	}
}

func goldenCases() []Case {
	var all []Case
	for _, part := range [][]Case{goldenMACs(), goldenImports(), goldenWire(), goldenKeys()} {
		all = append(all, part...)
	}
	return inOrder(all)
}

// inOrder sorts the cases by their numbers: U-01, U-02.
func inOrder(cases []Case) []Case {
	byID := map[string]Case{}
	for _, c := range cases {
		byID[c.ID] = c
	}
	out := make([]Case, 0, len(cases))
	for n := range len(cases) {
		out = append(out, byID[fmt.Sprintf("U-%02d", n+1)])
	}
	return out
}

func goldenMACs() []Case {
	return []Case{
		asks("U-01", "VerifyMac with DryRun true and a wrong tag", "KMSInvalidMacException or DryRunOperationException", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.Call("VerifyMac", dry(k.Verify(some, make([]byte, 32)))).Note(named("KMSInvalidMacException", "DryRunOperationException")...)
		}),
		asks("U-02", "GenerateMac on a disabled SIGN_VERIFY key", "DisabledException or InvalidKeyUsageException", func(p *Probe) {
			k := p.Shared(ECCSign.Disabled())
			p.Call("GenerateMac", Params{"KeyId": k.ID, "MacAlgorithm": "HMAC_SHA_256", "Message": some}).
				Note(named("DisabledException", "InvalidKeyUsageException")...)
		}),
		asks("U-03", "GenerateMac with a bad MacAlgorithm and a bad KeyId", "ValidationException", func(p *Probe) {
			p.RawJSON("GenerateMac", Params{"KeyId": "key_id", "MacAlgorithm": "INVALID", "Message": some}).
				Note(named("ValidationException", "NotFoundException")...)
		}).raw(),
		asks("U-04", "GenerateMac on a key pending deletion that was enabled before", "KMSInvalidStateException or DisabledException", func(p *Probe) {
			k := p.Shared(HMAC256.Deleting())
			p.Call("GenerateMac", k.MAC(some)).Note(named("KMSInvalidStateException", "DisabledException")...)
		}),
		asks("U-11", "VerifyMac with tags of 0, 1, 31, 33, 6,144 and 6,145 bytes", "KMSInvalidMacException or ValidationException",
			noteEach("VerifyMac", func(p *Probe) (out []Params) {
				k := p.Shared(HMAC256)
				for _, n := range []int{0, 1, 31, 33, 6144, 6145} {
					out = append(out, k.Verify(some, make([]byte, n)))
				}
				return out
			})).raw(),
		asks("U-19", "GenerateMac by a missing alias, the alias ARN of another Region, a malformed ARN, an upper-case id; EnableKey by alias",
			"NotFoundException, texts unknown", func(p *Probe) {
				k := p.Shared(HMAC256)
				alias := "alias/" + p.Name()
				for _, id := range []string{alias, inRegion(k.AliasARN(alias), otherRegion(k.Region)), "arn:aws:kms:x", strings.ToUpper(k.ID)} {
					p.RawJSON("GenerateMac", with(k.MAC(some), "KeyId", id)).Note(named("", "NotFoundException", "ValidationException")...)
				}
				p.Call("EnableKey", Params{"KeyId": alias}).Note(named("", "NotFoundException", "ValidationException")...)
			}).raw(),
		asks("U-20", "CreateGrant for Encrypt, and with an EncryptionContext constraint, on an HMAC key; GenerateMac with a garbage grant token",
			"ValidationException, InvalidGrantTokenException", func(p *Probe) {
				k := p.Shared(HMAC256)
				p.Call("CreateGrant", granting(k, Params{"Operations": []string{"Encrypt"}})).Note(named("", "ValidationException")...)
				constraint := map[string]any{"EncryptionContextSubset": map[string]any{"a": "b"}}
				p.Call("CreateGrant", granting(k, Params{"Operations": []string{"GenerateMac"}, "Constraints": constraint})).Note(named("", "ValidationException")...)
				p.Call("GenerateMac", with(k.MAC(some), "GrantTokens", []string{"garbage"})).Note(named("", "InvalidGrantTokenException")...)
			}),
	}
}

func goldenImports() []Case {
	fresh := func(p *Probe, secret []byte) (Key, Params) {
		k := p.Fresh(HMAC256.External())
		return k, p.Parcel(k, secret, defaultWrapping).params(k)
	}
	return []Case{
		asks("U-05", "ImportKeyMaterial of 20, 27, 33, 64, 128 and 129 bytes into HMAC_256", "accepted, or how it is refused", func(p *Probe) {
			for _, n := range []int{20, 27, 33, 64, 128, 129} {
				_, params := fresh(p, p.Bytes(n))
				p.Call("ImportKeyMaterial", params).Note(named("", "IncorrectKeyMaterialException", "ValidationException")...)
			}
		}).imports(),
		asks("U-06", "ImportKeyMaterial of 32 zero bytes", "accepted", func(p *Probe) {
			_, params := fresh(p, make([]byte, 32))
			p.Call("ImportKeyMaterial", params).Note(named("", "IncorrectKeyMaterialException")...)
		}).imports(),
		asks("U-07", "GetParametersForImport with RSA_AES_KEY_WRAP_SHA_256 and RSAES_PKCS1_V1_5 on an HMAC key",
			"UnsupportedOperationException or ValidationException", noteEach("GetParametersForImport", func(p *Probe) []Params {
				k := p.Shared(HMAC256.External())
				return []Params{paramsFor(k, Wrapping{"RSA_AES_KEY_WRAP_SHA_256", "RSA_2048"}), paramsFor(k, Wrapping{"RSAES_PKCS1_V1_5", "RSA_2048"})}
			})).raw().imports(),
		asks("U-08", "ImportKeyMaterial with ImportType on an HMAC key", "ValidationException or UnsupportedOperationException", func(p *Probe) {
			_, params := fresh(p, p.Bytes(32))
			p.RawJSON("ImportKeyMaterial", with(params, "ImportType", "NEW_KEY_MATERIAL")).
				Note(named("", "ValidationException", "UnsupportedOperationException")...)
		}).raw().imports(),
		asks("U-09", "ImportKeyMaterial of other bytes than the key had", "IncorrectKeyMaterialException, text unknown", func(p *Probe) {
			k := p.Fresh(HMAC256.WithMaterial())
			p.Do("DeleteImportedKeyMaterial", Params{"KeyId": k.ID})
			p.Call("ImportKeyMaterial", p.Parcel(k, p.Bytes(32), defaultWrapping).params(k)).Note(named("", "IncorrectKeyMaterialException")...)
		}).imports(),
		asks("U-10", "ImportKeyMaterial, DeleteImportedKeyMaterial: KeyMaterialId in the answers", "absent or present", func(p *Probe) {
			k, params := fresh(p, p.Bytes(32))
			p.Call("ImportKeyMaterial", params).Note(materialID()...)
			p.Call("DeleteImportedKeyMaterial", Params{"KeyId": k.ID}).Note(materialID()...)
		}).imports(),
	}
}

func materialID() []Expectation {
	return []Expectation{
		ok(Members{"KeyMaterialId": Present()}).as("with KeyMaterialId"), ok(Members{"KeyMaterialId": Absent()}).as("without KeyMaterialId"),
	}
}

func goldenWire() []Case {
	return []Case{
		asks("U-12", "GenerateMac, VerifyMac with empty and absent members", "texts, and the form for two errors at once", func(p *Probe) {
			k := p.Shared(HMAC256)
			for _, params := range []Params{
				with(k.MAC(some), "Message", ""), with(k.MAC(some), "KeyId", ""), with(k.MAC(some), "KeyId", nil), with(k.MAC(some), "Message", nil),
				with(k.MAC(some), "MacAlgorithm", nil), {}, with(with(k.MAC(some), "Message", ""), "KeyId", ""),
			} {
				p.RawJSON("GenerateMac", params).Note(named("", "ValidationException")...)
			}
			p.RawJSON("VerifyMac", with(k.Verify(some, some), "Mac", "")).Note(named("", "ValidationException")...)
			p.RawJSON("VerifyMac", k.MAC(some)).Note(named("", "ValidationException")...)
		}).raw(),
		asks("U-13", "GenerateMac with a body that is not JSON, with bad Base64, with a number for a blob", "SerializationException", func(p *Probe) {
			p.AnyAnswerWanted()
			k := p.Shared(HMAC256)
			p.Raw(target.RawRequest{Operation: "GenerateMac", Body: []byte("not JSON")}).Note(named("SerializationException")...)
			p.brokenMessage(k, "%%%%").Note(named("SerializationException")...)
			p.brokenMessage(k, 7).Note(named("SerializationException")...)
		}).raw(),
		asks("U-14", "ListKeys: unknown operation, wrong content type, GET /", "400 or 404", func(p *Probe) {
			p.AnyAnswerWanted()
			p.Raw(target.RawRequest{Operation: noOperation, Body: []byte("{}")}).Note(named("UnknownOperationException")...)
			p.Raw(target.RawRequest{Operation: "ListKeys", Body: []byte("{}"), Header: map[string][]string{"Content-Type": {"text/plain"}}}).
				Note(named("UnknownOperationException", "")...)
			p.Raw(target.RawRequest{Operation: "ListKeys", Method: "GET"}).Note(named("UnknownOperationException", "")...)
		}).raw(),
		asks("U-15", "ListKeys with broken, missing and wrong signatures", "statuses, casing of message", func(p *Probe) {
			p.AnyAnswerWanted()
			for _, s := range []target.Signature{
				{None: true}, {Authorization: "AWS4-HMAC-SHA256 Credential, SignedHeaders, Signature"}, {AccessKeyID: unknownCaller, SecretAccessKey: wrongSecret},
				{SecretAccessKey: wrongSecret}, {Region: otherRegion(p.Region())}, {Service: "s3"}, {Time: p.Now().Add(-time.Hour)},
				{SessionToken: "expired"},
			} {
				p.signed(s).Note(named("", "MissingAuthenticationTokenException", "IncompleteSignatureException", "UnrecognizedClientException",
					"InvalidSignatureException", "ExpiredTokenException")...)
			}
		}).raw(),
		asks("U-16", "GenerateMac: one ValidationException and one AccessDeniedException", "casing of message, x-amzn-errortype", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.RawJSON("GenerateMac", with(k.MAC(some), "MacAlgorithm", "INVALID")).Note(named("ValidationException")...)
			p.putPolicy(k, policy(administers(k)))
			p.RawJSON("GenerateMac", k.MAC(some)).Note(named("", "AccessDeniedException")...)
		}).raw(),
		asks("U-24", "GenerateMac twice: protocol and connection headers", "HTTP/1.1", func(p *Probe) {
			k := p.Shared(HMAC256)
			for range 2 {
				a := p.Call("GenerateMac", k.MAC(some)).Note()
				if !a.planned {
					p.run.observed += fmt.Sprintf(" over %s, Connection %q, Keep-Alive %q", orNone(a.proto), a.Header.Get("Connection"), a.Header.Get("Keep-Alive"))
				}
			}
		}),
		asks("U-25", "GetParametersForImport, failing, faster than its quota", "whether a failed call counts", func(p *Probe) {
			p = p.quota()
			a := p.volley(4, func(int) *Answer {
				return p.Call("GetParametersForImport", paramsFor(Key{ID: "key_id"}, defaultWrapping))
			})
			a.Note(named("NotFoundException", "ThrottlingException")...)
		}).needs(FeatureQuota).alone(),
		asks("U-27", "GenerateMac: the headers of a success and of three errors", "as in a recording of 2021", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.Call("GenerateMac", k.MAC(some)).Note()
			p.RawJSON("GenerateMac", with(k.MAC(some), "MacAlgorithm", "INVALID")).Note()
			p.asked(k, "key_id").Note()
			p.Call("VerifyMac", k.Verify(some, make([]byte, 32))).Note()
		}).raw(),
	}
}

func goldenKeys() []Case {
	return []Case{
		asks("U-17", "EnableKeyRotation, DisableKeyRotation, RotateKeyOnDemand, GetPublicKey on an HMAC key", "UnsupportedOperationException", func(p *Probe) {
			k := p.Fresh(HMAC256)
			for _, operation := range []string{"EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand", "GetPublicKey"} {
				p.Call(operation, Params{"KeyId": k.ID}).Note(named("", "UnsupportedOperationException")...)
			}
		}),
		asks("U-18", "CreateKey: HMAC_256 with ENCRYPT_DECRYPT, with CustomKeyStoreId, with both names of the spec", "texts", func(p *Probe) {
			p.Call("CreateKey", usageOf("ENCRYPT_DECRYPT", "HMAC_256")).Note(named("", "ValidationException")...)
			p.Call("CreateKey", plus(newHMAC("HMAC_256"), Params{"CustomKeyStoreId": "cks-1234567890abcdef0"})).
				Note(named("", "ValidationException", "UnsupportedOperationException", "CustomKeyStoreNotFoundException")...)
			p.Call("CreateKey", plus(newHMAC("HMAC_256"), Params{"CustomerMasterKeySpec": "HMAC_256"})).Note(named("", "ValidationException")...)
		}),
		asks("U-21", "UpdateAlias from an HMAC key to a symmetric one", "code", func(p *Probe) {
			p.repoint(p.Alias(p.Shared(HMAC256)), p.Shared(Symmetric)).Note(named("", "ValidationException", "InvalidKeyUsageException")...)
		}),
		asks("U-22", "ScheduleKeyDeletion with 0, 6, 31 and 366 days", "ValidationException, of the schema or not", func(p *Probe) {
			for _, days := range []int{0, 6, 31, 366} {
				k := p.Fresh(HMAC256)
				p.RawJSON("ScheduleKeyDeletion", Params{"KeyId": k.ID, "PendingWindowInDays": days}).Note(named("", "ValidationException")...)
			}
		}).raw(),
		asks("U-23", "ListKeyRotations on an HMAC key", "an empty list, null, or UnsupportedOperationException", func(p *Probe) {
			p.Call("ListKeyRotations", Params{"KeyId": p.Shared(HMAC256).ID}).Note(named("", "UnsupportedOperationException")...)
		}),
		asks("U-26", "PutKeyPolicy with 32,769 and 131,073 bytes", "codes", func(p *Probe) {
			k := p.Fresh(HMAC256)
			for _, n := range []int{32_769, 131_073} {
				p.RawJSON("PutKeyPolicy", Params{"KeyId": k.ID, "PolicyName": "default", "Policy": policyOfSize(k, n)}).
					Note(named("", "ValidationException", "LimitExceededException", "MalformedPolicyDocumentException")...)
			}
		}).raw(),
	}
}
