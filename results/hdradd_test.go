package results

import (
	"math/rand/v2"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Whatever is added, the library's own decoding and merging give the same.
func TestAdderIsTheLibrary(t *testing.T) {
	a, err := newAdder()
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	fast, slow := NewHistogram(), NewHistogram()
	other := hdrhistogram.New(1, 1_000_000, 2) // not the project's shape
	_ = other.RecordValue(12345)
	for i := range 300 {
		h := NewHistogram()
		for range rng.IntN(200) {
			_ = h.RecordValues(int64(rng.Float64()*rng.Float64()*float64(HighestNs)), 1+rng.Int64N(1<<uint(rng.IntN(40))))
		}
		switch i {
		case 0:
			h = NewHistogram() // empty
		case 1:
			_ = h.RecordValues(0, 3)
			_ = h.RecordValue(HighestNs)
		case 2:
			h = other
		case 3:
			_ = h.RecordValues(5, 1<<60) // nine bytes long
		}
		text, err := EncodeHistogram(h)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeHistogram(text)
		if err != nil {
			t.Fatal(err)
		}
		want := slow.Merge(back)
		if got, err := a.add(fast, text); err != nil || got != want || !fast.Equals(slow) {
			t.Fatalf("histogram %d: %d dropped, %v, equal %v, want %d", i, got, err, fast.Equals(slow), want)
		}
	}
	if fast.TotalCount() != slow.TotalCount() || fast.Max() != slow.Max() || fast.Min() != slow.Min() {
		t.Error("totals differ")
	}
}

// FuzzAdder: what the library refuses is refused, what it takes is taken alike,
// and nothing else is recorded.
func FuzzAdder(f *testing.F) {
	h := NewHistogram()
	_ = h.RecordValues(1e6, 7)
	text, err := EncodeHistogram(h)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("")
	f.Add(text[:len(text)-4])
	f.Fuzz(func(t *testing.T, text string) {
		a, err := newAdder()
		if err != nil {
			t.Fatal(err)
		}
		fast, slow := NewHistogram(), NewHistogram()
		_, got := a.add(fast, text)
		h, want := DecodeHistogram(text)
		if (got == nil) != (want == nil) {
			t.Fatalf("%q: %v, the library says %v", text, got, want)
		}
		if want == nil {
			slow.Merge(h)
		}
		if !fast.Equals(slow) {
			t.Fatalf("%q: not the same values", text)
		}
		if again, err := a.add(fast, text); (err == nil) != (want == nil) || again != 0 && err != nil {
			t.Fatalf("%q: a second time %v", text, err)
		}
	})
}
