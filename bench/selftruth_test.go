//go:build unix

package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awskms"
	"github.com/kmsmac/kmsmac/target/kmsemu"
	"github.com/kmsmac/kmsmac/target/raw"
)

var deviation = regexp.MustCompile(`(p50|p99|p99\.9) off by ([0-9.]+) %`)

// truthGoals run the virtual-time test of servers with known delays and report
// the largest deviation from the closed form.
func truthGoals() ([]goal, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe, "-test.run", "^TestTruth$", "-test.v")
	cmd.Env = append(os.Environ(), childMode+"=")
	out, runErr := cmd.CombinedOutput()
	found := deviation.FindAllSubmatch(out, -1)
	if len(found) != 9 {
		return nil, fmt.Errorf("the virtual-time test told %d of 9 deviations (%w):\n%s", len(found), runErr, out)
	}
	worst := 0.0
	for _, m := range found {
		v, err := strconv.ParseFloat(string(m[2]), 64)
		if err != nil {
			return nil, err
		}
		worst = max(worst, v)
	}
	return []goal{{id: "truth-virtual", what: "p50, p99, p99.9 off the closed form, virtual time", value: worst, most: 2, unit: "%",
		detail: "largest of constant, bimodal, stall", truth: true}}, nil
}

// serveEmulatorChild is an emulator with a latency that logs by itself how long
// each GenerateMac took, and prints the histogram in the end.
func serveEmulatorChild(latency string) int {
	var mu sync.Mutex
	h := results.NewHistogram()
	emu, err := kmsemu.New(kmsemu.Options{Latency: latency, Seed: 1, Observe: func(o kmsemu.Observation) {
		if o.Operation == OpGenerate {
			mu.Lock()
			defer mu.Unlock()
			_ = h.RecordValue(int64(o.Duration)) // within range
		}
	}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	srv, err := emu.Listen("127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(srv.URL)
	ctx, cancel := untilEOF()
	defer cancel()
	<-ctx.Done()
	err = errors.Join(srv.Close(), emu.Close())
	mu.Lock()
	defer mu.Unlock()
	text, encodeErr := results.EncodeHistogram(h)
	fmt.Println(text)
	if errors.Join(err, encodeErr) != nil {
		return 1
	}
	return 0
}

// rawRoad measures through the raw client and makes keys through the SDK.
type rawRoad struct {
	*raw.Client
	target.KeyAdmin
}

// wireShape is a server whose delays are known.
type wireShape struct{ name, latency string }

var wireShapes = []wireShape{
	{"constant", "constant:20ms"}, {"bimodal", "bimodal:20ms:100ms:0.05"}, {"stall", "stall:20ms:120ms:1s"},
}

// wireRounds of each shape that count, and wireTries to get them, interleaved.
// A round that the run itself marks as limited by the generator does not count:
// its label says that its times are not the target's, and neighbours on the
// machine bring that about.
const (
	wireRounds = 3
	wireTries  = 9
)

// wireGoals hold the response time that we measure against the server's own log.
func wireGoals() ([]goal, error) {
	var out []goal
	sides := make([][]wireRound, len(wireShapes))
	limited := make([]int, len(wireShapes))
	for range wireTries {
		for i, s := range wireShapes {
			if len(sides[i]) == wireRounds {
				continue
			}
			r, err := onTheWire(s.latency)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			if r.limited {
				limited[i]++
				continue
			}
			sides[i] = append(sides[i], r)
		}
	}
	for i, s := range wireShapes {
		out = append(out, s.goal(50, sides[i], limited[i]), s.goal(99, sides[i], limited[i]))
	}
	return out, nil
}

// goal is one percentile of one shape.
func (s wireShape) goal(q float64, rounds []wireRound, limited int) goal {
	g := goal{id: fmt.Sprintf("wire-%s-p%.0f", s.name, q), what: fmt.Sprintf("response p%.0f off the server's own log, %s", q, s.latency), most: 5, unit: "%", truth: true}
	if len(rounds) < wireRounds {
		g.missing = fmt.Sprintf("%d of %d rounds were marked generator_limited: the machine is too busy", limited, limited+len(rounds))
		return g
	}
	var off []float64
	for _, r := range rounds {
		off = append(off, 100*math.Abs(float64(r.ours.ValueAtQuantile(q))/float64(r.theirs.ValueAtQuantile(q))-1))
	}
	last := rounds[len(rounds)-1]
	g.value = median(off)
	g.detail = fmt.Sprintf("%s, %d more were limited; p99.9 %.1f ms, the server's %.1f ms", spread("%.2f", off), limited,
		float64(last.ours.ValueAtQuantile(99.9))/1e6, float64(last.theirs.ValueAtQuantile(99.9))/1e6)
	return g
}

// wireRound is one load as both sides saw it.
type wireRound struct {
	ours, theirs *hdrhistogram.Histogram
	limited      bool
}

// onTheWire loads an emulator of its own.
func onTheWire(latency string) (r wireRound, err error) {
	emu, err := startSelf("emulator=" + latency)
	if err != nil {
		return r, err
	}
	r.ours, r.limited, err = loadOnTheWire(emu.url)
	last, endErr := emu.end()
	if err := errors.Join(err, endErr); err != nil {
		return r, err
	}
	r.theirs, err = results.DecodeHistogram(strings.TrimSpace(last))
	return r, err
}

func loadOnTheWire(url string) (h *hdrhistogram.Histogram, limited bool, err error) {
	admin, err := awskms.New(context.Background(), awskms.Options{Endpoint: url, Region: "us-east-1"})
	if err != nil {
		return nil, false, err
	}
	defer admin.Close()
	client, err := raw.New(raw.Options{Endpoint: url, Region: "us-east-1", MaxConnections: 400, Timeout: -1})
	if err != nil {
		return nil, false, err
	}
	defer client.Close()
	rep, err := Run(context.Background(), rawRoad{client, admin}, Plan{
		Arrivals: Arrivals{Rate: 400}, Workers: 400, Duration: 5 * time.Second, Warmup: NoTime, Workload: Workload{Generate: 1},
	}, Options{})
	if err != nil {
		return nil, false, err
	}
	l := rep.Loads[0]
	if rep.Verdict() != results.Pass || l.Succeeded != l.Requests {
		return nil, false, fmt.Errorf("%d of %d requests succeeded, verdict %s: %v", l.Succeeded, l.Requests, rep.Verdict(), l.Errors)
	}
	h, err = results.DecodeHistogram(l.Histograms["response"])
	return h, slices.Contains(l.Labels, GeneratorLimited), err
}
