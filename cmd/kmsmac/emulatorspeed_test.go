//go:build unix

package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/internal/proof"
)

// proofSizes says how much is measured.
type proofSizes struct {
	requests int // of the run that looks for lost and wrong answers
	keys     int
	rounds   int           // of CPU time, bare and emulator in turn
	perRound int           // requests
	p99Time  time.Duration // of one round at an arrival rate
	p99Turns int
}

var (
	proofFull  = proofSizes{requests: 1_000_000, keys: 100_000, rounds: 25, perRound: 2000, p99Time: 4 * time.Second, p99Turns: 7}
	proofShort = proofSizes{requests: 60_000, keys: 100_000, rounds: 9, perRound: 1000, p99Time: time.Second, p99Turns: 3}
)

// TestEmulatorSpeed proves what issue 4 demands of the emulator's speed and
// scale: one row for each goal and a last line "N of M". Every answer is
// checked; a lost or wrong one always fails. A goal of speed that is missed
// fails unless docs/known-short.md names its row with a reason. What is compared
// is measured in turns, A, B, A; the figure names the lower end of its interval
// and by how much A differs from A. The short form has too few rounds to judge
// speed: it prints those rows and judges the answers. EMULATOR_SPEED is full or
// short; without it only answers are checked, on fewer requests.
func TestEmulatorSpeed(t *testing.T) {
	mode := os.Getenv("EMULATOR_SPEED")
	sizes, ok := map[string]proofSizes{"": {requests: 10_000}, "short": proofShort, "full": proofFull}[mode]
	if !ok {
		t.Fatalf("EMULATOR_SPEED=%q is not full or short", mode)
	}
	rows := []proof.Row{proveAnswers(t, sizes.requests)}
	if mode != "" {
		rows = append(rows, proveSpeed(t, sizes)...)
	}
	tally := proof.Tally{Known: knownShort(t)}
	for _, r := range rows {
		if mode == "short" && r.Speed && !r.Met {
			r.Open = "judged by the full form"
		}
		line, failed := tally.Judge(r)
		if failed {
			t.Errorf("%s: %s, want %s", r.Name, r.Figure, r.Goal)
		}
		if mode != "" {
			fmt.Println(line)
		}
	}
	if mode != "" {
		fmt.Println(tally.Last())
	}
}

