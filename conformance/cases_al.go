package conformance

import "strings"

var alUntestable = map[string]string{}

// maxAliases is the default quota of aliases for each key (row AL-09).
const maxAliases = 50

// alias sends CreateAlias and has the alias removed.
func (p *Probe) alias(name, target string) *Answer {
	p.KeepAlias(name)
	return p.Call("CreateAlias", Params{"AliasName": name, "TargetKeyId": target})
}

// aliasNamed creates an alias with another name, made from a good one.
func aliasNamed(change func(string) string, want ...Expectation) func(*Probe) {
	return func(p *Probe) {
		p.alias(change(p.Name()), p.Shared(HMAC256).ID).Want(want...)
	}
}

// badAlias is the error that the model has for a name that is not valid. That a
// broken constraint of the model gives it is not ruled out.
func badAlias() Expectation { return fails("InvalidAliasNameException", "") }

// repoint sends UpdateAlias.
func (p *Probe) repoint(name string, to Key) *Answer {
	return p.Call("UpdateAlias", Params{"AliasName": name, "TargetKeyId": to.ID})
}

func noAlias(k Key, name string) Expectation {
	return notFound("Alias " + k.AliasARN(name) + " is not found.")
}

// aliasList asks for the aliases of a key.
func (p *Probe) aliasList(k Key) *Answer { return p.Call("ListAliases", Params{"KeyId": k.ID}) }

func alCases() []Case {
	return []Case{
		def("AL-01", aliasNamed(func(n string) string { return "alias/" + n }, okVoid())),
		def("AL-02", aliasNamed(func(n string) string { return n }, invalid(`Alias must start with the prefix "alias/". `+
			`Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html`))),
		def("AL-03", aliasNamed(func(n string) string { return "alias/aws/" + n }, refused())),
		def("AL-04", aliasNamed(func(n string) string { return "alias/" + n + "!" }, invalid(""), badAlias())),
		def("AL-05", aliasNamed(func(n string) string { return "alias/" + n + strings.Repeat("x", 257-len("alias/")-len(n)) },
			badLength("aliasName", "...", "less than or equal to 256"), badAlias())),
		def("AL-06", func(p *Probe) {
			k := p.Shared(HMAC256)
			name := p.Alias(k)
			p.alias(name, k.ID).Want(fails("AlreadyExistsException", "An alias with the name "+k.AliasARN(name)+" already exists"))
		}),
		def("AL-07", func(p *Probe) {
			target := p.Alias(p.Shared(HMAC256))
			p.alias("alias/"+p.Name(), target).Want(invalid("Aliases must refer to keys. Not aliases"))
		}),
		def("AL-08", func(p *Probe) {
			id := p.UUID()
			p.alias("alias/"+p.Name(), id).Want(missingKey(p.Shared(HMAC256).Sibling(id)))
		}),
		def("AL-09", tooManyAliases),
		def("AL-10", func(p *Probe) {
			k := p.Fresh(HMAC256)
			name := p.Alias(k)
			p.aliasList(k).Want(ok(Members{
				"Aliases": Between(1, 1), "Aliases.0.AliasName": Is(name), "Aliases.0.AliasArn": Is(k.AliasARN(name)),
				"Aliases.0.TargetKeyId": Is(k.ID), "Aliases.0.CreationDate": ANumber(), "Aliases.0.LastUpdatedDate": ANumber(),
			}))
		}),
		def("AL-11", func(p *Probe) {
			name, next := p.Alias(p.Shared(HMAC256)), p.Fresh(HMAC256)
			p.repoint(name, next).Want(ok(nil))
			p.aliasList(next).Want(ok(Members{"Aliases.0.AliasName": Is(name), "Aliases.0.TargetKeyId": Is(next.ID)}))
		}),
		def("AL-12", func(p *Probe) {
			p.repoint(p.Alias(p.Shared(HMAC256)), p.Shared(HMAC512)).Want(ok(nil))
		}),
		def("AL-13", func(p *Probe) {
			p.repoint(p.Alias(p.Shared(HMAC256)), p.Shared(Symmetric)).Want(refused())
		}),
		def("AL-14", func(p *Probe) {
			k := p.Shared(HMAC256)
			name := "alias/" + p.Name()
			p.KeepAlias(name)
			p.repoint(name, k).Want(noAlias(k, name))
		}),
		def("AL-15", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.Call("DeleteAlias", Params{"AliasName": p.Alias(k)}).Want(okVoid())
			p.aliasList(k).Want(ok(Members{"Aliases": Is([]string{})}))
			p.describe(k).Want(sameKey(k))
		}),
		def("AL-16", func(p *Probe) {
			name := "alias/" + p.Name()
			p.Call("DeleteAlias", Params{"AliasName": name}).Want(noAlias(p.Shared(HMAC256), name))
		}),
		def("AL-17", func(p *Probe) {
			old, next := p.Shared(HMAC256), p.Fresh(HMAC256)
			name := p.Alias(old)
			p.Do("UpdateAlias", Params{"AliasName": name, "TargetKeyId": next.ID})
			p.asked(next, name).Want(madeBy(next).as("the new key"), madeBy(old).as("still the old key"))
		}),
		def("AL-18", func(p *Probe) {
			k := p.Shared(HMAC256)
			p.alias("alias/"+p.Name(), k.ID).Want(ok(nil))
			p.alias("alias/"+p.Name(), k.ID).Want(ok(nil))
		}),
	}
}

// tooManyAliases gives a key one alias more than the default quota. An account
// on AWS may have a higher one.
func tooManyAliases(p *Probe) {
	k := p.Fresh(HMAC256)
	for range maxAliases {
		p.Alias(k)
	}
	a := p.alias("alias/"+p.Name(), k.ID)
	if p.AWS() && a.Succeeded() {
		p.NotApplicable("the account's quota is higher than %d aliases for each key", maxAliases)
	}
	a.Want(failsSomehow("LimitExceededException"))
}
