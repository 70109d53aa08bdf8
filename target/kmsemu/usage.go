package kmsemu

import "crypto/sha256"

// getKeyLastUsage is GetKeyLastUsage. Tracking begins with the key; a key
// never used has an empty KeyLastUsage, as the service model says (row OB-05).
func getKeyLastUsage(c *call) (reply, error) {
	k, _, err := c.find(c.in.str("KeyId"), keyOnly)
	if err != nil {
		return nil, err
	}
	usage := reply{}
	if u := k.lastUse.Load(); u != nil {
		usage = reply{"Operation": u.operation, "Timestamp": epoch(u.at), "CloudTrailEventId": u.eventID(), "KmsRequestId": u.requestID}
	}
	return reply{"KeyId": k.arn, "KeyLastUsage": usage, "KeyCreationDate": epoch(k.created), "TrackingStartDate": epoch(k.created)}, nil
}

// eventID is the id of the CloudTrail event of the use: made up, but always
// the same for the same use.
func (u *keyUse) eventID() string {
	sum := sha256.Sum256([]byte("event " + u.requestID))
	return uuidOf([16]byte(sum[:16]))
}
