package capacity

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

func plan(t *testing.T, r Request) *results.Capacity {
	t.Helper()
	c, err := Plan(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestQuotaOfAPlan(t *testing.T) {
	for _, row := range []struct {
		name         string
		rate         float64
		quota        Quota
		places       int64
		share, place float64
		ask          float64
		fits         string
	}{
		{"little", 100, Quota{}, 1, 0.001, 100, 0, "yes"},
		{"up to the share", 80_000, Quota{}, 1, 0.8, 80_000, 0, "yes"},
		{"one more", 80_001, Quota{}, 2, 0.80001, 40_000.5, 101_000, "no"},
		{"beyond every quota", 1e9, Quota{}, 12_500, 10_000, 80_000, 1.25e9, "no"},
		{"with others", 50_000, Quota{Used: 0.4}, 2, 0.9, 45_000, 113_000, "no"},
		{"others take all", 1000, Quota{Used: 1}, 2, 1.01, 1000, 127_000, "no"},
		{"a quota of one's own", 1000, Quota{PerSecond: 500, Source: "--quota"}, 3, 2, 1000.0 / 3, 1250, "no"},
		{"to the brim", 500, Quota{PerSecond: 500, Source: "--quota", MaxShare: 1, MaxThrottle: 0.05}, 1, 1, 500, 0, "yes"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := plan(t, Request{Rate: row.rate, Region: "us-east-1", Quota: row.quota})
			q := c.Quota
			if q.Places != row.places || math.Abs(q.Share-row.share) > 1e-9 || math.Abs(q.PlaceRate/row.place-1) > 1e-9 || q.QuotaToAsk != row.ask || c.Fits != row.fits {
				t.Errorf("places %d, share %v, %v/s in the fullest, ask for %v, fits %s; want %d, %v, %v, %v, %s", q.Places, q.Share, q.PlaceRate, q.QuotaToAsk, c.Fits, row.places, row.share, row.place, row.ask, row.fits)
			}
			if q.Places > 0 && (q.PlaceShare > q.MaxShare+1e-9 && row.quota.Used < 1) {
				t.Errorf("a place is %v full, more than %v", q.PlaceShare, q.MaxShare)
			}
		})
	}
}

// The fewest places that hold throttling down are found, and Regions that are
// no help are not named.
func TestPlacesOfAPlan(t *testing.T) {
	r := Request{Rate: 3600, Region: "us-east-1", Quota: Quota{PerSecond: 1000, Source: "known", MaxShare: 1, MaxThrottle: 0.005, Bucket: 10 * time.Millisecond}}
	// Four places are 90 % full and throttle 1.7 %, five 72 % and 0.08 %.
	if c := plan(t, r); c.Quota.Places != 5 {
		t.Errorf("%d places, want 5", c.Quota.Places)
	}
	c := plan(t, Request{Rate: 1000, Region: "us-east-1", Quota: Quota{Used: 0.9}})
	if slices.Contains(c.Quota.Regions, "us-east-1") || !slices.Contains(c.Quota.Regions, "us-west-2") {
		t.Errorf("the default quota is said to be enough in %q: want us-west-2, and not us-east-1, where others take 90 %% of it", c.Quota.Regions)
	}
	if text := strings.Join(plan(t, Request{Rate: 1e9, Region: "us-east-1"}).Answers, "\n"); strings.Contains(text, "e+") {
		t.Errorf("figures with exponents: %s", text)
	}
}

// With others in the first place the second carries more of the trace, as much
// as the plan says.
func TestTraceBesideOthers(t *testing.T) {
	var trace []time.Duration // 100 at once each second
	for s := range 60 {
		for range 100 {
			trace = append(trace, time.Duration(s)*time.Second)
		}
	}
	r := Request{Rate: 100, Region: "us-east-1", Trace: trace, Quota: Quota{PerSecond: 120, Source: "known", Used: 0.4}}.WithDefaults()
	part, _ := r.spread(r.Rate, 2, 120)
	if part != 74 {
		t.Fatalf("%v/s in the second place, want 74", part)
	}
	// A bucket of 60 holds half of a burst of 100, not 74 of it.
	if got := r.throttle(r.Rate, 2, 120, 500*time.Millisecond); math.Abs(got-14.0/74) > 0.01 {
		t.Errorf("%v throttled, want 14 of 74", got)
	}
}

// Where a trace bursts, a larger quota or more places are found that hold it.
func TestTraceOfAPlan(t *testing.T) {
	var trace []time.Duration // 100 at once each second
	for s := range 60 {
		for range 100 {
			trace = append(trace, time.Duration(s)*time.Second)
		}
	}
	r := Request{Rate: 100, Region: "us-east-1", Trace: trace, Quota: Quota{PerSecond: 1000, Source: "known", Bucket: 10 * time.Millisecond}}
	c := plan(t, r)
	if c.Wanted.Arrivals != "trace" || c.Fits != "no" || c.Quota.Bursts[0].Throttle != 0.9 || c.Quota.Bursts[2].Throttle != 0 {
		t.Errorf("arrivals %s, fits %s, bursts %+v; want 90 %% throttled with a bucket of 10 ms and none with one of 1 s", c.Wanted.Arrivals, c.Fits, c.Quota.Bursts)
	}
	if n := c.Quota.Places; n < 10 || n > 20 || r.WithDefaults().throttle(100, n, 1000, 10*time.Millisecond) > 1e-4 {
		t.Errorf("%d places, want at least 10 that hold a burst of 100", n)
	}
	if ask := c.Quota.QuotaToAsk; ask < 10_000 || ask > 15_000 {
		t.Errorf("ask for %v/s, want about 10,000: 100 in 10 ms", ask)
	}
}

func TestCostOfAPlan(t *testing.T) {
	for _, row := range []struct {
		name             string
		r                Request
		hour, day, month int64
	}{
		{"one a second", Request{Rate: 1}, 10_800 + 1370, 259_200 + 32_877, 7_884_000 - 60_000 + 1e6},
		{"nearly nothing", Request{Rate: 1, AverageRate: 0.001}, 11 + 1370, 260 + 32_877, 1e6},
		{"keys", Request{Rate: 1, AverageRate: 1e-6, Keys: 10}, 13_699, 328_768, 10e6},
		{"own prices", Request{Rate: 1000, Prices: Prices{Per10000: 10_000, PerKeyMonth: 0, Free: 0, Known: true}}, 3.6e6, 86.4e6, 2628e6},
	} {
		row.r.Region = "us-east-1"
		c := plan(t, row.r).Cost
		for i, pair := range [][2]int64{{c.Hour, row.hour}, {c.Day, row.day}, {c.Month, row.month}} {
			if d := pair[0] - pair[1]; d < -2 || d > 2 {
				t.Errorf("%s, figure %d: %d, want %d", row.name, i, pair[0], pair[1])
			}
		}
	}
	if c := plan(t, Request{Rate: 150_000, Region: "us-east-1", Keys: 2}).Cost; c.Keys != 4 {
		t.Errorf("%d keys in two places of two, want 4", c.Keys)
	}
	if c := plan(t, Request{Rate: 1, Region: "cn-north-1"}); c.Cost.Known || !strings.Contains(strings.Join(c.Notes, " "), "prices of cn-north-1") {
		t.Errorf("prices of China are taken for known: %q", c.Notes)
	}
}

func TestAlternativesOfAPlan(t *testing.T) {
	r := Request{Rate: 1000, Region: "us-east-1", Generate: 70, Verify: 30, Local: Local{Batch: 10, CacheHits: 0.5}}
	got := plan(t, r).Alternatives
	var rates []float64
	for _, a := range got {
		rates = append(rates, a.Rate)
		if a.GivesUp == "" || a.Assumes == "" || a.Adds == "" {
			t.Errorf("%s does not say what it gives up, assumes and adds: %+v", a.Name, a)
		}
	}
	if want := []float64{1.0 / 3600, 370, 850}; !slices.EqualFunc(rates, want, func(a, b float64) bool { return math.Abs(a/b-1) < 1e-9 }) {
		t.Errorf("rates %v, want %v", rates, want)
	}
	if n := len(plan(t, Request{Rate: 1, Region: "us-east-1", Generate: 1}).Alternatives); n != 2 {
		t.Errorf("%d alternatives without VerifyMac, want 2", n)
	}
	if n := len(plan(t, Request{Rate: 1, Region: "us-east-1", Verify: 1}).Alternatives); n != 2 {
		t.Errorf("%d alternatives without GenerateMac, want 2", n)
	}
}

func TestRequestValidate(t *testing.T) {
	nan, good := math.NaN(), Request{Rate: 100, Region: "us-east-1"}
	for _, row := range []struct {
		name   string
		change func(*Request)
		want   string // "" is good
	}{
		{"good", func(*Request) {}, ""},
		{"largest", func(r *Request) { r.Rate = MaxRate }, ""},
		{"no rate", func(r *Request) { r.Rate = 0 }, "rate 0"},
		{"negative rate", func(r *Request) { r.Rate = -5 }, "rate -5"},
		{"NaN", func(r *Request) { r.Rate = nan }, "rate NaN"},
		{"absurd", func(r *Request) { r.Rate = 2 * MaxRate }, "rate"},
		{"infinite", func(r *Request) { r.Rate = math.Inf(1) }, "rate +Inf"},
		{"Region", func(r *Request) { r.Region = "us-east-9" }, `Region "us-east-9"`},
		{"p99", func(r *Request) { r.P99 = -1 }, "p99"},
		{"mix", func(r *Request) { r.Generate = -1; r.Verify = 3 }, "share of GenerateMac"},
		{"others", func(r *Request) { r.Quota.Used = 1.1 }, "others"},
		{"quota", func(r *Request) { r.Quota.PerSecond = nan }, "quota"},
		{"average above the peak", func(r *Request) { r.AverageRate = 101 }, "average rate 101"},
		{"batch", func(r *Request) { r.Local.Batch = 129 }, "batch"},
		{"cores", func(r *Request) { r.HostCores = -1 }, "cores"},
		{"road", func(r *Request) { r.Roads = []Road{{"sdk", 0, ""}} }, "road sdk"},
		{"what if", func(r *Request) { r.WhatIf = []float64{5, nan} }, "rate NaN"},
		{"trace at one instant", func(r *Request) { r.Trace = make([]time.Duration, 5) }, "no rate"},
		{"long trace", func(r *Request) { r.Trace = make([]time.Duration, MaxTrace+1) }, "more than 1000000"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := good
			row.change(&r)
			_, err := Plan(r)
			if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v, want %q", err, row.want)
			}
		})
	}
}

