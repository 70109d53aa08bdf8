package conformance

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

// fakeCase is a case of no row, for tests of the framework.
func fakeCase(id string, class Class, conf Confidence, steps func(*Probe)) Case {
	return Case{
		ID: id, Group: "GM", Operation: "GenerateMac", Title: "a test", Expected: "a tag", Profile: ProfileCore,
		Evidence: Evidence{Class: class, Source: "test", Confidence: conf}, Steps: steps,
	}
}

// runCases runs cases on a target without the catalogue.
func runCases(ctx context.Context, t *testing.T, d target.Target, o Options, cases ...Case) results.Conformance {
	t.Helper()
	s, closeRoads, err := newSession(ctx, d, o)
	if err != nil {
		t.Fatal(err)
	}
	defer closeRoads()
	sel := selection{profile: "test", cases: cases, texts: strings.Contains(o.Profile, ProfileWire)}
	done := s.runAll(sel)
	s.cleanUp(ctx, s.made)
	return s.report(sel, done)
}

func generate(p *Probe) { p.Mac(p.Shared(HMAC256), some).Want(ok(Members{"Mac": BytesLong(32)})) }

func TestVerdicts(t *testing.T) {
	want := func(e Expectation) func(*Probe) {
		return func(p *Probe) { p.Call("GenerateMac", Params{}).Want(e) }
	}
	text := fails("AException", "right")
	rows := []struct {
		name    string
		class   Class
		conf    Confidence
		options Options
		steps   func(*Probe)
		status  int
		body    string
		err     error
		verdict results.CaseVerdict
		differs string
	}{
		{"pass", Recorded, High, Options{}, want(ok(nil)), 200, `{}`, nil, results.CasePass, ""},
		{"recorded fails", Recorded, High, Options{}, want(ok(nil)), 400, `{"__type":"AException"}`, nil, results.CaseFail, "status code"},
		{"documented fails", Documented, Medium, Options{}, want(ok(nil)), 400, `{"__type":"AException"}`, nil, results.CaseFail, "status code"},
		{"model fails", ByModel, High, Options{}, want(ok(nil)), 400, `{"__type":"AException"}`, nil, results.CaseFail, "status code"},
		{"field warns", Field, High, Options{}, want(ok(nil)), 400, `{"__type":"AException"}`, nil, results.CaseWarn, "status code"},
		{"inferred warns", Inferred, High, Options{}, want(ok(nil)), 400, `{"__type":"AException"}`, nil, results.CaseWarn, "status code"},
		{"low confidence warns", Recorded, Low, Options{}, want(ok(nil)), 400, `{"__type":"AException"}`, nil, results.CaseWarn, "status code"},
		{"strict fails", Inferred, Low, Options{Strict: true}, want(ok(nil)), 400, `{"__type":"AException"}`, nil, results.CaseFail, "status code"},
		{"text warns", Recorded, High, Options{}, want(text), 400, `{"__type":"AException","message":"wrong"}`, nil, results.CaseWarn, "text"},
		{"text fails in wire", Recorded, High, Options{Profile: ProfileWire}, want(text), 400, `{"__type":"AException","message":"wrong"}`, nil, results.CaseFail, "text"},
		{"inferred text is no fact", Inferred, High, Options{}, want(text), 400, `{"__type":"AException","message":"wrong"}`, nil, results.CasePass, ""},
		{"text known from elsewhere warns", Documented, High, Options{Profile: ProfileWire}, want(text.known()), 400, `{"__type":"AException","message":"wrong"}`, nil, results.CaseWarn, "text"},
		{"403 for a denied request warns", Documented, High, Options{Profile: ProfileWire}, want(denied("")), 403, `{"__type":"AccessDeniedException","message":"no"}`, nil, results.CaseWarn, "status"},
		{"404 for a denied request fails", Documented, High, Options{}, want(denied("")), 404, `{"__type":"AccessDeniedException","message":"no"}`, nil, results.CaseFail, "status"},
		{"HTML", Recorded, High, Options{}, want(ok(nil)), 200, `<html>`, nil, results.CaseInconclusive, ""},
		{"bare 500", Recorded, High, Options{}, want(ok(nil)), 500, ``, nil, results.CaseInconclusive, ""},
		{"500 of a KMS", Recorded, High, Options{}, want(ok(nil)), 500, `{"__type":"KMSInternalException"}`, nil, results.CaseFail, "status code"},
		{"throttled", Recorded, High, Options{}, want(ok(nil)), 400, `{"__type":"ThrottlingException"}`, nil, results.CaseInconclusive, ""},
		{"reset", Recorded, High, Options{}, want(ok(nil)), 0, ``, &target.Error{Kind: target.Connection}, results.CaseInconclusive, ""},
		{"not sent", Recorded, High, Options{}, want(ok(nil)), 0, ``, &target.Error{Kind: target.NotSent}, results.CaseInconclusive, ""},
		{"bytes that the client could not use", Recorded, High, Options{}, want(ok(Members{"Mac": BytesLong(1)})), 200, `{"Mac":"_w"}`, &target.Error{Kind: target.NotKMS}, results.CaseFail, "member Mac"},
		{"GenerateMac unknown", Recorded, High, Options{}, want(ok(nil)), 400, `{"__type":"UnknownOperationException"}`, nil, results.CaseFail, "status code"},
		{"other operation unknown", Recorded, High, Options{}, func(p *Probe) { p.Call("ListGrants", nil).Want(ok(nil)) }, 400, `{"__type":"UnknownOperationException"}`, nil, results.CaseNotApplicable, ""},
		{"a refused step", Recorded, High, Options{}, func(p *Probe) { p.Do("DisableKey", nil) }, 400, `{"__type":"AException"}`, nil, results.CaseInconclusive, ""},
		{"asserts nothing", Recorded, High, Options{}, func(p *Probe) { p.Call("GenerateMac", nil) }, 200, `{}`, nil, results.CaseInconclusive, ""},
		{"panics", Recorded, High, Options{}, func(*Probe) { panic("mistake") }, 200, `{}`, nil, results.CaseInconclusive, ""},
		{"missing feature", Recorded, High, Options{}, func(p *Probe) { p.NotApplicable("none") }, 200, `{}`, nil, results.CaseNotApplicable, ""},
		{"budget", Recorded, High, Options{MaxRequests: 1}, func(p *Probe) { p.Call("ListKeys", nil); want(ok(nil))(p) }, 200, `{}`, nil, results.CaseSkipped, ""},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &double{answer: func(int, string, map[string]any) (int, string, error) { return r.status, r.body, r.err }}
				c := runCases(t.Context(), t, d, r.options, fakeCase("X-1", r.class, r.conf, r.steps))
				got := c.Cases[0]
				if got.Verdict != r.verdict || strings.Join(got.Differs, " ") != r.differs {
					t.Errorf("verdict %s, differs %q, want %s, %q; observed %q, reason %q",
						got.Verdict, got.Differs, r.verdict, r.differs, got.Observed, got.Reason)
				}
				if c.Counts[r.verdict] != 1 {
					t.Errorf("counts %v, want one %s", c.Counts, r.verdict)
				}
				if got.Verdict == results.CaseInconclusive && got.Reason == "" {
					t.Error("inconclusive without a reason")
				}
			})
		})
	}
}

