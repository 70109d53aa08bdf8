package render_test

import (
	"io"
	"math"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

// histogram holds n values from 1 to n times step.
func histogram(t *testing.T, n int, step time.Duration) string {
	t.Helper()
	h := results.NewHistogram()
	for v := range n {
		if err := h.RecordValue(int64(v+1) * int64(step)); err != nil {
			t.Fatal(err)
		}
	}
	text, err := results.EncodeHistogram(h)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// plotted is full with histograms and text that must not become a page's.
func plotted(t *testing.T) *results.File {
	t.Helper()
	f := full()
	f.Comparison, f.RunID, f.Started = compared(), "0123456789ab", time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Args = []string{"kmsmac", "run", "--out", "there", "--rate", "200", "--secret-file=it's here"}
	f.Plan.Command, f.Environment.Switches = "run", map[string]string{"GOGC": "off"}
	f.Environment.Endpoint = results.Endpoint{Kind: "url", Host: "127.0.0.1:4566", Region: "eu-west-1"}
	f.Conformance.Cases[0].Group = "GM"
	f.Conformance.Cases[1].Observed = `<script>alert("x")</script>`
	f.Load[0].Histograms = map[string]string{"response": histogram(t, 10_000, time.Microsecond), "service": histogram(t, 1000, time.Microsecond), "lag": histogram(t, 1000, 10*time.Nanosecond)}
	return f
}

// loaded is a load whose response times are n multiples of step.
func loaded(t *testing.T, n int, step time.Duration) *results.File {
	t.Helper()
	h := histogram(t, n, step)
	return &results.File{RunID: "89abcdef0123", Started: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), Verdict: results.Pass, Plan: results.Plan{Command: "bench kms"},
		Load: []results.Load{{Operation: "GenerateMac", KeySpec: "HMAC_256", Mode: "closed", Client: "lean", Requests: int64(n), Succeeded: int64(n), Verified: int64(n), VerifiedBy: "engine",
			AchievedRate: 1234.5, Duration: 10 * time.Second, Errors: map[string]int64{}, Response: &results.Latency{P50: int64(n / 2 * int(step)), Max: int64(n * int(step))}, Histograms: map[string]string{"response": h, "service": h}}}}
}

// timeline is n intervals of a second; of every ten the fourth is throttled,
// the sixth stalls without an answer and the eighth is slow.
func timeline(n int) *results.Timeline {
	t := &results.Timeline{RunID: "0123456789ab", Cut: true}
	for i := range n {
		at := time.Duration(i) * time.Second
		iv := results.TimelineInterval{From: at, To: at + time.Second, Due: 100, Succeeded: 100, Response: &results.Latency{P50: 2e6, P90: 3e6, P99: 5e6, P999: 8e6, Max: 9e6}}
		switch i % 10 {
		case 3:
			iv.Succeeded, iv.Throttled, iv.Failed = 60, 40, 40
		case 4:
			iv.Throttled = 1
		case 5:
			iv.Succeeded, iv.Response, iv.Dropped = 0, nil, 100
		case 7:
			iv.Response = &results.Latency{P50: 8e8, P90: 9e8, P99: 9e8, P999: 1e9, Max: 12e8}
		}
		t.Intervals = append(t.Intervals, iv)
	}
	end := time.Duration(n) * time.Second // a last interval of a millisecond: 3000 a second for it, if it were drawn
	t.Intervals = append(t.Intervals, results.TimelineInterval{From: end, To: end + time.Millisecond, Due: 3, Succeeded: 3, Response: &results.Latency{P50: 2e6, P90: 2e6, P99: 2e6, P999: 2e6, Max: 2e6}})
	return t
}

// swept is a sweep over rates or concurrencies with its knee.
func swept(over string) *results.File {
	s := &results.Sweep{Over: over, Mode: "open", Client: "sdk", Stopped: "limit", Knee: &results.Knee{Value: 800, Low: 700, High: 900, Confidence: 0.75, Repeats: []float64{700, 800, 900}}}
	if over == "concurrency" {
		s.Mode = "closed"
	}
	for i, v := range []float64{100, 200, 400, 800, 1600, 1200, 800, 800} {
		rate := v
		pt := results.SweepPoint{Value: v, Phase: results.SweepClimb, Steady: true, OfferedRate: &rate, AnsweredRate: v, AchievedRate: v + float64(i), Requests: 100, Succeeded: 100,
			Response: &results.Latency{P50: int64(1e6 + v*v), P99: int64(3e6 + v*v*10)}, Broken: []string{}}
		if v > 1000 {
			pt.AchievedRate, pt.Broken, pt.Throttled, pt.Failed = 900, []string{"throttle_share", "p99"}, 5, 7
			pt.Errors = map[string]int64{"ThrottlingException": 5, "InternalException": 2}
		}
		if i > 5 {
			pt.Phase, pt.Repeat = results.SweepRepeat, i-5
		}
		s.Points = append(s.Points, pt)
	}
	return &results.File{RunID: "456789abcdef", Started: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), Verdict: results.Pass, Plan: results.Plan{Command: "sweep"}, Sweep: s}
}

