package conformance_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// recordOf runs the options on the target and returns the record, as text and
// read again, with the results.
func recordOf(t testing.TB, tgt target.Target, o conformance.Options) (string, *conformance.Record, results.Conformance) {
	t.Helper()
	var b bytes.Buffer
	rec, err := conformance.NewRecorder(&b, conformance.RecordHeader{
		Tool: "test", Target: "emulator", Region: tgt.Info().Region, Region2: o.Region2, RunID: o.RunID, Seed: o.Seed, Differential: o.Differential,
		QuotaRegion: o.QuotaRegion, SymmetricPerSecond: o.SymmetricPerSecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Recorder = rec
	c := run(t, tgt, o)
	if _, err := rec.Close(false); err != nil {
		t.Fatal(err)
	}
	return b.String(), readRecord(t, b.String()), c
}

func readRecord(t testing.TB, text string) *conformance.Record {
	t.Helper()
	rec, err := conformance.ReadRecord(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// TestReplay: a record judged by the table gives what the run gave.
func TestReplay(t *testing.T) {
	for name, groups := range map[string][]string{
		"": nil, "wrong-tag": {"GM", "VM", "RFC"}, "disable-ignored": {"KS"}, "type-with-namespace": {"WI", "DK"}, "bare-key-id-in-response": {"GM"},
	} {
		t.Run("deviation "+name, func(t *testing.T) {
			t.Parallel()
			opt, o := kmsemu.Options{ReplicaDelay: replicaDelay}, whole()
			if o.Cases = groups; name != "" {
				opt.Deviations = []string{name}
			}
			_, rec, live := recordOf(t, serve(t, opt), o)
			again := run(t, rec.Target("replay"), rec.Options(conformance.Options{Cases: groups}))
			if len(again.Cases) != len(live.Cases) {
				t.Fatalf("%d cases, want %d", len(again.Cases), len(live.Cases))
			}
			for i, r := range again.Cases {
				l := live.Cases[i]
				if r.Verdict != l.Verdict || !slices.Equal(r.Differs, l.Differs) {
					t.Errorf("%s: replayed %s %q (%s), live %s %q (%s)\n%s\n%v", r.ID, r.Verdict, r.Differs, r.Reason, l.Verdict, l.Differs, l.Reason, r.Observed, r.Differences)
				}
			}
		})
	}
}

// TestBaseline: the emulator is like its own record, and a wrong one is not.
func TestBaseline(t *testing.T) {
	_, rec, _ := recordOf(t, serve(t, kmsemu.Options{ReplicaDelay: replicaDelay}), whole())
	o := whole()
	o.Seed, o.RunID, o.Baseline = 77, "other", rec
	c := run(t, serve(t, kmsemu.Options{ReplicaDelay: replicaDelay, AccountID: "123456789012"}), o)
	for _, r := range c.Cases {
		if r.Verdict != results.CasePass {
			t.Errorf("%s: %s (%s) %v", r.ID, r.Verdict, r.Reason, r.Differences)
		}
	}
}
