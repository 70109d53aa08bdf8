//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/bench/capacity"
	"github.com/kmsmac/kmsmac/internal/proof"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// planRow is a goal of `make plan-check`: the worst of the seeds.
type planRow struct {
	id, what            string
	predicted, measured float64
	off, most           float64 // in the goal's unit
	unit                string  // of off and most: "%" relative, "pp" percentage points
	detail              string
	noisy               string // why it has no verdict
}

func (r planRow) ok() bool { return r.off <= r.most } // NaN is not

// onWire reports whether r was measured in real time: what the machine did
// meanwhile may excuse it.
func (r planRow) onWire() bool { return strings.HasPrefix(r.id, "wire-") }

func (r planRow) figure() string {
	text := fmt.Sprintf("%s: %.4g predicted, %.4g measured, %.3g %s off", r.what, r.predicted, r.measured, r.off, r.unit)
	if r.detail != "" {
		text += "; " + r.detail
	}
	return text
}

// worse keeps the row that is further off.
func (r planRow) worse(o planRow) planRow {
	if r.id == "" || !(o.off <= r.off) {
		return o
	}
	return r
}

// relative is how far a prediction is off in percent.
func relative(id, what string, predicted, measured, most float64, detail string) planRow {
	return planRow{id: id, what: what, predicted: predicted, measured: measured, off: 100 * math.Abs(predicted/measured-1), most: most, unit: "%", detail: detail}
}

// TestPlanCheck holds plans against emulators whose capacity, service times and
// quota are known: swept, planned, then loaded at the planned rate. One row for
// each goal, the worst of the seeds, and a last line "N of M". A goal that is
// missed fails unless docs/known-short.md names its row. PLAN_CHECK=full is the
// whole, with real time on the wire at the end; without it one seed and
// shorter loads in virtual time alone, with -short of one shape.
func TestPlanCheck(t *testing.T) {
	n, full := planShort, os.Getenv("PLAN_CHECK") == "full"
	if full {
		n = planFull
	}
	tally := planTally{Tally: proof.Tally{Known: knownShort(t)}, print: full}
	var slowest time.Duration
	for i, s := range planShapes {
		if !full && testing.Short() && i != 1 {
			continue
		}
		n := n
		if i != 1 && !full {
			n.throttles = 0 // one shape is enough for them
		}
		worst := map[string]planRow{}
		var order []string
		for seed := range n.seeds {
			rows, took := checkShape(t, s, seed+1, n)
			slowest = max(slowest, took)
			for _, r := range rows {
				if _, seen := worst[r.id]; !seen {
					order = append(order, r.id)
				}
				worst[r.id] = worst[r.id].worse(r)
			}
		}
		for _, id := range order {
			tally.judge(t, worst[id])
		}
	}
	if full {
		tally.rowOf(t, proof.Row{Name: "plan-time", Figure: fmt.Sprintf("reading a curve and planning: %.3f s of CPU time, the slowest", slowest.Seconds()), Goal: "under 1 s", Met: slowest < time.Second, Speed: true})
		for _, s := range planShapes {
			knee, rows := checkWire(t, s)
			tally.say(knee.figure())
			for _, r := range rows {
				tally.judge(t, r)
			}
		}
	}
	tally.end()
}

// planTally judges rows as they come.
type planTally struct {
	proof.Tally
	print bool
}

func (c *planTally) judge(t *testing.T, r planRow) {
	t.Helper()
	c.rowOf(t, proof.Row{Name: r.id, Figure: r.figure(), Goal: fmt.Sprintf("at most %.3g %s", r.most, r.unit), Met: r.ok(), Speed: r.onWire(), Open: r.noisy})
}

func (c *planTally) rowOf(t *testing.T, r proof.Row) {
	t.Helper()
	line, failed := c.Judge(r)
	if failed {
		t.Errorf("%s: %s, want %s", r.Name, r.Figure, r.Goal)
	}
	c.say(line)
}

func (c *planTally) say(line string) {
	if c.print {
		fmt.Println(line)
	}
}

func (c *planTally) end() { c.say(c.Last()) }

// planLoads are the shares of the capacity at which predictions are held.
var planLoads = []float64{0.50, 0.70, 0.85}

