package conformance

import (
	"fmt"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

// sharedID finds a shared key: by kind, and by material if it is given.
type sharedID struct {
	kind   KeyKind
	secret string
	region string
}

// sharedKey is made by the first case that asks for it.
type sharedKey struct {
	busy chan struct{} // holds one token; whoever has it may make the key
	key  Key
	made time.Time // zero until the key exists
}

// Shared returns a key of the kind that all cases of the run read and none
// changes.
func (p *Probe) Shared(kind KeyKind) Key { return p.share(kind, nil) }

// SharedWith is Shared for an HMAC key into which secret is imported.
func (p *Probe) SharedWith(kind KeyKind, secret []byte) Key {
	return p.share(kind.WithMaterial(), secret)
}

func (p *Probe) share(kind KeyKind, secret []byte) Key {
	s := p.run.s
	id := sharedID{kind, string(secret), p.road.region}
	s.mu.Lock()
	slot := s.shared[id]
	if slot == nil {
		slot = &sharedKey{busy: make(chan struct{}, 1)}
		slot.busy <- struct{}{}
		s.shared[id] = slot
	}
	s.mu.Unlock()
	select {
	case <-slot.busy:
	case <-p.run.ctx.Done():
		p.checkAlive()
	}
	defer func() { slot.busy <- struct{}{} }()
	if slot.made.IsZero() {
		own := p.run.made
		p.run.made = nil
		defer func() { // also when making it ended the case: the key may exist
			s.mu.Lock()
			s.made = append(s.made, p.run.made...)
			s.mu.Unlock()
			p.run.made = own
		}()
		p.run.share(id.label(), func() { slot.key = p.make(kind, secret) })
		slot.made = time.Now()
	}
	if slot.made.After(p.run.changed) {
		p.run.changed = slot.made
	}
	return slot.key
}

// Fresh makes a key for this case alone; it is removed when the case ends.
func (p *Probe) Fresh(kind KeyKind) Key { return p.make(kind, nil) }

// FreshWith is Fresh with given material.
func (p *Probe) FreshWith(kind KeyKind, secret []byte) Key {
	return p.make(kind.WithMaterial(), secret)
}

// make creates a key and brings it into the state that kind asks for.
func (p *Probe) make(kind KeyKind, secret []byte) Key {
	if kind.Imported && secret == nil {
		secret = p.Bytes(sizeOf[kind.Spec])
	}
	if p.road.caller == nil && p.run.s.plan == nil {
		return p.makePlain(kind, secret)
	}
	k := p.create(kind)
	if kind.Imported {
		p.Import(k, secret)
		k.Secret = secret
	}
	switch kind.State {
	case target.StateDisabled:
		p.Do("DisableKey", Params{"KeyId": k.ID})
	case target.StatePendingDeletion:
		p.Do("ScheduleKeyDeletion", Params{"KeyId": k.ID, "PendingWindowInDays": 7})
	}
	if p.run.s.aws {
		p.awaitKey(k)
	}
	return k
}

func (p *Probe) create(kind KeyKind) Key {
	params := Params{"KeySpec": kind.Spec, "KeyUsage": kind.Usage}
	if kind.Origin != "" {
		params["Origin"] = kind.Origin
	}
	if kind.MultiRegion {
		params["MultiRegion"] = true
	}
	a := p.Call("CreateKey", params)
	if a.planned {
		return plannedKey(kind, p.road.region)
	}
	if !a.Succeeded() {
		p.refusedKey(kind, a.Summary(), a.Status/100 == 4)
	}
	k := keyOf(kind, p.road.region, a)
	if k.ID == "" { // no case can be about a key without a name
		p.run.s.addLeft(fmt.Sprintf("a CreateKey without a KeyId in its answer may have made a key with the tag %s=%s", TagRun, p.run.s.opts.RunID))
		p.Inconclusive("a key could not be made: %s: the answer names none: %s", kind, a.Summary())
	}
	return k
}

// refusedKey ends the case: a target that makes no other keys than HMAC ones
// lacks something; one that makes no HMAC keys leaves everything open.
func (p *Probe) refusedKey(kind KeyKind, answer string, final bool) {
	if final && (kind.Usage != target.KeyUsageMAC || kind.MultiRegion || kind.Origin != "") {
		p.NotApplicable("the target makes no %s key: %s", kind, answer)
	}
	p.Inconclusive("a key could not be made: %s: %s", kind, answer)
}

// keyOf reads a key from the answer of CreateKey.
func keyOf(kind KeyKind, region string, a *Answer) Key {
	meta, _ := a.JSON["KeyMetadata"].(map[string]any)
	return Key{
		ID: a.String("KeyMetadata.KeyId"), ARN: a.String("KeyMetadata.Arn"), Kind: kind, Region: region,
		Algorithm: algorithmOf[kind.Spec], Metadata: meta,
	}
}

// awaitKey waits on real AWS until the key shows the state it should have, so
// that cases do not begin inside the consistency window.
func (p *Probe) awaitKey(k Key) {
	want := target.StateEnabled
	switch {
	case k.Kind.State != "":
		want = k.Kind.State
	case k.Kind.Origin == target.OriginExternal && !k.Kind.Imported:
		want = target.StatePendingImport
	}
	p.settle(p.Call("DescribeKey", Params{"KeyId": k.ID}), func(a *Answer) bool {
		return a.String("KeyMetadata.KeyState") == want
	})
}

// makePlain makes a key on a target without a Caller.
func (p *Probe) makePlain(kind KeyKind, secret []byte) Key {
	admin := p.road.admin
	if admin == nil || kind.Usage != target.KeyUsageMAC || kind.State != "" {
		p.NotApplicable("the target makes no %s key", kind)
	}
	ctx, cancel := p.run.s.requestContext(p.run.ctx, "CreateKey")
	defer cancel()
	meta, err := admin.CreateKey(ctx, target.CreateKeyRequest{
		KeySpec: kind.Spec, Origin: kind.Origin, MultiRegion: kind.MultiRegion, Tags: p.run.s.runTags(),
	})
	p.run.requests++
	p.run.s.requests.Add(1)
	p.adminFailed(kind, err)
	p.run.s.keep(p.run, p.road, meta.KeyID, meta.ARN)
	if kind.Imported {
		err = admin.ImportKey(ctx, meta.KeyID, secret)
		p.run.requests += 2
		p.run.s.requests.Add(2)
		p.adminFailed(kind, err)
	}
	return Key{
		ID: meta.KeyID, ARN: meta.ARN, Kind: kind, Region: p.road.region, Algorithm: algorithmOf[kind.Spec], Secret: secret,
	}
}

func (p *Probe) adminFailed(kind KeyKind, err error) {
	switch k := target.KindOf(err); {
	case err == nil:
	case k == target.Unsupported:
		p.NotApplicable("the target does not support %s keys: %v", kind, err)
	default:
		p.checkAlive()
		p.Inconclusive("a %s key could not be made: %v", kind, err)
	}
}
