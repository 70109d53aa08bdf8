package bench

import (
	"math"
	"time"

	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// Estimate is what a run will ask of the target, retries by the client aside.
type Estimate struct {
	// Load counts the requests of warm-up and measurement, by operation.
	Load map[string]int64 `json:"load"`
	// SetUp counts the requests that make, probe and remove keys, by operation.
	SetUp map[string]int64 `json:"set_up"`
	Keys  int              `json:"keys"` // keys created
	// PeakPerSecond is the highest rate of the load; 0 in a closed loop, where
	// the target sets it.
	PeakPerSecond float64 `json:"peak_per_second"`
	// Bounded is false in a closed loop without MaxRequests: then Load is empty
	// and the run stops only by time or MaxCost.
	Bounded bool `json:"bounded"`
	// Lasts is how long the run takes, set-up at the target's quotas included.
	Lasts time.Duration `json:"lasts_ns"`
}

// Requests is the number of requests of all kinds.
func (e Estimate) Requests() int64 {
	var n int64
	for _, m := range []map[string]int64{e.Load, e.SetUp} {
		for _, v := range m {
			n += v
		}
	}
	return n
}

// Cost is the price of the run by the table in awsfacts, keys included.
func (e Estimate) Cost() awsfacts.MicroUSD {
	return awsfacts.Cost(e.Requests(), e.Keys, e.Lasts)
}

// countedArrivals is the number of arrivals up to which Estimate counts them
// one by one instead of by the schedule's expectation.
const countedArrivals = 5_000_000

// Estimate returns what Run would ask of a target that can import; it makes no
// request. paced says that set-up keeps to the per-operation quotas of AWS.
func (p Plan) Estimate(paced bool) (Estimate, error) {
	if err := p.Validate(); err != nil {
		return Estimate{}, err
	}
	p = p.WithDefaults()
	e := Estimate{Load: map[string]int64{}, SetUp: p.setUpRequests(), Bounded: true}
	if len(p.Workload.Keys) == 0 {
		e.Keys = p.Workload.keys()
	}
	e.Lasts = p.warmup() + p.Duration
	if paced {
		e.Lasts += time.Duration(e.Keys) * time.Second // GetParametersForImport
	}
	if p.Mode() == Closed {
		p.estimateClosed(&e)
		return e, nil
	}
	e.PeakPerSecond = p.Arrivals.peakRate() / float64(p.Shards)
	return e, p.estimateOpen(&e)
}

// setUpRequests is what keyring.go sends.
func (p Plan) setUpRequests() map[string]int64 {
	w := p.Workload
	n := int64(w.keys())
	if len(w.Keys) > 0 {
		pool := int64(consistencyPool(int(n)))
		return map[string]int64{"DescribeKey": n, OpGenerate: n * (pool + 1), OpVerify: n * 2}
	}
	m := map[string]int64{
		"CreateKey": n, "GetParametersForImport": n, "ImportKeyMaterial": n, OpGenerate: n, "ScheduleKeyDeletion": n,
	}
	if w.KeyNames == ByAlias {
		m["CreateAlias"], m["DeleteAlias"] = n, n
	}
	return m
}

func (p Plan) estimateClosed(e *Estimate) {
	if p.MaxRequests == 0 {
		e.Bounded = false
		return
	}
	left := max(0, p.MaxRequests-e.Requests())
	w := p.Workload
	verify := int64(math.Round(float64(left) * w.Verify / (w.Generate + w.Verify)))
	e.Load[OpVerify], e.Load[OpGenerate] = verify, left-verify
}

func (p Plan) estimateOpen(e *Estimate) error {
	choose, err := newChooser(p.Seed, p.Workload)
	if err != nil {
		return err
	}
	main, err := p.schedule()
	if err != nil {
		return err
	}
	warm := p.Arrivals.warmup(p.Seed, p.warmup()).Stripe(p.Shard, p.Shards)
	for _, s := range []*Schedule{warm, main} {
		if s.expected()/float64(p.Shards) > countedArrivals {
			n := int64(math.Ceil(s.expected() / float64(p.Shards)))
			verify := int64(math.Ceil(float64(n) * choose.verify))
			e.Load[OpVerify] += verify
			e.Load[OpGenerate] += n - verify
			continue
		}
		for a, ok := s.Next(); ok; a, ok = s.Next() {
			if choose.isVerify(a.Index) {
				e.Load[OpVerify]++
			} else {
				e.Load[OpGenerate]++
			}
		}
	}
	return nil
}
