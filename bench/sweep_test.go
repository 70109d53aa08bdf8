package bench

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

// carries is a target that holds up to limit(n) in its n-th load.
func carries(limit func(n int) float64) stepFunc {
	n := 0
	return func(v float64, phase string) (results.SweepPoint, string, error) {
		n++
		pt := results.SweepPoint{Value: v, Phase: phase, AchievedRate: min(v, limit(n)), AnsweredRate: min(v, limit(n)), Broken: []string{}}
		if v > limit(n) {
			pt.Broken = []string{"answered_share"}
		}
		return pt, "", nil
	}
}

func TestClimbFindsTheKnee(t *testing.T) {
	always := func(v float64) func(int) float64 { return func(int) float64 { return v } }
	rate := SweepPlan{From: 100, To: 10_000}
	crowd := SweepPlan{Over: OverConcurrency, From: 1, To: 256}
	for _, row := range []struct {
		name      string
		plan      SweepPlan
		limit     func(int) float64
		stopped   string
		low, high float64 // bounds of the knee; 0 for none
		open      bool    // even the smallest load broke a limit in a repeat, or the largest held
	}{
		{"in the middle", rate, always(1234), sweepLimit, 1234 / 1.11, 1234, false},
		{"just above the first", rate, always(101), sweepLimit, 101 / 1.11, 101, false},
		{"below the first", rate, always(99), sweepLimit, 0, 0, false},
		{"beyond the last", rate, always(1e9), sweepEnd, 0, 0, false},
		{"exactly the last", rate, always(10_000), sweepEnd, 0, 0, false},
		{"one burst of a neighbour", rate, func(n int) float64 { return map[bool]float64{true: 1, false: 1e9}[n == 3] }, sweepEnd, 0, 0, false},
		{"whole numbers", crowd, always(37), sweepLimit, 33, 37, false},
		{"two of them", crowd, always(1), sweepLimit, 1, 1, false},
		{"falls while repeating", rate, func(n int) float64 {
			if n > 20 {
				return 300
			}
			return 1234
		}, sweepLimit, 0, 1234, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := climb(row.plan.WithDefaults(), carries(row.limit), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got.Stopped != row.stopped {
				t.Errorf("stopped by %q, want %q", got.Stopped, row.stopped)
			}
			if (got.Knee != nil) != (row.high > 0) {
				t.Fatalf("knee %+v, want one: %v", got.Knee, row.high > 0)
			}
			if k := got.Knee; k != nil {
				if k.Value < row.low || k.Value > row.high || k.Low > k.Value || k.High < k.Value {
					t.Errorf("knee %v in [%v, %v], want within [%v, %v]", k.Value, k.Low, k.High, row.low, row.high)
				}
				if k.LowOpen != row.open || k.HighOpen {
					t.Errorf("open below %v, above %v, want %v, false", k.LowOpen, k.HighOpen, row.open)
				}
				if len(k.Repeats) != 5 || math.Abs(k.Confidence-0.9375) > 1e-12 {
					t.Errorf("%d repeats, confidence %v, want 5 and 0.9375", len(k.Repeats), k.Confidence)
				}
			}
			if n, most := len(got.Points), row.plan.Steps(); n > most {
				t.Errorf("%d loads, more than the %d that Steps promises", n, most)
			}
		})
	}
}

func TestLargestHeld(t *testing.T) {
	up := []float64{1, 2, 3, 4, 5}
	for _, row := range []struct {
		held string
		want float64
	}{
		{"+++++", 5}, {"-----", 0}, {"+++--", 3}, {"++-++", 5}, {"-++--", 3}, {"+----", 1}, {"----+", 0}, {"+-+--", 1}, {"-+---", 0},
	} {
		held := map[float64]bool{}
		for i, c := range row.held {
			held[up[i]] = c == '+'
		}
		if got := largestHeld(up, held); got != row.want {
			t.Errorf("%s: %v, want %v", row.held, got, row.want)
		}
	}
}

func TestClimbEnds(t *testing.T) {
	p := SweepPlan{Over: OverConcurrency, From: 1, To: 4096}.WithDefaults()
	flat := func(v float64, phase string) (results.SweepPoint, string, error) {
		return results.SweepPoint{Value: v, AchievedRate: 1000, AnsweredRate: 1000, Broken: []string{}}, "", nil
	}
	if got, _ := climb(p, flat, nil); got.Stopped != sweepPlateau || len(got.Points) != 4 {
		t.Errorf("no more from more: stopped by %q after %d loads, want plateau after 4", got.Stopped, len(got.Points))
	}
	if got, _ := climb(p, flat, &results.Calibration{CeilingPerSecond: 1500}); got.Stopped != sweepCeiling || len(got.Points) != 1 {
		t.Errorf("two thirds of the ceiling: stopped by %q after %d loads", got.Stopped, len(got.Points))
	}
	wrong := func(v float64, phase string) (results.SweepPoint, string, error) {
		return results.SweepPoint{Value: v, WrongTags: 1, Broken: []string{}}, "", nil
	}
	if got, _ := climb(p, wrong, nil); got.Stopped != sweepWrong || len(got.Points) != 1 {
		t.Errorf("a wrong tag: stopped by %q after %d loads", got.Stopped, len(got.Points))
	}
	cut := func(v float64, phase string) (results.SweepPoint, string, error) {
		return results.SweepPoint{Value: v, Broken: []string{}}, StoppedInterrupted, nil
	}
	if got, _ := climb(p, cut, nil); got.Stopped != StoppedInterrupted || len(got.Points) != 1 || got.Knee != nil {
		t.Errorf("interrupted: stopped by %q after %d loads", got.Stopped, len(got.Points))
	}
}

