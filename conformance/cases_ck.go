package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"
)

var ckUntestable = map[string]string{
	"CK-41": "historical: every Region has HMAC keys today",
	"CK-43": "no operation exists that could be called",
	"CK-45": "needs an account full of keys",
	"CK-46": "lists the declared errors; each has its own row",
	"CK-47": "not reachable through the API",
}

const uuidForm = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`

// newHMAC are the members of CreateKey for an HMAC key.
func newHMAC(spec string) Params { return Params{"KeySpec": spec, "KeyUsage": "GENERATE_VERIFY_MAC"} }

// creates probes CreateKey with members that must succeed.
func creates(params Params, want Members) func(*Probe) {
	return func(p *Probe) { p.Call("CreateKey", params).Want(ok(want)) }
}

// createFails probes CreateKey with members that must be refused.
func createFails(params Params, want ...Expectation) func(*Probe) {
	return func(p *Probe) { p.Call("CreateKey", params).Want(want...) }
}

// plus returns the members of p and of more.
func plus(p, more Params) Params {
	q := maps.Clone(p)
	maps.Copy(q, more)
	return q
}

func usageOf(usage, spec string) Params { return Params{"KeyUsage": usage, "KeySpec": spec} }

func incompatible(usage, spec string) Expectation {
	return invalid(fmt.Sprintf("KeyUsage %s is not compatible with KeySpec %s", usage, spec))
}

func tagList(pairs ...string) []map[string]any {
	var list []map[string]any
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, map[string]any{"TagKey": pairs[i], "TagValue": pairs[i+1]})
	}
	return list
}

func manyTags(n int) []map[string]any {
	var list []map[string]any
	for i := range n {
		list = append(list, map[string]any{"TagKey": fmt.Sprintf("key%02d", i), "TagValue": "v"})
	}
	return list
}

// metadataOf names the members of KeyMetadata that every HMAC key has.
var metadataOf = []string{
	"AWSAccountId", "Arn", "CreationDate", "CustomerMasterKeySpec", "Description", "Enabled", "KeyId", "KeyManager",
	"KeySpec", "KeyState", "KeyUsage", "MacAlgorithms", "MultiRegion", "Origin",
}

func ckCases() []Case {
	h256 := newHMAC("HMAC_256")
	algorithm := func(spec string) func(*Probe) {
		return creates(newHMAC(spec), Members{"KeyMetadata.MacAlgorithms": Is([]string{algorithmOf[spec]})})
	}
	longKey := strings.Repeat("k", 129)
	return []Case{
		def("CK-01", func(p *Probe) {
			p.Call("CreateKey", plus(h256, Params{"Description": "test key"})).
				Want(Expectation{Status: 200, Sets: map[string][]string{"": {"KeyMetadata"}, "KeyMetadata": metadataOf}})
		}),
		def("CK-02", creates(plus(h256, Params{"Description": "test key"}), absentMetadata())),
		def("CK-03", algorithm("HMAC_224")),
		def("CK-04", algorithm("HMAC_256")),
		def("CK-05", algorithm("HMAC_384")),
		def("CK-06", algorithm("HMAC_512")),
		def("CK-07", func(p *Probe) {
			for _, k := range hmacKinds {
				p.Call("CreateKey", newHMAC(k.Spec)).
					Want(ok(Members{"KeyMetadata.KeySpec": Is(k.Spec), "KeyMetadata.CustomerMasterKeySpec": Is(k.Spec)}))
			}
		}),
		def("CK-08", func(p *Probe) {
			a := p.Call("CreateKey", h256)
			a.Want(ok(Members{
				"KeyMetadata.KeyId": Matching(uuidForm),
				"KeyMetadata.Arn":   Matching(`arn:[a-z-]+:kms:` + p.Region() + `:[0-9]{12}:key/` + uuidForm),
			}))
			id := a.String("KeyMetadata.KeyId")
			p.Check(a, "KeyMetadata.Arn", strings.HasSuffix(a.String("KeyMetadata.Arn"), ":key/"+id), "an ARN that ends in the KeyId", a.String("KeyMetadata.Arn"))
		}),
		def("CK-09", creates(h256, Members{"KeyMetadata.Description": Is("")})),
		def("CK-10", creates(h256, Members{"KeyMetadata.Origin": Is("AWS_KMS")})),
		def("CK-11", creates(h256, Members{"KeyMetadata.MultiRegion": Is(false), "KeyMetadata.MultiRegionConfiguration": Absent()})),
		def("CK-12", creates(h256, Members{"KeyMetadata.Enabled": Is(true), "KeyMetadata.KeyState": Is("Enabled")})),
		def("CK-13", creates(h256, Members{"KeyMetadata.KeyManager": Is("CUSTOMER")})),
		def("CK-14", func(p *Probe) {
			p.Call("CreateKey", h256).Want(ok(Members{"KeyMetadata.CreationDate": Near(p.Now(), time.Hour)}))
		}),
		def("CK-15", createFails(Params{"KeySpec": "HMAC_256"},
			invalid("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."))),
		def("CK-16", createFails(Params{"KeySpec": "HMAC_random"}, badKeySpec("HMAC_random"))),
		def("CK-17", createFails(usageOf("RANDOM", "HMAC_256"),
			badEnum("RANDOM", "keyUsage", "ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC"))),
		def("CK-18", createFails(Params{"KeySpec": "HMAC_other"}, badKeySpec("HMAC_other"))),
		def("CK-19", createFails(usageOf("KEY_AGREEMENT", "RSA_2048"), incompatible("KEY_AGREEMENT", "RSA_2048"))),
		def("CK-20", createFails(usageOf("ENCRYPT_DECRYPT", "HMAC_256"), incompatible("ENCRYPT_DECRYPT", "HMAC_256"))),
		def("CK-21", createFails(usageOf("SIGN_VERIFY", "HMAC_256"), incompatible("SIGN_VERIFY", "HMAC_256"))),
		def("CK-22", createFails(usageOf("KEY_AGREEMENT", "HMAC_512"), incompatible("KEY_AGREEMENT", "HMAC_512"))),
		def("CK-23", createFails(Params{"KeyUsage": "GENERATE_VERIFY_MAC"}, incompatible("GENERATE_VERIFY_MAC", "SYMMETRIC_DEFAULT"))),
		def("CK-24", func(p *Probe) {
			for _, spec := range []string{"RSA_2048", "ECC_NIST_P256"} {
				p.Call("CreateKey", newHMAC(spec)).Want(incompatible("GENERATE_VERIFY_MAC", spec))
			}
		}),
		def("CK-25", func(p *Probe) {
			same := p.Do("CreateKey", newHMAC("HMAC_256")).memberNames("KeyMetadata")
			p.Call("CreateKey", Params{"CustomerMasterKeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}).Want(Expectation{
				Status: 200, Sets: map[string][]string{"KeyMetadata": same},
				Members: Members{
					"KeyMetadata.KeySpec": Is("HMAC_256"), "KeyMetadata.CustomerMasterKeySpec": Is("HMAC_256"),
					"KeyMetadata.KeyUsage": Is("GENERATE_VERIFY_MAC"),
				},
			})
		}),
		def("CK-26", func(p *Probe) {
			p.Call("CreateKey", plus(h256, Params{"CustomerMasterKeySpec": "HMAC_256"})).
				Want(invalid("").as("refused"), ok(Members{"KeyMetadata.KeySpec": Is("HMAC_256")}).as("accepted when equal"))
		}),
		def("CK-27", createFails(newHMAC("hmac_256"), badKeySpec("hmac_256"))),
		def("CK-28", func(p *Probe) {
			longest := strings.Repeat("d", 8192)
			p.Call("CreateKey", plus(h256, Params{"Description": longest})).Want(ok(Members{"KeyMetadata.Description": Is(longest)}))
			p.Call("CreateKey", plus(h256, Params{"Description": longest + "d"})).
				Want(badLength("description", "...", "less than or equal to 8192"))
		}),
		def("CK-29", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.wantDefaultPolicy(p.Call("GetKeyPolicy", Params{"KeyId": k.ID, "PolicyName": "default"}), "Policy", k)
		}).in(ProfileGovernance),
		def("CK-30", func(p *Probe) {
			p.Call("CreateKey", plus(h256, Params{"Policy": lockOut(p.Shared(HMAC256))})).
				Want(fails("MalformedPolicyDocumentException", lockOutText).known())
		}).in(ProfileGovernance),
		def("CK-31", func(p *Probe) {
			p.Call("CreateKey", plus(h256, Params{"Policy": lockOut(p.Shared(HMAC256)), "BypassPolicyLockoutSafetyCheck": true})).
				Want(ok(Members{"KeyMetadata.KeyState": Is("Enabled")}))
		}).in(ProfileGovernance),
		def("CK-32", func(p *Probe) {
			k := p.Shared(HMAC256)
			nobody := strings.Replace(k.Root(), ":root", ":role/"+p.Name(), 1)
			p.Call("CreateKey", plus(h256, Params{"Policy": policy(allow(k.Root(), "kms:*"), allow(nobody, "kms:DescribeKey"))})).
				Want(failsSomehow("MalformedPolicyDocumentException"))
		}).needs(FeatureAuth).in(ProfileGovernance),
		def("CK-33", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.Call("CreateKey", plus(h256, Params{"Policy": policyOfSize(k, 32_769)})).Want(refused())
		}).in(ProfileGovernance),
		def("CK-34", func(p *Probe) {
			own := tagList("tag1", "value1", "tag2", "value2", "tag3", "value3")
			id := p.Do("CreateKey", plus(h256, Params{"Tags": own})).String("KeyMetadata.KeyId")
			a := p.Call("ListResourceTags", Params{"KeyId": id}).Want(ok(Members{"Tags": Present()}))
			p.wantTags(a, "tag1=value1 tag2=value2 tag3=value3", false)
		}).in(ProfileGovernance),
		def("CK-35", createFails(plus(h256, Params{"Tags": manyTags(51)}), fails("TagException", "Too many tags"))),
		def("CK-36", func(p *Probe) {
			for _, prefix := range []string{"aws:", "AWS:"} {
				p.Call("CreateKey", plus(h256, Params{"Tags": tagList(prefix+"key", "value")})).
					Want(fails("TagException", "Tags beginning with aws: are reserved"))
			}
		}),
		def("CK-37", createFails(plus(h256, Params{"Tags": tagList(longKey, "value")}),
			badLength("tags.1.member.tagKey", "'"+longKey+"'", "less than or equal to 128"))),
		def("CK-38", createFails(plus(h256, Params{"Tags": tagList("key", strings.Repeat("v", 257))}),
			badLength("tags.1.member.tagValue", "'"+strings.Repeat("v", 257)+"'", "less than or equal to 256"))),
		def("CK-39", creates(plus(h256, Params{"Origin": "EXTERNAL"}), Members{
			"KeyMetadata.KeyState": Is("PendingImport"), "KeyMetadata.Enabled": Is(false), "KeyMetadata.Origin": Is("EXTERNAL"),
			"KeyMetadata.MacAlgorithms": Is([]string{"HMAC_SHA_256"}), "KeyMetadata.ExpirationModel": Absent(),
		})).in(ProfileImport),
		def("CK-40", func(p *Probe) {
			for _, origin := range []string{"AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"} {
				p.Call("CreateKey", plus(h256, Params{"Origin": origin, "CustomKeyStoreId": "cks-1234567890abcdef0"})).Want(refused())
			}
		}),
		def("CK-42", func(p *Probe) {
			name := "alias/" + p.Name()
			p.KeepAlias(name)
			a := p.RawJSON("CreateKey", plus(h256, Params{"AliasName": name})).
				Want(ok(Members{"KeyMetadata.KeySpec": Is("HMAC_256")}).as("ignored"), refused().as("refused"))
			if id := a.String("KeyMetadata.KeyId"); id != "" {
				p.Call("ListAliases", Params{"KeyId": id}).Want(ok(Members{"Aliases": Is([]string{})}))
			}
		}).raw(),
		def("CK-44", func(p *Probe) {
			first := p.Do("CreateKey", h256).String("KeyMetadata.KeyId")
			p.Call("CreateKey", h256).Want(ok(Members{"KeyMetadata.KeyId": OtherThan(first)}))
		}),
	}
}

func badKeySpec(value string) Expectation {
	return badEnum(value, "keySpec", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512")
}

// absentMetadata names the members of KeyMetadata that an HMAC key does not
// have (row CK-02).
func absentMetadata() Members {
	m := Members{}
	for _, name := range []string{
		"CurrentKeyMaterialId", "EncryptionAlgorithms", "SigningAlgorithms", "KeyAgreementAlgorithms", "ExpirationModel", "ValidTo",
		"DeletionDate", "MultiRegionConfiguration", "CustomKeyStoreId", "CloudHsmClusterId", "XksKeyConfiguration", "PendingDeletionWindowInDays",
	} {
		m["KeyMetadata."+name] = Absent()
	}
	return m
}

// wantTags wants the tags of a key, without the run's own, as "key=value" in
// order; inOrder false takes any order.
func (p *Probe) wantTags(a *Answer, want string, inOrder bool) {
	holds := func(a *Answer) bool {
		list := ownTags(a)
		return list == want || !inOrder && sameWords(list, want)
	}
	a = p.settle(a, holds)
	p.Check(a, "Tags", holds(a), want, ownTags(a))
}

// ownTags are the tags of ListResourceTags without the run's own.
func ownTags(a *Answer) string {
	var list []string
	for _, t := range a.List("Tags") {
		if name := fmt.Sprint(t["TagKey"]); !strings.HasPrefix(name, "kmsmac:") {
			list = append(list, fmt.Sprintf("%s=%s", name, t["TagValue"]))
		}
	}
	return strings.Join(list, " ")
}

// wantDefaultPolicy wants the policy that a key has when none was given (row
// CK-29).
func (p *Probe) wantDefaultPolicy(a *Answer, member string, k Key) {
	a.Want(ok(Members{member: Present()}))
	var doc struct {
		ID        string `json:"Id"`
		Statement []struct {
			Sid, Effect, Resource string
			Principal             map[string]string
			Action                any
		}
	}
	text := a.String(member)
	good := json.Unmarshal([]byte(text), &doc) == nil && doc.ID == "key-default-1" && len(doc.Statement) == 1
	if good {
		s := doc.Statement[0]
		good = s.Sid == "Enable IAM User Permissions" && s.Effect == "Allow" && s.Principal["AWS"] == k.Root() && fmt.Sprint(s.Action) == "kms:*"
	}
	p.Check(a, member, good, "Id key-default-1, one statement Enable IAM User Permissions for the account's root with kms:*", text)
}
