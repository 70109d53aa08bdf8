package bench

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// addKey gives f a key that is not the run's, with a secret of ones.
func addKey(f *fakeKMS, spec string) *fakeKey {
	md, _ := f.CreateKey(context.Background(), target.CreateKeyRequest{KeySpec: spec})
	k := f.keys[md.KeyID]
	alg := k.engine.Algorithm()
	k.engine, _ = engine.NewKey(alg, bytes.Repeat([]byte{1}, alg.Size()))
	f.calls = map[string]int{}
	return k
}

func TestExistingKeysAreOnlyUsed(t *testing.T) {
	ones := bytes.Repeat([]byte{1}, 48)
	for _, tc := range []struct {
		name    string
		secrets map[string][]byte
		by      string
	}{
		{"with its secret", map[string][]byte{"arn:fake:key-1": ones}, VerifiedByEngine},
		{"without", nil, VerifiedByConsistency},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := Plan{Duration: time.Second, Workload: Workload{Keys: []string{"arn:fake:key-1"}}}
			bubble(t, p, Options{Secrets: tc.secrets}, func(f *fakeKMS) { addKey(f, "HMAC_384") }, func(f *fakeKMS, rep *Report, err error) {
				if err != nil || len(rep.Loads) != 2 {
					t.Fatalf("%d loads, %v", len(rep.Loads), err)
				}
				for _, l := range rep.Loads {
					if l.KeySpec != "HMAC_384" || l.VerifiedBy != tc.by || l.Verified != l.Requests || l.WrongTags != 0 {
						t.Errorf("%+v, want HMAC_384 verified by %s", l, tc.by)
					}
				}
				for op := range f.calls {
					if op != "GenerateMac" && op != "VerifyMac" && op != "DescribeKey" {
						t.Errorf("%s was called on somebody else's key", op)
					}
				}
				if f.keys["key-1"].md.State != target.StateEnabled || rep.KeysMade != 0 {
					t.Errorf("state %s, %d keys made", f.keys["key-1"].md.State, rep.KeysMade)
				}
			})
		})
	}
}

func TestExistingKeyRefusals(t *testing.T) {
	for _, tc := range []struct {
		name string
		plan Workload
		opt  Options
		set  func(*fakeKMS)
		want string
		is   error
	}{
		{"missing", Workload{Keys: []string{"nowhere"}}, Options{}, nil, "describing key nowhere", nil},
		{"not HMAC", Workload{Keys: []string{"key-1"}}, Options{}, func(f *fakeKMS) { f.keys["key-1"].md.KeySpec = "SYMMETRIC_DEFAULT" }, "not an HMAC key", nil},
		{"other spec", Workload{Keys: []string{"key-1"}, KeySpecs: []string{"HMAC_512"}}, Options{}, nil, "has spec HMAC_256, not HMAC_512", nil},
		{"wrong secret", Workload{Keys: []string{"key-1"}}, Options{Secrets: map[string][]byte{"key-1": {2}}}, nil, "key-1", ErrSecretMismatch},
		{"empty secret", Workload{Keys: []string{"key-1"}}, Options{Secrets: map[string][]byte{"key-1": {}}}, nil, "secret of key key-1", engine.ErrEmptySecret},
		{"not allowed to describe", Workload{Keys: []string{"key-1"}}, Options{}, func(f *fakeKMS) {
			f.failing["DescribeKey"] = refuse("DescribeKey", target.AccessDenied)
		}, "describing key key-1", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set := func(f *fakeKMS) {
				addKey(f, "HMAC_256")
				if tc.set != nil {
					tc.set(f)
				}
			}
			bubble(t, Plan{Workload: tc.plan}, tc.opt, set, func(_ *fakeKMS, rep *Report, err error) {
				if err == nil || !strings.Contains(err.Error(), tc.want) || tc.is != nil && !errors.Is(err, tc.is) {
					t.Errorf("%v, want %q (%v)", err, tc.want, tc.is)
				}
				if rep == nil || len(rep.Loads) != 0 {
					t.Errorf("report %+v, want an empty one", rep)
				}
			})
		})
	}
}

func TestSpecFromThePlanWhereDescribeKeyIsNotAllowed(t *testing.T) {
	p := Plan{Duration: time.Second, Workload: Workload{Keys: []string{"key-1"}, KeySpecs: []string{"HMAC_224"}}}
	set := func(f *fakeKMS) {
		addKey(f, "HMAC_224")
		f.failing["DescribeKey"] = refuse("DescribeKey", target.AccessDenied)
	}
	bubble(t, p, Options{}, set, func(_ *fakeKMS, rep *Report, err error) {
		if err != nil || rep.Loads[0].Succeeded == 0 {
			t.Errorf("%+v, %v", rep, err)
		}
	})
}

