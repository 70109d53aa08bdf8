package capacity

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/kmsmac/kmsmac/results"
)

// ExtrapolationFactor is how far beyond the loads that a fit rests on it may be
// used without a warning.
const ExtrapolationFactor = 1.25

// Curve is a sweep, its fits, and what was swept. Get one from ReadCurve.
type Curve struct {
	// What the sweep asked for, and of whom.
	Generate, Verify float64  // shares; their sum is 1
	KeySpecs         []string // none if the keys were named
	Client           string
	Over             string // rate, concurrency
	Poisson          bool   // the arrivals of a sweep over rates
	Target           string // emulator, url, aws
	Region           string
	CeilingPerCore   float64 // requests per second of the calibrated client; 0 without
	Limited          int     // loads that were limited by the generator

	idle    float64 // p50 of the service time of the smallest load, nanoseconds
	section results.CapacityCurve
	points  []point
	fit     *latencyFit // nil if the data do not support one
}

// point is one load with its response times in seconds.
type point struct {
	results.SweepPoint
	group string     // the repeat, or "" for a single load
	q     quantities // of the response time
	hist  *hdrhistogram.Histogram
}

// quantities are p50, p90 and p99.
type quantities [3]float64

var quantityAt = []float64{0.5, 0.9, 0.99}

// ReadCurve reads the sweep of a result and fits it; the bootstrap of the
// intervals draws from seed. The error says that the result holds no sweep to be
// used; that its data support no fit is no error, see Section.
func ReadCurve(f *results.File, seed uint64) (*Curve, error) {
	s := f.Sweep
	switch {
	case s == nil:
		return nil, fmt.Errorf("capacity: the result holds no sweep, but a run of %q: use the result of kmsmac sweep", f.Plan.Command)
	case s.Over != "rate" && s.Over != "concurrency":
		return nil, fmt.Errorf("capacity: the sweep is over %q, which is neither rate nor concurrency", s.Over)
	case s.Stopped == "wrong_tags":
		return nil, fmt.Errorf("capacity: the sweep met wrong answers: fix the target first")
	}
	c := &Curve{Client: s.Client, Over: s.Over, Target: f.Environment.Endpoint.Kind, Region: f.Environment.Endpoint.Region}
	if err := c.readPlan(f.Plan.Settings); err != nil {
		return nil, err
	}
	if s.Calibration != nil {
		c.CeilingPerCore = s.Calibration.CeilingPerSecond / float64(max(1, f.Environment.GOMAXPROCS))
	}
	if err := c.readPoints(s); err != nil {
		return nil, err
	}
	c.section = results.CapacityCurve{Over: s.Over, Client: s.Client, Target: c.Target, Line: []results.CapacityLine{}, Why: []string{}, Points: []results.CapacityPoint{}}
	if s.Over == "concurrency" {
		c.fitClosed(s, seed)
	} else {
		c.fitOpen(s, seed)
	}
	return c, nil
}

// readPlan takes the workload out of the settings of the sweep.
func (c *Curve) readPlan(settings map[string]any) error {
	raw, err := json.Marshal(settings)
	if err != nil {
		return fmt.Errorf("capacity: the sweep's plan: %w", err)
	}
	var plan struct {
		Sweep struct {
			Load struct {
				Arrivals struct {
					Poisson bool `json:"poisson"`
				} `json:"arrivals"`
				Workload struct {
					Generate float64  `json:"generate"`
					Verify   float64  `json:"verify"`
					KeySpecs []string `json:"key_specs"`
					Keys     []string `json:"keys"`
				} `json:"workload"`
			} `json:"load"`
		} `json:"sweep"`
	}
	if err := json.Unmarshal(raw, &plan); err != nil {
		return fmt.Errorf("capacity: the sweep's plan: %w", err)
	}
	w := plan.Sweep.Load.Workload
	if w.Generate == 0 && w.Verify == 0 { // as the sweep's defaults have it
		w.Generate, w.Verify = 1, 1
	}
	if len(w.KeySpecs) == 0 && len(w.Keys) == 0 {
		w.KeySpecs = []string{"HMAC_256"}
	}
	sum := w.Generate + w.Verify
	if !(w.Generate >= 0 && w.Verify >= 0) || math.IsInf(sum, 0) {
		return fmt.Errorf("capacity: the sweep's plan has no mix of operations: generate=%v,verify=%v", w.Generate, w.Verify)
	}
	c.Generate, c.Verify = w.Generate/sum, w.Verify/sum
	c.KeySpecs, c.Poisson = w.KeySpecs, plan.Sweep.Load.Arrivals.Poisson
	return nil
}

