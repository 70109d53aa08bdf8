package k6x

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/bench"
)

// Plan is what openLoop is given: the load of all instances together. Its
// members are those of a script's object, in lower camel case; unknown ones are
// refused. Durations are texts such as "90s".
type Plan struct {
	Connection

	// Out is the directory of the result, default kmsmac-result. An instance with
	// an execution segment writes into a directory of its own inside it, named by
	// its index.
	Out string `json:"out"`
	// Lead is the time from the start of the iteration to the zero of the
	// schedule, in which the keys are made. Default 2s against an emulator, and 2s
	// more for each key against AWS. Instances that k6 resumes together begin
	// together if it is long enough; what is due before an instance is ready is
	// dropped and counted.
	Lead *duration `json:"lead"`
	// StartAt is the zero of the schedule instead, in the form
	// 2030-01-02T15:04:05Z, for instances that nobody resumes together.
	StartAt string `json:"startAt"`

	// The schedule, as in kmsmac bench kms. Rate is the default, 100 a second.
	Rate    float64 `json:"rate"`
	Poisson bool    `json:"poisson"`
	EndRate float64 `json:"endRate"` // a ramp from Rate
	Steps   []struct {
		Rate     float64  `json:"rate"`
		Duration duration `json:"duration"`
	} `json:"steps"`
	Burst *struct {
		Rate   float64  `json:"rate"`
		Length duration `json:"length"`
		Period duration `json:"period"`
	} `json:"burst"` // on top of Rate
	Trace string `json:"trace"` // the text of a trace, from open("file")

	Duration   duration  `json:"duration"`
	Warmup     *duration `json:"warmup"`
	Drain      *duration `json:"drain"`
	Timeout    duration  `json:"timeout"`
	Workers    int       `json:"workers"` // of each instance
	QueueLimit int       `json:"queueLimit"`
	Overload   string    `json:"overload"`
	Pacer      string    `json:"pacer"`
	Seed       *uint64   `json:"seed"` // default 1

	// The workload.
	Mix          map[string]float64 `json:"mix"` // {generate: 70, verify: 30}
	CorruptShare float64            `json:"corruptShare"`
	KeySpecs     []string           `json:"keySpecs"`
	KeyCount     int                `json:"keyCount"` // of each spec; every instance makes its own
	KeyNames     string             `json:"keyNames"`
	Keys         []string           `json:"keys"` // existing ones instead
	Zipf         float64            `json:"zipf"`
	MessageSize  string             `json:"messageSize"`
	DryRun       bool               `json:"dryRun"`
}

// duration is a time.Duration written as text.
type duration time.Duration

// UnmarshalJSON reads "90s".
func (d *duration) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf("%s is not a duration such as \"90s\"", raw)
	}
	v, err := time.ParseDuration(text)
	*d = duration(v)
	return err
}

