package kmsemu

import (
	"time"
)

// rotation is what is kept of the rotations of a symmetric key. Automatic
// rotation can be turned on and is shown, but never happens: a documented gap.
type rotation struct {
	period int // days; 0 while automatic rotation is off
	since  time.Time
	done   []time.Time // on demand, oldest first; never modified
}

// maxRotations is the number of rotations on demand of a key (row RO-11).
const maxRotations = 25

// notRotatable is the answer for keys that cannot be rotated: no text
// (rows RO-03, RO-05).
func notRotatable() *apiError { return fault("UnsupportedOperationException", "") }

// rotationKey finds a key whose rotation may be changed: state before type,
// type before origin (rows RO-07, RO-09).
func (c *call) rotationKey() (*key, *keyState, error) {
	k, s, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, nil, err
	}
	if err := usableStates.check(k, s.state); err != nil {
		return nil, nil, err
	}
	if k.spec != symmetricDefault || s.multi != nil && s.multi.primary != k.realm.region {
		return nil, nil, notRotatable() // replicas follow their primary
	}
	return k, s, nil
}

// getKeyRotationStatus is GetKeyRotationStatus: of any key in any state, false
// where nothing rotates (rows RO-01, RO-02); KeyId is the key ARN.
func getKeyRotationStatus(c *call) (reply, error) {
	k, s, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	if s.state == pendingImport { // row KS-32
		return nil, errOrigin(k.arn, k.origin)
	}
	on := s.rotation.period > 0
	out := reply{"KeyId": k.arn, "KeyRotationEnabled": on && s.state != pendingDeletion}
	if on && s.state != pendingDeletion {
		out["RotationPeriodInDays"] = s.rotation.period
		out["NextRotationDate"] = epoch(s.rotation.since.AddDate(0, 0, s.rotation.period))
	}
	return out, nil
}

// enableKeyRotation is EnableKeyRotation.
func enableKeyRotation(c *call) (reply, error) {
	return c.setRotation(c.in.number("RotationPeriodInDays", 365))
}

// disableKeyRotation is DisableKeyRotation. It refuses HMAC keys like
// EnableKeyRotation (row RO-04).
func disableKeyRotation(c *call) (reply, error) { return c.setRotation(0) }

func (c *call) setRotation(days int) (reply, error) {
	k, _, err := c.rotationKey()
	if err != nil {
		if k, _, found := c.find(c.in.str("KeyId"), keyOnly); c.wrong(rotationAccepted) && days > 0 && found == nil && k.isMAC() {
			return nil, nil
		}
		return nil, err
	}
	if k.origin != originAWS {
		return nil, errOrigin(k.arn, k.origin)
	}
	return nil, c.change(k, usableStates, func(t *tx, s *keyState) (*keyState, error) {
		s.rotation.period, s.rotation.since = days, c.now
		t.shareRotation(k, s)
		return s, nil
	})
}

// rotateKeyOnDemand is RotateKeyOnDemand. Imported material is never pending
// rotation, because the emulator keeps one imported material for each key
// (row RO-10; the rows about a second one are absent).
func rotateKeyOnDemand(c *call) (reply, error) {
	k, _, err := c.rotationKey()
	if err != nil {
		return nil, err
	}
	if k.origin == originExternal {
		return nil, fault("KMSInvalidStateException", "No available key material pending rotation for the key: %s.", k.arn)
	}
	err = c.change(k, usableStates, func(t *tx, s *keyState) (*keyState, error) {
		if len(s.rotation.done) >= maxRotations {
			return nil, fault("LimitExceededException", "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: %s", k.arn)
		}
		s.material = &material{id: randomHex(32), secret: randomSecret(32), older: s.material}
		s.rotation.done = append(s.rotation.done[:len(s.rotation.done):len(s.rotation.done)], c.now)
		t.shareRotation(k, s)
		return s, nil
	})
	if err != nil {
		return nil, err
	}
	return reply{"KeyId": k.arn}, nil
}

// listKeyRotations is ListKeyRotations: an empty list, not null, for a key
// that cannot be rotated (inferred, row RO-13).
func listKeyRotations(c *call) (reply, error) {
	k, s, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	after, err := c.marker()
	if err != nil {
		return nil, err
	}
	done := s.rotation.done[min(after, uint64(len(s.rotation.done))):]
	limit := c.in.number("Limit", 100)
	items := []reply{}
	for _, at := range done[:min(limit, len(done))] {
		items = append(items, reply{"KeyId": k.arn, "RotationDate": epoch(at), "RotationType": "ON_DEMAND"})
	}
	if len(done) > limit {
		return page(items, "Rotations", after+uint64(limit)), nil
	}
	return page(items, "Rotations", noItem), nil
}

// shareRotation gives the replicas of a multi-Region primary its material and
// its rotation: both are shared by the set.
func (t *tx) shareRotation(k *key, s *keyState) {
	if s.multi == nil {
		return
	}
	t.siblings(k, s.multi, func(o *key) {
		if o == k {
			return
		}
		n := o.latest().copy()
		n.material, n.rotation = s.material, s.rotation
		t.putKey(o, n)
	})
}
