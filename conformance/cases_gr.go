package conformance

import (
	"encoding/hex"
	"regexp"
	"time"
)

var grUntestable = map[string]string{
	"GR-20": "needs 50,000 grants on one key",
}

// granting are the members of a good CreateGrant, with changes; a nil value
// leaves a member out. The grantee is the account itself. The operation is one
// that every key supports: a target that does not know those of HMAC keys fails
// row GR-04, and not every row in which there is a grant.
func granting(k Key, changes Params) Params {
	params := Params{"KeyId": k.ID, "GranteePrincipal": k.Root(), "Operations": []string{"DescribeKey"}}
	for name, value := range changes {
		params = with(params, name, value)
	}
	return params
}

// grants probes a CreateGrant that must succeed.
func grants(changes Params) func(*Probe) {
	return func(p *Probe) { p.Call("CreateGrant", granting(p.Fresh(HMAC256), changes)).Want(granted()) }
}

// grantFails probes a CreateGrant that must be refused.
func grantFails(kind KeyKind, changes Params, want ...Expectation) func(*Probe) {
	return func(p *Probe) { p.Call("CreateGrant", granting(p.Shared(kind), changes)).Want(want...) }
}

func granted() Expectation { return ok(Members{"GrantId": Present(), "GrantToken": Present()}) }

// grantList asks for the grants of a key.
func (p *Probe) grantList(k Key) *Answer { return p.Call("ListGrants", Params{"KeyId": k.ID}) }

// listShrinks gives a key two grants, which the account may retire, ends the
// first, and wants the second to be left.
func listShrinks(end func(p *Probe, k Key, id, token string) *Answer) func(*Probe) {
	return func(p *Probe) {
		k := p.Fresh(HMAC256)
		params := granting(k, Params{"RetiringPrincipal": k.Root()})
		first := p.Do("CreateGrant", params)
		second := p.Do("CreateGrant", params)
		end(p, k, first.String("GrantId"), first.String("GrantToken"))
		p.grantList(k).Want(ok(Members{"Grants": Between(1, 1), "Grants.0.GrantId": Is(second.String("GrantId"))}))
	}
}

// badGrant lists the codes of a grant that makes no sense: the documentation of
// CreateGrant says ValidationError, the recorded errors of other operations
// ValidationException.
func badGrant() []Expectation { return []Expectation{invalid(""), fails("ValidationError", "")} }

