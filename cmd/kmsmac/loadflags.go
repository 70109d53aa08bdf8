package main

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/results"
)

// loadFlags define a load.
type loadFlags struct {
	scheduleFlags `group:"Schedule"`
	workloadFlags `group:"Workload"`
	clientFlags   `group:"Client"`
}

// scheduleFlags say when requests are sent. Pointers tell what was given from
// what was not.
type scheduleFlags struct {
	Rate        *float64       `placeholder:"N" help:"Open loop: arrivals per second (default 100); the start of a ramp, the base of bursts."`
	Shape       string         `placeholder:"SHAPE" help:"constant (default), ramp, step, burst or trace; implied by the four flags below."`
	EndRate     *float64       `placeholder:"N" help:"Ramp: arrivals per second at the end."`
	Steps       string         `placeholder:"N:TIME,…" help:"Step: rates one after another, for example 100:10s,200:10s."`
	Burst       string         `placeholder:"N:TIME:PERIOD" help:"Burst: this rate for so long at the start of each period, for example 2000:200ms:5s."`
	Trace       string         `placeholder:"FILE" help:"Trace: arrivals from a file, one a line, in seconds since the start."`
	Poisson     bool           `help:"Random gaps, as many independent callers make them, with the shape's rate (default: even gaps)."`
	Workers     int            `placeholder:"N" help:"Open loop: most requests in flight (default: a quarter of the peak rate, 16 to 1000)."`
	Overload    string         `placeholder:"POLICY" help:"An arrival that finds every worker busy: queue (default) or drop."`
	QueueLimit  int            `placeholder:"N" help:"Most arrivals that wait for a worker (default: a second's worth; with drop none)."`
	Drain       *time.Duration `placeholder:"TIME" help:"How long arrivals that wait at the end are still sent (default 10s)."`
	Pacer       string         `placeholder:"PACER" help:"auto (default), sleep, nanosleep or spin, which takes a core."`
	Concurrency int            `placeholder:"N" help:"Closed loop: requests in flight; excludes everything above."`
	Think       time.Duration  `placeholder:"TIME" help:"Closed loop: pause between reply and next request."`
	Duration    *time.Duration `placeholder:"TIME" help:"Measured span (default 10s, or the length of the steps or the trace)."`
	Warmup      *time.Duration `placeholder:"TIME" help:"Before it, not measured (default a tenth of it, at most 5s; 0s for none)."`
	shardFlags
}

// workloadFlags say what is asked for.
type workloadFlags struct {
	Preset       string   `placeholder:"NAME" help:"${presetHelp} The flags below change it."`
	Mix          string   `placeholder:"SHARES" help:"Shares of the operations (default generate=50,verify=50)."`
	CorruptShare *float64 `placeholder:"SHARE" help:"Share of VerifyMac whose tag is wrong on purpose and must be refused, 0 to 1."`
	KeySpec      []string `placeholder:"SPEC" help:"HMAC_224, HMAC_256 (default), HMAC_384, HMAC_512; repeatable."`
	Keys         int      `placeholder:"N" help:"Keys to make for each spec (default 1)."`
	KeyNames     string   `placeholder:"KIND" help:"Name the keys by id (default), arn or alias."`
	Key          []string `placeholder:"ID" help:"Existing key by id, ARN or alias; repeatable. Nothing is created, changed or deleted."`
	SecretFile   []string `placeholder:"FILE" help:"File with the raw secret of the --key at the same place, so that the engine verifies its tags."`
	Zipf         float64  `placeholder:"S" help:"Popularity of keys: the i-th is asked for in proportion to 1/i^S (default 0, all alike)."`
	MessageSize  string   `placeholder:"SIZES" help:"Bytes: 32 (default), a range 16-1024, or sizes with weights 32:70,64-256:25,4096:5."`
	DryRun       bool     `help:"Ask with DryRun: the expected answer is DryRunOperationException."`
}

// clientFlags say how requests are sent.
type clientFlags struct {
	Client string `default:"sdk" enum:"sdk,sdk-user,lean,raw" help:"sdk (measuring settings), sdk-user (your SDK settings), lean (net/http, own signing) or raw (own HTTP/1.1, for finding a ceiling)."`
	GOGC   string `name:"gogc" placeholder:"N" help:"Garbage collection target of this process, or off (default: GOGC if set, else 400; never changed for sdk-user)."`
}

