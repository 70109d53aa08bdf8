package conformance

var ksUntestable = map[string]string{
	"KS-27": "needs an import within the seconds in which a key is Updating",
}

// switched sends EnableKey or DisableKey and wants success and the new state.
func switched(kind KeyKind, operation, state string, want Expectation) func(*Probe) {
	return func(p *Probe) {
		k := p.Fresh(kind)
		p.Call(operation, Params{"KeyId": k.ID}).Want(want)
		p.describe(k).Want(stateIs(state))
	}
}

// bothSwitches wants the same error from EnableKey and DisableKey.
func bothSwitches(kind KeyKind, want func(Key) Expectation) func(*Probe) {
	return func(p *Probe) {
		k := p.Fresh(kind)
		p.Call("EnableKey", Params{"KeyId": k.ID}).Want(want(k))
		p.Call("DisableKey", Params{"KeyId": k.ID}).Want(want(k))
	}
}

func state(name string) func(Key) Expectation {
	return func(k Key) Expectation { return wrongState(k, name) }
}

// grant sends CreateGrant for the account itself.
func (p *Probe) grant(k Key) *Answer { return p.Call("CreateGrant", granting(k, nil)) }

// grantDo is grant as a step on the way; it returns the grant's id and token.
func (p *Probe) grantDo(k Key) (id, token string) {
	a := p.Do("CreateGrant", granting(k, nil))
	return a.String("GrantId"), a.String("GrantToken")
}

