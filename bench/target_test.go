package bench

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// fakeKMS is a target made for these tests: its clock is the bubble's, its
// delay a function of time. It has no behaviour that a test did not ask for.
type fakeKMS struct {
	aws      bool
	noImport bool
	gullible bool                                    // VerifyMac takes any tag
	delay    func(since time.Duration) time.Duration // of a load request; nil is none
	quick    int64                                   // so many load requests at first have no delay: the set-up's
	answer   func(n int64) error                     // called for load requests; nil error lets it through
	spoil    func(n int64, tag []byte)               // may change a tag that is given out
	start    time.Time
	loads    atomic.Int64 // GenerateMac and VerifyMac
	inFlight atomic.Int64
	most     atomic.Int64

	mu      sync.Mutex
	keys    map[string]*fakeKey
	aliases map[string]string
	calls   map[string]int
	failing map[string]error // operation to error
}

type fakeKey struct {
	md     target.KeyMetadata
	tags   []target.ResourceTag
	engine *engine.Key
	used   int
}

func newFake() *fakeKMS {
	return &fakeKMS{
		start: time.Now(), keys: map[string]*fakeKey{}, aliases: map[string]string{},
		calls: map[string]int{}, failing: map[string]error{},
	}
}

func (f *fakeKMS) Info() target.Info {
	return target.Info{Name: "fake", Client: "fake", AWS: f.aws}
}

func (f *fakeKMS) Close() error { return nil }

func refuse(op string, kind target.Kind) error {
	return &target.Error{Operation: op, Kind: kind, Code: string(kind) + "Exception", Trace: target.Trace{Attempts: 1}}
}

func (f *fakeKMS) call(op string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[op]++
	return f.failing[op]
}

func (f *fakeKMS) find(op, name string) (*fakeKey, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if id, ok := f.aliases[name]; ok {
		name = id
	}
	for id, k := range f.keys {
		if id == name || k.md.ARN == name {
			k.used++
			return k, nil
		}
	}
	return nil, refuse(op, target.NotFound)
}

// load is what both measured operations have in common.
func (f *fakeKMS) load(ctx context.Context, op, key string) (*fakeKey, int64, error) {
	if err := f.call(op); err != nil {
		return nil, 0, err
	}
	k, err := f.find(op, key)
	if err != nil {
		return nil, 0, err
	}
	n := f.loads.Add(1)
	storeMax(&f.most, f.inFlight.Add(1))
	defer f.inFlight.Add(-1)
	if f.delay != nil && n > f.quick {
		if d := f.delay(time.Since(f.start)); d > 0 {
			t := time.NewTimer(d)
			defer t.Stop()
			select {
			case <-t.C:
			case <-ctx.Done():
				return nil, 0, &target.Error{Operation: op, Kind: target.Cancelled, Err: ctx.Err(), Trace: target.Trace{Attempts: 1}}
			}
		}
	}
	if f.answer != nil {
		if err := f.answer(n); err != nil {
			return nil, 0, err
		}
	}
	return k, n, nil
}

func (f *fakeKMS) GenerateMac(ctx context.Context, req target.GenerateMacRequest) (target.GenerateMacReply, error) {
	k, n, err := f.load(ctx, "GenerateMac", req.KeyID)
	if err != nil {
		return target.GenerateMacReply{}, err
	}
	if req.DryRun {
		return target.GenerateMacReply{}, refuse("GenerateMac", target.DryRun)
	}
	tag := k.engine.Sum(nil, req.Message)
	if f.spoil != nil {
		f.spoil(n, tag)
	}
	return target.GenerateMacReply{KeyID: k.md.ARN, Algorithm: req.Algorithm, Tag: tag, Trace: target.Trace{Attempts: 1}}, nil
}