func TestAlternativesSayWhich(t *testing.T) {
	d := &double{answer: func(int, string, map[string]any) (int, string, error) {
		return 400, `{"__type":"BException","message":"x"}`, nil
	}}
	steps := func(p *Probe) {
		p.Call("GenerateMac", nil).Want(fails("AException", "").as("first"), fails("BException", "").as("second"))
	}
	got := runCases(t.Context(), t, d, Options{}, fakeCase("X-1", Recorded, High, steps)).Cases[0]
	if got.Verdict != results.CasePass || !strings.HasSuffix(got.Observed, "(second)") {
		t.Errorf("verdict %s, observed %q, want a pass that names the second", got.Verdict, got.Observed)
	}
}

// Keys are removed whatever happens: shared and own ones, after a failure, a
// panic and a cancellation; each once.
func TestKeysAreRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		keys := 0
		d := &double{}
		d.answer = func(_ int, operation string, params map[string]any) (int, string, error) {
			if operation == "CreateKey" {
				keys++
				id := "k" + string(rune('0'+keys))
				return 200, `{"KeyMetadata":{"KeyId":"` + id + `","Arn":"` + doubleARN + id + `"}}`, nil
			}
			return goodAnswer(operation, params)
		}
		c := runCases(ctx, t, d, Options{Parallel: 1},
			fakeCase("X-1", Recorded, High, func(p *Probe) { p.Fresh(HMAC256); generate(p) }),
			fakeCase("X-2", Recorded, High, func(p *Probe) { p.Fresh(HMAC256); panic("mistake") }),
			fakeCase("X-3", Recorded, High, func(p *Probe) { p.Fresh(HMAC256); p.Mac(p.Shared(HMAC256), some).Want(refused()) }),
			fakeCase("X-4", Recorded, High, func(p *Probe) { p.Fresh(HMAC256); cancel(); generate(p) }),
			fakeCase("X-5", Recorded, High, generate),
		)
		var verdicts []results.CaseVerdict
		for _, r := range c.Cases {
			verdicts = append(verdicts, r.Verdict)
		}
		want := []results.CaseVerdict{results.CasePass, results.CaseInconclusive, results.CaseFail, results.CaseSkipped, results.CaseSkipped}
		if !slices.Equal(verdicts, want) {
			t.Errorf("verdicts %v, want %v", verdicts, want)
		}
		if keys != 5 || d.count("ScheduleKeyDeletion") != 5 || len(c.Left) != 0 {
			t.Errorf("%d keys made, %d removed, left %v, want 5, 5, none", keys, d.count("ScheduleKeyDeletion"), c.Left)
		}
		for i, call := range d.calls {
			if call == "ScheduleKeyDeletion" && d.ctxErr[i] != nil {
				t.Errorf("call %d of the clean-up had an ended context", i)
			}
		}
	})
}

