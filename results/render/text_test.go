package render_test

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// full is a result with every section and every verdict.
func full() *results.File {
	rate := 200.0
	return &results.File{
		Schema: results.Schema, Verdict: results.Fail, Interrupted: true,
		Warnings: []string{"the machine was noisy"},
		Vectors: &results.Vectors{Total: 722, Failed: 1, Impls: map[string]results.ImplResult{
			"stdlib": {Total: 722}, "sha256-simd": {Total: 181, Failed: 1, NotApplicable: 541, Failures: []string{"rfc4231-1-sha256"}}}},
		Conformance: &results.Conformance{
			Profile: "core", Profiles: map[string]results.ProfileOutcome{"core": results.Failed, "import": results.Partial},
			Counts: map[results.CaseVerdict]int{results.CasePass: 1, results.CaseFail: 2, results.CaseWarn: 1, results.CaseInconclusive: 1, results.CaseNotApplicable: 2},
			Cases: []results.CaseResult{
				{ID: "GM-01", Title: "right", Verdict: results.CasePass, Evidence: "recorded", Confidence: "high"},
				{ID: "GM-25", Title: "disabled key", Verdict: results.CaseFail, Evidence: "documented", Confidence: "high",
					Expected: "400 DisabledException", Observed: "200", Differs: []string{"status", "code"}, Known: results.KnownNew,
					Differences: []results.FactDifference{{Fact: "status", Want: "400", Got: "200"}, {Fact: "code", Want: "DisabledException", Got: "none"}}},
				{ID: "GM-26", Title: "usage of a signing key", Verdict: results.CaseFail, Evidence: "recorded", Confidence: "high", Known: results.KnownExpected,
					KnownNote: "issue 12", Expected: "400", Observed: "500", Differs: []string{"status"}},
				{ID: "VM-10", Title: "tag cut by a byte", Verdict: results.CaseWarn, Evidence: "inferred", Confidence: "medium",
					Expected: "400 KMSInvalidMacException", Observed: "400 ValidationException", Differs: []string{"code"}},
				{ID: "WI-03", Title: "headers", Verdict: results.CaseInconclusive, Evidence: "documented", Confidence: "high", Reason: "no answer before the deadline"},
				{ID: "IM-11", Verdict: results.CaseNotApplicable, Reason: "import is not supported"},
				{ID: "IM-12", Verdict: results.CaseNotApplicable, Reason: "import is not supported"},
			},
			Known: &results.KnownSummary{Expected: 1, Changes: []string{"GM-25 is new: it differs in status, code"}},
			Left:  []string{"arn:aws:kms:us-east-1:000000000000:key/1"}},
		Load: []results.Load{{Operation: "GenerateMac", KeySpec: "HMAC_256", Mode: "open", Client: "sdk", Requests: 1000, Succeeded: 990, Attempts: 1000, Throttled: 10,
			Dropped: 3, Late: 4, ConnectionsOpened: 16, Errors: map[string]int64{"ThrottlingException": 9, "timeout": 1}, WrongTags: 1, Verified: 990, VerifiedBy: "engine",
			OfferedRate: &rate, AchievedRate: 198.4, Duration: 5 * time.Second,
			Response: &results.Latency{P50: 1e6, P90: 2e6, P99: 12_345_678, P999: 2e8, Max: 3e8}, Service: &results.Latency{P50: 1e6, P90: 1e6, P99: 1e6, P999: 1e6, Max: 1e6},
			Lag: &results.Latency{}, Labels: []string{"generator_limited"}},
			{Operation: "VerifyMac", KeySpec: "HMAC_256", Mode: "closed", Client: "sdk", VerifiedBy: "consistency"}},
	}
}

// compared is an interleaved comparison with each outcome.
func compared() *results.Comparison {
	finding := func(metric string, change results.Change, ratio float64, reason string) results.Finding {
		return results.Finding{Metric: metric, Name: "GenerateMac", Base: 123456, New: 123456 * ratio, Margin: 0.05, Adjusted: 0.01, Change: change, Reason: reason,
			Effect: results.Effect{Pairs: 30, Ratio: ratio, Lo: ratio - 0.01, Hi: ratio + 0.01, P: 0.005, MDE: 0.021}, Noise: &results.Effect{Pairs: 30, Ratio: 1.002}}
	}
	shown := finding("service-p50-ns/op", results.CannotTell, 1.1, "shown only: it repeats p50-ns/op")
	shown.ShownOnly = true
	zero := results.Finding{Metric: "allocs/op", Name: "zero | rounds", Change: results.CannotTell, Reason: "0 pairs, 6 are needed"}
	return &results.Comparison{Interleaved: true, Verdict: results.Fail,
		Problems: []results.Problem{{Verdict: results.Fail, Text: "arm new: 3 of 90 replies to GenerateMac HMAC_256 were wrong"},
			{Verdict: results.Inconclusive, Text: "arm base: the generator or its concurrency limited 20 of 31 runs"}},
		Differences: []results.Difference{{Where: "environment.go", Base: "go1.26.0", New: "go1.27 | <b>"}},
		Findings: []results.Finding{finding("cpu-ns/op", results.WorseOff, 1.2, ""), finding("p50-ns/op", results.Better, 0.8, ""),
			finding("B/op", results.Same, 1, ""), finding("p99-ns/op", results.CannotTell, 1.055, "the interval +4.5% to +6.5% reaches across the margin of 5%"), shown, zero}}
}

