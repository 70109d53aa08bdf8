package bench

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kmsmac/kmsmac/results"
)

// ofOneProcess are the members of a load that a merged run does not have, or has
// of another machine.
var ofOneProcess = cmpopts.IgnoreFields(results.Load{}, "PacerLag", "WorkersNeeded", "Network", "Calibration",
	"CPUPerRequest", "AllocsPerRequest", "BytesPerRequest")

// ofTheSpan are those that follow from the measured span, which a log knows to
// its last interval's end only.
var ofTheSpan = cmpopts.IgnoreFields(results.Load{}, "OfferedRate", "AchievedRate", "Duration")

var almost = cmpopts.EquateApprox(1e-9, 0) // for rates

// Merging the shards of a plan gives what one process would have measured,
// bucket for bucket, for every schedule and any number of shards; from results
// and from what killed runs log.
func TestShardsMergeIntoTheWhole(t *testing.T) {
	const d = 3 * time.Second
	counts := []int{1, 2, 5, 16}
	if os.Getenv("SHARD_TEST") == "full" { // make shard-test
		counts = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	}
	for name, s := range schedules(t, d) {
		t.Run(name, func(t *testing.T) {
			p := Plan{Seed: 5, Arrivals: s.arrivals, Duration: d, Workers: 64, Workload: Workload{CorruptShare: 0.1}}
			whole, _ := shardResult(t, p, false)
			for _, n := range counts {
				var parts, logged []results.Part
				var verdict results.Verdict
				for i := range n {
					p.Shard, p.Shards = i, n
					if p.Validate() != nil {
						continue // more shards than arrivals: nobody can run this one
					}
					f, log := shardResult(t, p, n == 2 || n == 16)
					parts, verdict = append(parts, results.Part{File: f}), results.Worse(verdict, f.Verdict)
					if log != nil {
						logged = append(logged, results.Part{File: readLog(t, log)})
					}
				}
				got, err := results.Merge(parts...)
				if err != nil {
					t.Fatal(err)
				}
				sameLoads(t, n, whole.Load, got.Load)
				if s := got.Shards; s.Lost != 0 || s.Done != whole.Shard.ScheduledAll || s.Present == n && got.Verdict != verdict {
					t.Errorf("%d shards: %+v, %s, want %d done and none lost", n, s, got.Verdict, whole.Shard.ScheduledAll)
				}
				if logged == nil {
					continue
				}
				if got, err = results.Merge(logged...); err != nil {
					t.Fatal(err)
				}
				sameLoads(t, n, whole.Load, got.Load, ofTheSpan)
				if s := got.Shards; s.Torn != len(logged) || !s.Degraded || got.Verdict != results.Inconclusive || s.Lost != 0 {
					t.Errorf("%d torn shards: %+v, %s", n, s, got.Verdict)
				}
			}
		})
	}
}

// sameLoads compares by operation and key spec: shards that saw one of them
// first merge in another order.
func sameLoads(t *testing.T, n int, want, got []results.Load, besides ...cmp.Option) {
	t.Helper()
	byName := cmpopts.SortSlices(func(a, b results.Load) bool { return a.Operation+a.KeySpec < b.Operation+b.KeySpec })
	if d := cmp.Diff(want, got, append(besides, ofOneProcess, almost, byName)...); d != "" {
		t.Fatalf("%d shards merged differ from the whole (-whole +merged):\n%s", n, d)
	}
}

// shardResult runs p in virtual time on a target whose answer to an arrival
// takes as long in any shard: up to 20 ms by its instant, and a stall.
func shardResult(t *testing.T, p Plan, logged bool) (f *results.File, log []byte) {
	t.Helper()
	f = &results.File{
		Schema: results.Schema, Tool: results.Tool{Name: "kmsmac", Version: "test"}, Plan: results.Plan{Command: "test"},
		RunID: strings.Repeat(string(rune('a'+p.Shard)), 8), Shard: &results.Shard{Index: p.Shard, Count: max(p.Shards, 1)},
	}
	f.PlanHash, _ = f.Plan.Hash()
	f.Shard.Scheduled, f.Shard.ScheduledAll, _ = p.Due()
	synctest.Test(t, func(t *testing.T) {
		p.Pacer = PaceSleep
		kms := newFake()
		kms.quick = 1 // the set-up's
		kms.delay = func(now time.Duration) time.Duration {
			if now > 2*time.Second && now < 2100*time.Millisecond {
				return 2100*time.Millisecond - now
			}
			return time.Duration(mix(uint64(now)) % uint64(20*time.Millisecond))
		}
		var b bytes.Buffer
		o := Options{RunID: f.RunID, PlanHash: f.PlanHash, Envelope: f.Envelope()}
		if logged {
			o.Log = &b
		}
		rep, err := Run(t.Context(), kms, p, o)
		if err != nil {
			t.Fatal(err)
		}
		f.Load, f.Verdict, log = rep.Loads, rep.Verdict(), b.Bytes()
	})
	return f, log
}

// readLog reads what a killed run leaves.
func readLog(t *testing.T, log []byte) *results.File {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, results.LogFileName), log, 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := results.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
