package results_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// accounted makes shard i of 4 of a schedule of 10 arrivals that did so many.
func accounted(t *testing.T, i int, done int) *results.File {
	t.Helper()
	f := shardOf(t, i, 4, make([]int64, done))
	f.Shard.Scheduled, f.Shard.ScheduledAll = int64((10-i+3)/4), 10
	f.Shard.Began = time.Unix(1e9, int64(i)*1e6).UTC()
	return f
}

func TestMergeAccountsForEveryShard(t *testing.T) {
	torn := accounted(t, 1, 1)
	torn.Interrupted, torn.Verdict = true, results.Inconclusive
	dropping := accounted(t, 3, 1)
	dropping.Load[0].Dropped, dropping.Load[0].OfferedRate = 1, new(2.0)
	got, err := results.Merge(parts([]*results.File{dropping, accounted(t, 0, 3), torn})...)
	if err != nil {
		t.Fatal(err)
	}
	want := []results.ShardAccount{
		{Index: 0, State: results.ShardWhole, Scheduled: 3, Done: 3, Succeeded: 3},
		{Index: 1, State: results.ShardTorn, Scheduled: 3, Done: 1, Lost: 2, Succeeded: 1},
		{Index: 2, State: results.ShardMissing, Scheduled: 2, Lost: 2},
		{Index: 3, State: results.ShardWhole, Scheduled: 2, Done: 1, Lost: 1, Succeeded: 1, Dropped: 1},
	}
	s := got.Shards
	for i, a := range s.Accounts {
		a.RunID, a.Host, a.Began = "", "", time.Time{}
		if a != want[i] {
			t.Errorf("shard %d: %+v, want %+v", i, a, want[i])
		}
	}
	if s.Expected != 4 || s.Present != 3 || s.Torn != 1 || s.Missing != 1 || !s.Degraded || s.Scheduled != 10 || s.Done != 5 || s.Lost != 5 {
		t.Errorf("%+v", s)
	}
	// 10 due and 5 right in one second: nothing is scaled up.
	if s.ScheduledRate != 10 || s.AchievedRate != 5 || s.StartSpread != 3*time.Millisecond || got.Verdict != results.Inconclusive {
		t.Errorf("scheduled %v/s, achieved %v/s, spread %v, %s", s.ScheduledRate, s.AchievedRate, s.StartSpread, got.Verdict)
	}
	if *got.Load[0].OfferedRate != 6 || got.Load[0].AchievedRate != 5 {
		t.Errorf("offered %v, achieved %v, want 6 due by the shards that left something, and 5", *got.Load[0].OfferedRate, got.Load[0].AchievedRate)
	}
	warned := strings.Join(got.Warnings, "\n")
	for _, text := range []string{"shards missing: 2 of 4", "shards torn: 1 of 4"} {
		if !strings.Contains(warned, text) {
			t.Errorf("no warning %q in:\n%s", text, warned)
		}
	}
}

// More calls than the share is a fault that is told, and hides no loss of others.
func TestMergeOfMoreThanItsShare(t *testing.T) {
	got, err := results.Merge(parts([]*results.File{accounted(t, 0, 5), accounted(t, 1, 1), accounted(t, 2, 2), accounted(t, 3, 2)})...)
	if err != nil || got.Shards.Lost != 2 || !strings.Contains(strings.Join(got.Warnings, "\n"), "shard 0 has 5 calls on record, more than the 3 of its share") {
		t.Errorf("%+v, %v, %v", got.Shards, got.Warnings, err)
	}
}

func TestMergeOfUnknownSchedules(t *testing.T) {
	whole := func(i int) *results.File { return shardOf(t, i, 2, []int64{1}) }
	known := func(i int) *results.File { f := whole(i); f.Shard.Scheduled = 1; return f }
	short := func(i, n int) *results.File {
		f := shardOf(t, i, 2, make([]int64, n))
		f.Shard.Scheduled, f.Shard.ScheduledAll = int64(n), 1
		return f
	}
	for _, tc := range []struct {
		name  string
		files []*results.File
		want  int64 // scheduled
		done  int64
	}{
		{"nobody knows", []*results.File{whole(0), whole(1)}, 0, 2},
		{"each knows its own", []*results.File{known(0), known(1)}, 2, 2},
		{"one knows its own", []*results.File{known(0), whole(1)}, 0, 2},
		{"one is missing", []*results.File{known(0)}, 0, 1},
		{"one has no share, and the whole is known", []*results.File{short(0, 1), short(1, 0)}, 1, 1},
	} {
		got, err := results.Merge(parts(tc.files)...)
		if err != nil || got.Shards.Scheduled != tc.want || got.Shards.Lost != 0 || got.Shards.Done != tc.done {
			t.Errorf("%s: %+v, %v, want %d scheduled, none lost for sure", tc.name, got.Shards, err, tc.want)
		}
	}
}

