//go:build unix

package bench

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/internal/proof"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target/awskms"
)

// goal is one row of `make bench-self`.
type goal struct {
	id      string // as docs/known-short.md names it
	what    string
	value   float64
	most    float64 // the value may be at most this
	unit    string
	detail  string // how the value came about
	truth   bool   // being short is a wrong number, which nothing excuses
	missing string // why it was not measured; empty if it was
	doubt   string // why the value decides nothing; empty if it does
}

// benchSelf measures the goals of this package and prints one row each. known
// is the list of goals that are known to be short. It returns the exit code.
func benchSelf(w io.Writer, known string) int {
	excuses, err := proof.ReadKnown(known)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	old := debug.SetGCPercent(400) // as bench kms does
	defer debug.SetGCPercent(old)
	t := tally{Tally: proof.Tally{Known: excuses}}
	for _, part := range []func() ([]goal, error){truthGoals, wireGoals, recordGoals, lagGoals, sdkGoals, wrkGoals} {
		goals, err := part()
		if err != nil {
			fmt.Fprintf(os.Stderr, "bench-self: %v\n", err)
			return 3
		}
		for _, g := range goals {
			t.add(w, g)
		}
	}
	return t.end(w)
}

// tally also knows whether it could be found out that numbers are right.
type tally struct {
	proof.Tally
	unknown bool
}

// add prints and counts one goal.
func (t *tally) add(w io.Writer, g goal) {
	if g.truth && (g.missing != "" || g.doubt != "") {
		t.unknown = true
	}
	if g.missing != "" {
		fmt.Fprintf(w, "%-26s %s: not measured: %s\n", g.id, g.what, g.missing)
		return
	}
	line, _ := t.Judge(proof.Row{Name: g.id, Figure: g.figure(), Goal: strings.TrimSpace(fmt.Sprintf("at most %.4g %s", g.most, g.unit)), Met: g.value <= g.most, Speed: !g.truth, Open: g.doubt})
	fmt.Fprintln(w, line)
}

func (g goal) figure() string {
	text := strings.TrimSpace(fmt.Sprintf("%s: %.4g %s", g.what, g.value, g.unit))
	if g.detail != "" {
		text += "; " + g.detail
	}
	return text
}

// end prints how many goals are met and returns the exit code: 1 if a number is
// wrong, or a goal short that nobody listed; 3 if it could not be found out
// whether numbers are right.
func (t *tally) end(w io.Writer) (code int) {
	fmt.Fprintln(w, t.Last())
	switch {
	case t.Failed:
		return 1
	case t.unknown:
		return 3
	}
	return 0
}

func TestTally(t *testing.T) {
	for _, row := range []struct {
		name string
		goal goal
		want int
		text string
	}{
		{"met", goal{id: "x", value: 1, most: 1}, 0, "1 of 1"},
		{"short", goal{id: "x", value: 1.01, most: 1}, 1, "0 of 1"},
		{"short and listed", goal{id: "slow", value: 2, most: 1}, 0, "0 of 1"},
		{"wrong and listed", goal{id: "slow", value: 2, most: 1, truth: true}, 1, "0 of 1"},
		{"not a number", goal{id: "x", value: math.NaN(), most: 1}, 1, "0 of 1"},
		{"no peer", goal{id: "x", missing: "wrk is not installed"}, 0, "0 of 0"},
		{"right, in doubt", goal{id: "x", value: 0.5, most: 1, truth: true, doubt: "busy"}, 3, "0 of 1"},
		{"wrong, in doubt", goal{id: "x", value: 2, most: 1, truth: true, doubt: "busy"}, 3, "0 of 1"},
		{"truth not found out", goal{id: "x", missing: "busy", truth: true}, 3, "0 of 0"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var b strings.Builder
			tl := tally{Tally: proof.Tally{Known: map[string]string{"slow": "for a reason"}}}
			tl.add(&b, row.goal)
			if code := tl.end(&b); code != row.want || !strings.HasSuffix(b.String(), row.text+"\n") {
				t.Errorf("exit %d, want %d:\n%s", code, row.want, b.String())
			}
		})
	}
}

// spread tells the middle and both ends.
func spread(format string, v []float64) string {
	return fmt.Sprintf("median "+format+", "+format+" to "+format+", %d rounds", median(v), results.Quantile(v, 0), results.Quantile(v, 1), len(v))
}