// A key that is Creating for a while is waited for, also when it is settled
// between the refusal and the look at its state.
func TestPassingKeyIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := 0
		d := &double{answer: func(_ int, operation string, params map[string]any) (int, string, error) {
			switch {
			case operation == "ScheduleKeyDeletion" && refused < 8:
				refused++
				return 400, `{"__type":"KMSInvalidStateException"}`, nil
			case operation == "DescribeKey":
				return 200, `{"KeyMetadata":{"KeyState":"` + []string{"Creating", "Enabled"}[refused/7] + `"}}`, nil
			}
			return goodAnswer(operation, params)
		}}
		c := runCases(t.Context(), t, d, Options{}, fakeCase("X-1", Recorded, High, generate))
		if refused != 8 || len(c.Left) > 0 {
			t.Errorf("refused %d times, left %v, want 8, none", refused, c.Left)
		}
	})
}

func TestWhatCannotBeRemovedIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &double{answer: func(_ int, operation string, params map[string]any) (int, string, error) {
			if operation == "ScheduleKeyDeletion" {
				return 400, `{"__type":"AccessDeniedException"}`, nil
			}
			return goodAnswer(operation, params)
		}}
		c := runCases(t.Context(), t, d, Options{}, fakeCase("X-1", Recorded, High, generate))
		want := []string{"arn:aws:kms:us-east-1:************:key/k1"}
		if !slices.Equal(c.Left, want) {
			t.Errorf("left %v, want %v", c.Left, want)
		}
	})
}

// A target that never answers ends the run after ten silent requests, not
// after one time-out for each case.
func TestDeadTargetIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &double{answer: func(int, string, map[string]any) (int, string, error) {
			time.Sleep(10 * time.Second) // virtual
			return 0, "", &target.Error{Kind: target.Timeout}
		}}
		var cases []Case
		for range 100 {
			cases = append(cases, fakeCase("X-1", Recorded, High, generate))
		}
		begin := time.Now()
		c := runCases(t.Context(), t, d, Options{Parallel: 5}, cases...)
		if c.Counts[results.CaseInconclusive] != 100 {
			t.Errorf("counts %v, want 100 inconclusive", c.Counts)
		}
		if took := time.Since(begin); took > 2*time.Minute || len(d.calls) > 20 {
			t.Errorf("took %v and %d requests", took, len(d.calls))
		}
	})
}