// What the curve says of latency, and what the plan makes of it.
func TestPlanWithACurve(t *testing.T) {
	shape := shapes[1]
	c, err := ReadCurve(openSweep(8, shape.draw, shape.mean, 1), 1)
	if err != nil {
		t.Fatal(err)
	}
	closed, err := ReadCurve(closedSweep(8, shape.draw, 1), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		rate   float64
		p99    time.Duration
		curves []*Curve
		fits   string
		basis  string // "" is none
		note   string
	}{
		{"easy", 500, 40 * time.Millisecond, []*Curve{c}, "yes", "fit", ""},
		{"too slow", 500, 15 * time.Millisecond, []*Curve{c}, "no", "fit", ""},
		{"too near to tell", 500, 26 * time.Millisecond, []*Curve{c}, "unknown", "fit", ""},
		{"no p99 wanted", 500, 0, []*Curve{c}, "yes", "fit", ""},
		{"beyond the capacity", 1000, 40 * time.Millisecond, []*Curve{c}, "no", "", "the queue grows"},
		{"within the knee's interval", 882, 40 * time.Millisecond, []*Curve{c}, "no", "", ""},
		{"below the loads", 10, 40 * time.Millisecond, []*Curve{c}, "yes", "fit", "extrapolated"},
		{"closed", 500, 40 * time.Millisecond, []*Curve{closed}, "yes", "derived", ""},
		{"both", 500, 40 * time.Millisecond, []*Curve{closed, c}, "yes", "fit", ""},
		{"none", 500, 40 * time.Millisecond, nil, "unknown", "", "no curve"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := plan(t, Request{Rate: row.rate, P99: row.p99, Region: "us-east-1", Curves: row.curves})
			basis := ""
			if got.Latency != nil {
				basis = got.Latency.Basis
			}
			notes := strings.Join(got.Notes, "; ")
			if got.Fits != row.fits || basis != row.basis || !strings.Contains(notes, row.note) || row.note != "extrapolated" && strings.Contains(notes, "extrapolated") {
				t.Errorf("fits %s by %q, want %s by %q with %q; notes: %s; latency %+v", got.Fits, basis, row.fits, row.basis, row.note, notes, got.Latency)
			}
			if f := got.InFlight; f != nil && f.Mean != nil && math.Abs(f.Mean.Value/(row.rate*shape.mean)-1) > 0.1 {
				t.Errorf("%v in flight, want about %v by Little's law", f.Mean.Value, row.rate*shape.mean)
			}
		})
	}
	most := plan(t, Request{Rate: 500, P99: 40 * time.Millisecond, Region: "us-east-1", Curves: []*Curve{c}}).Latency.Most
	if want := 40e6; most.Low > most.Value || most.High < most.Value || most.Value < 500 {
		t.Errorf("most %+v", most)
	} else if _, p99, _ := c.fit.predict(most.Value); math.Abs(p99.Value/want-1) > 0.01 {
		t.Errorf("p99 %v at the most rate %v, want 40 ms", p99.Value, most.Value)
	}
}