func TestKeysAreNamedAsAsked(t *testing.T) {
	for _, names := range []KeyName{ByID, ByARN, ByAlias} {
		p := Plan{Duration: time.Second, Workload: Workload{Generate: 1, KeyNames: names, KeyCount: 2}}
		spoil := func(f *fakeKMS) { f.spoil = func(_ int64, tag []byte) { tag[0] ^= 1 } }
		bubble(t, p, Options{}, spoil, func(f *fakeKMS, rep *Report, err error) {
			if err != nil || len(rep.WrongTags) != 2 {
				t.Fatalf("%s: %+v, %v, want wrong tags of two keys", names, rep.WrongTags, err)
			}
			prefix := map[KeyName]string{ByID: "key-", ByARN: "arn:fake:key-", ByAlias: "alias/kmsmac-key-"}[names]
			for _, w := range rep.WrongTags {
				if !strings.HasPrefix(w.Key, prefix) || w.Size != 32 || w.Count == 0 {
					t.Errorf("%s: %+v, want a key named %s…", names, w, prefix)
				}
			}
			if len(f.aliases) != 0 {
				t.Errorf("%s: aliases %v were left", names, f.aliases)
			}
		})
	}
}

func TestFailedSetUpLeavesNothing(t *testing.T) {
	for _, tc := range []struct {
		name string
		set  func(*fakeKMS)
		want string
		keys int
	}{
		{"no permission to create", func(f *fakeKMS) { f.failing["CreateKey"] = refuse("CreateKey", target.AccessDenied) }, "creating a key", 0},
		{"no permission to import", func(f *fakeKMS) { f.failing["ImportKey"] = refuse("ImportKeyMaterial", target.AccessDenied) }, "importing a key", 1},
		{"unreachable", func(f *fakeKMS) {
			f.failing["CreateKey"] = &target.Error{Operation: "CreateKey", Kind: target.Unreachable}
		}, "unreachable", 0},
		{"cannot generate", func(f *fakeKMS) { f.failing["GenerateMac"] = refuse("GenerateMac", target.Internal) }, "first GenerateMac", 1},
		{"cannot name", func(f *fakeKMS) { f.failing["CreateAlias"] = refuse("CreateAlias", target.Limit) }, "naming a key", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, Plan{Workload: Workload{KeyNames: ByAlias}}, Options{}, tc.set, func(f *fakeKMS, rep *Report, err error) {
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("%v, want %q", err, tc.want)
				}
				if len(f.keys) != tc.keys || len(f.left()) != 0 || len(rep.Left) != 0 {
					t.Errorf("%d keys, %v left, reported %v; want %d and none", len(f.keys), f.left(), rep.Left, tc.keys)
				}
			})
		})
	}
}

func TestKeysThatCannotBeRemovedAreReported(t *testing.T) {
	set := func(f *fakeKMS) {
		f.failing["ScheduleKeyDeletion"] = refuse("ScheduleKeyDeletion", target.AccessDenied)
	}
	bubble(t, Plan{Duration: time.Second}, Options{}, set, func(_ *fakeKMS, rep *Report, err error) {
		if err != nil || len(rep.Left) != 1 || rep.Left[0] != "arn:fake:key-1" {
			t.Errorf("left %v, %v, want arn:fake:key-1", rep.Left, err)
		}
	})
}

func TestSetUpAgainstAWSKeepsToItsQuotas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.aws = true
		begin := time.Now()
		rep, err := Run(t.Context(), f, Plan{
			Arrivals: Arrivals{Rate: 1}, Pacer: PaceSleep, Duration: time.Second, Warmup: NoTime, Workload: Workload{Generate: 1, KeyCount: 5},
		}, Options{})
		if err != nil || rep.Stopped != "" {
			t.Fatal(rep.Stopped, err)
		}
		// At least 1 s between imports, 1/15 s between deletions; the load is one
		// request at once.
		if took := time.Since(begin); took < 4*time.Second+4*time.Second/15 || took > 6*time.Second {
			t.Errorf("set-up and clean-up of five keys took %v, want 4.3 s and a little more", took)
		}
	})
}

func TestThrottledSetUpIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.failing["CreateKey"] = refuse("CreateKey", target.Throttled)
		time.AfterFunc(3*time.Second, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			delete(f.failing, "CreateKey")
		})
		rep, err := Run(t.Context(), f, Plan{Pacer: PaceSleep, Duration: time.Second}, Options{})
		if err != nil || rep.Loads[0].Succeeded == 0 {
			t.Errorf("%+v, %v, want a run after the throttling", rep, err)
		}
	})
}

func TestDryRun(t *testing.T) {
	for _, honoured := range []bool{true, false} {
		p := Plan{Arrivals: Arrivals{Rate: 100}, Duration: time.Second, Warmup: NoTime, Workload: Workload{Generate: 1, DryRun: true}}
		synctest.Test(t, func(t *testing.T) {
			p.Pacer = PaceSleep
			f := newFake()
			var tgt target.Target = f
			if !honoured {
				tgt = deafToDryRun{f}
			}
			rep, err := Run(t.Context(), tgt, p, Options{})
			if err != nil {
				t.Fatal(err)
			}
			l := rep.Loads[0]
			if l.Verified != 0 || honoured && l.Succeeded != 100 || !honoured && l.Errors[dryRunIgnored] != 100 {
				t.Errorf("honoured %v: succeeded %d, verified %d, errors %v", honoured, l.Succeeded, l.Verified, l.Errors)
			}
		})
	}
}

type deafToDryRun struct{ *fakeKMS }

func (d deafToDryRun) GenerateMac(ctx context.Context, req target.GenerateMacRequest) (target.GenerateMacReply, error) {
	req.DryRun = false
	return d.fakeKMS.GenerateMac(ctx, req)
}
