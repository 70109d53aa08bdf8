package bench

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

// writes remembers each Write, and when it came.
type writes struct {
	bytes.Buffer
	sizes []int
}

func (w *writes) Write(p []byte) (int, error) {
	w.sizes = append(w.sizes, len(p))
	return w.Buffer.Write(p)
}

func logPlan() Plan {
	return Plan{Arrivals: Arrivals{Rate: 100}, Duration: 10 * time.Second, Warmup: 2 * time.Second, Workload: Workload{Generate: 1, Verify: 2, CorruptShare: 0.2}}
}

func someErrors(f *fakeKMS) {
	f.delay, f.quick = stallEachSecond, 1
	f.answer = func(n int64) error {
		if n%10 == 3 {
			return refuse("GenerateMac", target.Throttled)
		}
		return nil
	}
}

func TestLogHoldsWhatTheReportHolds(t *testing.T) {
	var w writes
	bubble(t, logPlan(), Options{RunID: "r1", PlanHash: "abc", Log: &w}, someErrors, func(_ *fakeKMS, rep *Report, err error) {
		if err != nil || slices.ContainsFunc(rep.Warnings, func(w string) bool { return !strings.HasSuffix(w, "says nothing of speed") }) {
			t.Fatal(rep.Warnings, err)
		}
		got, err := results.ReadIntervalLog(&w.Buffer, nil)
		if err != nil || !got.Final || got.Torn || got.Header.PlanHash != "abc" {
			t.Fatalf("%+v, %v", got, err)
		}
		if n := len(w.sizes); n < 11 || n > 12 { // the header and one for each second, of which the last may be in two
			t.Errorf("%d writes, want one a second", n)
		}
		tags := 0
		for i, l := range rep.Loads {
			c := got.Counts[i]
			if c.Requests != l.Requests || c.Succeeded != l.Succeeded || c.Refused != l.Refused || c.Verified != l.Verified ||
				c.Due != l.Requests || c.Errors["throttledException"] != l.Errors["throttledException"] || c.Throttled == 0 {
				t.Errorf("counts %+v, report %+v", c, l)
			}
			for name, text := range l.Histograms {
				outcome, clock, ok := strings.Cut(name, "_")
				if !ok {
					outcome, clock = "ok", name
				}
				want, _ := results.DecodeHistogram(text)
				tag := l.Operation + "/HMAC_256/fake/" + outcome + "/" + clock
				if h := got.Totals[tag]; h == nil || !h.Equals(want) {
					t.Errorf("%s: the log differs from the report", tag)
				}
				tags++
			}
		}
		if len(got.Totals) != tags || tags != 2*3+2*3+3 { // ok and failed of both, refused of VerifyMac
			t.Errorf("%d tags in the log, %d in the report, want 15", len(got.Totals), tags)
		}
	})
}

// What a run has written by any second is a whole log of everything that had
// ended by then.
func TestKilledRunKeepsAllButItsLastSecond(t *testing.T) {
	var w writes
	bubble(t, logPlan(), Options{Log: &w}, nil, func(_ *fakeKMS, _ *Report, err error) {
		if err != nil {
			t.Fatal(err)
		}
		end := w.sizes[0]
		for second, n := range w.sizes[1:] {
			end += n
			cut := end
			if second == 4 {
				cut-- // killed in the middle of a write
			}
			got, err := results.ReadIntervalLog(bytes.NewReader(w.Bytes()[:cut]), nil)
			if err != nil {
				t.Fatal(err)
			}
			whole := int64(second + 1)
			if cut != end {
				whole--
			}
			var requests int64
			for _, c := range got.Counts {
				requests += c.Requests
			}
			if last := second == len(w.sizes)-2; got.Final != last || !last && (requests < 100*whole-1 || requests > 100*whole+1) {
				t.Errorf("after second %d: %d requests, final %v", second+1, requests, got.Final)
			}
			if got.Torn != (cut != end) {
				t.Errorf("after second %d: torn %v", second+1, got.Torn)
			}
		}
	})
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestALogThatFailsDoesNotEndTheRun(t *testing.T) {
	bubble(t, logPlan(), Options{Log: full{}}, nil, func(_ *fakeKMS, rep *Report, err error) {
		if err != nil || len(rep.Warnings) != 1 || !strings.Contains(rep.Warnings[0], "no space left") || rep.Loads[0].Succeeded == 0 {
			t.Errorf("warnings %q, %v, want one about the log", rep.Warnings, err)
		}
	})
}

func TestProgress(t *testing.T) {
	var seen []Progress
	p := Plan{Arrivals: Arrivals{Rate: 100}, Workers: 10, Duration: 5 * time.Second, Warmup: 2 * time.Second, Workload: Workload{Generate: 1}}
	set := func(f *fakeKMS) {
		f.delay, f.quick = stall(6500*time.Millisecond, 7500*time.Millisecond), 1
		f.answer = func(n int64) error {
			if n > 1 && n%4 == 0 {
				return refuse("GenerateMac", target.Throttled)
			}
			return nil
		}
	}
	bubble(t, p, Options{Observer: func(p Progress) { seen = append(seen, p) }}, set, func(_ *fakeKMS, rep *Report, err error) {
		if err != nil {
			t.Fatal(err)
		}
		phases := map[Phase]int{}
		var errs, throttled int64
		for _, s := range seen {
			phases[s.Phase]++
			errs += s.Errors
			throttled += s.Throttled
			// An arrival at the very instant of the tick may fall on either side.
			if s.Phase == PhaseMeasure && s.Elapsed == 4*time.Second && (s.Offered < 99 || s.Offered > 101 || s.Achieved < 74 || s.Achieved > 76 || s.Response == nil || s.Lag == nil) {
				t.Errorf("%+v, want 100 offered and 75 achieved", s)
			}
		}
		if phases[PhaseSetUp] != 1 || phases[PhaseCleanUp] != 1 || phases[PhaseWarmup] == 0 || phases[PhaseMeasure] < 4 || phases[PhaseDrain] == 0 {
			t.Errorf("phases %v", phases)
		}
		if want := rep.Loads[0].Errors["throttledException"]; errs != want || throttled != want {
			t.Errorf("errors %d and throttles %d in all, the report has %d", errs, throttled, want)
		}
	})
}