// An interval is as wide as the answers that it rests on leave it, and holds
// what is true.
func TestIntervalsOfAPlan(t *testing.T) {
	shape, held := shapes[1], 0
	for seed := range uint64(5) {
		c, err := ReadCurve(openSweep(8, shape.draw, shape.mean, seed+1), 1)
		if err != nil {
			t.Fatal(err)
		}
		got := plan(t, Request{Rate: 200, Region: "us-east-1", Curves: []*Curve{c}})
		mean, want := *got.InFlight.Mean, 200*shape.mean // hardly anybody waits
		if width := (mean.High - mean.Low) / want; width < 0.005 || width > 0.1 {
			t.Errorf("seed %d: %v in flight, an interval %.2g %% wide", seed, mean, 100*width)
		}
		if mean.Low <= want && want <= mean.High {
			held++
		}
		if v := got.Curves[0].Queue.Variability; (v.High-v.Low)/v.Value < 0.005 {
			t.Errorf("seed %d: variability %+v, narrower than any number of answers supports", seed, v)
		}
	}
	if held < 4 {
		t.Errorf("%d of 5 intervals of 95 %% hold what is true", held)
	}
}

// What lies beyond the loads is said to, also of the rate that a plan names
// itself.
func TestMostIsExtrapolated(t *testing.T) {
	shape := shapes[1]
	f := openSweep(8, shape.draw, shape.mean, 1)
	f.Sweep.Points = slices.DeleteFunc(f.Sweep.Points, func(p results.SweepPoint) bool { return p.Value > 400 && len(p.Broken) == 0 })
	c, err := ReadCurve(f, 1)
	if err != nil {
		t.Fatal(err)
	}
	got := plan(t, Request{Rate: 300, P99: 40 * time.Millisecond, Region: "us-east-1", Curves: []*Curve{c}})
	notes := strings.Join(got.Notes, "; ")
	if got.Latency.Most.Value < 500 || !strings.Contains(notes, "extrapolated: the most with the p99 wanted") {
		t.Errorf("at most %+v, notes: %s", got.Latency.Most, notes)
	}
}