// knownShort reads the rows that are known to be short, with their reasons.
func knownShort(t *testing.T) map[string]string {
	t.Helper()
	known, err := proof.ReadKnown("../../docs/known-short.md")
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// proveSpeed measures CPU time and p99 beside a bare handler.
func proveSpeed(t *testing.T, sizes proofSizes) []proof.Row {
	bare := startProof(t, "barehttp")
	few, many := startProofEmulator(t), startProofEmulator(t)
	fewIDs, manyIDs := few.makeKeys(t, 10), many.makeKeys(t, sizes.keys)
	var rows []proof.Row
	for _, size := range []int{64, 4096} {
		turns := cpuTurns(t, sizes, bare.macs(fewIDs, size), bare, few.macs(fewIDs, size), few)
		rows = append(rows, turns.row(fmt.Sprintf("emulator-cpu-%d", size), "CPU per request", "a bare handler", 1.5))
	}
	turns := cpuTurns(t, sizes, few.macs(fewIDs, 64), few, many.macs(manyIDs, 64), many)
	rows = append(rows, turns.row("emulator-cpu-keys", "CPU per request", "10 keys", 1.1))
	for _, conns := range []int{1, 16, 256} {
		turns := p99Turns(t, sizes, conns, bare.macs(fewIDs, 64), bare, few.macs(fewIDs, 64), few)
		rows = append(rows, turns.row(fmt.Sprintf("emulator-p99-conns-%d", conns), "p99 at 1,000/s", "a bare handler", 1.5))
	}
	turns = p99Turns(t, sizes, 16, few.macs(fewIDs, 64), few, many.macs(manyIDs, 64), many)
	return append(rows, turns.row("emulator-p99-keys", "p99 at 1,000/s", "10 keys", 1.5))
}

// proofTurn is one measurement of A, B, A, in microseconds.
type proofTurn struct{ before, ours, after float64 }

type proofTurns []proofTurn

// row is the verdict on B: the middle of the ratios.
func (turns proofTurns) row(name, what, than string, most float64) proof.Row {
	var ratio, self, ours, base []float64
	for _, t := range turns {
		a := (t.before + t.after) / 2
		ratio, ours, base = append(ratio, t.ours/a), append(ours, t.ours), append(base, a)
		self = append(self, max(t.before/t.after, t.after/t.before))
	}
	m, low := middle(ratio), lowEnd(ratio)
	return proof.Row{Name: name, Figure: fmt.Sprintf("%.2fx, at least %.2fx (%.0f us, %s %.0f us; A/A %.2fx)", m, low, middle(ours), than, middle(base), middle(self)),
		Goal: fmt.Sprintf("%s <= %.2fx", what, most), Met: m <= most, Speed: true}
}

// lowEnd is the lower end of the 95 % interval of the median, by order
// statistics.
func lowEnd(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	n := float64(len(v))
	return v[max(0, int((n-1)/2-0.98*math.Sqrt(n)))]
}

func middle(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}

// makeKeys creates n keys over several connections.
func (s *proofServer) makeKeys(t *testing.T, n int) []string {
	t.Helper()
	const conns = 16
	lists := make([][]string, conns)
	var wg sync.WaitGroup
	for i := range conns {
		wg.Go(func() {
			c, err := s.dial()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for range n/conns + 1 {
				status, body, err := c.do(s.signed("CreateKey", `{"KeySpec":"HMAC_256","KeyUsage":"GENERATE_VERIFY_MAC"}`))
				_, rest, found := bytes.Cut(body, []byte(`"KeyId":"`))
				if err != nil || status != 200 || !found {
					t.Errorf("CreateKey: %d %s, %v", status, body, err)
					return
				}
				lists[i] = append(lists[i], string(rest[:36]))
			}
		})
	}
	wg.Wait()
	ids := slices.Concat(lists...)
	if len(ids) < n {
		t.FailNow()
	}
	return ids[:n]
}

// macs makes GenerateMac requests for keys drawn at random, signed as of now.
func (s *proofServer) macs(ids []string, size int) func() [][]byte {
	rng := rand.New(rand.NewPCG(1, 2))
	message := base64.StdEncoding.EncodeToString(make([]byte, size))
	return func() [][]byte {
		list := make([][]byte, 512)
		for i := range list {
			list[i] = s.signed("GenerateMac", fmt.Sprintf(`{"KeyId":%q,"MacAlgorithm":"HMAC_SHA_256","Message":%q}`, ids[rng.IntN(len(ids))], message))
		}
		return list
	}
}

// cpuTurns measures the CPU time per request of two servers.
func cpuTurns(t *testing.T, sizes proofSizes, first func() [][]byte, a *proofServer, second func() [][]byte, b *proofServer) (turns proofTurns) {
	t.Helper()
	ca, cb := dialed(t, a), dialed(t, b)
	once := func(s *proofServer, c *proofConn, requests [][]byte) float64 {
		before := s.cpu(t)
		for i := range sizes.perRound {
			mustDo(t, c, requests[i%len(requests)])
		}
		return float64((s.cpu(t) - before).Microseconds()) / float64(sizes.perRound)
	}
	once(a, ca, first()) // warm
	once(b, cb, second())
	for range sizes.rounds {
		turns = append(turns, proofTurn{once(a, ca, first()), once(b, cb, second()), once(a, ca, first())})
	}
	return turns
}

func dialed(t *testing.T, s *proofServer) *proofConn {
	t.Helper()
	c, err := s.dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func mustDo(t *testing.T, c *proofConn, request []byte) {
	t.Helper()
	if status, body, err := c.do(request); err != nil || status != 200 {
		t.Fatalf("got %d %s, %v", status, body, err)
	}
}

// p99Turns measures the p99 of the response time of two servers at an arrival
// rate, from the moment a request was due.
func p99Turns(t *testing.T, sizes proofSizes, conns int, first func() [][]byte, a *proofServer, second func() [][]byte, b *proofServer) (turns proofTurns) {
	t.Helper()
	once := func(s *proofServer, requests [][]byte) float64 {
		times := paced(t, s, conns, sizes.p99Time, requests)
		slices.Sort(times)
		return float64(times[len(times)*99/100].Nanoseconds()) / 1000
	}
	for range sizes.p99Turns {
		turns = append(turns, proofTurn{once(a, first()), once(b, second()), once(a, first())})
	}
	return turns
}

// proofRate is the arrival rate of p99, over all connections.
const proofRate = 1000

// paced sends at a fixed rate over so many connections, each of which takes its
// share of the arrivals.
func paced(t *testing.T, s *proofServer, conns int, d time.Duration, requests [][]byte) []time.Duration {
	t.Helper()
	times := make([][]time.Duration, conns)
	list := make([]*proofConn, conns)
	for i := range list {
		c, err := s.dial()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		list[i] = c
	}
	every := time.Second / proofRate
	total := int(d / every)
	begin := time.Now().Add(20 * time.Millisecond)
	var wg sync.WaitGroup
	for i, c := range list {
		wg.Go(func() {
			for n := i; n < total; n += conns {
				due := begin.Add(time.Duration(n) * every)
				time.Sleep(time.Until(due))
				status, body, err := c.do(requests[n%len(requests)])
				if err != nil || status != 200 {
					t.Errorf("got %d %s, %v", status, strings.TrimSpace(string(body)), err)
					return
				}
				times[i] = append(times[i], time.Since(due))
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return slices.Concat(times...)
}
