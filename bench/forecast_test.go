package bench

import (
	"bytes"
	"slices"
	"sync"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// foretellers returns a runner of p whose keys have known secrets, every third of
// them none.
func foretellers(t testing.TB, p Plan) *runner {
	t.Helper()
	p = p.WithDefaults()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	var keys []*benchKey
	for i := range p.Workload.keys() {
		spec := p.Workload.KeySpecs[i%len(p.Workload.KeySpecs)]
		k := &benchKey{name: spec, spec: spec}
		k.alg, _ = target.AlgorithmOf(spec)
		if i%3 != 2 {
			var err error
			if k.local, err = engine.NewKey(k.alg, bytes.Repeat([]byte{byte(i + 1)}, 40)); err != nil {
				t.Fatal(err)
			}
		}
		keys = append(keys, k)
	}
	r, err := newRunner(newFake(), p, keys, newBudget(p, Estimate{}))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What is told of a position is what Sum says of its message alone.
func TestForecast(t *testing.T) {
	mixed := Workload{
		KeySpecs: []string{"HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"}, KeyCount: 3, CorruptShare: 0.3, Zipf: 1,
		Sizes: Sizes{{1, 7, 1}, {8, 300, 2}, {MaxMessageSize, MaxMessageSize, 1}},
	}
	dry := mixed
	dry.DryRun = true
	for _, row := range []struct {
		name     string
		workload Workload
	}{{"one key", Workload{}}, {"mixed", mixed}, {"dry run", dry}, {"presets: max", presets[4].Workload}} {
		t.Run(row.name, func(t *testing.T) {
			r := foretellers(t, Plan{Seed: 5, Concurrency: 1, Workload: row.workload})
			ring := keyring{plan: r.plan}
			var o outlook
			told := 0
			for n := range uint64(10 * lookahead) {
				p := o.turn(r)
				if p.index != n || p.item != r.choose.item(n) {
					t.Fatalf("position %d: %+v, want item %+v", n, p, r.choose.item(n))
				}
				var want []byte
				if k := r.keys[p.item.key]; k.local != nil && (p.item.verify || !r.plan.Workload.DryRun) {
					want = k.local.Sum(nil, ring.message(n, p.item.size))
					told++
				}
				if !bytes.Equal(p.want.bytes(), want) {
					t.Fatalf("position %d, %d bytes: tag %x, want %x", n, p.item.size, p.want.bytes(), want)
				}
			}
			if told == 0 {
				t.Error("no tag was looked at")
			}
		})
	}
}

// The arrivals are those of the schedule, whatever is left for the last block.
func TestOutlookLosesNoArrival(t *testing.T) {
	for n := range 3*lookahead + 1 {
		if n == 0 {
			continue
		}
		r := foretellers(t, Plan{Arrivals: Arrivals{Rate: float64(n)}, Duration: 1e9, Shards: 1})
		s, err := r.plan.schedule()
		if err != nil {
			t.Fatal(err)
		}
		twin, _ := r.plan.schedule()
		var o outlook
		f := newForecast(r)
		for i := range n {
			want, _ := twin.Next()
			if got, ok := o.arrival(s, f); !ok || got.at != want.At || got.index != want.Index {
				t.Fatalf("arrival %d of %d: %+v, %v, want %+v", i, n, got, ok, want)
			}
		}
		for range 2 {
			if got, ok := o.arrival(s, f); ok {
				t.Fatalf("more than %d arrivals: %+v", n, got)
			}
		}
	}
}

// Workers of a closed loop share the positions out: none twice, none left out.
func TestTurnsAreShared(t *testing.T) {
	r := foretellers(t, Plan{Concurrency: 8})
	var mu sync.Mutex
	var all []uint64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var o outlook
			for range 10 * lookahead {
				p := o.turn(r)
				mu.Lock()
				all = append(all, p.index)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.Sort(all)
	for i, n := range all {
		if n != uint64(i) {
			t.Fatalf("position %d stands where %d should", n, i)
		}
	}
}

// Nobody is accused on the word of a batch alone, and nobody is let off by it.
func TestVerifyAsksTwice(t *testing.T) {
	r := foretellers(t, Plan{Concurrency: 1})
	k, msg := r.keys[0], []byte("message")
	right := k.local.Sum(nil, msg)
	wrong := bytes.Clone(right)
	wrong[3] ^= 1
	for _, row := range []struct {
		name      string
		want, tag []byte
		ok        bool
	}{
		{"right", right, right, true}, {"wrong", right, wrong, false}, {"the batch was wrong", wrong, right, true},
		{"none", right, nil, false}, {"shortened", right, right[:16], false},
	} {
		if got := k.verify(msg, row.want, row.tag); got != row.ok {
			t.Errorf("%s: %v, want %v", row.name, got, row.ok)
		}
	}
}

func TestForecastDoesNotAllocate(t *testing.T) {
	r := foretellers(t, Plan{Concurrency: 1, Workload: presets[4].Workload})
	f := newForecast(r)
	block := make([]foretold, lookahead)
	f.tell(block)
	if n := testing.AllocsPerRun(20, func() { f.tell(block) }); n != 0 {
		t.Errorf("%v allocations for a block", n)
	}
}