// Whatever the rate, the plan can be written as JSON: no figure is infinite.
func TestPlanIsFinite(t *testing.T) {
	shape := shapes[2]
	c, err := ReadCurve(openSweep(8, shape.draw, shape.mean, 2), 1)
	if err != nil {
		t.Fatal(err)
	}
	for share := 0.9; share < 1.1; share += 0.02 {
		r := Request{Rate: share * 8 / shape.mean, P99: time.Second, Region: "us-east-1", Curves: []*Curve{c}}
		if _, err := json.Marshal(plan(t, r)); err != nil {
			t.Errorf("%.0f %% of the capacity: %v", 100*share, err)
		}
	}
	for _, rate := range []float64{1e-6, 1, MaxRate} {
		r := Request{Rate: rate, P99: MaxP99, Region: "us-east-1", Keys: 100_000, Quota: Quota{PerSecond: 1, Source: "known", MaxShare: 0.01, MaxThrottle: 1e-9, Bucket: time.Millisecond}}
		if _, err := json.Marshal(plan(t, r)); err != nil {
			t.Errorf("%v/s: %v", rate, err)
		}
	}
}

// Equal arguments give equal plans.
func TestPlanIsDeterministic(t *testing.T) {
	var texts [2]string
	for i := range texts {
		c, err := ReadCurve(openSweep(4, shapes[0].draw, shapes[0].mean, 3), 7)
		if err != nil {
			t.Fatal(err)
		}
		got := plan(t, Request{Rate: 200, P99: time.Second, Region: "us-east-1", Curves: []*Curve{c}})
		texts[i] = strings.Join(append(got.Answers, got.Latency.P99.String(), got.Curves[0].Queue.Servers.String()), "\n")
	}
	if texts[0] != texts[1] {
		t.Errorf("%s\nand then\n%s", texts[0], texts[1])
	}
}