func TestWarmupByRule(t *testing.T) {
	flat := slices.Repeat([]float64{5}, 20)
	rising := make([]float64, 20)
	for i := range rising {
		rising[i] = float64(i)
	}
	late := slices.Concat(slices.Repeat([]float64{100}, 12), slices.Repeat([]float64{5}, 8))
	for _, row := range []struct {
		name   string
		values []float64
		cut    int
		steady bool
	}{
		{"nothing", nil, 0, false},
		{"too few", []float64{1, 1, 1}, 0, false},
		{"flat", flat, 0, true},
		{"one slow start", append([]float64{100}, flat[1:]...), 1, true},
		{"four slow starts", slices.Concat([]float64{100, 70, 40, 20}, flat[4:]), 4, true},
		{"a queue that grows", rising, 10, false},
		{"a step down too late for the rule", late, 0, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if cut, steady := warmupByRule(row.values); cut != row.cut || steady != row.steady {
				t.Errorf("cut %d, steady %v, want %d, %v", cut, steady, row.cut, row.steady)
			}
		})
	}
}

func TestBrokenLimits(t *testing.T) {
	l := *SweepPlan{}.WithDefaults().Limits
	rate := 100.0
	good := results.SweepPoint{OfferedRate: &rate, AnsweredRate: 100, Requests: 1000, Attempts: 1000, Succeeded: 990, Response: &results.Latency{P99: 5e6}}
	for _, row := range []struct {
		name   string
		change func(*results.SweepPoint, *results.SweepLimits)
		want   string
	}{
		{"none", func(*results.SweepPoint, *results.SweepLimits) {}, ""},
		{"throttles at the limit", func(p *results.SweepPoint, _ *results.SweepLimits) { p.Throttled, p.Failed = 10, 10 }, ""},
		{"throttles above it", func(p *results.SweepPoint, _ *results.SweepLimits) { p.Throttled, p.Failed = 11, 11 }, "throttle_share"},
		{"errors above it", func(p *results.SweepPoint, _ *results.SweepLimits) {
			p.Throttled, p.Failed, p.Errors = 5, 16, map[string]int64{"ThrottlingException": 5, "InternalException": 11}
		}, "error_share"},
		{"errors at the limit", func(p *results.SweepPoint, _ *results.SweepLimits) {
			p.Failed, p.Errors = 10, map[string]int64{"timeout": 10}
		}, ""},
		{"errors beside throttles that were tried again", func(p *results.SweepPoint, _ *results.SweepLimits) {
			p.Attempts, p.Throttled, p.Failed, p.Errors = 100_000, 900, 11, map[string]int64{"InternalException": 11}
		}, "error_share"},
		{"behind", func(p *results.SweepPoint, _ *results.SweepLimits) { p.AnsweredRate = 94 }, "answered_share"},
		{"behind in a closed loop", func(p *results.SweepPoint, _ *results.SweepLimits) { p.AnsweredRate, p.OfferedRate = 94, nil }, ""},
		{"slow", func(_ *results.SweepPoint, l *results.SweepLimits) { l.P99 = 4 * time.Millisecond }, "p99"},
		{"fast enough", func(_ *results.SweepPoint, l *results.SweepLimits) { l.P99 = 5 * time.Millisecond }, ""},
		{"one throttle where none may be", func(p *results.SweepPoint, l *results.SweepLimits) {
			*l = results.SweepLimits{}
			p.Throttled = 1
		}, "throttle_share"},
		{"one error where none may be", func(p *results.SweepPoint, l *results.SweepLimits) {
			*l = results.SweepLimits{}
			p.Failed, p.Errors = 1, map[string]int64{"timeout": 1}
		}, "error_share"},
		{"behind where that is no matter", func(p *results.SweepPoint, l *results.SweepLimits) {
			*l = results.SweepLimits{}
			p.AnsweredRate = 1
		}, ""},
		{"nothing", func(p *results.SweepPoint, _ *results.SweepLimits) { *p = results.SweepPoint{} }, "no_success"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, l := good, l
			row.change(&p, &l)
			if got := strings.Join(brokenLimits(&p, l), ","); got != row.want {
				t.Errorf("broken %q, want %q", got, row.want)
			}
		})
	}
}