// throttleLoad is a multiple of the quota, and what others use of it. Arrivals
// are random, so the share of a run strays by about 1/√arrivals: n are enough
// for a quarter of a percentage point.
type throttleLoad struct{ rate, used, n float64 }

var throttleLoads = []throttleLoad{{1.2, 0, 120_000}, {0.95, 0, 30_000}, {1.02, 0, 150_000}, {0.7, 0.4, 100_000}}

// checkShape is one seed of one shape; it returns the CPU time of a plan.
func checkShape(t *testing.T, s planShape, seed uint64, n planSizes) (rows []planRow, took time.Duration) {
	t.Helper()
	var swept *results.File
	synctest.Test(t, func(t *testing.T) { swept = sweepIt(t, s, seed, n) })
	begin := processTime(t)
	curve, err := capacity.ReadCurve(swept, seed)
	if err != nil {
		t.Fatal(err)
	}
	plans := make([]*results.Capacity, len(planLoads))
	for i, share := range planLoads {
		plans[i] = planFor(t, share*s.capacity(), func(r *capacity.Request) { r.Curves, r.P99 = []*capacity.Curve{curve}, time.Second })
		if i == 0 {
			took = processTime(t) - begin
		}
	}
	section := curve.Section()
	knee := relative("knee-"+s.name, fmt.Sprintf("knee, %s, %d servers, requests/s", s.latency, planServers), math.NaN(), s.capacity(), 5, "true capacity; "+section.Bound)
	if section.Capacity != nil {
		knee.predicted, knee.off = section.Capacity.Value, 100*math.Abs(section.Capacity.Value/s.capacity()-1)
	}
	rows = append(rows, knee)
	for i, share := range planLoads {
		rate := share * s.capacity()
		var l results.Load
		synctest.Test(t, func(t *testing.T) {
			h := newHandled(t, kmsemu.Options{Latency: s.latency, Parallelism: planServers, Seed: seed + 100})
			l = loadIt(t, h, rate, seed+100, 3*time.Second, time.Duration(float64(n.load)/(1-share)))
		})
		rows = append(rows, latencyRow(fmt.Sprintf("p99-%s-%.0f", s.name, 100*share), s, share, plans[i].Latency, l.Response, 15))
	}
	for _, x := range throttleLoads[:n.throttles] {
		x.n *= n.share
		rows = append(rows, checkThrottle(t, s, x, seed))
	}
	return rows, took
}

// processTime is the CPU time of this process so far: neighbours lengthen a
// second, but hardly this.
func processTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func latencyRow(id string, s planShape, share float64, l *results.CapacityLatency, measured *results.Latency, most float64) planRow {
	r := planRow{id: id, what: fmt.Sprintf("p99 in ms, %s, at %.0f %% of the capacity", s.latency, 100*share), predicted: math.NaN(), measured: math.NaN(), off: math.NaN(), most: most, unit: "%"}
	if measured != nil {
		r.measured = float64(measured.P99) / 1e6
	}
	if l == nil || measured == nil {
		return r
	}
	detail := fmt.Sprintf("p99 %s ms; p50 %.3g, measured %.3g; %s", l.P99.Times(1e-6), l.P50.Value/1e6, float64(measured.P50)/1e6, l.Basis)
	return relative(id, r.what, l.P99.Value/1e6, float64(measured.P99)/1e6, most, detail)
}

// planQuota is small, so that a bucket runs dry in a short time.
const planQuota = 300