func (f *fakeKMS) VerifyMac(ctx context.Context, req target.VerifyMacRequest) (target.VerifyMacReply, error) {
	k, _, err := f.load(ctx, "VerifyMac", req.KeyID)
	if err != nil {
		return target.VerifyMacReply{}, err
	}
	if req.DryRun {
		return target.VerifyMacReply{}, refuse("VerifyMac", target.DryRun)
	}
	if !f.gullible && !k.engine.Verify(req.Message, req.Tag) {
		return target.VerifyMacReply{}, refuse("VerifyMac", target.InvalidMac)
	}
	return target.VerifyMacReply{KeyID: k.md.ARN, Algorithm: req.Algorithm, Valid: true, Trace: target.Trace{Attempts: 1}}, nil
}

func (f *fakeKMS) CreateKey(_ context.Context, req target.CreateKeyRequest) (target.KeyMetadata, error) {
	if err := f.call("CreateKey"); err != nil {
		return target.KeyMetadata{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	id := fmt.Sprintf("key-%d", len(f.keys)+1)
	alg, _ := target.AlgorithmOf(req.KeySpec)
	k := &fakeKey{tags: req.Tags}
	k.md = target.KeyMetadata{KeyID: id, ARN: "arn:fake:" + id, KeySpec: req.KeySpec, Origin: req.Origin, State: target.StateEnabled}
	k.engine, _ = engine.NewKey(alg, bytes.Repeat([]byte{byte(len(f.keys) + 1)}, alg.Size()))
	f.keys[id] = k
	return k.md, nil
}

func (f *fakeKMS) ImportKey(_ context.Context, id string, secret []byte) error {
	if err := f.call("ImportKey"); err != nil {
		return err
	}
	if f.noImport {
		return refuse("GetParametersForImport", target.Unsupported)
	}
	k, err := f.find("ImportKeyMaterial", id)
	if err != nil {
		return err
	}
	k.engine, err = engine.NewKey(k.engine.Algorithm(), secret)
	return err
}

func (f *fakeKMS) DescribeKey(_ context.Context, id string) (target.KeyMetadata, error) {
	if err := f.call("DescribeKey"); err != nil {
		return target.KeyMetadata{}, err
	}
	k, err := f.find("DescribeKey", id)
	if err != nil {
		return target.KeyMetadata{}, err
	}
	return k.md, nil
}

func (f *fakeKMS) ScheduleKeyDeletion(ctx context.Context, id string, days int) (time.Time, error) {
	if err := f.call("ScheduleKeyDeletion"); err != nil {
		return time.Time{}, err
	}
	if ctx.Err() != nil {
		return time.Time{}, ctx.Err()
	}
	k, err := f.find("ScheduleKeyDeletion", id)
	if err != nil {
		return time.Time{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	k.md.State = target.StatePendingDeletion
	k.md.DeletionDate = time.Now().AddDate(0, 0, days)
	return k.md.DeletionDate, nil
}

func (f *fakeKMS) CreateAlias(_ context.Context, alias, id string) error {
	err := f.call("CreateAlias")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.aliases[alias] = id
	return err
}

func (f *fakeKMS) DeleteAlias(_ context.Context, alias string) error {
	err := f.call("DeleteAlias")
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.aliases, alias)
	return err
}

// The rest of target.KeyAdmin: bench must never call it.
func (f *fakeKMS) ListKeys(context.Context, string, int) (target.KeyPage, error) { panic("ListKeys") }
func (f *fakeKMS) EnableKey(context.Context, string) error                       { panic("EnableKey") }
func (f *fakeKMS) DisableKey(context.Context, string) error                      { panic("DisableKey") }
func (f *fakeKMS) CancelKeyDeletion(context.Context, string) error               { panic("CancelKeyDeletion") }
func (f *fakeKMS) ListAliases(context.Context, string) ([]target.Alias, error)   { panic("ListAliases") }
func (f *fakeKMS) TagResource(context.Context, string, []target.ResourceTag) error {
	panic("TagResource")
}
func (f *fakeKMS) ListResourceTags(context.Context, string) ([]target.ResourceTag, error) {
	panic("ListResourceTags")
}

// left lists the keys that are not scheduled for deletion.
func (f *fakeKMS) left() (ids []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, k := range f.keys {
		if k.md.State != target.StatePendingDeletion {
			ids = append(ids, id)
		}
	}
	return ids
}