func ksCases() []Case {
	schedule := func(p *Probe, k Key) *Answer {
		return p.Call("ScheduleKeyDeletion", Params{"KeyId": k.ID, "PendingWindowInDays": 7})
	}
	return []Case{
		def("KS-01", switched(HMAC256, "DisableKey", "Disabled", okVoid())),
		def("KS-02", switched(HMAC256.Disabled(), "EnableKey", "Enabled", okVoid())),
		def("KS-03", switched(HMAC256, "EnableKey", "Enabled", ok(nil))),
		def("KS-04", switched(HMAC256.Disabled(), "DisableKey", "Disabled", ok(nil))),
		def("KS-05", bothSwitches(HMAC256.Deleting(), state("pending deletion"))),
		def("KS-06", bothSwitches(HMAC256.External(), func(k Key) Expectation { return wrongState(k, "pending import").known() })).in(ProfileImport),
		def("KS-07", func(p *Probe) {
			k := p.Creating(p.Fresh(HMAC256.Multi()))
			p.In().Call("EnableKey", Params{"KeyId": k.ID}).Want(wrongState(k, "creating"))
			p.In().Call("DisableKey", Params{"KeyId": k.ID}).Want(wrongState(k, "creating"))
		}).regions().in(ProfileMultiRegion),
		def("KS-08", func(p *Probe) {
			k := p.Updating()
			p.Call("EnableKey", Params{"KeyId": k.ID}).Want(wrongState(k, "updating"))
			p.Call("DisableKey", Params{"KeyId": k.ID}).Want(wrongState(k, "updating"))
		}).regions().in(ProfileMultiRegion),
		def("KS-09", func(p *Probe) {
			k := p.Shared(HMAC256.Deleting())
			name := "alias/" + p.Name()
			p.KeepAlias(name)
			p.Call("CreateAlias", Params{"AliasName": name, "TargetKeyId": k.ID}).Want(wrongState(k, "pending deletion"))
		}),
		def("KS-10", func(p *Probe) {
			k := p.Shared(HMAC256.Disabled())
			p.grant(k).Want(isDisabled(k).known())
		}).in(ProfileGovernance),
		def("KS-11", func(p *Probe) {
			k := p.Shared(HMAC256.Deleting())
			p.grant(k).Want(pendingDeletion(k)...)
		}).in(ProfileGovernance),
		def("KS-12", func(p *Probe) {
			k := p.Shared(HMAC256.External())
			p.grant(k).Want(wrongState(k, "pending import").known())
		}).in(ProfileGovernance),
		def("KS-13", func(p *Probe) {
			k := p.Creating(p.Fresh(HMAC256.Multi()))
			p.In().grant(k).Want(wrongState(k, "creating"))
		}).regions().in(ProfileMultiRegion),
		def("KS-14", allowedInAnyState).in(ProfileGovernance),
		def("KS-15", func(p *Probe) {
			k := p.Fresh(HMAC256.Deleting())
			p.Call("TagResource", Params{"KeyId": k.ID, "Tags": tagList("a", "b")}).Want(wrongState(k, "pending deletion"))
			p.Call("UntagResource", Params{"KeyId": k.ID, "TagKeys": []string{"a"}}).Want(wrongState(k, "pending deletion"))
		}).in(ProfileGovernance),
		def("KS-16", func(p *Probe) {
			for _, kind := range []KeyKind{HMAC256.Disabled(), HMAC256.External()} {
				k := p.Fresh(kind)
				p.Call("TagResource", Params{"KeyId": k.ID, "Tags": tagList("a", "b")}).Want(ok(nil))
				p.Call("UntagResource", Params{"KeyId": k.ID, "TagKeys": []string{"a"}}).Want(ok(nil))
			}
		}).in(ProfileGovernance),
		def("KS-17", func(p *Probe) {
			k := p.Fresh(HMAC256.Deleting())
			p.Call("UpdateKeyDescription", Params{"KeyId": k.ID, "Description": "new"}).Want(wrongState(k, "pending deletion"))
		}),
		def("KS-18", func(p *Probe) {
			for _, kind := range []KeyKind{HMAC256, HMAC256.Disabled(), HMAC256.External()} {
				k := p.Fresh(kind)
				p.Call("UpdateKeyDescription", Params{"KeyId": k.ID, "Description": "new"}).Want(okVoid())
				p.describe(k).Want(ok(Members{"KeyMetadata.Description": Is("new")}))
			}
		}),
		def("KS-19", func(p *Probe) {
			alias, k := p.Alias(p.Shared(HMAC256)), p.Shared(HMAC256.Deleting())
			p.Call("UpdateAlias", Params{"AliasName": alias, "TargetKeyId": k.ID}).Want(wrongState(k, "pending deletion"))
		}).in(ProfileGovernance),
		def("KS-20", func(p *Probe) {
			old, next := p.Fresh(HMAC256), p.Shared(HMAC256)
			alias := p.Alias(old)
			p.Do("ScheduleKeyDeletion", Params{"KeyId": old.ID, "PendingWindowInDays": 7})
			p.Call("UpdateAlias", Params{"AliasName": alias, "TargetKeyId": next.ID}).Want(ok(nil))
		}).in(ProfileGovernance),
		def("KS-21", func(p *Probe) {
			for _, kind := range []KeyKind{HMAC256, HMAC256.Disabled(), HMAC256.External()} {
				k := p.Fresh(kind)
				schedule(p, k).Want(ok(nil))
				p.describe(k).Want(stateIs("PendingDeletion"))
			}
		}),
		def("KS-22", func(p *Probe) {
			k := p.Fresh(HMAC256.Deleting())
			schedule(p, k).Want(wrongState(k, "pending deletion"))
		}),
		def("KS-23", func(p *Probe) {
			k := p.Updating()
			schedule(p, k).Want(wrongState(k, "updating"))
		}).regions().in(ProfileMultiRegion),
		def("KS-24", func(p *Probe) {
			for _, kind := range []KeyKind{HMAC256, HMAC256.Disabled()} {
				k := p.Fresh(kind)
				p.Call("CancelKeyDeletion", Params{"KeyId": k.ID}).
					Want(wrongState(k, "not pending deletion (or pending replica deletion)"))
			}
		}),
		def("KS-25", func(p *Probe) {
			k := p.Shared(HMAC256.External().Deleting())
			p.Call("GetParametersForImport", Params{"KeyId": k.ID, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}).
				Want(wrongState(k, "pending deletion"))
		}).in(ProfileImport),
		def("KS-26", func(p *Probe) {
			k := p.Fresh(HMAC256.External())
			parcel := p.Parcel(k, p.Bytes(32), defaultWrapping)
			p.Do("ScheduleKeyDeletion", Params{"KeyId": k.ID, "PendingWindowInDays": 7})
			p.Call("ImportKeyMaterial", parcel.params(k)).Want(refused())
		}).imports().in(ProfileImport),
		def("KS-28", func(p *Probe) {
			for _, kind := range []KeyKind{HMAC256.WithMaterial(), HMAC256.WithMaterial().Disabled(), HMAC256.External()} {
				k := p.Fresh(kind)
				p.Call("DeleteImportedKeyMaterial", Params{"KeyId": k.ID}).Want(ok(nil))
				p.describe(k).Want(stateIs("PendingImport"))
			}
		}).imports().in(ProfileImport),
		def("KS-29", func(p *Probe) {
			k := p.Fresh(HMAC256.WithMaterial().Deleting())
			p.Call("DeleteImportedKeyMaterial", Params{"KeyId": k.ID}).Want(ok(nil))
			p.describe(k).Want(stateIs("PendingDeletion"))
		}).imports().in(ProfileImport),
		def("KS-30", func(p *Probe) {
			replicate := func(k Key) *Answer {
				return p.replicate(k)
			}
			disabled, deleting, external := p.Fresh(HMAC256.Multi().Disabled()), p.Fresh(HMAC256.Multi().Deleting()), p.Fresh(HMAC256.Multi().External())
			replicate(disabled).Want(isDisabled(disabled).known())
			replicate(deleting).Want(pendingDeletion(deleting)...)
			replicate(external).Want(wrongState(external, "pending import").known())
		}).regions().in(ProfileMultiRegion),
		def("KS-31", func(p *Probe) {
			k := p.Fresh(HMAC256.Multi())
			p.Replicate(k)
			p.Do("DisableKey", Params{"KeyId": k.ID})
			p.Call("UpdatePrimaryRegion", Params{"KeyId": k.ID, "PrimaryRegion": p.In().Region()}).Want(isDisabled(k).known())
		}).regions().in(ProfileMultiRegion),
		def("KS-32", func(p *Probe) {
			k := p.Shared(HMAC256.External())
			p.Call("GetKeyRotationStatus", Params{"KeyId": k.ID}).Want(wrongOrigin(k).known())
		}).in(ProfileImport),
		def("KS-33", func(p *Probe) {
			p.Call("GenerateDataKey", Params{"KeyId": p.Shared(Symmetric.Disabled()).ID, "KeySpec": "AES_256"}).
				Want(fails("DisabledException", ""))
		}),
		def("KS-34", func(p *Probe) {
			k := p.Fresh(Symmetric.Disabled())
			p.Do("ScheduleKeyDeletion", Params{"KeyId": k.ID, "PendingWindowInDays": 7})
			p.Call("GenerateDataKey", Params{"KeyId": k.ID, "KeySpec": "AES_256"}).Want(fails("KMSInvalidStateException", ""))
		}),
		def("KS-35", func(p *Probe) {
			empty := p.Shared(Symmetric.External())
			p.Call("Encrypt", Params{"KeyId": empty.ID, "Plaintext": some}).Want(wrongState(empty, "pending import"))
			k := p.FreshWith(Symmetric, p.Bytes(32))
			p.Do("DeleteImportedKeyMaterial", Params{"KeyId": k.ID})
			p.Call("Encrypt", Params{"KeyId": k.ID, "Plaintext": some}).Want(wrongState(k, "pending import"))
		}).imports().in(ProfileImport),
	}
}