// On real AWS a difference counts only after the consistency bound.
func TestConsistencyIsAwaitedOnAWS(t *testing.T) {
	for _, r := range []struct {
		name    string
		aws     bool
		lag     time.Duration
		verdict results.CaseVerdict
	}{
		{"emulator", false, time.Second, results.CaseFail},
		{"aws in time", true, 30 * time.Second, results.CasePass},
		{"aws too late", true, 3 * time.Minute, results.CaseFail},
	} {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var disabled time.Time
				d := &double{info: target.Info{AWS: r.aws, Region: "eu-west-1"}}
				d.answer = func(_ int, operation string, params map[string]any) (int, string, error) {
					if operation == "DisableKey" {
						disabled = time.Now()
					}
					if operation == "DescribeKey" {
						return 200, `{"KeyMetadata":{"KeyState":"Enabled"}}`, nil
					}
					if operation == "GenerateMac" && time.Since(disabled) > r.lag {
						return 400, `{"__type":"DisabledException","message":"` + doubleARN + `k1 is disabled."}`, nil
					}
					return goodAnswer(operation, params)
				}
				c := runCases(t.Context(), t, d, Options{}, fakeCase("X-1", Documented, High, func(p *Probe) {
					k := p.Fresh(HMAC256)
					p.Do("DisableKey", Params{"KeyId": k.ID})
					p.Call("GenerateMac", k.MAC(some)).Want(isDisabled(k))
				}))
				if got := c.Cases[0]; got.Verdict != r.verdict {
					t.Errorf("verdict %s (%s %s), want %s", got.Verdict, got.Observed, got.Reason, r.verdict)
				}
			})
		})
	}
}

// A replica is removed where it is; one in a Region that the run cannot reach
// is reported, with that Region.
func TestReplicasAreRemovedOrReported(t *testing.T) {
	for region, reachable := range map[string]bool{"us-east-1": true, "eu-west-1": false} {
		arn := "arn:aws:kms:" + region + ":111122223333:key/mrk-1"
		d := &double{info: target.Info{Region: "us-east-1"}, answer: func(_ int, operation string, params map[string]any) (int, string, error) {
			if operation == "ReplicateKey" {
				return 200, `{"ReplicaKeyMetadata":{"KeyId":"mrk-1","Arn":"` + arn + `"}}`, nil
			}
			return goodAnswer(operation, params)
		}}
		c := runCases(t.Context(), t, d, Options{}, fakeCase("X-1", Recorded, High, func(p *Probe) {
			p.Call("ReplicateKey", nil).Want(ok(nil))
		}))
		if left := slices.Contains(c.Left, mask(arn)+", "+Elsewhere+region); left == reachable {
			t.Errorf("%s: left %q, want the replica there: %v", region, c.Left, !reachable)
		}
		if removed := d.count("ScheduleKeyDeletion") == 1; removed != reachable {
			t.Errorf("%s: removed %v, want %v", region, removed, reachable)
		}
	}
}

// travelling is a double that reaches other Regions.
type travelling struct {
	*double
	region string
	closed *[]string
}

func (v *travelling) Info() target.Info { return target.Info{Region: v.region} }

func (v *travelling) Close() error {
	*v.closed = append(*v.closed, v.region)
	return nil
}

func (v *travelling) InRegion(region string) (target.Target, error) {
	return &travelling{v.double, region, v.closed}, nil
}

func (v *travelling) Call(ctx context.Context, operation string, params map[string]any) (target.Exchange, error) {
	return v.double.Call(ctx, v.region+" "+operation, params)
}

