package kmsemu

import "slices"

// multiRegion is the set that a multi-Region key belongs to. It is never
// modified after publication.
type multiRegion struct {
	primary  string   // Region
	replicas []string // Regions, in order of creation
}

// regions returns the Regions of all keys of the set.
func (m *multiRegion) regions() []string { return append([]string{m.primary}, m.replicas...) }

// multiConfiguration is MultiRegionConfiguration (rows MR-01, MR-03).
func (k *key) multiConfiguration(m *multiRegion) reply {
	at := func(region string) reply {
		return reply{"Arn": "arn:" + k.realm.partition + ":kms:" + region + ":" + k.realm.account + ":key/" + k.id, "Region": region}
	}
	kind := "REPLICA"
	if m.primary == k.realm.region {
		kind = "PRIMARY"
	}
	replicas := make([]reply, 0, len(m.replicas))
	for _, region := range m.replicas {
		replicas = append(replicas, at(region))
	}
	return reply{"MultiRegionKeyType": kind, "PrimaryKey": at(m.primary), "ReplicaKeys": replicas}
}

// siblings calls f with each key of the set m that exists, k included.
func (t *tx) siblings(k *key, m *multiRegion, f func(*key)) {
	for _, region := range m.regions() {
		r := t.e.realms[realmID{k.realm.account, region}]
		if r == nil {
			continue
		}
		if sibling := r.key(k.id); sibling != nil {
			f(sibling)
		}
	}
}

// leaveSet takes the deleted key k out of its set. A primary that waited for
// its last replica starts its own waiting period.
func (t *tx) leaveSet(k *key, m *multiRegion) {
	n := &multiRegion{primary: m.primary}
	n.replicas = slices.DeleteFunc(slices.Clone(m.replicas), func(r string) bool { return r == k.realm.region })
	t.siblings(k, n, func(sibling *key) {
		s := sibling.latest().copy()
		s.multi = n
		if s.state == pendingReplicaDeletion && len(n.replicas) == 0 {
			s.state = pendingDeletion
			s.deletionDate = t.now.AddDate(0, 0, s.window)
		}
		t.putKey(sibling, s)
	})
}
