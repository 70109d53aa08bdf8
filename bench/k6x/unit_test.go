package k6x

import (
	"strings"
	"testing"
	"time"

	"go.k6.io/k6/lib"

	"github.com/kmsmac/kmsmac/bench"
)

func TestShardOf(t *testing.T) {
	for _, tc := range []struct {
		segment, sequence string
		index, count      int
		fault             string
	}{
		{"", "", 0, 1, ""},
		{"0:1", "", 0, 1, ""},
		{"0:1/3", "0,1/3,2/3,1", 0, 3, ""},
		{"1/3:2/3", "0,1/3,2/3,1", 1, 3, ""},
		{"2/3:1", "", 2, 3, ""},
		{"50%:100%", "", 1, 2, ""},
		{"99/100:1", "", 99, 100, ""},
		{"1/6:1/2", "", 0, 0, "not one of equal shares"},
		{"0:2/3", "", 0, 0, "not one of equal shares"},
		{"0:1/2", "0,1/2,3/4,1", 0, 0, "has 3"},
		{"0:1/3", "0,1/3,1/2,1", 0, 0, "not made of 3 equal shares"},
	} {
		var seg *lib.ExecutionSegment
		var seq *lib.ExecutionSegmentSequence
		if tc.segment != "" {
			s, err := lib.NewExecutionSegmentFromString(tc.segment)
			if err != nil {
				t.Fatal(err)
			}
			seg = s
		}
		if tc.sequence != "" {
			s, err := lib.NewExecutionSegmentSequenceFromString(tc.sequence)
			if err != nil {
				t.Fatal(err)
			}
			seq = &s
		}
		i, n, err := shardOf(seg, seq)
		switch {
		case tc.fault != "":
			if err == nil || !strings.Contains(err.Error(), tc.fault) {
				t.Errorf("%s of %s: %v, want %q", tc.segment, tc.sequence, err, tc.fault)
			}
		case err != nil || i != tc.index || n != tc.count:
			t.Errorf("%s of %s: shard %d of %d, %v, want %d of %d", tc.segment, tc.sequence, i, n, err, tc.index, tc.count)
		}
	}
}

// All shards together keep to the limits that one process would.
func TestLimitsAreShared(t *testing.T) {
	none := func(string) string { return "" }
	for _, n := range []int{1, 2, 3, 7, 16} {
		s, err := (Connection{Target: "aws:eu-west-1"}).check(none)
		if err != nil {
			t.Fatal(err)
		}
		requests, cost := s.limits(n)
		if requests*int64(n) > 20_000 || int64(cost)*int64(n) > 1_000_000 || requests < 1 || cost < 1 {
			t.Errorf("%d shards: %d requests and %s each", n, requests, cost)
		}
	}
	s, err := (Connection{Target: "http://127.0.0.1:1"}).check(none)
	if requests, cost := s.limits(3); err != nil || requests != 0 || cost != 0 {
		t.Errorf("an emulator is limited to %d requests and %s, %v", requests, cost, err)
	}
	for _, url := range []string{"https://kms.eu-west-1.amazonaws.com", "https://kms.eu-west-1.api.aws"} {
		if s, err := (Connection{Target: url}).check(none); err != nil || !s.aws {
			t.Errorf("%s does not count as AWS: %v", url, err)
		}
	}
}

func TestBudgetOfCalls(t *testing.T) {
	two := int64(2)
	s, err := (Connection{Target: "aws:eu-west-1", MaxRequests: &two}).check(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	b := newBudget(s, 1)
	if b.take() != nil || b.take() != nil || b.take() == nil {
		t.Error("two requests were allowed: the third must be the first to be refused")
	}
	if newBudget(s, 3).take() == nil {
		t.Error("a third of two requests is none")
	}
}

// A plan of the script is the plan of kmsmac bench kms.
func TestPlan(t *testing.T) {
	var p Plan
	err := strict([]byte(`{"target": "http://127.0.0.1:1", "rate": 50, "burst": {"rate": 500, "length": "100ms", "period": "1s"}, "duration": "3s", "warmup": "0s",
		"mix": {"generate": 70, "verify": 30}, "keySpecs": ["HMAC_512"], "messageSize": "16-64", "workers": 8, "seed": 7}`), &p)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.check(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.bench(1, 3, s)
	if err != nil {
		t.Fatal(err)
	}
	a, w := got.Arrivals, got.Workload
	if a.Shape != bench.Burst || a.Rate != 50 || a.BurstRate != 500 || a.BurstLength != 100*time.Millisecond || got.Duration != 3*time.Second ||
		got.Warmup != bench.NoTime || got.Shard != 1 || got.Shards != 3 || w.Generate != 70 || w.Verify != 30 || w.KeySpecs[0] != "HMAC_512" ||
		w.Sizes[0].Max != 64 || got.Workers != 8 || got.Seed != 7 {
		t.Errorf("%+v", got)
	}
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	if at, fixed, err := p.start(now, false, 1); err != nil || fixed || at.Sub(now) != 2*time.Second {
		t.Errorf("start %v, fixed %v, %v, want two seconds later", at, fixed, err)
	}
	p.StartAt = "2030-01-02T03:05:00Z"
	if at, fixed, err := p.start(now, false, 1); err != nil || !fixed || at.Sub(now) != 55*time.Second {
		t.Errorf("start %v, fixed %v, %v, want 55 s later", at, fixed, err)
	}
	for _, text := range []string{"tomorrow", "2031-01-02T03:05:00Z", "2029-01-02T03:05:00Z"} {
		p.StartAt = text
		if _, _, err := p.start(now, false, 1); err == nil {
			t.Errorf("startAt %s was taken", text)
		}
	}
}