// presetHelp names the presets.
func presetHelp() string {
	var names []string
	for _, p := range bench.Presets() {
		names = append(names, p.Name)
	}
	return "A workload by name: " + strings.Join(names, ", ") + "."
}

// plan turns the flags into a plan. Its errors are usage errors, but for files
// that cannot be read.
func (f loadFlags) plan(seed uint64, timeout time.Duration) (bench.Plan, error) {
	p := bench.Plan{Seed: seed, Timeout: timeout}
	if err := f.schedule(&p); err != nil {
		return p, err
	}
	var err error
	if p.Workload, err = f.workload(); err != nil {
		return p, err
	}
	if err := p.Validate(); err != nil {
		return p, usageError(err)
	}
	return p, nil
}

func (f scheduleFlags) schedule(p *bench.Plan) (err error) {
	p.Concurrency, p.Think = f.Concurrency, f.Think
	p.Workers, p.QueueLimit = f.Workers, f.QueueLimit
	p.Overload, p.Pacer = bench.Overload(f.Overload), bench.Pacing(f.Pacer)
	switch {
	case f.Concurrency != 0 && f.Rate != nil:
		return usagef("--rate is an open loop and --concurrency a closed one: give one of them")
	case f.Concurrency != 0 && f.Workers != 0:
		return usagef("--workers is for an open loop: with --concurrency the requests in flight are given")
	}
	if p.Arrivals, err = f.arrivals(); err != nil {
		return err
	}
	if p.Shard, p.Shards, err = f.parse(); err != nil {
		return err
	}
	if f.Duration != nil {
		if p.Duration = *f.Duration; p.Duration <= 0 {
			return usagef("--duration must be positive, not %s", p.Duration)
		}
	}
	if p.Warmup, err = orNone("--warmup", f.Warmup); err != nil {
		return err
	}
	p.Drain, err = orNone("--drain", f.Drain)
	return err
}

// orNone keeps "zero" apart from "not given".
func orNone(name string, d *time.Duration) (time.Duration, error) {
	switch {
	case d == nil:
		return 0, nil
	case *d < 0:
		return 0, usagef("%s must not be negative", name)
	case *d == 0:
		return bench.NoTime, nil
	}
	return *d, nil
}

// arrivals reads the shape and its parameters; those of another shape are
// refused.
func (f scheduleFlags) arrivals() (bench.Arrivals, error) {
	shape := bench.Shape(f.Shape)
	for _, p := range []struct {
		flag  string
		given bool
		of    bench.Shape
	}{
		{"--end-rate", f.EndRate != nil, bench.Ramp}, {"--steps", f.Steps != "", bench.Step},
		{"--burst", f.Burst != "", bench.Burst}, {"--trace", f.Trace != "", bench.Trace},
	} {
		switch {
		case p.given && shape == "":
			shape = p.of
		case p.given && shape != p.of:
			return bench.Arrivals{}, usagef("%s is for --shape %s, not %s", p.flag, p.of, shape)
		case !p.given && shape == p.of:
			return bench.Arrivals{}, usagef("--shape %s needs %s", shape, p.flag)
		}
	}
	a := bench.Arrivals{Shape: shape, Poisson: f.Poisson}
	if f.Rate != nil {
		if a.Rate = *f.Rate; a.Rate == 0 && (shape == "" || shape == bench.Constant) {
			return a, usagef("--rate must be above 0")
		}
	}
	switch shape {
	case bench.Ramp:
		a.EndRate = *f.EndRate
	case bench.Step, bench.Trace:
		if f.Rate != nil {
			return a, usagef("--rate is not for --shape %s", shape)
		}
		if shape == bench.Trace {
			return f.trace()
		}
		return f.steps(a)
	case bench.Burst:
		return f.burst(a)
	}
	return a, nil
}

func (f scheduleFlags) steps(a bench.Arrivals) (bench.Arrivals, error) {
	for part := range strings.SplitSeq(f.Steps, ",") {
		rate, length, ok := strings.Cut(strings.TrimSpace(part), ":")
		r, err1 := strconv.ParseFloat(rate, 64)
		d, err2 := time.ParseDuration(length)
		if !ok || err1 != nil || err2 != nil {
			return a, usagef("--steps: %q is not of the form 100:10s", part)
		}
		a.Steps = append(a.Steps, bench.RateStep{Rate: r, Length: d})
	}
	return a, nil
}

