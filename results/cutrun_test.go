package results_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// cutLog is the log of a run that ended after two seconds of ten.
func cutLog(t *testing.T, h results.LogHeader, wrong int64, final bool) []byte {
	t.Helper()
	var b bytes.Buffer
	l, err := results.NewIntervalLog(&b, h)
	if err != nil {
		t.Fatal(err)
	}
	for s := range 2 {
		from := h.Started.Add(time.Duration(s) * time.Second)
		for _, clock := range []string{"response", "service", "lag"} {
			v := results.NewHistogram()
			_ = v.RecordValues(3e6, 99)
			l.Add("GenerateMac/HMAC_256/lean/ok/"+clock, from, from.Add(time.Second), v)
		}
		bad := results.NewHistogram()
		_ = bad.RecordValue(9e6)
		l.Add("GenerateMac/HMAC_256/lean/failed/response", from, from.Add(time.Second), bad)
		n := int64(s + 1)
		err = l.Commit([]results.LogCounts{{Operation: "GenerateMac", KeySpec: "HMAC_256", Due: 100 * n, Requests: 100 * n, Succeeded: 99 * n,
			WrongTags: wrong, Attempts: 100 * n, Verified: 99 * n, VerifiedBy: "engine", Errors: map[string]int64{"timeout": n}}}, final && s == 1)
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func cutHeader(t *testing.T) results.LogHeader {
	t.Helper()
	run := &results.File{Schema: results.Schema, Tool: results.Tool{Name: "kmsmac", Version: "v1"}, RunID: "r1", Started: time.Unix(1_700_000_000, 0).UTC(),
		Plan: results.Plan{Command: "bench kms", Seed: 7, Settings: map[string]any{"load": map[string]any{"duration_ns": 10_000_000_000}}}, Warnings: []string{"before"}}
	var err error
	if run.PlanHash, err = run.Plan.Hash(); err != nil {
		t.Fatal(err)
	}
	return results.LogHeader{RunID: "r1", PlanHash: run.PlanHash, Started: run.Started.Add(time.Second), Mode: "open", Client: "lean", Run: run}
}

// A directory with nothing but a log is a result that says what it is.
func TestReadCutRun(t *testing.T) {
	head := cutHeader(t)
	head.Run.Args = []string{"--key", "arn:aws:kms:eu-west-1:123456789012:key/x"}
	if text := string(cutLog(t, head, 0, false)); strings.Contains(text, "123456789012") || !strings.Contains(text, "************:key/x") {
		t.Error("an account id stands in the log")
	}
	bare := head
	bare.Run, bare.Mode, bare.Client, bare.Shard, bare.Shards = nil, "", "", 1, 3
	for _, row := range []struct {
		name    string
		log     []byte
		verdict results.Verdict
		says    string
		seconds int64
	}{
		{"killed", cutLog(t, head, 0, false), results.Inconclusive, "cut short: it wrote no result; its interval log holds 2.0 s of 10.0 s", 2},
		{"killed while writing", append(cutLog(t, head, 0, false), "Tag=GenerateMac/HMAC_256/lean/ok/resp"...), results.Inconclusive, "holds 2.0 s of 10.0 s", 2},
		{"killed in the second interval", cutLog(t, head, 0, false)[:len(cutLog(t, head, 0, false))-20], results.Inconclusive, "holds 1.0 s of 10.0 s", 1},
		{"after the load", cutLog(t, head, 0, true), results.Inconclusive, "although its load came to its end; its interval log holds 2.0 s of 10.0 s", 2},
		{"wrong tags", cutLog(t, head, 1, false), results.Fail, "cut short", 2},
		{"a log of before the envelope", cutLog(t, bare, 0, false), results.Inconclusive, "does not tell plan and environment", 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, results.LogFileName)
			if err := os.WriteFile(path, row.log, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{dir, path} {
				f, err := results.Read(name)
				if err != nil {
					t.Fatal(err)
				}
				if text := strings.Join(f.Warnings, "\n"); !f.Interrupted || f.Verdict != row.verdict || !strings.Contains(text, row.says) || !strings.Contains(text, "not known") {
					t.Errorf("interrupted %v, verdict %s, warnings %q, want %s and %q", f.Interrupted, f.Verdict, f.Warnings, row.verdict, row.says)
				}
				l := f.Load[0]
				n := row.seconds
				if l.Requests != 100*n || l.Succeeded != 99*n || l.Errors["timeout"] != n || l.Duration != time.Duration(n)*time.Second ||
					l.AchievedRate != 99 || l.OfferedRate == nil || *l.OfferedRate != 100 || l.Mode != "open" || l.Client != "lean" {
					t.Errorf("%+v", l)
				}
				h, err := results.DecodeHistogram(l.Histograms["response"])
				if err != nil || h.TotalCount() != 99*n || l.Response == nil || l.Response.P99 != h.ValueAtQuantile(99) || l.Lag == nil || len(l.Histograms) != 4 {
					t.Errorf("response %+v, histograms %d, %v", l.Response, len(l.Histograms), err)
				}
			}
		})
	}
}

// A result beside the log is what counts; a log that was edited is refused.
func TestReadPrefersTheResult(t *testing.T) {
	dir := t.TempDir()
	f := sample(t)
	if _, err := results.Write(dir, f); err != nil {
		t.Fatal(err)
	}
	head := cutHeader(t)
	log := cutLog(t, head, 0, false)
	if err := os.WriteFile(filepath.Join(dir, results.LogFileName), log, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := results.Read(dir); err != nil || got.RunID != f.RunID || got.Interrupted != f.Interrupted {
		t.Errorf("run %+v, %v, want %s", got, err, f.RunID)
	}
	for name, raw := range map[string][]byte{
		"edited":    bytes.Replace(log, []byte(`"seed":7`), []byte(`"seed":8`), 1),
		"no header": []byte("#[Histogram log format version 1.3]\n"),
		"damaged":   bytes.Replace(log, []byte("HIST"), []byte("HOST"), 1),
	} {
		path := filepath.Join(t.TempDir(), "x.hlog")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := results.Read(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %+v, %v, want an error that names the file", name, got, err)
		}
	}
}

// A shard that was killed is merged for what it holds.
func TestMergeTakesACutShard(t *testing.T) {
	whole, head := shardOf(t, 0, 2, []int64{1, 2, 3}), cutHeader(t)
	head.Run = whole.Envelope()
	head.Run.RunID, head.Run.Shard = "cut", &results.Shard{Index: 1, Count: 2}
	head.Client = "sdk"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, results.LogFileName), cutLog(t, head, 0, false), 0o600); err != nil {
		t.Fatal(err)
	}
	cut, err := results.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := results.Merge(parts([]*results.File{cut, whole})...)
	if err != nil {
		t.Fatal(err)
	}
	if got.Verdict != results.Inconclusive || !got.Interrupted || got.Load[0].Requests != 203 || !strings.Contains(strings.Join(got.Warnings, "\n"), "shard 1: the run was cut short") {
		t.Errorf("verdict %s, interrupted %v, %d requests, warnings %q", got.Verdict, got.Interrupted, got.Load[0].Requests, got.Warnings)
	}
}
