package conformance

var obUntestable = map[string]string{
	"OB-01": "CloudTrail is another service",
	"OB-02": "CloudTrail is another service",
	"OB-03": "CloudTrail is another service",
}

// lastUsage asks when a key was last used.
func (p *Probe) lastUsage(k Key) *Answer { return p.Call("GetKeyLastUsage", Params{"KeyId": k.ID}) }

// usedFor wants the members about the last use.
func usedFor(operation string) Expectation {
	return ok(Members{
		"KeyLastUsage.Operation": Is(operation), "KeyLastUsage.Timestamp": ANumber(), "KeyLastUsage.CloudTrailEventId": Present(),
		"KeyLastUsage.KmsRequestId": Present(), "KeyCreationDate": ANumber(), "TrackingStartDate": ANumber(), "KeyId": Present(),
	})
}

// neverUsed lists the two forms of no use.
func neverUsed() []Expectation {
	return []Expectation{
		ok(Members{"KeyLastUsage": Is(map[string]any{})}).as("empty"), ok(Members{"KeyLastUsage": Absent()}).as("absent"),
	}
}

func obCases() []Case {
	return []Case{
		def("OB-04", func(p *Probe) {
			k := p.Fresh(HMAC256)
			tag := p.tag(k, some)
			p.lastUsage(k).Want(usedFor("GenerateMac"))
			p.Do("VerifyMac", k.Verify(some, tag))
			p.lastUsage(k).Want(usedFor("VerifyMac"))
		}),
		def("OB-05", func(p *Probe) { p.lastUsage(p.Fresh(HMAC256)).Want(neverUsed()...) }),
		def("OB-06", func(p *Probe) {
			k, r := p.replicated()
			p.Do("GenerateMac", k.MAC(some))
			a := p.lastUsage(k)
			if a.Succeeded() && a.String("KeyLastUsage.Operation") == "" { // row OB-04
				p.Inconclusive("the use of the primary is not told")
			}
			a.Want(ok(Members{"KeyLastUsage.Operation": Is("GenerateMac")}))
			p.In().lastUsage(r).Want(neverUsed()...)
		}).regions().in(ProfileMultiRegion),
	}
}