func TestMismatch(t *testing.T) {
	c := &Curve{Generate: 0.7, Verify: 0.3, KeySpecs: []string{"HMAC_256"}, Client: "raw"}
	for _, row := range []struct {
		name             string
		generate, verify float64
		spec, client     string
		want             int
	}{
		{"nothing said", 0, 0, "", "", 0}, {"the same", 70, 30, "HMAC_256", "raw", 0}, {"the same in other weights", 7, 3, "", "", 0},
		{"mix", 50, 50, "", "", 1}, {"spec", 0, 0, "HMAC_512", "", 1}, {"road", 0, 0, "", "sdk", 1}, {"all", 1, 0, "HMAC_224", "lean", 3},
	} {
		if got := c.Mismatch(row.generate, row.verify, row.spec, row.client); len(got) != row.want {
			t.Errorf("%s: %q, want %d", row.name, got, row.want)
		}
	}
	c.KeySpecs = nil
	if got := c.Mismatch(0, 0, "HMAC_512", ""); len(got) != 0 {
		t.Errorf("keys that were named: %q", got)
	}
}

// Data that support no fit are said to, and sweeps that are none are refused.
func TestCurvesWithoutAFit(t *testing.T) {
	shape := shapes[1]
	sweep := func(change func(*results.File)) *results.File {
		f := openSweep(8, shape.draw, shape.mean, 1)
		change(f)
		return f
	}
	for _, row := range []struct {
		name string
		f    *results.File
		why  string
	}{
		{"few loads", sweep(func(f *results.File) { f.Sweep.Points = f.Sweep.Points[:3] }), "3 different loads"},
		{"limited by the generator", sweep(func(f *results.File) {
			for i := range f.Sweep.Points {
				f.Sweep.Points[i].Labels = []string{"generator_limited"}
			}
		}), "no load of the sweep can be used"},
		{"nothing answered", sweep(func(f *results.File) {
			for i := range f.Sweep.Points {
				f.Sweep.Points[i].AnsweredRate = 0
			}
		}), "no load of the sweep can be used"},
		{"a neighbour's tail", sweep(func(f *results.File) {
			for i := 2; i < 10; i += 2 {
				h := results.NewHistogram()
				_ = h.RecordValues(8e6, 500)
				_ = h.RecordValues(4e8, 500)
				f.Sweep.Points[i].Histogram, _ = results.EncodeHistogram(h)
			}
		}), "do not follow it"},
		{"few answers", sweep(func(f *results.File) {
			for i := range f.Sweep.Points {
				h := results.NewHistogram()
				_ = h.RecordValues(8e6, 20)
				f.Sweep.Points[i].Histogram, _ = results.EncodeHistogram(h)
			}
		}), "answers, the fit needs"},
		{"not steady", sweep(func(f *results.File) {
			for i := range f.Sweep.Points {
				f.Sweep.Points[i].Steady = false
			}
		}), "not steady: make --step longer"},
		{"mostly limited by the generator", sweep(func(f *results.File) {
			for i := range f.Sweep.Points {
				if len(f.Sweep.Points[i].Broken) == 0 {
					f.Sweep.Points[i].Labels = []string{"generator_limited"}
				}
			}
		}), "limited by the generator: sweep from a machine"},
		{"closed, few loads", &results.File{Sweep: &results.Sweep{Over: "concurrency", Points: closedSweep(8, shape.draw, 1).Sweep.Points[:3]}}, "3 different loads"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := ReadCurve(row.f, 1)
			if err != nil {
				t.Fatal(err)
			}
			if why := strings.Join(c.Section().Why, "; "); !strings.Contains(why, row.why) || c.section.Queue != nil && !c.section.Queue.Derived {
				t.Errorf("%q, want %q and no fit", why, row.why)
			}
			got := plan(t, Request{Rate: 300, P99: time.Second, Region: "us-east-1", Curves: []*Curve{c}})
			if got.Latency != nil && got.Latency.Basis == "fit" {
				t.Errorf("latency %+v by a fit that is none", got.Latency)
			}
		})
	}
	if c, _ := ReadCurve(sweep(func(f *results.File) { f.Sweep.Points = f.Sweep.Points[7:9] }), 1); plan(t, Request{Rate: 340, Region: "us-east-1", Curves: []*Curve{c}}).Latency.Basis != "neighbours" {
		t.Error("two loads around the rate are not used as its neighbours")
	}
	// Too few workers look like a target that carries no more.
	tooLarge := func(n int) *results.File { // n loads that were too large, and some that answered more
		return sweep(func(f *results.File) {
			f.Sweep.Points = slices.DeleteFunc(f.Sweep.Points, func(p results.SweepPoint) bool { return len(p.Broken) == 0 && p.Value > 950 })
			left := n
			f.Sweep.Points = slices.DeleteFunc(f.Sweep.Points, func(p results.SweepPoint) bool {
				left -= min(1, len(p.Broken))
				return len(p.Broken) > 0 && left < 0
			})
			for i, p := range f.Sweep.Points {
				if len(p.Broken) > 0 {
					f.Sweep.Points[i].AnsweredRate = 850
				}
			}
		})
	}
	c, err := ReadCurve(tooLarge(3), 1)
	if err != nil || c.section.Bound != "target" || c.section.Capacity.Value != 850 || c.section.Capacity.High < 855 {
		t.Fatalf("%s, %+v (%v), want 850 and an interval up to the most that was answered", c.section.Bound, c.section.Capacity, err)
	}
	wide := *c
	wide.section.Capacity = &results.Uncertain{Value: 850, Low: 800, High: 900}
	for rate, want := range map[float64]string{700: "yes", 799 * fullest: "yes", 801 * fullest: "unknown", 899 * fullest: "unknown", 901 * fullest: "no"} {
		if got := plan(t, Request{Rate: rate, Region: "us-east-1", Curves: []*Curve{&wide}}); got.Fits != want {
			t.Errorf("%v/s of 800 to 900 fit: %s, want %s", rate, got.Fits, want)
		}
	}
	if c, err = ReadCurve(tooLarge(2), 1); err != nil || c.section.Bound != "sweep" || !strings.Contains(strings.Join(c.Section().Why, "; "), "only 2 of the loads") {
		t.Errorf("two loads beyond it set a capacity: %s, %v, %v", c.section.Bound, c.Section().Why, err)
	}
	short := sweep(func(f *results.File) {
		for i := range f.Sweep.Points {
			p := &f.Sweep.Points[i]
			p.Service = &results.Latency{P50: 8e6}
			if len(p.Broken) > 0 {
				p.Labels = []string{"concurrency_limited"}
			}
		}
	})
	if c, err := ReadCurve(short, 1); err != nil || c.section.Bound != "generator" {
		t.Errorf("bound by %q, want the generator, whose workers were all busy (%v)", c.section.Bound, err)
	}
	for i := range short.Sweep.Points {
		if p := &short.Sweep.Points[i]; len(p.Broken) > 0 {
			p.Service.P50 = 80e6 // they waited in the target
		}
	}
	if c, err := ReadCurve(short, 1); err != nil || c.section.Bound != "target" {
		t.Errorf("bound by %q, want the target, in which they waited (%v)", c.section.Bound, err)
	}
	for _, row := range []struct {
		name string
		f    *results.File
		want string
	}{
		{"no sweep", &results.File{}, "holds no sweep"},
		{"over something else", sweep(func(f *results.File) { f.Sweep.Over = "moon" }), `over "moon"`},
		{"wrong answers", sweep(func(f *results.File) { f.Sweep.Stopped = "wrong_tags" }), "wrong answers"},
		{"no loads", sweep(func(f *results.File) { f.Sweep.Points = nil }), "no loads"},
		{"an old sweep", sweep(func(f *results.File) { f.Sweep.Points[0].Histogram = "" }), "sweep again"},
		{"a broken histogram", sweep(func(f *results.File) { f.Sweep.Points[0].Histogram = "AAAA" }), "cannot be read"},
		{"no load", sweep(func(f *results.File) { f.Sweep.Points[0].Value = math.NaN() }), "not a load"},
		{"a negative mix", sweep(func(f *results.File) {
			f.Plan.Settings = map[string]any{"sweep": map[string]any{"load": map[string]any{"workload": map[string]any{"generate": -1, "verify": 2}}}}
		}), "no mix"},
	} {
		if _, err := ReadCurve(row.f, 1); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
}