// checkThrottle loads an emulator with a quota and no other limit; others send
// their share beside.
func checkThrottle(t *testing.T, s planShape, x throttleLoad, seed uint64) planRow {
	t.Helper()
	load, used := x.rate, x.used
	lasts := time.Duration(x.n / (load * planQuota) * 1e9)
	plan := planFor(t, load*planQuota, func(r *capacity.Request) {
		r.Quota = capacity.Quota{PerSecond: planQuota, Source: "known", Used: used}
	})
	warmup := plan.Quota.EmptyAfter + 5*time.Second
	var l results.Load
	synctest.Test(t, func(t *testing.T) {
		h := newHandled(t, kmsemu.Options{Latency: s.latency, Quota: fmt.Sprintf("us-east-1:symmetric=%d", planQuota), Seed: seed + 200})
		done := make(chan struct{})
		go func() {
			defer close(done)
			if used > 0 {
				loadIt(t, h, used*planQuota, seed+300, warmup, lasts)
			}
		}()
		l = loadIt(t, h, load*planQuota, seed+200, warmup, lasts)
		<-done
	})
	r := planRow{id: fmt.Sprintf("throttle-%s-%.0f", s.name, 100*(load+used)), what: fmt.Sprintf("throttled %%, %s, %.0f %% of a quota of %d, others %.0f %%", s.latency, 100*load, planQuota, 100*used), most: 1, unit: "pp"}
	for _, b := range plan.Quota.Bursts {
		if b.Decides {
			r.predicted = 100 * b.Throttle
		}
	}
	r.measured = 100 * float64(l.Throttled) / float64(l.Attempts)
	r.off = math.Abs(r.predicted - r.measured)
	return r
}

// checkWire goes the user's way in real time: serve, sweep, plan, bench.
func checkWire(t *testing.T, s planShape) (knee planRow, rows []planRow) {
	t.Helper()
	server := startProof(t, "kmsmac", "serve", "--until-eof", "--listen", "127.0.0.1:0", "--latency", s.latency, "--parallelism", fmt.Sprint(planServers), "--max-connections", "4096")
	dir := t.TempDir()
	sweep := filepath.Join(dir, "sweep")
	code, out := runCommand(t, "sweep", "--target", server.url, "--client", "raw", "--poisson", "--rate", fmt.Sprintf("%.0f-%.0f", 0.1*s.capacity(), 2*s.capacity()),
		"--factor", "1.3", "--step", "3s", "--repeats", "3", "--workers", "1000", "--mix", "generate=1", "--out", sweep)
	if code != exitOK && code != exitInconclusive { // limited by this machine: the rows say so
		t.Fatalf("sweep ended with %d: %s", code, out)
	}
	for _, share := range planLoads {
		rate := fmt.Sprintf("%.1f", share*s.capacity())
		var plan, load results.File
		code, out := runCommand(t, "plan", "--rate", rate, "--from", sweep, "--no-service-quotas", "--json")
		if err := json.Unmarshal([]byte(out), &plan); code != exitOK || err != nil {
			t.Fatalf("plan ended with %d: %v %s", code, err, out)
		}
		measured := filepath.Join(dir, rate)
		if code, out := runCommand(t, "bench", "kms", "--target", server.url, "--client", "raw", "--poisson", "--rate", rate, "--duration", "20s", "--workers", "1000", "--mix", "generate=1", "--out", measured); code != exitOK && code != exitInconclusive {
			t.Fatalf("bench ended with %d: %s", code, out)
		}
		f, err := results.Read(measured)
		if err != nil {
			t.Fatal(err)
		}
		load = *f
		knee = wireKnee(s, plan.Capacity)
		r := latencyRow(fmt.Sprintf("wire-p99-%s-%.0f", s.name, 100*share), s, share, plan.Capacity.Latency, load.Load[0].Response, 30)
		switch {
		case plan.Capacity.Latency == nil:
			r.noisy = "the loads of the sweep support no fit on this machine now"
		case strings.Contains(strings.Join(load.Load[0].Labels, " "), bench.GeneratorLimited):
			r.noisy = "the load was limited by the generator"
		}
		rows = append(rows, r)
	}
	return knee, rows
}

// wireKnee is shown; no goal is set for it.
func wireKnee(s planShape, plan *results.Capacity) planRow {
	r := planRow{id: "wire-knee-" + s.name, what: fmt.Sprintf("knee on the wire, %s, %d servers, requests/s", s.latency, planServers), predicted: math.NaN(), measured: s.capacity(), off: math.NaN(), unit: "%"}
	if c := plan.Curves[0].Capacity; c != nil {
		r.predicted, r.off = c.Value, 100*math.Abs(c.Value/s.capacity()-1)
	}
	return r
}

// runCommand runs a command line in this process and returns its stdout.
func runCommand(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out, talk strings.Builder
	code := mainEnv(t.Context(), streams{in: strings.NewReader(""), out: &out, err: &talk}, func(string) string { return "" }, args)
	if code != exitOK {
		return code, talk.String()
	}
	return code, out.String()
}
