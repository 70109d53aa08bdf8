package results_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kmsmac/kmsmac/results"
)

// sample returns a small complete result file.
func sample(t *testing.T) *results.File {
	t.Helper()
	h := results.NewHistogram()
	for v := range 1000 {
		if err := h.RecordValue(int64(v+1) * 1000); err != nil {
			t.Fatal(err)
		}
	}
	text, err := results.EncodeHistogram(h)
	if err != nil {
		t.Fatal(err)
	}
	rate := 100.0
	f := &results.File{
		Schema: results.Schema, Tool: results.Tool{Name: "kmsmac", Version: "test"}, RunID: "0123456789ab",
		Started: time.Unix(1, 0).UTC(), Finished: time.Unix(2, 0).UTC(),
		Plan:     results.Plan{Command: "run", Seed: 1<<64 - 1, Settings: map[string]any{"rate": 100.0}},
		Warnings: []string{}, Verdict: results.Pass,
		Environment: results.Environment{Host: "h", OS: "linux", Arch: "amd64", CPU: "c", CPUs: 2, GOMAXPROCS: 2, GOGC: "100", Go: "go1.26.0",
			Modules: map[string]string{}, Switches: map[string]string{}, Engine: map[string]string{}, Endpoint: results.Endpoint{Kind: "emulator", Host: "127.0.0.1:1"}},
		Vectors: &results.Vectors{Total: 1, Impls: map[string]results.ImplResult{"stdlib": {Total: 1}}},
		Conformance: &results.Conformance{Profile: "core", Profiles: map[string]results.ProfileOutcome{"core": results.Conformant},
			Counts: map[results.CaseVerdict]int{"pass": 1, "fail": 0, "warn": 0, "inconclusive": 0, "not_applicable": 0, "skipped": 0},
			Cases:  []results.CaseResult{{ID: "GM-01", Group: "GM", Title: "t", Verdict: results.CasePass, Evidence: "recorded", Confidence: "high"}}},
		Load: []results.Load{{Operation: "GenerateMac", KeySpec: "HMAC_256", Mode: "open", Client: "sdk", Requests: 1000, Succeeded: 1000, Attempts: 1000,
			Errors: map[string]int64{}, Verified: 1000, VerifiedBy: "engine", OfferedRate: &rate, AchievedRate: 100, Response: results.LatencyOf(h),
			Service: results.LatencyOf(h), Lag: results.LatencyOf(h), Histograms: map[string]string{"response": text}}},
	}
	if f.PlanHash, err = f.Plan.Hash(); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWriteThenRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	want := sample(t)
	want.Unknown = map[string]json.RawMessage{"later": json.RawMessage(`{"a":1}`)}
	path, err := results.Write(dir, want)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, dir} {
		got, err := results.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		got.Unknown["later"] = json.RawMessage(strings.Join(strings.Fields(string(got.Unknown["later"])), ""))
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s read back differs (-want +got):\n%s", name, d)
		}
	}
	first, _ := os.ReadFile(path)
	if _, err := results.Write(dir, want); err != nil {
		t.Fatal(err)
	}
	if second, _ := os.ReadFile(path); !bytes.Equal(first, second) {
		t.Error("the same result was written in two ways")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".tmp-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestReadRefuses(t *testing.T) {
	var whole bytes.Buffer
	enc := json.NewEncoder(&whole)
	if err := enc.Encode(sample(t)); err != nil {
		t.Fatal(err)
	}
	good := whole.String()
	rows := []struct{ name, text, want string }{
		{"empty", "", "the file is empty"},
		{"truncated", good[:len(good)/2], fmt.Sprintf("truncated after %d bytes", len(good)/2)},
		{"not JSON", "<html>", "not JSON at line 1"},
		{"something else", `{"schema":1}`, "is not a kmsmac result file"},
		{"newer", strings.Replace(good, `"schema":1`, `"schema":99`, 1), "has schema 99"},
		{"older than the first", strings.Replace(good, `"schema":1`, `"schema":0`, 1), "never existed"},
		{"edited", strings.Replace(good, `"command":"run"`, `"command":"ran"`, 1), "the file was edited"},
		{"wrong type", strings.Replace(good, `"requests":1000`, `"requests":"many"`, 1), "load.requests should not be a string (line 1)"},
		{"a list", "[" + good + "]", "holds a JSON array"},
		{"two in one", good + good, "not JSON at line 2"},
		{"no number", strings.Replace(good, `"achieved_rate":100`, `"achieved_rate":NaN`, 1), "not JSON at line 1"},
		{"a number too large", strings.Replace(good, `"achieved_rate":100`, `"achieved_rate":1e999`, 1), "load.achieved_rate should not be a number 1e999"},
		{"no run id", strings.Replace(good, `"run_id":"0123456789ab"`, `"run_id":""`, 1), "run_id is missing"},
		{"no time", strings.Replace(good, `"started":"1970-01-01T00:00:01Z"`, `"begun":1`, 1), "started is missing"},
		{"a verdict of its own", strings.Replace(good, `"verdict":"pass","vectors"`, `"verdict":"fine","vectors"`, 1), `verdict is "fine"`},
		{"a negative count", strings.Replace(good, `"succeeded":1000`, `"succeeded":-1`, 1), "load 1 (GenerateMac HMAC_256): succeeded is -1"},
		{"a percentile made better", strings.Replace(good, `"response_ns":{"p50":5`, `"response_ns":{"p50":4`, 1), "response_ns is p50 4"},
		{"a clock taken out", strings.Replace(good, `"response_ns":{`, `"answer_ns":{`, 1), "response_ns and its histogram are not both empty"},
		{"a histogram that is none", strings.Replace(good, `"response":"`, `"response":"AAAA`, 1), "histogram of response_ns"},
		{"another histogram that is none", strings.Replace(good, `"histograms":{`, `"histograms":{"failed_response":"AAAA",`, 1), "histogram failed_response"},
		{"a case that is not counted", strings.Replace(good, `"id":"GM-01","group":"GM","title":"t","verdict":"pass"`, `"id":"GM-01","group":"GM","title":"t","verdict":"fail"`, 1), "counts.pass is 1, 0 cases are so"},
		{"a verdict that no case has", strings.Replace(strings.Replace(good, `"title":"t","verdict":"pass"`, `"title":"t","verdict":"odd"`, 1), `"pass":1`, `"pass":0`, 1), `a case has verdict "odd"`},
	}
	for _, row := range rows {
		if row.text == good {
			t.Errorf("%s: the sample does not hold what was to be changed", row.name)
		}
		path := filepath.Join(t.TempDir(), "r.json")
		if err := os.WriteFile(path, []byte(row.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := results.Read(path); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
	if _, err := results.Read(filepath.Join(t.TempDir(), "none.json")); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("missing: got %v", err)
	}
}

func TestWriteWhereItCannot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := results.Write(filepath.Join(file, "x"), sample(t)); err == nil {
		t.Error("a folder below a file was accepted")
	}
}

func TestSchemasFit(t *testing.T) {
	f := sample(t)
	file, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	summary, err := json.Marshal(results.Summarize(f, "x/result.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, "result.schema.json", file); err != nil {
		t.Error(err)
	}
	if err := validate(t, "summary.schema.json", summary); err != nil {
		t.Error(err)
	}
	broken := bytes.Replace(file, []byte(`"verdict":"pass"`), []byte(`"verdict":"fine"`), 1)
	if validate(t, "result.schema.json", broken) == nil {
		t.Error("the schema takes any verdict")
	}
}

func validate(t *testing.T, schema string, doc []byte) error {
	t.Helper()
	c := jsonschema.NewCompiler()
	for _, name := range []string{"result.schema.json", "summary.schema.json"} {
		raw, err := results.Schemas.ReadFile("schema/" + name)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(name, parsed); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	return errors.Join(err, s.Validate(v))
}

func TestHistogramRoundTrip(t *testing.T) {
	h := results.NewHistogram()
	for _, v := range []int64{1, 999, 1_000_000, results.HighestNs} {
		if err := h.RecordValue(v); err != nil {
			t.Fatal(err)
		}
	}
	text, err := results.EncodeHistogram(h)
	if err != nil {
		t.Fatal(err)
	}
	got, err := results.DecodeHistogram(text)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Equals(h) {
		t.Error("decoded histogram differs")
	}
	if _, err := results.DecodeHistogram("not base64!"); err == nil {
		t.Error("rubbish was decoded")
	}
	if results.LatencyOf(results.NewHistogram()) != nil || results.LatencyOf(nil) != nil {
		t.Error("an empty histogram has percentiles")
	}
}

// TestValueAtIsNearestRank compares with the sorted values themselves.
func TestValueAtIsNearestRank(t *testing.T) {
	for _, n := range []int{1, 2, 3, 10, 49, 100, 497, 503, 999, 1000, 1001} {
		h := results.NewHistogram()
		for v := range n {
			if err := h.RecordValue(int64(v + 1)); err != nil { // up to 2,047 every value has a bucket of its own
				t.Fatal(err)
			}
		}
		for _, permille := range []int{0, 1, 500, 900, 990, 999, 1000} {
			want := int64(max(1, (n*permille+999)/1000))
			if got := results.ValueAt(h, float64(permille)/1000); got != want {
				t.Errorf("n %d, q %d/1000: got %d, want %d", n, permille, got, want)
			}
		}
	}
	if got := results.ValueAt(results.NewHistogram(), 0.5); got != 0 {
		t.Errorf("empty: got %d", got)
	}
}

func TestPlanHash(t *testing.T) {
	p := results.Plan{Command: "bench kms", Seed: 1<<63 + 1, Settings: map[string]any{"b": 1, "a": "x"}}
	same := results.Plan{Command: "bench kms", Seed: 1<<63 + 1, Settings: map[string]any{"a": "x", "b": 1}}
	other := same
	other.Seed++
	h1, err1 := p.Hash()
	h2, err2 := same.Hash()
	h3, err3 := other.Hash()
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	if h1 != h2 || h1 == h3 {
		t.Errorf("hashes %s %s %s: want the first two equal, the third not", h1, h2, h3)
	}
}

func TestWorse(t *testing.T) {
	rows := []struct{ a, b, want results.Verdict }{
		{"", results.Pass, results.Pass},
		{results.Pass, results.Inconclusive, results.Inconclusive},
		{results.Inconclusive, results.Fail, results.Fail},
		{results.Fail, results.Inconclusive, results.Fail},
	}
	for _, row := range rows {
		if got := results.Worse(row.a, row.b); got != row.want {
			t.Errorf("Worse(%q, %q) = %q, want %q", row.a, row.b, got, row.want)
		}
	}
}

func ExamplePlan_Hash() {
	p := results.Plan{Command: "run", Seed: 1, Settings: map[string]any{}}
	hash, err := p.Hash()
	fmt.Println(len(hash), err)
	// Output: 64 <nil>
}
