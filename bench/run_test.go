package bench

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

// bubble runs one plan on f in virtual time.
func bubble(t *testing.T, p Plan, o Options, set func(*fakeKMS), check func(*fakeKMS, *Report, error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		t.Helper()
		if p.Mode() == Open {
			p.Pacer = PaceSleep
		}
		f := newFake()
		if set != nil {
			set(f)
		}
		rep, err := Run(t.Context(), f, p, o)
		check(f, rep, err)
	})
}

// bubbleOn is bubble for a target around the fake one.
func bubbleOn(t *testing.T, p Plan, wrap func(*fakeKMS) target.Target, check func(*Report, error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if p.Mode() == Open {
			p.Pacer = PaceSleep
		}
		check(Run(t.Context(), wrap(newFake()), p, Options{}))
	})
}

func always(d time.Duration) func(time.Duration) time.Duration {
	return func(time.Duration) time.Duration { return d }
}

func TestClosedLoop(t *testing.T) {
	p := Plan{Concurrency: 4, Duration: 10 * time.Second, Warmup: time.Second, Workload: Workload{Generate: 1}}
	set := func(f *fakeKMS) { f.delay = always(8 * time.Millisecond) }
	bubble(t, p, Options{}, set, func(f *fakeKMS, rep *Report, err error) {
		if err != nil {
			t.Fatal(err)
		}
		l := rep.Loads[0]
		if l.Mode != "closed" || l.OfferedRate != nil || l.Lag != nil {
			t.Errorf("mode %s, offered %v, lag %v, want closed, null, null", l.Mode, l.OfferedRate, l.Lag)
		}
		// The probe of the set-up takes 8 ms before the clock starts.
		if l.Requests != 5000 || l.AchievedRate != 500 || l.Service.P50 != equivalent(8*time.Millisecond) {
			t.Errorf("requests %d, achieved %v, p50 %d, want 5000, 500, 8 ms", l.Requests, l.AchievedRate, l.Service.P50)
		}
		if n := f.most.Load(); n != 4 {
			t.Errorf("%d requests at once, want 4", n)
		}
	})
}

func TestThinkTime(t *testing.T) {
	p := Plan{Concurrency: 2, Think: 6 * time.Millisecond, Duration: time.Second, Warmup: NoTime, Workload: Workload{Verify: 1}}
	set := func(f *fakeKMS) { f.delay = always(4 * time.Millisecond) }
	bubble(t, p, Options{}, set, func(_ *fakeKMS, rep *Report, err error) {
		if err != nil || rep.Loads[0].Requests != 200 || rep.Loads[0].Response.Max != equivalent(4*time.Millisecond) {
			t.Fatalf("%+v, %v, want 200 requests of 4 ms", rep.Loads, err)
		}
	})
}

func TestMixHasOneLoadForEachOperationAndSpec(t *testing.T) {
	p := Plan{Seed: 7, Arrivals: Arrivals{Rate: 1000}, Duration: 2 * time.Second, Workload: Workload{
		Generate: 3, Verify: 1, KeySpecs: []string{"HMAC_224", "HMAC_512"}, KeyCount: 2, CorruptShare: 0.5,
	}}
	bubble(t, p, Options{}, nil, func(f *fakeKMS, rep *Report, err error) {
		if err != nil || len(rep.Loads) != 4 {
			t.Fatalf("%d loads, %v, want 4", len(rep.Loads), err)
		}
		var names []string
		var requests, verify, refused int64
		for _, l := range rep.Loads {
			names = append(names, l.Operation+" "+l.KeySpec)
			requests += l.Requests
			refused += l.Refused
			if l.Operation == OpVerify {
				verify += l.Requests
			}
			if l.Verified != l.Requests || l.Succeeded+l.Refused != l.Requests || l.WrongTags != 0 || len(l.Errors) != 0 {
				t.Errorf("%s %s: %+v, want every reply verified and right", l.Operation, l.KeySpec, l)
			}
		}
		want := []string{"GenerateMac HMAC_224", "GenerateMac HMAC_512", "VerifyMac HMAC_224", "VerifyMac HMAC_512"}
		if !slices.Equal(names, want) {
			t.Errorf("loads %v, want %v", names, want)
		}
		if requests != 2000 || verify < 430 || verify > 570 || refused < verify*4/10 || refused > verify*6/10 {
			t.Errorf("%d requests, %d of them VerifyMac, %d refused, want 2000, about 500, about half of those", requests, verify, refused)
		}
		if rep.KeysMade != 4 || len(f.left()) != 0 || len(rep.Left) != 0 {
			t.Errorf("%d keys made, %v left, reported %v, want 4 and none", rep.KeysMade, f.left(), rep.Left)
		}
		if rep.Verdict() != results.Pass {
			t.Errorf("verdict %s, want pass", rep.Verdict())
		}
	})
}