func grCases() []Case {
	operations := func(names ...string) Params { return Params{"Operations": names} }
	makesMACs := operations("GenerateMac")
	constraint := func(name string, value any) Params {
		return plus(makesMACs, Params{"Constraints": map[string]any{name: value}})
	}
	return []Case{
		def("GR-01", grantFails(HMAC256, Params{"KeyId": "invalid"}, notFound(""))),
		def("GR-02", func(p *Probe) { p.Call("ListGrants", Params{"KeyId": "invalid"}).Want(notFound("")) }),
		def("GR-03", grants(nil)),
		def("GR-04", grants(operations("GenerateMac", "VerifyMac", "DescribeKey", "CreateGrant", "RetireGrant"))),
		def("GR-05", grantFails(HMAC256, operations("Encrypt"), badGrant()...)),
		def("GR-06", grantFails(Symmetric, makesMACs, badGrant()...)),
		def("GR-07", func(p *Probe) {
			for _, name := range []string{"EncryptionContextEquals", "EncryptionContextSubset"} {
				grantFails(HMAC256, constraint(name, map[string]any{"purpose": "test"}), refused())(p)
			}
		}),
		def("GR-08", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.Do("CreateGrant", granting(k, makesMACs))
			table := "arn:" + k.part(1) + ":dynamodb:" + k.part(3) + ":" + k.part(4) + ":table/kmsmac"
			p.Call("CreateGrant", granting(k, constraint("SourceArn", table))).Want(granted())
		}),
		def("GR-09", grantFails(HMAC256, operations("Bogus"), invalid("1 validation error detected: Value '[Bogus]' at 'operations' "+
			"failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [...]]"))),
		def("GR-10", grantFails(HMAC256, Params{"GranteePrincipal": nil}, badGrant()...)),
		def("GR-11", func(p *Probe) {
			params := granting(p.Fresh(HMAC256), Params{"Name": p.Name()})
			first := p.Do("CreateGrant", params)
			p.Call("CreateGrant", params).
				Want(ok(Members{"GrantId": Is(first.String("GrantId")), "GrantToken": OtherThan(first.String("GrantToken"))}))
		}),
		def("GR-12", func(p *Probe) {
			name := Params{"Name": p.Name()}
			first := p.Do("CreateGrant", granting(p.Fresh(HMAC256), name)).String("GrantId")
			p.Call("CreateGrant", granting(p.Fresh(HMAC256), name)).Want(ok(Members{"GrantId": OtherThan(first)}))
		}),
		def("GR-13", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.grantList(k).Want(ok(Members{"Grants": Is([]string{})}))
			id := p.Do("CreateGrant", granting(k, nil)).String("GrantId")
			unnamed := func(name Value) Expectation {
				return ok(Members{"Grants": Between(1, 1), "Grants.0.GrantId": Is(id), "Grants.0.KeyId": Is(k.ARN), "Grants.0.Name": name})
			}
			p.grantList(k).Want(unnamed(Is("")).as("empty"), unnamed(Is(nil)).as("null"), unnamed(Absent()).as("absent"))
		}),
		def("GR-14", listShrinks(func(p *Probe, k Key, id, _ string) *Answer {
			return p.Call("RevokeGrant", Params{"KeyId": k.ID, "GrantId": id}).Want(okVoid())
		})),
		def("GR-15", listShrinks(func(p *Probe, _ Key, _, token string) *Answer {
			return p.Call("RetireGrant", Params{"GrantToken": token}).Want(okVoid())
		})),
		def("GR-16", listShrinks(func(p *Probe, k Key, id, _ string) *Answer {
			return p.Call("RetireGrant", Params{"KeyId": k.ARN, "GrantId": id}).Want(ok(nil))
		})),
		def("GR-17", func(p *Probe) {
			p.Call("RevokeGrant", Params{"KeyId": p.Shared(HMAC256).ID, "GrantId": hex.EncodeToString(p.Bytes(32))}).
				Want(failsSomehow("NotFoundException"), failsSomehow("InvalidGrantIdException"))
		}),
		def("GR-18", func(p *Probe) {
			k, _ := p.onlyByGrant()
			p.Call("GenerateMac", k.MAC(some)).Want(madeBy(k).as("at once"), denied("").as("not yet"))
		}).within(5 * time.Minute),
		def("GR-19", func(p *Probe) {
			k, grant := p.onlyByGrant()
			p.Call("GenerateMac", with(k.MAC(some), "GrantTokens", []string{grant.String("GrantToken")})).Want(madeBy(k))
		}),
		def("GR-21", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.Call("CreateGrant", granting(k, Params{"KeyId": p.Alias(k)})).Want(refused())
		}),
		def("GR-22", dryGrants),
	}
}

var callerInText = regexp.MustCompile(`User: (arn:\S+) is not authorized`)

// onlyByGrant makes a key whose policy does not let the account make MACs, and
// grants it to the caller, whose ARN the refusal names. A target that does not
// go by policies never refuses: other cases judge that.
func (p *Probe) onlyByGrant() (k Key, grant *Answer) {
	k = p.Fresh(HMAC256)
	p.putPolicy(k, policy(administers(k)))
	a := p.settle(p.Call("GenerateMac", k.MAC(some)), func(a *Answer) bool { return a.Code == "AccessDeniedException" })
	changes := Params{"Operations": []string{"GenerateMac"}}
	if m := callerInText.FindStringSubmatch(a.Message); m != nil {
		changes["GranteePrincipal"] = m[1]
	}
	return k, p.Do("CreateGrant", granting(k, changes))
}

// dryGrants tries the three operations on grants without doing them.
func dryGrants(p *Probe) {
	k := p.Fresh(HMAC256)
	params := granting(k, Params{"RetiringPrincipal": k.Root()})
	grant := p.Do("CreateGrant", params)
	id := grant.String("GrantId")
	dry := func(operation string, params Params) {
		p.Call(operation, with(params, "DryRun", true)).Want(failsSomehow("DryRunOperationException"))
	}
	dry("CreateGrant", params)
	dry("RevokeGrant", Params{"KeyId": k.ID, "GrantId": id})
	dry("RetireGrant", Params{"GrantToken": grant.String("GrantToken")})
	p.grantList(k).Want(ok(Members{"Grants": Between(1, 1), "Grants.0.GrantId": Is(id)}))
}