// A replica that a target should have refused is removed in the Region where
// it is, though the run was not given that Region.
func TestReplicasElsewhereAreRemoved(t *testing.T) {
	const arn, where = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1", "eu-west-1 ScheduleKeyDeletion"
	for _, r := range []struct {
		name   string
		status int
		left   []string
	}{
		{"removed", 200, nil},
		{"refused", 400, []string{mask(arn) + ", " + Elsewhere + "eu-west-1"}},
	} {
		t.Run(r.name, func(t *testing.T) {
			var closed []string
			var key any
			d := &double{answer: func(_ int, operation string, params map[string]any) (int, string, error) {
				switch operation {
				case "us-east-1 ReplicateKey":
					return 200, `{"ReplicaKeyMetadata":{"KeyId":"mrk-1","Arn":"` + arn + `"}}`, nil
				case where:
					key = params["KeyId"]
					return r.status, `{"__type":"AccessDeniedException"}`, nil
				}
				return 200, "{}", nil
			}}
			c := runCases(t.Context(), t, &travelling{d, "us-east-1", &closed}, Options{Region2: "us-west-2"},
				fakeCase("X-1", Recorded, High, func(p *Probe) { p.Call("ReplicateKey", nil).Want(ok(nil)) }))
			if d.count(where) != 1 || key != arn {
				t.Errorf("%d deletions there, of %v, want 1, of %s", d.count(where), key, arn)
			}
			if !slices.Equal(c.Left, r.left) {
				t.Errorf("left %q, want %q", c.Left, r.left)
			}
			if !slices.Contains(closed, "eu-west-1") {
				t.Errorf("closed %q, not the road to eu-west-1", closed)
			}
		})
	}
}

func TestKeysCarryTheirTags(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	var tags []map[string]any
	d := &double{answer: func(_ int, operation string, params map[string]any) (int, string, error) {
		if operation == "CreateKey" {
			tags, _ = params["Tags"].([]map[string]any)
		}
		return goodAnswer(operation, params)
	}}
	runCases(t.Context(), t, d, Options{RunID: "r1", Host: "h1", Now: func() time.Time { return at }}, fakeCase("X-1", Recorded, High, generate))
	want := map[string]string{TagRun: "r1", TagHost: "h1", TagExpires: "2026-11-23T12:00:00Z"}
	if len(tags) != len(want) {
		t.Fatalf("tags %v, want %v", tags, want)
	}
	for _, tag := range tags {
		if name, _ := tag["TagKey"].(string); want[name] != tag["TagValue"] {
			t.Errorf("tag %v, want %v", tag, want)
		}
	}
}

func TestSelection(t *testing.T) {
	rows := []struct {
		name    string
		profile string
		cases   []string
		err     error
	}{
		{"all", "", nil, nil},
		{"three profiles", "core,lifecycle,import", nil, nil},
		{"a case", "", []string{"GM-02"}, nil},
		{"a group", "", []string{"GM"}, nil},
		{"unknown profile", "nope", nil, ErrUsage},
		{"unknown case", "", []string{"GM-02", "GM-99"}, ErrUsage},
		{"an untestable row", "", []string{"SD-01"}, ErrNothingSelected},
		{"a case of another profile", "import", []string{"GM-02"}, ErrNothingSelected},
	}
	for _, r := range rows {
		d := &double{answer: good}
		_, err := Plan(Options{Profile: r.profile, Cases: r.cases})
		if !errors.Is(err, r.err) {
			t.Errorf("%s: Plan gives %v, want %v", r.name, err, r.err)
		}
		if r.err == nil {
			continue
		}
		if _, err := Run(t.Context(), d, Options{Profile: r.profile, Cases: r.cases}); !errors.Is(err, r.err) || len(d.calls) > 0 {
			t.Errorf("%s: Run gives %v after %d calls, want %v after none", r.name, err, len(d.calls), r.err)
		}
	}
}

func TestOverallVerdict(t *testing.T) {
	for _, r := range []struct {
		name   string
		counts map[results.CaseVerdict]int
		want   results.Verdict
	}{
		{"pass", map[results.CaseVerdict]int{results.CasePass: 1, results.CaseNotApplicable: 3}, results.Pass},
		{"warnings alone", map[results.CaseVerdict]int{results.CaseWarn: 1}, results.Pass},
		{"failure beats all", map[results.CaseVerdict]int{results.CasePass: 9, results.CaseInconclusive: 1, results.CaseFail: 1}, results.Fail},
		{"inconclusive", map[results.CaseVerdict]int{results.CasePass: 9, results.CaseInconclusive: 1}, results.Inconclusive},
		{"skipped", map[results.CaseVerdict]int{results.CasePass: 9, results.CaseSkipped: 1}, results.Inconclusive},
		{"nothing judged", map[results.CaseVerdict]int{results.CaseNotApplicable: 9}, results.Inconclusive},
	} {
		if got := Verdict(results.Conformance{Counts: r.counts}); got != r.want {
			t.Errorf("%s: %s, want %s", r.name, got, r.want)
		}
	}
}