func TestKeysCarryTheirTags(t *testing.T) {
	expires := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	bubble(t, Plan{Duration: time.Second}, Options{RunID: "r1", Host: "h1", Expires: expires}, nil, func(f *fakeKMS, _ *Report, err error) {
		want := []target.ResourceTag{{Key: TagRun, Value: "r1"}, {Key: TagHost, Value: "h1"}, {Key: TagExpires, Value: "2030-01-02T03:04:05Z"}}
		if err != nil || !slices.Equal(f.keys["key-1"].tags, want) {
			t.Errorf("tags %v, %v, want %v", f.keys["key-1"].tags, err, want)
		}
	})
}

// Each row is a target that is wrong in one way.
func TestWrongAnswersAreCounted(t *testing.T) {
	flip := func(_ int64, tag []byte) { tag[5] ^= 0x10 }
	for _, tc := range []struct {
		name     string
		workload Workload
		set      func(*fakeKMS)
		wrong    int64
		seen     string // in Report.Wrong
	}{
		{"tag with a bit flipped, engine", Workload{Generate: 1}, func(f *fakeKMS) { f.spoil = flip }, 100, ""},
		{"last bit flipped, engine", Workload{Generate: 1, KeySpecs: []string{"HMAC_224"}}, func(f *fakeKMS) {
			f.spoil = func(_ int64, tag []byte) { tag[27] ^= 1 }
		}, 100, ""},
		{"right tag refused", Workload{Verify: 1}, func(f *fakeKMS) {
			f.answer = func(int64) error { return refuse("VerifyMac", target.InvalidMac) }
		}, 100, ""},
		{"changed tags accepted", Workload{Verify: 1, CorruptShare: 1}, func(f *fakeKMS) { f.gullible = true }, 100, ""},
		{"changed tags accepted, consistency", Workload{Verify: 1, CorruptShare: 1}, func(f *fakeKMS) {
			f.noImport, f.gullible = true, true
		}, 100, "a changed tag accepted"},
		{"another tag each time, consistency", Workload{Generate: 1}, func(f *fakeKMS) {
			f.noImport = true
			f.spoil = func(n int64, tag []byte) { tag[0], tag[1] = byte(n), byte(n>>8) }
		}, 100, "two tags for one message"},
		{"tag that does not verify, consistency", Workload{Generate: 1, Verify: 1e-9}, func(f *fakeKMS) {
			f.noImport, f.spoil = true, flip
		}, 0, "its own tag refused"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := Plan{Arrivals: Arrivals{Rate: 100}, Duration: time.Second, Warmup: NoTime, Workload: tc.workload}
			bubble(t, p, Options{}, tc.set, func(_ *fakeKMS, rep *Report, err error) {
				if err != nil {
					t.Fatal(err)
				}
				l := rep.Loads[0]
				if l.WrongTags != tc.wrong || l.Succeeded != 100-tc.wrong || l.Verified != l.Succeeded+l.Refused || l.Requests != 100 {
					t.Errorf("wrong %d, succeeded %d, refused %d, verified %d of %d, want %d, %d, 0, as many as succeeded of 100",
						l.WrongTags, l.Succeeded, l.Refused, l.Verified, l.Requests, tc.wrong, 100-tc.wrong)
				}
				if got := strings.Join(rep.Wrong, "\n"); !strings.Contains(got, tc.seen) || (tc.seen == "") != (got == "") {
					t.Errorf("wrong answers in set-up %q, want %q", got, tc.seen)
				}
				if rep.Verdict() != results.Fail {
					t.Errorf("verdict %s, want fail", rep.Verdict())
				}
			})
		})
	}
}