// strict decodes a script's object and refuses members that into does not have.
func strict(raw []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("k6x: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// bench turns p into one shard of kmsmac's own plan, checked.
func (p Plan) bench(index, count int, s spec) (bench.Plan, error) {
	out := bench.Plan{
		Seed: 1, Workers: p.Workers, QueueLimit: p.QueueLimit, Overload: bench.Overload(p.Overload), Pacer: bench.Pacing(p.Pacer),
		Duration: time.Duration(p.Duration), Timeout: time.Duration(p.Timeout), Shard: index, Shards: count,
		Warmup: orNone(p.Warmup), Drain: orNone(p.Drain),
	}
	out.MaxRequests, out.MaxCost = s.limits(count)
	if p.Seed != nil {
		out.Seed = *p.Seed
	}
	var err error
	if out.Arrivals, err = p.arrivals(); err != nil {
		return out, err
	}
	if out.Workload, err = p.workload(); err != nil {
		return out, err
	}
	if out.Duration < 0 || out.Timeout < 0 {
		return out, errors.New("k6x: a duration is negative")
	}
	return out, out.Validate()
}

// orNone keeps "0s" apart from what is not given.
func orNone(d *duration) time.Duration {
	switch {
	case d == nil:
		return 0
	case *d == 0:
		return bench.NoTime
	}
	return time.Duration(*d)
}

// arrivals are the schedule; more than one shape is refused.
func (p Plan) arrivals() (bench.Arrivals, error) {
	a := bench.Arrivals{Rate: p.Rate, Poisson: p.Poisson}
	var shapes []bench.Shape
	if p.EndRate != 0 {
		shapes, a.EndRate = append(shapes, bench.Ramp), p.EndRate
	}
	if len(p.Steps) > 0 {
		shapes = append(shapes, bench.Step)
		for _, s := range p.Steps {
			a.Steps = append(a.Steps, bench.RateStep{Rate: s.Rate, Length: time.Duration(s.Duration)})
		}
	}
	if b := p.Burst; b != nil {
		shapes = append(shapes, bench.Burst)
		a.BurstRate, a.BurstLength, a.BurstPeriod = b.Rate, time.Duration(b.Length), time.Duration(b.Period)
	}
	if p.Trace != "" {
		shapes = append(shapes, bench.Trace)
	}
	switch {
	case len(shapes) > 1:
		return a, fmt.Errorf("k6x: the plan has the shapes %v: give one of endRate, steps, burst, trace", shapes)
	case len(shapes) == 0:
		return a, nil
	}
	a.Shape = shapes[0]
	if p.Rate != 0 && (a.Shape == bench.Step || a.Shape == bench.Trace) {
		return a, fmt.Errorf("k6x: rate is not for the shape %s", a.Shape)
	}
	if a.Shape == bench.Trace {
		if p.Poisson {
			return a, errors.New("k6x: poisson is not for a trace, which says when")
		}
		return a, a.ReadTrace(strings.NewReader(p.Trace))
	}
	return a, nil
}

func (p Plan) workload() (bench.Workload, error) {
	w := bench.Workload{CorruptShare: p.CorruptShare, KeySpecs: p.KeySpecs, KeyCount: p.KeyCount, KeyNames: bench.KeyName(p.KeyNames),
		Keys: p.Keys, Zipf: p.Zipf, DryRun: p.DryRun}
	for name, share := range p.Mix {
		switch name {
		case "generate":
			w.Generate = share
		case "verify":
			w.Verify = share
		default:
			return w, fmt.Errorf("k6x: mix: unknown operation %q, use generate and verify", name)
		}
	}
	if p.Mix != nil && w.Generate == 0 && w.Verify == 0 {
		return w, errors.New("k6x: mix asks for nothing")
	}
	if p.MessageSize == "" {
		return w, nil
	}
	var err error
	w.Sizes, err = bench.ParseSizes(p.MessageSize)
	return w, err
}

// start is the zero of the schedule for an iteration that begins now.
func (p Plan) start(now time.Time, aws bool, keys int) (at time.Time, fixed bool, err error) {
	if p.StartAt != "" {
		if p.Lead != nil {
			return at, true, errors.New("k6x: give lead or startAt, not both")
		}
		if at, err = time.Parse(time.RFC3339, p.StartAt); err != nil {
			return at, true, fmt.Errorf("k6x: startAt %q is not of the form 2030-01-02T15:04:05Z", p.StartAt)
		}
		if d := at.Sub(now); d > 24*time.Hour || d < -24*time.Hour {
			return at, true, fmt.Errorf("k6x: startAt %s is more than a day away", p.StartAt)
		}
		return at.UTC(), true, nil
	}
	lead := 2 * time.Second
	if aws {
		lead += time.Duration(keys) * 2 * time.Second
	}
	if p.Lead != nil {
		if lead = time.Duration(*p.Lead); lead < 0 || lead > time.Hour {
			return at, false, fmt.Errorf("k6x: lead %s is not between 0s and 1h", lead)
		}
	}
	return now.Add(lead), false, nil
}
