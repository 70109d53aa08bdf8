package conformance

import "strings"

// liUntestable is empty: every row of the group has a case.
var liUntestable map[string]string

// The default and the documented maximum of Limit for aliases and grants.
const (
	defaultPage = 50
	longestPage = 100
)

// threeKeys makes sure that the account has keys enough for several pages.
func (p *Probe) threeKeys() {
	for _, kind := range []KeyKind{HMAC256, HMAC384, HMAC512} {
		p.Shared(kind)
	}
}

// page wants one page with at most so many entries. Rows LI-01 and TG-12 judge
// whether Truncated is there; no row speaks of it for the other lists.
func (p *Probe) page(operation string, params Params, list string, most int) *Answer {
	return p.Call(operation, params).Want(ok(Members{list: Between(0, most)}))
}

func liCases() []Case {
	return []Case{
		def("LI-01", listsKeys),
		def("LI-02", func(p *Probe) { p.listed(p.Shared(HMAC256.Deleting())) }),
		def("LI-03", func(p *Probe) {
			p.threeKeys()
			p.page("ListKeys", Params{}, "Keys", 100)
			p.page("ListKeys", Params{"Limit": 1}, "Keys", 1)
			p.page("ListKeys", Params{"Limit": 1000}, "Keys", 1000)
		}),
		def("LI-04", func(p *Probe) {
			p.Call("ListKeys", Params{"Limit": 0}).Want(badValue(0, "limit", "greater than or equal to 1"))
			p.Call("ListKeys", Params{"Limit": 1001}).Want(badValue(1001, "limit", "less than or equal to 1000"))
		}),
		def("LI-05", shortPages),
		def("LI-06", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.Do("TagResource", Params{"KeyId": k.ID, "Tags": manyTags(maxTags - len(p.run.s.runTags()))})
			p.page("ListResourceTags", Params{"KeyId": k.ID}, "Tags", maxTags)
			p.page("ListResourceTags", Params{"KeyId": k.ID, "Limit": maxTags}, "Tags", maxTags)
		}),
		def("LI-07", func(p *Probe) {
			k := p.Fresh(Symmetric)
			p.Do("RotateKeyOnDemand", Params{"KeyId": k.ID})
			p.page("ListKeyPolicies", Params{"KeyId": k.ID}, "PolicyNames", 100)
			p.page("ListKeyPolicies", Params{"KeyId": k.ID, "Limit": 1000}, "PolicyNames", 1000)
			p.page("ListKeyRotations", Params{"KeyId": k.ID}, "Rotations", 100)
			p.page("ListKeyRotations", Params{"KeyId": k.ID, "Limit": 1000}, "Rotations", 1000)
		}),
		// ListKeyPolicies is left out: it does not declare the error.
		def("LI-08", func(p *Probe) {
			for operation, params := range p.lists() {
				p.Call(operation, with(params, "Marker", "garbage")).Want(failsSomehow("InvalidMarkerException"))
			}
		}),
		def("LI-09", func(p *Probe) {
			for operation, params := range p.lists() {
				p.Call(operation, with(params, "Marker", strings.Repeat("m", 1025))).
					Want(badLength("marker", "...", "less than or equal to 1024"))
			}
		}),
		def("LI-10", nextPages),
		def("LI-11", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.Alias(p.Shared(HMAC256))
			first, second := p.Alias(k), p.Alias(k)
			a := p.settle(p.aliasList(k), func(a *Answer) bool { return len(a.List("Aliases")) == 2 }).Want(ok(Members{
				"Aliases": Between(2, 2), "Aliases.0.TargetKeyId": Is(k.ID), "Aliases.1.TargetKeyId": Is(k.ID),
			}))
			names := a.String("Aliases.0.AliasName") + " " + a.String("Aliases.1.AliasName")
			p.Check(a, "Aliases.1.AliasName", sameWords(names, first+" "+second), first+" and "+second, names)
		}),
		def("LI-12", listsAliases),
	}
}