// Machines that began apart, and clocks that differ, are told of; shards that
// never ran together are no load.
func TestMergeOfShardsApart(t *testing.T) {
	for _, tc := range []struct {
		name    string
		began   time.Duration
		clock   time.Duration
		want    string
		verdict results.Verdict
	}{
		{"together", 900 * time.Millisecond, time.Second, "", results.Pass},
		{"apart", 1100 * time.Millisecond, 0, "began 1.1s apart", results.Inconclusive}, // the load lasts a second
		{"clocks", 0, 3 * time.Second, "clocks differ by about 3s", results.Pass},
	} {
		a, b := shardOf(t, 0, 2, []int64{1}), shardOf(t, 1, 2, []int64{1})
		a.Shard.Began = time.Unix(1e9, 0)
		b.Shard.Began = a.Shard.Began.Add(tc.began)
		a.Shard.ClockOffset, b.Shard.ClockOffset = new(time.Duration), &tc.clock
		got, err := results.Merge(parts([]*results.File{a, b})...)
		if err != nil || got.Verdict != tc.verdict || !strings.Contains(strings.Join(got.Warnings, "\n"), tc.want) || (len(got.Warnings) > 0) != (tc.want != "") {
			t.Errorf("%s: %s, %v, %v", tc.name, got.Verdict, got.Warnings, err)
		}
	}
}

// What cannot be read is named, all of it; a directory of a shard that died at
// once is no more than a missing shard.
func TestMergePaths(t *testing.T) {
	dir := t.TempDir()
	store := func(name string, f *results.File) string {
		f.PlanHash, _ = f.Plan.Hash()
		if _, err := results.Write(filepath.Join(dir, name), f); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, name)
	}
	put := func(name, text string) string {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, name)
	}
	good, other := store("good", accounted(t, 0, 3)), store("other", accounted(t, 1, 3))
	bare := filepath.Join(dir, "bare")
	if err := os.Mkdir(bare, 0o755); err != nil {
		t.Fatal(err)
	}
	got, err := results.MergePaths([]string{good, bare, other})
	if err != nil || got.Shards.Missing != 2 || !slices.ContainsFunc(got.Warnings, func(w string) bool { return strings.HasPrefix(w, bare+" holds neither") }) {
		t.Errorf("%+v, %v", got, err)
	}
	if got.Shards.Accounts[1].Source != other || got.Shards.Accounts[1].RunID == "" {
		t.Errorf("account %+v does not say where it comes from", got.Shards.Accounts[1])
	}
	cut, text := put("cut.json", `{"schema": 1, "tool": {"na`), put("text", "hello")
	_, err = results.MergePaths([]string{good, cut, text, filepath.Join(dir, "none"), other})
	for _, name := range []string{cut, text, "none"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in %v", name, err)
		}
	}
	if _, err := results.MergePaths([]string{bare}); err == nil {
		t.Error("nothing was merged")
	}
	if _, err := results.MergePaths([]string{good, good}); err == nil || !strings.Contains(err.Error(), "the same run") {
		t.Errorf("the same shard twice: %v", err)
	}
}

// A bit that flips anywhere in a log's intervals is found, in the
// counts and tags as in the histograms.
func TestDamagedLogIsFound(t *testing.T) {
	var b bytes.Buffer
	l, err := results.NewIntervalLog(&b, results.LogHeader{RunID: "r1"})
	if err != nil {
		t.Fatal(err)
	}
	head := b.Len()
	h := results.NewHistogram()
	for v := range int64(100) {
		_ = h.RecordValue(v * v * 1000)
	}
	l.Add("GenerateMac/HMAC_256/sdk/ok/response", time.Unix(1e9, 0), time.Unix(1e9+1, 0), h)
	if err := l.Commit([]results.LogCounts{{Operation: "GenerateMac", Requests: 100}}, true); err != nil {
		t.Fatal(err)
	}
	if _, err := results.ReadIntervalLog(bytes.NewReader(b.Bytes()), nil); err != nil {
		t.Fatal(err)
	}
	name := bytes.LastIndex(b.Bytes(), []byte(`"crc32"`)) // without its name there is no sum, as in older logs
	for i := head; i < b.Len(); i++ {
		if i >= name && i < name+len(`"crc32":"`) {
			continue
		}
		raw := bytes.Clone(b.Bytes())
		raw[i] ^= 1
		if run, err := results.ReadIntervalLog(bytes.NewReader(raw), nil); err == nil && len(run.Commits) > 0 && !run.Torn {
			t.Errorf("byte %d of the interval, %q for %q, was not noticed", i-head, raw[i], raw[i]^1)
		}
	}
}