func TestWithoutImportRepliesAreHeldToConsistency(t *testing.T) {
	p := Plan{Arrivals: Arrivals{Rate: 100}, Duration: time.Second, Workload: Workload{CorruptShare: 0.3}}
	bubble(t, p, Options{}, func(f *fakeKMS) { f.noImport = true }, func(f *fakeKMS, rep *Report, err error) {
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range rep.Loads {
			if l.VerifiedBy != VerifiedByConsistency || l.WrongTags != 0 || l.Verified != l.Requests || l.Requests == 0 {
				t.Errorf("%s: verified %d of %d by %s, %d wrong", l.Operation, l.Verified, l.Requests, l.VerifiedBy, l.WrongTags)
			}
		}
		if len(rep.Warnings) != 1 || !strings.Contains(rep.Warnings[0], "cannot import") {
			t.Errorf("warnings %q, want one about import", rep.Warnings)
		}
		if len(f.keys) != 2 || len(f.left()) != 0 { // the one that could not be imported, too
			t.Errorf("%d keys, %v left, want 2 and none", len(f.keys), f.left())
		}
	})
}

func TestErrorsAreCountedByName(t *testing.T) {
	p := Plan{Arrivals: Arrivals{Rate: 100}, Duration: time.Second, Warmup: NoTime, Timeout: 50 * time.Millisecond, Workload: Workload{Generate: 1}}
	set := func(f *fakeKMS) {
		f.answer = func(n int64) error { // number 1 is the probe of the set-up
			switch n % 5 {
			case 2:
				return refuse("GenerateMac", target.Throttled)
			case 3:
				return &target.Error{Operation: "GenerateMac", Kind: target.Connection}
			case 4:
				return errors.New("not a target's error")
			}
			return nil
		}
	}
	bubble(t, p, Options{}, set, func(_ *fakeKMS, rep *Report, err error) {
		if err != nil {
			t.Fatal(err)
		}
		l := rep.Loads[0]
		for name, want := range map[string]int64{"throttledException": 20, "connection": 20, "other": 20} {
			if l.Errors[name] != want {
				t.Errorf("%s: %d, want %d (all: %v)", name, l.Errors[name], want, l.Errors)
			}
		}
		if l.Throttled != 20 || l.Succeeded != 40 || l.Verified != 40 || l.Requests != 100 || l.AchievedRate != 40 {
			t.Errorf("throttled %d, succeeded %d, verified %d of %d at %v/s, want 20, 40, 40, 100, 40",
				l.Throttled, l.Succeeded, l.Verified, l.Requests, l.AchievedRate)
		}
		ok, _ := results.DecodeHistogram(l.Histograms["response"])
		bad, _ := results.DecodeHistogram(l.Histograms["failed_response"])
		if ok.TotalCount() != 40 || bad.TotalCount() != 60 {
			t.Errorf("%d successes and %d failures in the histograms, want 40 and 60", ok.TotalCount(), bad.TotalCount())
		}
	})
}

func TestTimeoutsAreCountedAndTheScheduleGoesOn(t *testing.T) {
	p := Plan{Arrivals: Arrivals{Rate: 10}, Duration: 10 * time.Second, Warmup: NoTime, Timeout: time.Second, Workload: Workload{Generate: 1}}
	set := func(f *fakeKMS) {
		f.delay = func(now time.Duration) time.Duration {
			if now >= 2*time.Second && now < 4*time.Second {
				return time.Hour
			}
			return time.Millisecond
		}
	}
	bubble(t, p, Options{}, set, func(_ *fakeKMS, rep *Report, err error) {
		if err != nil {
			t.Fatal(err)
		}
		l := rep.Loads[0]
		if l.Errors["timeout"] != 20 || l.Succeeded != 80 || l.Requests != 100 || rep.Stopped != "" {
			t.Errorf("errors %v, succeeded %d of %d, stopped %q, want 20 timeouts, 80 of 100", l.Errors, l.Succeeded, l.Requests, rep.Stopped)
		}
		if l.Response.Max != equivalent(time.Millisecond) {
			t.Errorf("response max %v: a failure is among the successes", time.Duration(l.Response.Max))
		}
	})
}

func TestInterruptedRunKeepsWhatWasMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.delay = always(20 * time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second+35*time.Millisecond)
		defer cancel()
		rep, err := Run(ctx, f, Plan{
			Arrivals: Arrivals{Rate: 100}, Pacer: PaceSleep, Duration: time.Minute, Warmup: NoTime, Workload: Workload{Generate: 1},
		}, Options{})
		if err != nil || rep.Stopped != StoppedInterrupted {
			t.Fatalf("stopped %q, %v, want interrupted", rep.Stopped, err)
		}
		// The clock starts after a probe of 20 ms, so 3.015 s are measured:
		// arrivals 0 … 301, of which those due after 2.995 s are in flight.
		l := rep.Loads[0]
		if l.Requests != 302 || l.Succeeded != 300 || l.Unfinished != 2 || len(l.Errors) != 0 || l.Duration != 3015*time.Millisecond {
			t.Errorf("requests %d, succeeded %d, unfinished %d, errors %v over %v, want 302, 300, 2, none, 3.015s",
				l.Requests, l.Succeeded, l.Unfinished, l.Errors, l.Duration)
		}
		if len(f.left()) != 0 {
			t.Errorf("keys %v were left", f.left())
		}
		if rep.Verdict() != results.Inconclusive {
			t.Errorf("verdict %s, want inconclusive", rep.Verdict())
		}
	})
}

func TestLimitsStopTheRun(t *testing.T) {
	for _, tc := range []struct {
		name  string
		limit func(*Plan)
		why   string
	}{
		{"requests", func(p *Plan) { p.MaxRequests = 505 }, StoppedRequests},
		// One key for an hour is 1,489 and a request 3 millionths of a dollar.
		{"cost", func(p *Plan) { p.MaxCost = 1489 + 505*3 }, StoppedCost},
	} {
		for _, mode := range []Mode{Open, Closed} {
			t.Run(tc.name+" "+string(mode), func(t *testing.T) {
				p := Plan{Arrivals: Arrivals{Rate: 100}, Duration: time.Minute, Warmup: NoTime}
				if mode == Closed {
					p.Arrivals, p.Concurrency = Arrivals{}, 3
				}
				tc.limit(&p)
				bubble(t, p, Options{}, func(f *fakeKMS) { f.delay = always(5 * time.Millisecond) }, func(f *fakeKMS, rep *Report, err error) {
					if err != nil || rep.Stopped != tc.why {
						t.Fatalf("stopped %q, %v, want %s", rep.Stopped, err, tc.why)
					}
					var calls int
					for op, n := range f.calls {
						if calls += n; op == "ImportKey" {
							calls += n // two requests
						}
					}
					if calls != 505 || len(f.left()) != 0 {
						t.Errorf("%d calls %v, %v left, want 505 and none", calls, f.calls, f.left())
					}
				})
			})
		}
	}
}

func TestRetriesCountAgainstTheLimit(t *testing.T) {
	p := Plan{Concurrency: 1, Duration: time.Minute, Warmup: NoTime, MaxRequests: 105, Workload: Workload{Generate: 1}}
	set := func(f *fakeKMS) {
		f.delay = always(time.Millisecond)
		f.answer = func(n int64) error {
			if n == 1 {
				return nil
			}
			return &target.Error{Operation: "GenerateMac", Kind: target.Throttled, Code: "ThrottlingException", Trace: target.Trace{Attempts: 4, Throttles: 4}}
		}
	}
	bubble(t, p, Options{}, set, func(_ *fakeKMS, rep *Report, err error) {
		if err != nil {
			t.Fatal(err)
		}
		l := rep.Loads[0] // 105 less 5 for the key leaves 100: 25 times four attempts
		if l.Requests != 25 || l.Attempts != 100 || l.Throttled != 100 {
			t.Errorf("requests %d, attempts %d, throttled %d, want 25, 100, 100", l.Requests, l.Attempts, l.Throttled)
		}
	})
}
