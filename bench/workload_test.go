package bench

import (
	"math"
	"testing"
	"time"
)

func TestParseSizes(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"32", "32"},
		{"1-4096", "1-4096"},
		{"32:70,64-256:25,4096:5", "32:70,64-256:25,4096:5"},
		{" 32 , 64 ", "32:1,64:1"},
		{"32:1", "32"},
	} {
		s, err := ParseSizes(tc.text)
		if err != nil || s.String() != tc.want {
			t.Errorf("%q: %s, %v, want %s", tc.text, s, err, tc.want)
		}
	}
	if s := (Sizes)(nil).String(); s != "32" {
		t.Errorf("no sizes: %q, want 32", s)
	}
	for _, text := range []string{"", "0", "4097", "9-8", "-1", "1-", "a", "32:", "32:x", "32:-1", "32:0", "32:NaN", "32,,64", "1-2-3"} {
		if s, err := ParseSizes(text); err == nil {
			t.Errorf("%q was taken as %v", text, s)
		}
	}
}

func TestItemsFollowTheWorkload(t *testing.T) {
	w := Workload{
		Generate: 1, Verify: 3, CorruptShare: 0.25, KeyCount: 10, Zipf: 1,
		Sizes: Sizes{{1, 1, 1}, {100, 199, 1}, {4096, 4096, 2}},
	}.withDefaults()
	c, err := newChooser(11, w)
	if err != nil {
		t.Fatal(err)
	}
	const n = 200_000
	var verify, corrupt, tiny, huge, middle, middleSum int
	keys := make([]int, 10)
	for k := range uint64(n) {
		it := c.item(k)
		keys[it.key]++
		if it.verify {
			verify++
		}
		if it.corrupt {
			if corrupt++; !it.verify {
				t.Fatalf("item %d is a corrupt GenerateMac", k)
			}
		}
		switch {
		case it.size == 1:
			tiny++
		case it.size == 4096:
			huge++
		case it.size >= 100 && it.size <= 199:
			middle++
			middleSum += it.size
		default:
			t.Fatalf("item %d has size %d", k, it.size)
		}
	}
	near := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 0.006 {
			t.Errorf("%s: %.4f, want %.4f", name, got, want)
		}
	}
	near("verify", float64(verify)/n, 0.75)
	near("corrupt of verify", float64(corrupt)/float64(verify), 0.25)
	near("size 1", float64(tiny)/n, 0.25)
	near("size 4096", float64(huge)/n, 0.5)
	near("mean of the range, relative", float64(middleSum)/float64(middle)/149.5, 1)
	var harmonic float64
	for i := range keys {
		harmonic += 1 / float64(i+1)
	}
	for i, got := range keys {
		near("popularity", float64(got)/n, 1/float64(i+1)/harmonic)
	}
}

// The popularity rank of a key is its place among the keys of its spec.
func TestZipfTreatsKeySpecsAlike(t *testing.T) {
	w := Workload{KeySpecs: []string{"HMAC_224", "HMAC_256"}, KeyCount: 2, Zipf: 2}.withDefaults()
	c, _ := newChooser(1, w)
	counts := make([]float64, 4)
	for k := range uint64(100_000) {
		counts[c.item(k).key]++
	}
	for i, want := range []float64{0.4, 0.4, 0.1, 0.1} {
		if math.Abs(counts[i]/100_000-want) > 0.006 {
			t.Errorf("key %d: share %v, want %v", i, counts[i]/100_000, want)
		}
	}
}

func TestEveryPresetRuns(t *testing.T) {
	if _, ok := PresetNamed("nothing"); ok {
		t.Error("a preset of that name was found")
	}
	for _, name := range []string{"jwt", "card-token", "password", "kdf", "max"} {
		preset, ok := PresetNamed(name)
		if !ok || preset.Text == "" {
			t.Fatalf("no preset %s", name)
		}
		p := Plan{Arrivals: Arrivals{Rate: 200}, Duration: 2 * time.Second, Workload: preset.Workload}
		bubble(t, p, Options{}, nil, func(_ *fakeKMS, rep *Report, err error) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var n, refused int64
			for _, l := range rep.Loads {
				n += l.Requests
				refused += l.Refused
				if l.Verified != l.Requests || l.WrongTags != 0 {
					t.Errorf("%s: %+v", name, l)
				}
			}
			if n != 400 || (preset.Workload.CorruptShare > 0) != (refused > 0) {
				t.Errorf("%s: %d requests, %d refused, corrupt share %v", name, n, refused, preset.Workload.CorruptShare)
			}
		})
	}
	Presets()[0].Workload.KeySpecs[0] = "changed"
	if p, _ := PresetNamed("jwt"); p.Workload.KeySpecs[0] == "changed" {
		t.Error("a caller's write reached the table")
	}
}
