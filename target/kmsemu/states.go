package kmsemu

import "time"

// enableKey is EnableKey (rows KS-02, KS-03).
func enableKey(c *call) (reply, error) { return c.setState(enabled) }

// disableKey is DisableKey (rows KS-01, KS-04).
func disableKey(c *call) (reply, error) {
	if c.wrong(disableIgnored) {
		return nil, nil
	}
	return c.setState(disabled)
}

func (c *call) setState(state string) (reply, error) {
	k, _, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	allowed := switchable
	if c.wrong(enablePendingDeletion) {
		allowed = append(states{pendingDeletion}, switchable...)
	}
	return nil, c.change(k, allowed, func(_ *tx, s *keyState) (*keyState, error) {
		s.state = state
		return s, nil
	})
}

// scheduleKeyDeletion is ScheduleKeyDeletion. The primary of a multi-Region
// key with replicas waits for them without a date (row MR-16).
func scheduleKeyDeletion(c *call) (reply, error) {
	days := c.in.number("PendingWindowInDays", 30)
	if (days < 7 || days > 30) && !c.wrong(windowUnchecked) { // rows DE-04, DE-05: not in the schema
		return nil, errValidation("PendingWindowInDays must be between 7 and 30")
	}
	k, _, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	var out reply
	allowed := deletable
	if c.wrong(scheduleTwice) {
		allowed = append(states{pendingDeletion}, deletable...)
	}
	err = c.change(k, allowed, func(_ *tx, s *keyState) (*keyState, error) {
		s.window, s.wasDisabled = days, s.state == disabled
		s.readyAt, s.before = time.Time{}, ""
		s.state = pendingDeletion
		out = reply{"KeyId": k.arn, "PendingWindowInDays": days}
		if s.multi != nil && s.multi.primary == k.realm.region && len(s.multi.replicas) > 0 {
			s.state = pendingReplicaDeletion
		} else {
			s.deletionDate = c.now.AddDate(0, 0, days)
			out["DeletionDate"] = epoch(s.deletionDate)
		}
		out["KeyState"] = s.state
		return s, nil
	})
	return out, err
}

// cancelKeyDeletion is CancelKeyDeletion: the key is Disabled afterwards
// (row DE-08), PendingImport when it has no material.
func cancelKeyDeletion(c *call) (reply, error) {
	k, _, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	err = c.change(k, everyState, func(_ *tx, s *keyState) (*keyState, error) {
		if s.state != pendingDeletion && s.state != pendingReplicaDeletion { // row KS-24
			return nil, fault("KMSInvalidStateException", "%s is not pending deletion (or pending replica deletion).", k.arn)
		}
		s.state, s.deletionDate, s.window, s.wasDisabled = disabled, time.Time{}, 0, false
		if c.wrong(cancelEnables) {
			s.state = enabled
		}
		if s.material == nil {
			s.state = pendingImport
		}
		return s, nil
	})
	if err != nil {
		return nil, err
	}
	return reply{"KeyId": k.arn}, nil
}

// updateKeyDescription is UpdateKeyDescription (rows KS-17, KS-18).
func updateKeyDescription(c *call) (reply, error) {
	k, _, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	return nil, c.change(k, notPending, func(_ *tx, s *keyState) (*keyState, error) {
		s.description = c.in.str("Description")
		return s, nil
	})
}

// deleteKey removes a key whose waiting period is over. The primary of the
// last replica starts its own waiting period then.
func (t *tx) deleteKey(k *key) {
	s := k.latest()
	t.removeKey(k)
	if s.multi != nil {
		t.leaveSet(k, s.multi)
	}
}