// cpuPer is the CPU time in nanoseconds of one call of f: neighbours on the
// machine lengthen the wall time of a call, but hardly this. Its middle of
// twenty rounds.
func cpuPer(calls int, f func()) float64 {
	var v []float64
	for range 20 {
		before := cpuTime()
		for range calls {
			f()
		}
		v = append(v, float64(cpuTime()-before)/float64(calls))
	}
	return median(v)
}

// recordGoals are what measuring adds to a request.
func recordGoals() ([]goal, error) {
	c := newCollector(1, []*class{{}})
	s := sample{attempts: 1, verified: true, response: 3 * time.Millisecond, service: 2 * time.Millisecond, lag: time.Millisecond}
	put := func() { c.put(c.rings[0], s) }
	return []goal{
		{id: "record-ns", what: "three clocks of a request into their histograms, CPU time", value: cpuPer(200_000, put), most: 50, unit: "ns"},
		{id: "record-allocs", what: "allocations of that", value: testing.AllocsPerRun(10*ringSize, put), most: 0},
	}, nil
}

// lagRounds of each rate, interleaved.
const lagRounds = 9

// lagGoals are by how much the generator itself is late.
func lagGoals() ([]goal, error) {
	rates := []float64{1000, 10_000, 50_000}
	lags, off := make([][]float64, len(rates)), make([][]float64, len(rates))
	for range lagRounds {
		for i, rate := range rates {
			rep, err := Run(context.Background(), newNoop(), Plan{
				Arrivals: Arrivals{Rate: rate}, Workers: 64, Duration: time.Second, Workload: Workload{Generate: 1},
			}, Options{})
			if err != nil {
				return nil, err
			}
			l := rep.Loads[0]
			lags[i] = append(lags[i], float64(l.Lag.P50)/1e6)
			off[i] = append(off[i], 100*max(l.AchievedRate/rate-1, 1-l.AchievedRate/rate))
		}
	}
	var out []goal
	for i, rate := range rates {
		out = append(out,
			goal{id: fmt.Sprintf("lag-%.0f", rate), what: fmt.Sprintf("schedule lag at %.0f/s, p50, target that does nothing", rate), value: median(lags[i]), most: 0.12, unit: "ms", detail: spread("%.3f", lags[i])},
			goal{id: fmt.Sprintf("rate-%.0f", rate), what: fmt.Sprintf("achieved rate off %.0f/s", rate), value: median(off[i]), most: 0.1, unit: "%", detail: spread("%.3f", off[i])})
	}
	return out, nil
}

// sdkPairs is the number of interleaved pairs.
const sdkPairs = 60

// sdkGoals compare the harness on the road sdk with a bare loop over the SDK.
func sdkGoals() ([]goal, error) {
	null, err := startSelf("null")
	if err != nil {
		return nil, err
	}
	defer null.end()
	ours, err := awskms.New(context.Background(), awskms.Options{Endpoint: null.url, Region: "us-east-1", MaxConnections: selfConcurrency, Timeout: -1})
	if err != nil {
		return nil, err
	}
	defer ours.Close()
	key, err := engine.NewKey(engine.HMACSHA256, make([]byte, 32))
	if err != nil {
		return nil, err
	}
	bare := bareClient(null.url)
	const round = 300 * time.Millisecond
	arms := []func() (time.Duration, error){
		func() (time.Duration, error) { return bareLoop(bare, round) },
		func() (time.Duration, error) { return harnessLoop(checking{ours, key}, round) },
	}
	got, err := interleaved(arms, sdkPairs)
	if err != nil {
		return nil, err
	}
	ratios := ratio(got[1], got[0])
	return []goal{{id: "sdk-cpu", what: "CPU per request, sdk, records and verification : bare SDK loop", value: median(ratios), most: 1.05, unit: "x",
		detail: spread("%.3f", ratios) + fmt.Sprintf("; %.1f and %.1f µs", median(got[1])/1e3, median(got[0])/1e3)}}, nil
}

// interleaved runs the arms in turn, forwards and backwards, after one round
// that is not kept; values are nanoseconds.
func interleaved(arms []func() (time.Duration, error), rounds int) ([][]float64, error) {
	out := make([][]float64, len(arms))
	for round := -1; round < rounds; round++ {
		runtime.GC()
		for i := range arms {
			if round%2 != 0 {
				i = len(arms) - 1 - i
			}
			d, err := arms[i]()
			if err != nil {
				return nil, err
			}
			if round >= 0 {
				out[i] = append(out[i], float64(d))
			}
		}
	}
	return out, nil
}

func ratio(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] / b[i]
	}
	return out
}