// allowedInAnyState tries everything that works even on a key pending
// deletion, which is the strictest state.
func allowedInAnyState(p *Probe) {
	k := p.Fresh(HMAC256)
	id := Params{"KeyId": k.ID}
	alias := p.Alias(k)
	text := p.Do("GetKeyPolicy", Params{"KeyId": k.ID, "PolicyName": "default"}).String("Policy")
	revoked, _ := p.grantDo(k)
	_, retired := p.grantDo(k)
	p.Do("ScheduleKeyDeletion", Params{"KeyId": k.ID, "PendingWindowInDays": 7})
	p.Call("DescribeKey", id).Want(stateIs("PendingDeletion"))
	p.Call("GetKeyPolicy", Params{"KeyId": k.ID, "PolicyName": "default"}).Want(ok(Members{"Policy": Present()}))
	p.Call("PutKeyPolicy", Params{"KeyId": k.ID, "PolicyName": "default", "Policy": text}).Want(ok(nil))
	p.Call("ListKeyPolicies", id).Want(ok(Members{"PolicyNames": Is([]string{"default"})}))
	p.Call("ListAliases", id).Want(ok(Members{"Aliases.0.AliasName": Is(alias)}))
	p.Call("ListResourceTags", id).Want(ok(Members{"Tags": Present()}))
	p.Call("ListGrants", id).Want(ok(Members{"Grants": Between(2, 2)}))
	p.Call("RevokeGrant", Params{"KeyId": k.ID, "GrantId": revoked}).Want(ok(nil))
	p.Call("RetireGrant", Params{"GrantToken": retired}).Want(ok(nil))
	p.Call("DeleteAlias", Params{"AliasName": alias}).Want(ok(nil))
}
