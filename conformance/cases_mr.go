package conformance

var mrUntestable = map[string]string{
	"MR-20": "no operation exists that could be called",
}

const multiRegionForm = `mrk-[0-9a-f]{32}`

// replicate asks for a replica in the second Region, tagged as every key is.
func (p *Probe) replicate(k Key) *Answer {
	return p.replicateTo(p.In().Region(), k)
}

func (p *Probe) replicateTo(region string, k Key) *Answer {
	return p.Call("ReplicateKey", p.run.s.tagged(Params{"KeyId": k.ID, "ReplicaRegion": region}))
}

// replicated makes a multi-Region key and a replica of it that can be used.
func (p *Probe) replicated() (primary, replica Key) {
	primary = p.Fresh(HMAC256.Multi())
	return primary, p.Replicate(primary)
}

// location is how MultiRegionConfiguration names a key.
func location(k Key) map[string]any { return map[string]any{"Arn": k.ARN, "Region": k.Region} }

// replicaOf is the key that a replica in the second Region is.
func (p *Probe) replicaOf(k Key) Key {
	k.Region = p.In().Region()
	k.ARN = inRegion(k.ARN, k.Region)
	return k
}

// thirdRegion is a Region of the key's partition that the run does not use; the
// small partitions have none.
func (p *Probe) thirdRegion(k Key) string {
	if k.part(1) != "aws" {
		return p.Region()
	}
	for _, r := range []string{"us-east-1", "us-west-2"} {
		if r != p.run.s.home.region && r != p.run.s.away.region {
			return r
		}
	}
	return "eu-west-1"
}

func mrCases() []Case {
	noPrimary := func(arn string) Expectation {
		return fails("UnsupportedOperationException", arn+" is not a multi-region primary key.")
	}
	return []Case{
		def("MR-01", makesPrimary),
		def("MR-02", func(p *Probe) {
			k := p.Fresh(HMAC256.Multi())
			p.In().describe(k).Want(missingKey(p.replicaOf(k).ARN))
		}).regions(),
		def("MR-03", func(p *Probe) {
			k := p.Fresh(HMAC256.Multi())
			// The one replica without the run's tags: the row is about their absence.
			p.Call("ReplicateKey", Params{"KeyId": k.ID, "ReplicaRegion": p.In().Region()}).Want(ok(Members{
				"ReplicaPolicy": Present(), "ReplicaTags": Absent(),
				"ReplicaKeyMetadata.KeyState": Is("Creating"), "ReplicaKeyMetadata.Enabled": Is(false),
				"ReplicaKeyMetadata.MultiRegionConfiguration.MultiRegionKeyType": Is("REPLICA"),
				"ReplicaKeyMetadata.MultiRegionConfiguration.PrimaryKey":         Is(location(k)),
				"ReplicaKeyMetadata.MultiRegionConfiguration.ReplicaKeys":        Is([]any{location(p.replicaOf(k))}),
			}))
		}).regions(),
		def("MR-04", func(p *Probe) {
			k := p.Fresh(HMAC256.Multi())
			p.Do("UpdateKeyDescription", Params{"KeyId": k.ID, "Description": "of the primary"})
			p.replicate(k).Want(ok(Members{"ReplicaKeyMetadata.Description": Is("")}))
		}).regions(),
		def("MR-05", func(p *Probe) {
			k := p.Fresh(HMAC256.Multi())
			p.putPolicy(k, policy(allow(k.Root(), "kms:*")))
			p.wantDefaultPolicy(p.replicate(k), "ReplicaPolicy", k)
		}).regions(),
		def("MR-06", func(p *Probe) {
			r, away := p.startReplica(p.Fresh(HMAC256.Multi())), p.In()
			away.Until(away.describe(r), func(a *Answer) bool { return a.String("KeyMetadata.KeyState") != "Creating" }).Want(ok(Members{
				"KeyMetadata.KeyState": Is("Enabled"), "KeyMetadata.KeyId": Is(r.ID), "KeyMetadata.Arn": Is(r.ARN),
			}))
		}).regions(),
		def("MR-07", func(p *Probe) {
			k, r := p.replicated()
			p.describe(k).Want(ok(Members{"KeyMetadata.MultiRegionConfiguration.ReplicaKeys": Is([]any{location(r)})}))
		}).regions(),
		def("MR-08", func(p *Probe) {
			_, r := p.replicated()
			p.In().replicateTo(p.thirdRegion(r), r).Want(noPrimary(r.ARN))
		}).regions(),
		def("MR-09", func(p *Probe) {
			k := p.Fresh(HMAC256)
			p.replicate(k).Want(noPrimary(k.ARN))
		}).regions(),
		def("MR-10", func(p *Probe) {
			k, _ := p.replicated()
			p.replicate(k).Want(failsSomehow("AlreadyExistsException"))
		}).regions(),
		def("MR-11", func(p *Probe) {
			k := p.Fresh(HMAC256.Multi())
			p.replicateTo("nowhere", k).Want(invalid(""))
			p.replicateTo(p.Region(), k).Want(refused())
		}).regions(),
		def("MR-12", func(p *Probe) {
			k, r := p.replicated()
			tag := p.tag(k, some)
			// By its ARN: a target that finds keys in every Region takes the id for the primary's.
			p.In().Call("VerifyMac", with(r.Verify(some, tag), "KeyId", r.ARN)).Want(ok(Members{"MacValid": Is(true)}))
		}).regions(),
		def("MR-13", func(p *Probe) {
			_, r := p.replicated()
			p.In().Call("GenerateMac", r.MAC(some)).Want(ok(Members{"KeyId": Is(r.ARN)}))
		}).regions(),
		def("MR-14", func(p *Probe) {
			k, r := p.replicated()
			p.Do("DisableKey", Params{"KeyId": k.ID})
			p.describe(k).Want(stateIs("Disabled"))
			p.In().Call("GenerateMac", r.MAC(some)).Want(madeBy(r))
			p.In().describe(r).Want(stateIs("Enabled"))
		}).regions(),
		def("MR-15", func(p *Probe) {
			k, away := p.Fresh(HMAC256.WithMaterial().Multi()), p.In()
			r := p.Replicate(k)
			away.describe(r).Want(stateIs("PendingImport"))
			away.Call("ImportKeyMaterial", away.Parcel(r, k.Secret, defaultWrapping).params(r)).Want(ok(nil))
			away.describe(r).Want(stateIs("Enabled"))
		}).regions().imports(),
		def("MR-16", func(p *Probe) {
			k, _ := p.replicated()
			p.Call("ScheduleKeyDeletion", Params{"KeyId": k.ID, "PendingWindowInDays": 7}).
				Want(ok(Members{"KeyState": Is("PendingReplicaDeletion"), "DeletionDate": Absent()}))
		}).regions(),
		def("MR-17", func(p *Probe) {
			k, _ := p.replicated()
			p.Do("ScheduleKeyDeletion", Params{"KeyId": k.ID, "PendingWindowInDays": 7})
			inState := func(a *Answer) bool { return a.String("KeyMetadata.KeyState") == "PendingReplicaDeletion" }
			a := p.settle(p.describe(k), inState)
			if a.Succeeded() && !inState(a) { // row MR-16; the member belongs to no other state
				p.Inconclusive("the primary is not in the state PendingReplicaDeletion but %s", a.String("KeyMetadata.KeyState"))
			}
			a.Want(ok(Members{"KeyMetadata.PendingDeletionWindowInDays": ANumber()}))
		}).regions(),
		def("MR-18", movesPrimary).regions(),
		def("MR-19", func(p *Probe) {
			p.Call("CreateKey", plus(newHMAC("HMAC_256"), Params{
				"MultiRegion": true, "Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1234567890abcdef0",
			})).Want(refused())
		}),
	}
}

