package kmsemu

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Latency is how long answers take: a distribution whose nth value depends on
// the seed and n alone.
type Latency struct {
	kind   string // "constant", "lognormal", "bimodal", "stall", "replay"
	base   time.Duration
	other  time.Duration // bimodal: the slow mode; stall: its length
	every  time.Duration // stall: from the start of one to the start of the next
	share  float64       // bimodal: of the slow mode; lognormal: sigma
	replay *replay       // of a recording; else nil
}

// longestLatency bounds every duration of a Latency or a fault.
const longestLatency = time.Hour

// ParseLatency reads a distribution:
//
//	constant:5ms                every answer takes 5 ms
//	lognormal:5ms:0.5           median 5 ms, sigma 0.5
//	bimodal:2ms:50ms:0.05       2 ms, and 50 ms for 5 % of the answers
//	stall:2ms:1s:30s            2 ms, but nothing is answered in the first
//	                            second of every 30 s
func ParseLatency(text string) (*Latency, error) {
	part := strings.Split(text, ":")
	l := &Latency{kind: part[0]}
	var fields []any
	switch l.kind {
	case "constant":
		fields = []any{&l.base}
	case "lognormal":
		fields = []any{&l.base, &l.share}
	case "bimodal":
		fields = []any{&l.base, &l.other, &l.share}
	case "stall":
		fields = []any{&l.base, &l.other, &l.every}
	default:
		return nil, fmt.Errorf("kmsemu: latency %q: unknown distribution %q", text, l.kind)
	}
	if len(part)-1 != len(fields) {
		return nil, fmt.Errorf("kmsemu: latency %q: %d values, want %d", text, len(part)-1, len(fields))
	}
	for i, f := range fields {
		if err := parseField(part[i+1], f); err != nil {
			return nil, fmt.Errorf("kmsemu: latency %q: %w", text, err)
		}
	}
	why := ""
	switch {
	case l.kind == "bimodal" && l.share > 1:
		why = "the share of slow answers is above 1"
	case l.kind == "lognormal" && l.share > 5:
		why = "sigma is above 5"
	case l.kind == "stall" && l.every <= l.other:
		why = "the third must be longer than the second: stalls that long come that often"
	}
	if why != "" {
		return nil, fmt.Errorf("kmsemu: latency %q: %s", text, why)
	}
	return l, nil
}

func parseField(text string, field any) error {
	switch f := field.(type) {
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 || d > longestLatency {
			return fmt.Errorf("%q is not a duration from 0 to %v", text, longestLatency)
		}
		*f = d
	case *float64:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || !(v >= 0) || math.IsInf(v, 0) {
			return fmt.Errorf("%q is not a number from 0", text)
		}
		*f = v
	}
	return nil
}

// At returns how long answer n takes that begins so long after the start.
func (l *Latency) At(seed, n uint64, sinceStart time.Duration) time.Duration {
	switch l.kind {
	case "replay":
		return l.replay.at(uniform(seed, n, 1), sinceStart)
	case "lognormal":
		z := normal(uniform(seed, n, 1), uniform(seed, n, 2))
		return min(time.Duration(float64(l.base)*math.Exp(l.share*z)), longestLatency)
	case "bimodal":
		if uniform(seed, n, 1) < l.share {
			return l.other
		}
	case "stall":
		if into := sinceStart % l.every; into < l.other {
			return l.other - into + l.base
		}
	}
	return l.base
}

// uniform is the nth number of a stream in [0, 1): a hash, so that it does not
// depend on who asks first (SplitMix64, Steele et al. 2014).
func uniform(seed, n, stream uint64) float64 {
	x := seed ^ n*0x9e3779b97f4a7c15 ^ stream*0xd1b54a32d192ed03
	for range 2 {
		x += 0x9e3779b97f4a7c15
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		x ^= x >> 31
	}
	return float64(x>>11) / (1 << 53)
}

// normal turns two uniform numbers into a standard normal one (Box and
// Muller 1958).
func normal(u, v float64) float64 {
	return math.Sqrt(-2*math.Log(1-u)) * math.Cos(2*math.Pi*v)
}

// pause waits for d or until ctx ends; it reports whether d passed.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// servers is the capacity of the emulator: a queue with that many servers.
type servers chan struct{}

// enter waits for a free server; false means that the client has gone.
func (e *Emulator) enter(ctx context.Context) bool {
	if e.servers == nil {
		return true
	}
	e.queue.Add(1)
	defer e.queue.Add(-1)
	select {
	case e.servers <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (e *Emulator) leave() {
	if e.servers != nil {
		<-e.servers
	}
}

// QueueLength is the number of requests that wait for one of
// Options.Parallelism servers.
func (e *Emulator) QueueLength() int { return int(e.queue.Load()) }