func (c *Curve) readPoints(s *results.Sweep) error {
	for i, pt := range s.Points {
		p := point{SweepPoint: pt}
		if pt.Phase == results.SweepRepeat {
			p.group = fmt.Sprint(pt.Repeat)
		}
		if !(pt.Value > 0) || math.IsInf(pt.Value, 0) || !(pt.AnsweredRate >= 0) || math.IsInf(pt.AnsweredRate, 0) {
			return fmt.Errorf("capacity: load %d of the sweep is not a load: value %v, %v answered a second", i+1, pt.Value, pt.AnsweredRate)
		}
		if pt.Response != nil {
			if pt.Histogram == "" {
				return fmt.Errorf("capacity: load %d of the sweep has no histogram, as an older kmsmac wrote it: sweep again", i+1)
			}
			h, err := results.DecodeHistogram(pt.Histogram)
			if err != nil || h.TotalCount() == 0 {
				return fmt.Errorf("capacity: load %d of the sweep: its histogram cannot be read (%v)", i+1, err)
			}
			p.hist = h
			for j, share := range quantityAt {
				p.q[j] = max(1, float64(results.ValueAt(h, share))) / 1e9
			}
		}
		if slices.Contains(pt.Labels, "generator_limited") {
			c.Limited++
		}
		c.points = append(c.points, p)
	}
	if len(c.points) == 0 {
		return fmt.Errorf("capacity: the sweep has no loads")
	}
	least := slices.MinFunc(c.points, func(a, b point) int { return cmp.Compare(a.Value, b.Value) })
	if least.Service != nil {
		c.idle = float64(least.Service.P50)
	}
	return nil
}

// Section is what the plan shows of the curve.
func (c *Curve) Section() results.CapacityCurve { return c.section }

// Mismatch names what the curve was measured with and the plan does not ask
// for: one sentence each. A share, spec or client that is not set is not
// compared.
func (c *Curve) Mismatch(generate, verify float64, keySpec, client string) []string {
	var out []string
	if sum := generate + verify; sum > 0 && math.Abs(generate/sum-c.Generate) > 0.005 {
		out = append(out, fmt.Sprintf("its mix is generate=%.3g,verify=%.3g", 100*c.Generate, 100*c.Verify))
	}
	if keySpec != "" && len(c.KeySpecs) > 0 && !slices.Equal(c.KeySpecs, []string{keySpec}) {
		out = append(out, fmt.Sprintf("its key spec is %s", strings.Join(c.KeySpecs, " and ")))
	}
	if client != "" && client != c.Client {
		out = append(out, fmt.Sprintf("its road is %s", c.Client))
	}
	return out
}

// broke reports whether the load broke one of the limits.
func (p point) broke(limits ...string) bool {
	return slices.ContainsFunc(limits, func(l string) bool { return slices.Contains(p.Broken, l) })
}

// Two of the reasons why a load is not used.
const (
	limitedByGenerator = "limited by the generator"
	notSteady          = "not steady"
)

// usable is "" for a load whose figures are the target's.
func (p point) usable() string {
	switch {
	case slices.Contains(p.Labels, "generator_limited"):
		return limitedByGenerator
	case p.hist == nil:
		return "nothing succeeded"
	case p.broke("throttle_share"):
		return "throttled"
	case p.broke("error_share"):
		return "errors"
	}
	return ""
}

// note adds the point to the section.
func (c *Curve) note(p point, used string) {
	pt := results.CapacityPoint{Load: p.Value, Answered: p.AnsweredRate, Used: used}
	if p.OfferedRate != nil {
		pt.Load = *p.OfferedRate
	}
	if p.Response != nil {
		pt.P50, pt.P99 = p.Response.P50, p.Response.P99
	}
	c.section.Points = append(c.section.Points, pt)
}

func (c *Curve) why(format string, args ...any) {
	c.section.Why = append(c.section.Why, fmt.Sprintf(format, args...))
}

// certain is a figure without an interval.
func certain(v float64) results.Uncertain { return results.Uncertain{Value: v, Low: v, High: v} }

// interval is a figure with the 95 % interval of its replicates.
func interval(v float64, replicates []float64) results.Uncertain {
	if len(replicates) == 0 {
		return certain(v)
	}
	return results.Uncertain{Value: v, Low: min(v, results.Quantile(replicates, 0.025)), High: max(v, results.Quantile(replicates, 0.975))}
}