// trends are of twelve, four and one runs; the first has a change.
func trends() []results.Trend {
	var out []results.Trend
	for i, n := range []int{12, 4, 1} {
		t := results.Trend{Metric: []string{"cpu-ns/op", "ops/s", "p50-ns/op"}[i], Name: "Load/<mode>", Command: "bench kms", PlanHash: strings.Repeat("ab", 32), Machine: "a CPU", HigherIsBetter: i == 1}
		for day := range n {
			t.Points = append(t.Points, results.TrendPoint{RunID: "0123456789ab", Started: time.Date(2030, 1, 1+day, 3, 0, 0, 0, time.UTC), Version: "v1.2.3", Value: 1000 + 10*float64(day%3)})
		}
		out = append(out, t)
	}
	for i := range out[0].Points[6:] {
		out[0].Points[6+i].Value *= 1.25
	}
	out[0].Points[6].Commit = "abcdef"
	out[0].Changes = []results.ChangePoint{{At: 6, Before: 1010, After: 1262.5, P: 0.002}}
	return out
}

func TestGolden(t *testing.T) {
	file := full()
	file.Comparison = compared()
	file.Plan.Command = "run"
	rows := []struct {
		name  string
		write func(io.Writer) error
	}{
		{"full.txt", func(w io.Writer) error { return render.Text(w, full()) }},
		{"full.md", func(w io.Writer) error { return render.Markdown(w, file) }},
		{"full.xml", func(w io.Writer) error { return render.JUnit(w, file) }},
		{"comparison.txt", func(w io.Writer) error { return render.Comparison(w, *compared()) }},
		{"comparison.csv", func(w io.Writer) error { return render.ComparisonCSV(w, *compared()) }},
		{"history.txt", func(w io.Writer) error { return render.History(w, trends()) }},
		{"empty.xml", func(w io.Writer) error { return render.JUnit(w, &results.File{}) }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var b strings.Builder
			if err := row.write(&b); err != nil {
				t.Fatal(err)
			}
			golden(t, row.name, b.String())
			if err := row.write(fullDisk{}); !errors.Is(err, errFull) {
				t.Errorf("on a full disk: got %v, want %v", err, errFull)
			}
		})
	}
}

// golden compares got with a file under testdata; -update rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (-want +got); renew with -update:\n%s", name, d)
	}
}

// fullDisk refuses every byte.
type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func ExampleText() {
	f := &results.File{Vectors: &results.Vectors{Total: 722, Impls: map[string]results.ImplResult{"stdlib": {Total: 722}}}, Verdict: results.Pass}
	if err := render.Text(os.Stdout, f); err != nil {
		panic(err)
	}
	// Output:
	// vectors: 722 distinct, 0 failed
	//   implementation  run  failed  not applicable
	//   stdlib          722  0       0
	//
	// verdict: pass
}

// TestComparisonReasons: a reason stands once in each form, however many metrics
// it is of.
func TestComparisonReasons(t *testing.T) {
	c := results.Comparison{Verdict: results.Inconclusive}
	for _, f := range [][3]string{{"p50-ns/op", "a", "separate runs"}, {"p50-ns/op", "b", "separate runs"}, {"p99-ns/op", "a", "separate runs"}, {"B/op", "c | d", "not a count"}, {"allocs/op", "c", ""}} {
		c.Findings = append(c.Findings, results.Finding{Metric: f[0], Name: f[1], Reason: f[2], Change: results.CannotTell})
	}
	for _, row := range []struct {
		form  string
		write func(io.Writer) error
		want  string
	}{
		{"text", func(w io.Writer) error { return render.Comparison(w, c) },
			"\n  p50-ns/op, p99-ns/op: cannot tell: separate runs\n  B/op c | d: cannot tell: not a count\nverdict: inconclusive\n"},
		{"Markdown", func(w io.Writer) error { return render.ComparisonMarkdown(w, c) },
			" |\n\np50-ns/op, p99-ns/op: cannot tell: separate runs\n\nB/op c \\| d: cannot tell: not a count\n"},
		{"page", func(w io.Writer) error { return render.Report(w, []render.Run{{File: &results.File{}}}, &c) },
			"<ul><li>p50-ns/op, p99-ns/op: cannot tell: separate runs</li><li>B/op c | d: cannot tell: not a count</li></ul>"},
	} {
		var b strings.Builder
		if err := row.write(&b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), row.want) || row.form != "page" && !strings.HasSuffix(b.String(), row.want) {
			t.Errorf("%s: no %q in:\n%s", row.form, row.want, b.String())
		}
	}
}

// TestComparisonClaimsNoReach: where too few pairs can show no change, none is
// called detectable.
func TestComparisonClaimsNoReach(t *testing.T) {
	session := func(rounds int) results.Comparison {
		s := results.Series{Metric: "cpu-ns/op", Name: "a"}
		for i := range rounds {
			s.Base, s.New = append(s.Base, 100), append(s.New, 430+float64(i))
		}
		return results.Gated([]results.Series{s, s}, results.JudgeOptions{Margin: 0.05}, nil, nil)
	}
	for _, row := range []struct {
		rounds   int
		claim    bool
		contains string
	}{
		{5, false, "cannot tell: 5 pairs, 6 are needed\n"},
		{6, false, "cannot tell: 6 pairs are too few to tell one of 2 figures from chance, however large its change: 7 are enough\n"},
		{7, true, "verdict: fail\n"},
	} {
		var b strings.Builder
		if err := render.Comparison(&b, session(row.rounds)); err != nil {
			t.Fatal(err)
		}
		line := strings.Split(b.String(), "\n")[3]
		if claim := !strings.Contains(line, "–"+strings.Repeat(" ", 10)); claim != row.claim || !strings.Contains(b.String(), row.contains) {
			t.Errorf("%d rounds: claim %v in:\n%s", row.rounds, claim, b.String())
		}
	}
}