// odd has what only a file edited by hand holds, and a run of nothing.
func odd() render.Run {
	f := swept("rate")
	f.Sweep.Points[0].Value, f.Sweep.Points[1].Value, f.Sweep.Points[2].AchievedRate = -1, 0, math.NaN()
	f.Sweep.Points[3].AchievedRate, f.Sweep.Points[4].Response = math.Inf(1), nil
	f.Sweep.Points[5].Response = &results.Latency{P50: -5, P99: math.MaxInt64}
	f.Sweep.Knee = &results.Knee{Value: 800, Low: -1, High: math.Inf(1), LowOpen: true, HighOpen: true}
	f.Load = []results.Load{{Operation: "GenerateMac"}}
	return render.Run{File: f, Timeline: &results.Timeline{Intervals: []results.TimelineInterval{{}, {From: 5, To: 5, Due: 1, Throttled: 1}, {From: time.Second, To: 0, Due: -1}}}}
}

type htmlPage struct {
	name    string
	figures int
	write   func(io.Writer) error
}

// pages are every kind of HTML page that this package makes.
func pages(t *testing.T) []htmlPage {
	f := plotted(t)
	report := func(between *results.Comparison, runs ...render.Run) func(io.Writer) error {
		return func(w io.Writer) error { return render.Report(w, runs, between) }
	}
	slow := loaded(t, 2000, 3*time.Millisecond)
	apart := compared()
	apart.Interleaved, apart.Problems = false, nil
	return []htmlPage{
		{"report", 3, report(nil, render.Run{File: f, Timeline: timeline(30)})},
		{"compare", 3, report(apart, render.Run{File: loaded(t, 1000, time.Millisecond)}, render.Run{File: slow})},
		{"long", 3, report(nil, render.Run{File: loaded(t, 3_000_000, time.Microsecond), Timeline: timeline(5000)})},
		{"sweep", 2, report(nil, render.Run{File: swept("rate")})},
		{"sweeps", 3, report(nil, render.Run{File: swept("concurrency")}, render.Run{File: swept("concurrency")})},
		{"shards-torn", 2, report(nil, render.Run{File: oneTorn(t)})},
		{"shards-missing", 2, report(nil, render.Run{File: oneMissing(t)})},
		{"shards-hundred", 2, report(nil, render.Run{File: aHundred(t)})},
		{"engine", 0, report(nil, render.Run{File: engineFile(true)})},
		{"goals", 0, report(nil, render.Run{File: goalsFile()})},
		{"gate", 0, report(nil, render.Run{File: &results.File{Verdict: results.Fail, Plan: results.Plan{Command: "gate"}, Comparison: compared()}})},
		{"history", 2, func(w io.Writer) error { return render.HistoryHTML(w, trends(), results.Tool{Name: "kmsmac"}) }},
		{"matrix", 0, func(w io.Writer) error { return render.Matrix(w, []*results.File{f, f}, []string{"one", "<two>"}) }},
	}
}