// A whole sweep in virtual time finds the quota of its target, and what it made
// is gone.
func TestSweepFindsAQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.delay, f.quick = always(3*time.Millisecond), 1
		tokens, at := 0.0, time.Now()
		f.answer = func(int64) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			now := time.Now()
			tokens, at = min(50, tokens+500*now.Sub(at).Seconds()), now
			if tokens < 1 {
				return &target.Error{Operation: "GenerateMac", Kind: target.Throttled, Code: "ThrottlingException"}
			}
			tokens--
			return nil
		}
		p := SweepPlan{Load: Plan{Pacer: PaceSleep, Workload: Workload{Generate: 1}}, From: 100, To: 5000, Step: 4 * time.Second, Repeats: 3}
		var heard int
		got, rep, err := Sweep(t.Context(), f, p, Options{}, func(results.SweepPoint) { heard++ })
		if err != nil {
			t.Fatal(err)
		}
		k := got.Knee
		if k == nil || k.Value < 450 || k.Value > 520 || k.Low > k.Value || k.High < k.Value {
			t.Errorf("knee %+v, want about 500 (stopped by %s)", k, got.Stopped)
		}
		if got.Mode != "open" || got.Client != "fake" || heard != len(got.Points) {
			t.Errorf("mode %s, client %s, heard of %d of %d points", got.Mode, got.Client, heard, len(got.Points))
		}
		for _, pt := range got.Points {
			if pt.WrongTags > 0 || pt.Requests == 0 || pt.Response == nil || pt.OfferedRate == nil || math.Abs(*pt.OfferedRate/pt.Value-1) > 0.1 {
				t.Errorf("point %+v", pt)
			}
			if n := pt.Errors["ThrottlingException"]; n != pt.Failed || len(pt.Errors) > 1 {
				t.Errorf("%d failed, by code %v", pt.Failed, pt.Errors)
			}
		}
		if rep.KeysMade != 1 || f.calls["ScheduleKeyDeletion"] != 1 {
			t.Errorf("%d keys made, %d deleted, want 1 each", rep.KeysMade, f.calls["ScheduleKeyDeletion"])
		}
		estimate, err := p.Estimate(false)
		if n := f.loads.Load(); err != nil || n > estimate.Requests() {
			t.Errorf("%d requests, more than the estimate of %d (%v)", n, estimate.Requests(), err)
		}
	})
}

func TestSweepInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		p := SweepPlan{Load: Plan{Concurrency: 1, Workload: Workload{Generate: 1}}, From: 1, To: 64}
		f.delay, f.quick = always(time.Millisecond), 1
		got, _, err := Sweep(ctx, f, p, Options{}, nil)
		if err != nil || got.Stopped != StoppedInterrupted || len(got.Points) != 3 || got.Knee != nil {
			t.Errorf("stopped by %q with %d points and knee %v, %v; want interrupted in the third", got.Stopped, len(got.Points), got.Knee, err)
		}
		if f.calls["ScheduleKeyDeletion"] != 1 {
			t.Error("the key was left behind")
		}
	})
}

// TestSweepPlanLimits: no limits are the defaults, and zeros are zeros.
func TestSweepPlanLimits(t *testing.T) {
	if got, want := *(SweepPlan{}.WithDefaults().WithDefaults().Limits), (results.SweepLimits{ThrottleShare: 0.01, ErrorShare: 0.01, AnsweredShare: 0.95}); got != want {
		t.Errorf("without limits %+v, want %+v", got, want)
	}
	zero := SweepPlan{Limits: &results.SweepLimits{}, From: 1, To: 2}
	if got := *zero.WithDefaults().Limits; got != (results.SweepLimits{}) || zero.Validate() != nil {
		t.Errorf("limits of zero became %+v, %v", got, zero.Validate())
	}
}

func TestSweepPlanValidate(t *testing.T) {
	good := SweepPlan{From: 1, To: 10}
	for _, row := range []struct {
		name   string
		change func(*SweepPlan)
		want   string
	}{
		{"good", func(*SweepPlan) {}, ""},
		{"one load", func(p *SweepPlan) { p.To = 1 }, ""},
		{"falling", func(p *SweepPlan) { p.To = 0.5 }, "does not rise"},
		{"from nothing", func(p *SweepPlan) { p.From = 0 }, "does not rise"},
		{"not a number", func(p *SweepPlan) { p.From = math.NaN() }, "does not rise"},
		{"small factor", func(p *SweepPlan) { p.Factor = 1.01 }, "factor"},
		{"short steps", func(p *SweepPlan) { p.Step = time.Millisecond }, "step"},
		{"half a request", func(p *SweepPlan) { p.Over, p.From = OverConcurrency, 1.5 }, "whole numbers"},
		{"over what", func(p *SweepPlan) { p.Over = "size" }, "goes over"},
		{"a ramp", func(p *SweepPlan) { p.Load.Arrivals = Arrivals{Shape: Ramp, EndRate: 5} }, "constant"},
		{"shares", func(p *SweepPlan) { p.Limits = &results.SweepLimits{ErrorShare: 2} }, "error share"},
		{"negative p99", func(p *SweepPlan) { p.Limits = &results.SweepLimits{P99: -1} }, "negative"},
		{"sharded", func(p *SweepPlan) { p.Load.Shards = 2 }, "sharded"},
		{"too fast", func(p *SweepPlan) { p.To = 1e9 }, "rate"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := good
			row.change(&p)
			err := p.Validate()
			if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v, want %q", err, row.want)
			}
		})
	}
}