func (f scheduleFlags) burst(a bench.Arrivals) (bench.Arrivals, error) {
	part := strings.Split(f.Burst, ":")
	if len(part) != 3 {
		return a, usagef("--burst %q is not of the form 2000:200ms:5s", f.Burst)
	}
	var err1, err2, err3 error
	a.BurstRate, err1 = strconv.ParseFloat(part[0], 64)
	a.BurstLength, err2 = time.ParseDuration(part[1])
	a.BurstPeriod, err3 = time.ParseDuration(part[2])
	if err := errors.Join(err1, err2, err3); err != nil {
		return a, usagef("--burst %q is not of the form 2000:200ms:5s", f.Burst)
	}
	return a, nil
}

func (f scheduleFlags) trace() (a bench.Arrivals, err error) {
	if f.Poisson {
		return a, usagef("--poisson is not for --shape trace: the file says when")
	}
	file, err := os.Open(f.Trace)
	if err != nil {
		return a, unknownf("the trace cannot be read: %w", err)
	}
	defer file.Close()
	if err := a.ReadTrace(file); err != nil {
		if _, io := errors.AsType[*fs.PathError](err); io {
			return a, unknownf("%w", err)
		}
		return a, usageError(err)
	}
	return a, nil
}

// workload is the preset, if any, changed by what else was given.
func (f workloadFlags) workload() (w bench.Workload, err error) {
	if f.Preset != "" {
		p, ok := bench.PresetNamed(f.Preset)
		if !ok {
			return w, usagef("unknown preset %q. %s", f.Preset, presetHelp())
		}
		w = p.Workload
	}
	if f.Mix != "" {
		if w.Generate, w.Verify, err = parseMix(f.Mix); err != nil {
			return w, err
		}
		if w.Verify == 0 {
			w.CorruptShare = 0 // of the preset
		}
	}
	if f.CorruptShare != nil {
		w.CorruptShare = *f.CorruptShare
	}
	if len(f.KeySpec) > 0 || len(f.Key) > 0 {
		w.KeySpecs = f.KeySpec
	}
	if f.MessageSize != "" {
		if w.Sizes, err = bench.ParseSizes(f.MessageSize); err != nil {
			return w, usageError(err)
		}
	}
	if f.Keys < 0 {
		return w, usagef("--keys must not be negative")
	}
	if len(f.SecretFile) > 0 && len(f.SecretFile) != len(f.Key) {
		return w, usagef("%d --secret-file for %d --key: give one each, or none", len(f.SecretFile), len(f.Key))
	}
	w.KeyCount, w.Keys, w.KeyNames = f.Keys, f.Key, bench.KeyName(f.KeyNames)
	w.Zipf, w.DryRun = f.Zipf, f.DryRun
	return w, nil
}

// parseMix reads "generate=70,verify=30"; an operation left out has no share.
func parseMix(text string) (generate, verify float64, err error) {
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		share, perr := strconv.ParseFloat(value, 64)
		if !ok || perr != nil || !(share >= 0) || share > 1e9 || seen[name] {
			return 0, 0, usagef("--mix %q is not of the form generate=70,verify=30", text)
		}
		seen[name] = true
		switch name {
		case "generate":
			generate = share
		case "verify":
			verify = share
		default:
			return 0, 0, usagef("--mix %q: unknown operation %q, use generate and verify", text, name)
		}
	}
	if generate+verify == 0 {
		return 0, 0, usagef("--mix %q asks for nothing", text)
	}
	return generate, verify, nil
}

// secrets reads the secret files. A secret is the file's bytes as they are.
func (f workloadFlags) secrets() ([][]byte, error) {
	var out [][]byte
	for _, name := range f.SecretFile {
		raw, err := readBounded(name)
		if err != nil {
			return nil, unknownf("the secret cannot be read: %w", err)
		}
		if len(raw) == 0 {
			return nil, usagef("the secret file %s is empty", name)
		}
		out = append(out, raw)
	}
	return out, nil
}

// loadSettings is the plan as the result keeps it. The shard is not part of it:
// all shards of a plan have one plan hash.
func loadSettings(p bench.Plan, t targetFlags, client string) map[string]any {
	p = p.WithDefaults()
	p.Shard = 0
	p.Workload.Keys = slices.Clone(p.Workload.Keys)
	for i, key := range p.Workload.Keys {
		p.Workload.Keys[i] = results.MaskAccounts(key)
	}
	return map[string]any{"load": p, "target": t.Target, "client": client}
}
