package bench

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/target/awsfacts"
)

func TestValidate(t *testing.T) {
	rate := func(a Arrivals) Plan { return Plan{Arrivals: a} }
	work := func(w Workload) Plan { return Plan{Workload: w} }
	for _, tc := range []struct {
		name string
		plan Plan
		want string // "" is valid
	}{
		{"zero", Plan{}, ""},
		{"closed", Plan{Concurrency: 1}, ""},
		{"most concurrency", Plan{Concurrency: MaxWorkers}, ""},
		{"too much concurrency", Plan{Concurrency: MaxWorkers + 1}, "concurrency 20001"},
		{"negative concurrency", Plan{Concurrency: -1}, "concurrency -1"},
		{"closed with a rate", Plan{Concurrency: 1, Arrivals: Arrivals{Rate: 1}}, "exclude each other"},
		{"closed with workers", Plan{Concurrency: 1, Workers: 1}, "for an open loop"},
		{"closed and sharded", Plan{Concurrency: 1, Shards: 2}, "sharded"},
		{"open with think time", Plan{Think: 1}, "closed loop"},
		{"negative rate", rate(Arrivals{Rate: -1}), "rate -1"},
		{"NaN", rate(Arrivals{Rate: math.NaN()}), "NaN"},
		{"infinite rate", rate(Arrivals{Rate: math.Inf(1)}), "+Inf"},
		{"highest rate", rate(Arrivals{Rate: MaxRate}), ""},
		{"too high", rate(Arrivals{Rate: MaxRate + 1}), "rate 1.0000001e+07"},
		{"ramp from nothing to nothing", rate(Arrivals{Shape: Ramp}), "no arrivals"},
		{"ramp down", rate(Arrivals{Shape: Ramp, Rate: 10}), ""},
		{"no steps", rate(Arrivals{Shape: Step}), "at least one step"},
		{"step without length", rate(Arrivals{Shape: Step, Steps: []RateStep{{Rate: 1}}}), "step 1 has length 0s"},
		{"silent steps", rate(Arrivals{Shape: Step, Steps: []RateStep{{0, time.Second}}}), "all steps"},
		{"burst as long as its period", rate(Arrivals{Shape: Burst, Rate: 1, BurstRate: 2, BurstLength: 1, BurstPeriod: 1}), "below the period"},
		{"trace without one", rate(Arrivals{Shape: Trace}), "no arrivals"},
		{"unknown shape", rate(Arrivals{Shape: "sine"}), `"sine"`},
		{"no arrival in time", Plan{Arrivals: Arrivals{Shape: Step, Steps: []RateStep{{0, time.Second}, {1, time.Second}}}, Duration: time.Second}, "no arrival in 1s"},
		{"shard without an arrival", Plan{Arrivals: Arrivals{Rate: 1}, Duration: time.Second, Shard: 1, Shards: 2}, "no arrival"},
		{"shard out of range", Plan{Shard: 2, Shards: 2}, "shard 2 of 2"},
		{"negative duration", Plan{Duration: -1}, "duration -1ns"},
		{"eight days", Plan{Duration: 8 * 24 * time.Hour}, "duration 192h"},
		{"negative warm-up", Plan{Warmup: -2}, "negative"},
		{"timeout of an hour", Plan{Timeout: time.Hour}, "timeout 1h"},
		{"unknown pacer", Plan{Pacer: "hope"}, `"hope"`},
		{"unknown policy", Plan{Overload: "panic"}, `"panic"`},
		{"negative limit", Plan{MaxRequests: -1}, "negative"},
		{"unknown spec", work(Workload{KeySpecs: []string{"HMAC_1"}}), `"HMAC_1"`},
		{"spec twice", work(Workload{KeySpecs: []string{"HMAC_224", "HMAC_224"}}), "twice"},
		{"too many keys", work(Workload{KeySpecs: []string{"HMAC_224", "HMAC_256"}, KeyCount: 501}), "501 keys"},
		{"negative mix", work(Workload{Generate: -1, Verify: 2}), "mix generate=-1"},
		{"corrupt without verify", work(Workload{Generate: 1, CorruptShare: 0.1}), "without VerifyMac"},
		{"corrupt above one", work(Workload{CorruptShare: 1.1}), "corrupt share 1.1"},
		{"size 0", work(Workload{Sizes: Sizes{{0, 1, 1}}}), "size 0-1"},
		{"size 4097", work(Workload{Sizes: Sizes{{1, 4097, 1}}}), "4097"},
		{"weights of nothing", work(Workload{Sizes: Sizes{{1, 1, 0}}}), "weights are 0"},
		{"keys and a count", work(Workload{Keys: []string{"a"}, KeyCount: 1}), "key count"},
		{"key twice", work(Workload{Keys: []string{"a", "a"}}), "twice"},
		{"unnamed key", work(Workload{Keys: []string{""}}), "no name"},
		{"specs for some keys", work(Workload{Keys: []string{"a", "b", "c"}, KeySpecs: []string{"HMAC_224", "HMAC_256"}}), "2 key specs for 3"},
		{"Zipf", work(Workload{Zipf: 11}), "Zipf exponent 11"},
		{"unknown naming", work(Workload{KeyNames: "label"}), `"label"`},
	} {
		err := tc.plan.Validate()
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}

func TestPlanSurvivesJSON(t *testing.T) {
	p := Plan{Seed: math.MaxUint64, Arrivals: Arrivals{Shape: Step, Steps: []RateStep{{1, time.Second}}}, Workload: Workload{Keys: []string{"k"}}}.WithDefaults()
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back Plan
	if err := json.Unmarshal(raw, &back); err != nil || !reflect.DeepEqual(p, back) {
		t.Errorf("%+v, %v, want %+v", back, err, p)
	}
	if again := p.WithDefaults(); !reflect.DeepEqual(again, p) {
		t.Errorf("defaults of defaults: %+v, want %+v", again, p)
	}
}

func TestEstimateIsWhatARunDoes(t *testing.T) {
	for name, p := range map[string]Plan{
		"default":       {Duration: 2 * time.Second},
		"poisson":       {Seed: 3, Arrivals: Arrivals{Rate: 300, Poisson: true}, Duration: 2 * time.Second, Workload: Workload{Generate: 1, Verify: 3}},
		"aliases":       {Duration: time.Second, Workload: Workload{KeyNames: ByAlias, KeyCount: 3}},
		"second shard":  {Arrivals: Arrivals{Rate: 100}, Duration: time.Second, Shard: 1, Shards: 3},
		"four specs":    {Duration: time.Second, Workload: Workload{KeySpecs: []string{"HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"}}},
		"existing keys": {Duration: time.Second, Workload: Workload{Keys: []string{"key-1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := p.Estimate(false)
			if err != nil {
				t.Fatal(err)
			}
			set := func(f *fakeKMS) {
				if len(p.Workload.Keys) > 0 {
					addKey(f, "HMAC_256")
				}
			}
			bubble(t, p, Options{}, set, func(f *fakeKMS, _ *Report, err error) {
				if err != nil {
					t.Fatal(err)
				}
				want := map[string]int64{}
				for _, m := range []map[string]int64{e.Load, e.SetUp} {
					for op, n := range m {
						want[op] += n
					}
				}
				want["ImportKey"] = want["ImportKeyMaterial"]
				delete(want, "ImportKeyMaterial")
				delete(want, "GetParametersForImport")
				for op, n := range want {
					if int64(f.calls[op]) != n {
						t.Errorf("%s: %d calls, estimated %d", op, f.calls[op], n)
					}
				}
				for op := range f.calls {
					if want[op] == 0 && f.calls[op] > 0 {
						t.Errorf("%s was not estimated", op)
					}
				}
			})
		})
	}
}

func TestEstimate(t *testing.T) {
	open, _ := Plan{Arrivals: Arrivals{Rate: 1e6}, Duration: time.Hour, Warmup: NoTime, Workload: Workload{Generate: 1}}.Estimate(true)
	if n := open.Requests(); n != 3_600_000_005 || open.PeakPerSecond != 1e6 {
		t.Errorf("%d requests at %v/s, want 3600000005 at 1e6", n, open.PeakPerSecond)
	}
	if open.Lasts != time.Hour+time.Second {
		t.Errorf("lasts %v, want an hour and a second for the key", open.Lasts)
	}
	free, _ := Plan{Concurrency: 1}.Estimate(false)
	if free.Bounded || len(free.Load) != 0 {
		t.Errorf("closed loop without a limit: %+v, want not bounded", free)
	}
	held, _ := Plan{Concurrency: 1, MaxRequests: 1000}.Estimate(false)
	if !held.Bounded || held.Requests() != 1000 {
		t.Errorf("closed loop with a limit: %d requests, want 1000", held.Requests())
	}
	if c := held.Cost(); c != awsfacts.Cost(1000, 1, held.Lasts) || c == 0 {
		t.Errorf("cost %v", c)
	}
}