// makesPrimary creates a multi-Region key.
func makesPrimary(p *Probe) {
	const config = "KeyMetadata.MultiRegionConfiguration"
	a := p.Call("CreateKey", plus(newHMAC("HMAC_256"), Params{"MultiRegion": true})).Want(Expectation{
		Status: 200, Sets: map[string][]string{config: {"MultiRegionKeyType", "PrimaryKey", "ReplicaKeys"}}, Members: Members{
			"KeyMetadata.KeyId": Matching(multiRegionForm), "KeyMetadata.MultiRegion": Is(true),
			config + ".MultiRegionKeyType": Is("PRIMARY"), config + ".PrimaryKey.Region": Is(p.Region()), config + ".ReplicaKeys": Is([]string{}),
		},
	})
	arn := a.String("KeyMetadata.Arn")
	named := a.String(config + ".PrimaryKey.Arn")
	p.Check(a, config+".PrimaryKey.Arn", named == arn && arn != "", "the key's own ARN", named)
}

// movesPrimary makes the second Region the primary one. A target may be done
// before the state Updating can be seen.
func movesPrimary(p *Probe) {
	k, r := p.replicated()
	away := p.In()
	p.Call("UpdatePrimaryRegion", Params{"KeyId": k.ID, "PrimaryRegion": r.Region}).Want(okVoid())
	passing := ok(Members{"KeyMetadata.KeyState": OneOf("Updating", "Enabled")})
	p.describe(k).Want(passing)
	away.describe(r).Want(passing)
	tag := p.Call("GenerateMac", k.MAC(some)).Want(madeBy(k)).Bytes("Mac")
	away.Call("VerifyMac", r.Verify(some, tag)).Want(verified(r))
	away.Until(away.describe(r), func(a *Answer) bool { return a.String("KeyMetadata.KeyState") != "Updating" }).
		Want(ok(Members{"KeyMetadata.MultiRegionConfiguration.MultiRegionKeyType": Is("PRIMARY")}))
}
