package results_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kmsmac/kmsmac/results"
)

// shardOf makes the result of one shard whose latencies are the values given.
func shardOf(t *testing.T, index, count int, values []int64) *results.File {
	t.Helper()
	f := sample(t)
	f.RunID = strings.Repeat("a", 8) + string(rune('a'+index%26))
	f.Shard = &results.Shard{Index: index, Count: count}
	h := results.NewHistogram()
	for _, v := range values {
		if err := h.RecordValue(v); err != nil {
			t.Fatal(err)
		}
	}
	text, err := results.EncodeHistogram(h)
	if err != nil {
		t.Fatal(err)
	}
	rate := float64(len(values))
	n := int64(len(values))
	f.Load = []results.Load{{Operation: "GenerateMac", KeySpec: "HMAC_256", Mode: "open", Client: "sdk", Requests: n, Succeeded: n, Attempts: n, Verified: n,
		VerifiedBy: "engine", Errors: map[string]int64{"timeout": 1}, OfferedRate: &rate, AchievedRate: rate, Duration: time.Second,
		Response: results.LatencyOf(h), Histograms: map[string]string{"response": text}}}
	return f
}

func parts(files []*results.File) (out []results.Part) {
	for _, f := range files {
		out = append(out, results.Part{File: f})
	}
	return out
}

// TestMergeEqualsTheWhole is the property that merging is for: however values
// are dealt to shards, and in whatever order these are merged, the result is
// the one of a single process.
func TestMergeEqualsTheWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := 1; n <= 16; n++ {
		var all []int64
		dealt := make([][]int64, n)
		for range 1000 {
			v := int64(rng.ExpFloat64()*4e6) + 1
			i := rng.IntN(n)
			all, dealt[i] = append(all, v), append(dealt[i], v)
		}
		files := make([]*results.File, n)
		for i := range files {
			files[i] = shardOf(t, i, n, dealt[i])
		}
		rng.Shuffle(n, func(i, j int) { files[i], files[j] = files[j], files[i] })
		got, err := results.Merge(parts(files)...)
		if err != nil {
			t.Fatal(err)
		}
		want := shardOf(t, 0, 1, all).Load[0]
		want.Errors["timeout"] = int64(n)
		if d := cmp.Diff(want, got.Load[0]); d != "" {
			t.Fatalf("%d shards merged differ from the whole (-want +got):\n%s", n, d)
		}
		if got.Verdict != results.Pass || len(got.Warnings) != 0 || got.Shard != nil {
			t.Errorf("%d shards: verdict %s, warnings %v, shard %v", n, got.Verdict, got.Warnings, got.Shard)
		}
	}
}

func TestMergeNamesMissingShards(t *testing.T) {
	got, err := results.Merge(parts([]*results.File{shardOf(t, 3, 4, []int64{1}), shardOf(t, 1, 4, []int64{2})})...)
	if err != nil {
		t.Fatal(err)
	}
	if got.Verdict != results.Inconclusive || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "shards missing: 0, 2 of 4") {
		t.Errorf("verdict %s, warnings %v", got.Verdict, got.Warnings)
	}
	if n := got.Load[0].Requests; n != 2 {
		t.Errorf("%d requests, want 2: nothing may be rescaled", n)
	}
}

func TestMergeRefuses(t *testing.T) {
	plain := func(i int) *results.File { return shardOf(t, i, 2, []int64{1}) }
	rows := []struct {
		name   string
		change func(f *results.File)
		want   string
	}{
		{"a whole run", func(f *results.File) { f.Shard = nil }, "is a whole run"},
		{"another plan", func(f *results.File) { f.PlanHash = strings.Repeat("f", 64) }, "the plan"},
		{"another number of shards", func(f *results.File) { f.Shard.Count = 3 }, "one of 2 shards, run aaaaaaaab one of 3"},
		{"a shard that ran twice", func(f *results.File) { f.Shard.Index = 0 }, "shard 0 is there twice: run aaaaaaaaa and run aaaaaaaab are two runs of it"},
		{"the same run twice", func(f *results.File) { f.Shard.Index, f.RunID = 0, "aaaaaaaaa" }, "are the same run"},
		{"another Region", func(f *results.File) { f.Environment.Endpoint.Region = "eu-west-1" }, "the Region"},
		{"another start", func(f *results.File) { at := time.Unix(1e9, 0); f.Shard.StartAt = &at }, "the start"},
		{"another number of arrivals", func(f *results.File) { f.Shard.ScheduledAll = 7 }, "the schedule"},
		{"another module", func(f *results.File) { f.Environment.Modules["extra"] = "v1" }, "extra"},
		{"a shard that does not exist", func(f *results.File) { f.Shard.Index = 2 }, "does not exist"},
		{"another tool", func(f *results.File) { f.Tool.Version = "other" }, "the tool"},
		{"another SDK", func(f *results.File) { f.Environment.Modules = map[string]string{"sdk": "v2"} }, "sdk"},
	}
	for _, row := range rows {
		a, b := plain(0), plain(1)
		a.Shard.ScheduledAll, b.Shard.ScheduledAll = 6, 6
		a.Environment.Modules = map[string]string{"sdk": "v1"}
		b.Environment.Modules = map[string]string{"sdk": "v1"}
		row.change(b)
		_, err := results.Merge(results.Part{File: a}, results.Part{File: b})
		if !errors.Is(err, results.ErrNotMergeable) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
	if _, err := results.Merge(); !errors.Is(err, results.ErrNotMergeable) {
		t.Errorf("nothing: got %v", err)
	}
	broken := plain(0)
	broken.Load[0].Histograms["response"] = "AAAA"
	if _, err := results.Merge(results.Part{File: broken}, results.Part{File: plain(1)}); err == nil {
		t.Error("a broken histogram was merged")
	}
}
