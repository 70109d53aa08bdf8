package conformance

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/kmsmac/kmsmac/target"
)

// UUID returns a well-formed key id that names no key.
func (p *Probe) UUID() string {
	b := p.Bytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// MultiRegionID returns a well-formed id of a multi-Region key that names no
// key.
func (p *Probe) MultiRegionID() string { return "mrk-" + hex.EncodeToString(p.Bytes(16)) }

// Sibling is the ARN that a key with this id would have in the same account
// and Region.
func (k Key) Sibling(id string) string { return k.resource("key/" + id) }

// AliasARN is the ARN that an alias ("alias/…") has in the key's account and
// Region.
func (k Key) AliasARN(alias string) string { return k.resource(alias) }

func (k Key) resource(r string) string {
	prefix, _, _ := strings.Cut(k.ARN, ":key/")
	return prefix + ":" + r
}

// part returns one field of the key's ARN: 1 partition, 3 Region, 4 account.
func (k Key) part(i int) string {
	f := strings.Split(k.ARN, ":")
	if i >= len(f) {
		return ""
	}
	return f[i]
}

// Root is the ARN of the account that owns the key.
func (k Key) Root() string { return "arn:" + k.part(1) + ":iam::" + k.part(4) + ":root" }

// inRegion is an ARN with another Region.
func inRegion(arn, region string) string {
	f := strings.SplitN(arn, ":", 5)
	if len(f) < 5 {
		return arn
	}
	f[3] = region
	return strings.Join(f, ":")
}

// otherRegion returns a Region that is not the one given.
func otherRegion(region string) string {
	if region == "eu-west-1" {
		return "us-west-2"
	}
	return "eu-west-1"
}

// Replicate makes a replica of a multi-Region primary in the second Region and
// waits until it can be used.
func (p *Probe) Replicate(k Key) Key {
	r := p.startReplica(k)
	away := p.In()
	away.Until(away.Do("DescribeKey", Params{"KeyId": r.ID}), func(a *Answer) bool {
		return a.String("KeyMetadata.KeyState") != "Creating"
	})
	return r
}

func (p *Probe) startReplica(k Key) Key {
	r := k
	r.Region = p.In().Region()
	r.ARN = inRegion(k.ARN, r.Region)
	p.Do("ReplicateKey", p.run.s.tagged(Params{"KeyId": k.ID, "ReplicaRegion": r.Region}))
	return r
}

// keepReplica remembers a replica for removal, in whichever Region it is.
func (p *Probe) keepReplica(a *Answer) {
	s, arn := p.run.s, a.String("ReplicaKeyMetadata.Arn")
	region := (Key{ARN: arn}).part(3)
	if r := s.roadTo(region); r != nil {
		s.keep(p.run, r, a.String("ReplicaKeyMetadata.KeyId"), arn)
		return
	}
	s.addLeftKey(arn, region)
}

// stateIs wants a DescribeKey that shows the state, and Enabled as it follows
// from it (row DK-16).
func stateIs(state string) Expectation {
	return ok(Members{"KeyMetadata.KeyState": Is(state), "KeyMetadata.Enabled": Is(state == target.StateEnabled)})
}

// describe asks for the key's metadata.
func (p *Probe) describe(k Key) *Answer { return p.Call("DescribeKey", Params{"KeyId": k.ID}) }
