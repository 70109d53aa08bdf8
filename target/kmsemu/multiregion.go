package kmsemu

import (
	"slices"
	"strings"
	"time"
)

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

// replicateKey is ReplicateKey. Inferred: a key that is no primary is refused
// before its state is looked at (row MR-08 was recorded on a fresh replica); a
// Region that is not served, in another partition, or the key's own is
// ValidationException (row MR-11); an existing replica gives
// AlreadyExistsException without a text (row MR-10).
func replicateKey(c *call) (reply, error) {
	k, err := c.primaryKey()
	if err != nil {
		return nil, err
	}
	to, err := c.replicaRealm(k)
	if err != nil {
		return nil, err
	}
	tags, err := c.newTags(nil, c.in.list("Tags"))
	if err != nil {
		return nil, err
	}
	policy, err := c.wantedPolicy(to)
	if err != nil {
		return nil, err
	}
	replica := &key{realm: to, id: k.id, arn: to.keyARN(k.id), spec: k.spec, usage: k.usage, origin: k.origin,
		multiRegion: true, created: c.now}
	n := &keyState{state: creating, before: enabled, readyAt: c.now.Add(c.e.opt.ReplicaDelay),
		description: c.in.str("Description"), policy: policy, tags: tags}
	err = c.change(k, states{enabled}, func(t *tx, s *keyState) (*keyState, error) {
		if to.key(k.id) != nil {
			return nil, fault("AlreadyExistsException", "")
		}
		if len(to.order) >= c.e.opt.MaxKeys {
			return nil, fault("LimitExceededException", "")
		}
		if k.origin == originAWS { // imported material is imported again there (row MR-15)
			n.material, n.rotation = s.material, s.rotation
		}
		set := &multiRegion{s.multi.primary, append(slices.Clone(s.multi.replicas), to.region)}
		t.joinSet(k, set)
		n.multi = set
		t.spoilReplica(n, s)
		t.addKey(replica, n)
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	out := reply{"ReplicaKeyMetadata": replica.metadata(n), "ReplicaPolicy": policy.text}
	if len(tags) > 0 {
		out["ReplicaTags"] = tagReply(tags)
	}
	return out, nil
}

// spoilReplica makes a new replica wrong, under deviations only.
func (t *tx) spoilReplica(n, primary *keyState) {
	if t.wrong(replicaDescription) {
		n.description = primary.description
	}
	if t.wrong(replicaOwnSecret) && n.material != nil {
		n.material = &material{id: randomHex(32), secret: randomSecret(len(n.material.secret))}
	}
	if t.wrong(replicaReady) && n.material != nil {
		n.state, n.readyAt, n.before = enabled, time.Time{}, ""
	}
}

// joinSet tells every key of the set what the set is now.
func (t *tx) joinSet(k *key, set *multiRegion) {
	t.siblings(k, set, func(o *key) {
		s := o.latest().copy()
		s.multi = set
		t.putKey(o, s)
	})
}

// primaryKey finds a multi-Region primary key (rows MR-08, MR-09).
func (c *call) primaryKey() (*key, error) {
	k, s, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	if s.multi == nil || s.multi.primary != k.realm.region {
		return nil, fault("UnsupportedOperationException", "%s is not a multi-region primary key.", k.arn)
	}
	return k, nil
}

// replicaRealm is where the replica will live.
func (c *call) replicaRealm(k *key) (*realm, error) {
	region := c.in.str("ReplicaRegion")
	to := c.e.realms[realmID{k.realm.account, region}]
	if to == nil || to.partition != k.realm.partition || to == k.realm {
		return nil, errValidation("The replica Region " + region + " is not valid for " + k.arn)
	}
	return to, nil
}

// updatePrimaryRegion is UpdatePrimaryRegion: both keys are Updating for a
// while, and usable (row MR-18). Inferred: a Region without a replica is
// NotFoundException, the Region of the primary itself changes nothing.
func updatePrimaryRegion(c *call) (reply, error) {
	k, err := c.primaryKey()
	if err != nil {
		return nil, err
	}
	region := c.in.str("PrimaryRegion")
	return nil, c.change(k, usableStates, func(t *tx, s *keyState) (*keyState, error) {
		if region == s.multi.primary {
			return nil, nil
		}
		if !slices.Contains(s.multi.replicas, region) {
			return nil, errNoKey(strings.Replace(k.arn, ":"+k.realm.region+":", ":"+region+":", 1))
		}
		set := &multiRegion{primary: region}
		for _, r := range s.multi.replicas {
			if r == region {
				r = s.multi.primary
			}
			set.replicas = append(set.replicas, r)
		}
		old := s.multi.primary
		t.siblings(k, set, func(o *key) {
			n := o.latest().copy()
			n.multi = set
			if at := o.realm.region; at == region || at == old {
				n.update(c.now.Add(c.e.opt.ReplicaDelay))
			}
			t.putKey(o, n)
		})
		return nil, nil
	})
}

// update makes the state Updating until then, if it is one that work goes on
// in.
func (s *keyState) update(until time.Time) {
	switch s.state {
	case enabled, disabled:
		s.before, s.state, s.readyAt = s.state, updating, until
	case updating:
		s.readyAt = until
	}
}
