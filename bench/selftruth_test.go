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
	"golang.org/x/sync/errgroup"

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

// wireShapes have long delays, and wireRate is low: what neighbours on the
// machine add to a request is little beside them. A generator that did not see
// the stall would be off by 18 % at its p99.
var wireShapes = []wireShape{
	{"constant", "constant:1s"}, {"bimodal", "bimodal:500ms:2s:0.05"}, {"stall", "stall:500ms:120ms:1s"},
}

const (
	wireRate   = 100
	wireLength = 10 * time.Second
)

// wireRounds of each shape that are wanted, and wireTries to get them,
// interleaved. A round that the run itself marks as limited by the generator is
// not one of them: its label says that its times are not the target's.
const (
	wireRounds = 3
	wireTries  = 6
)

// wireGoals hold the response time that we measure against the server's own log.
// All shapes are measured at the same time, each on a server of its own.
func wireGoals() ([]goal, error) {
	sound, limited := make([][]wireRound, len(wireShapes)), make([][]wireRound, len(wireShapes))
	for range wireTries {
		var round errgroup.Group
		for i, s := range wireShapes {
			if len(sound[i]) == wireRounds {
				continue
			}
			round.Go(func() error {
				r, err := onTheWire(s.latency)
				switch {
				case err != nil:
					return fmt.Errorf("%s: %w", s.name, err)
				case r.limited:
					limited[i] = append(limited[i], r)
				default:
					sound[i] = append(sound[i], r)
				}
				return nil
			})
		}
		if err := round.Wait(); err != nil {
			return nil, err
		}
	}
	var out []goal
	for i, s := range wireShapes {
		out = append(out, s.goal(50, sound[i], limited[i]), s.goal(99, sound[i], limited[i]))
	}
	return out, nil
}

// goal is one percentile of one shape. Without a single round that was not
// limited, the figure is that of the limited ones and the goal is not met.
func (s wireShape) goal(q float64, sound, limited []wireRound) goal {
	g := goal{id: fmt.Sprintf("wire-%s-p%.0f", s.name, q), what: fmt.Sprintf("response p%.0f off the server's own log, %s", q, s.latency), most: 5, unit: "%", truth: true}
	shown := sound
	note := fmt.Sprintf("%d more were generator_limited", len(limited))
	if len(sound) == 0 {
		shown, note = limited, "all of them generator_limited"
		g.doubt = "every round was generator_limited"
	}
	var off, ours, theirs []float64
	for _, r := range shown {
		off = append(off, 100*math.Abs(float64(r.ours.ValueAtQuantile(q))/float64(r.theirs.ValueAtQuantile(q))-1))
		ours, theirs = append(ours, float64(r.ours.ValueAtQuantile(99.9))/1e6), append(theirs, float64(r.theirs.ValueAtQuantile(99.9))/1e6)
	}
	g.value = median(off)
	g.detail = fmt.Sprintf("%s, %s; p99.9 %.1f ms, the server's %.1f ms", spread("%.2f", off), note, median(ours), median(theirs))
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
	client, err := raw.New(raw.Options{Endpoint: url, Region: "us-east-1", MaxConnections: 3 * wireRate, Timeout: -1})
	if err != nil {
		return nil, false, err
	}
	defer client.Close()
	rep, err := Run(context.Background(), rawRoad{client, admin}, Plan{
		Arrivals: Arrivals{Rate: wireRate}, Workers: 3 * wireRate, Duration: wireLength, Warmup: NoTime, Workload: Workload{Generate: 1},
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