// lists yields the operations with pages of which a marker is an input, with
// what else they need, in a fixed order.
func (p *Probe) lists() func(yield func(string, Params) bool) {
	k := p.Shared(HMAC256)
	return func(yield func(string, Params) bool) {
		_ = yield("ListKeys", Params{}) &&
			yield("ListAliases", Params{}) &&
			yield("ListGrants", Params{"KeyId": k.ID}) &&
			yield("ListRetirableGrants", Params{"RetiringPrincipal": k.Root()}) &&
			yield("ListResourceTags", Params{"KeyId": k.ID}) &&
			yield("ListKeyRotations", Params{"KeyId": k.ID})
	}
}

// listsKeys finds a key, and looks at the end of a page and of the list.
func listsKeys(p *Probe) {
	p.threeKeys()
	p.listed(p.Shared(HMAC256))
	p.Call("ListKeys", Params{"Limit": 1}).Want(ok(Members{"Keys": Between(0, 1), "Truncated": Is(true), "NextMarker": Present()}))
	pages := p.pages("ListKeys", Params{"Limit": 1000})
	pages[len(pages)-1].Want(ok(Members{"Keys": Between(0, 1000), "Truncated": Is(false), "NextMarker": Absent()}))
}

// shortPages makes lists of more than the default length of a page.
func shortPages(p *Probe) {
	k := p.Fresh(HMAC256)
	for range defaultPage + 1 {
		p.Do("CreateGrant", granting(k, Params{"RetiringPrincipal": k.Root()}))
	}
	first, second := p.Fresh(HMAC256), p.Fresh(HMAC256)
	for range defaultPage/2 + 1 {
		p.Alias(first)
		p.Alias(second)
	}
	for _, l := range []struct {
		operation, list string
		params          Params
	}{
		{"ListGrants", "Grants", Params{"KeyId": k.ID}},
		{"ListRetirableGrants", "Grants", Params{"RetiringPrincipal": k.Root()}},
		{"ListAliases", "Aliases", Params{}},
	} {
		a := p.page(l.operation, l.params, l.list, defaultPage)
		p.Check(a, "Truncated", a.Bool("Truncated"), "true, for there are more", "false")
		p.page(l.operation, with(l.params, "Limit", longestPage), l.list, longestPage)
	}
}

// nextPages follows markers until three keys were seen. A page may be shorter
// than its limit, even empty.
func nextPages(p *Probe) {
	p.threeKeys()
	seen := map[string]bool{}
	params := Params{"Limit": 2}
	for n := 0; n < 2 || len(seen) < 3; n++ {
		a := p.Call("ListKeys", params).Want(ok(Members{"Keys": Between(0, 2)}))
		if a.planned && n == 1 {
			return
		}
		p.Check(a, "Keys", unseen(a, seen), "keys that were not on the pages before", a.Summary())
		if len(seen) < 3 {
			a.Want(ok(Members{"Truncated": Is(true), "NextMarker": Present()}))
			params = with(params, "Marker", a.String("NextMarker"))
		}
		if n == 2*maxPages {
			p.Inconclusive("%d pages of ListKeys held %d keys", n, len(seen))
		}
	}
}

// unseen reports whether no key of the page is among those seen, and adds them.
func unseen(a *Answer, seen map[string]bool) bool {
	for _, e := range a.List("Keys") {
		id, isText := e["KeyId"].(string)
		if !isText || seen[id] {
			return false
		}
		seen[id] = true
	}
	return true
}

// listsAliases finds an alias of the case and one of AWS's own.
func listsAliases(p *Probe) {
	k := p.Fresh(HMAC256)
	name := p.Alias(k)
	params := Params{"Limit": longestPage}
	page, at := p.entry("ListAliases", params, "Aliases", name, func(e map[string]any) bool { return e["AliasName"] == name })
	page.Want(ok(Members{at + ".AliasName": Is(name), at + ".TargetKeyId": Is(k.ID)}))
	page, at = p.entry("ListAliases", params, "Aliases", "an alias/aws/… without TargetKeyId", isServiceAlias)
	page.Want(ok(Members{at + ".AliasName": Matching("alias/aws/.+"), at + ".TargetKeyId": Absent()}))
}
