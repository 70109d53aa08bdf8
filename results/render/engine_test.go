package render_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

// engineFile has cases of every kind; many decides whether they are shown one by
// one or in tables.
func engineFile(many bool) *results.File {
	clock, none := 3.69, 0.0
	b := &results.EngineBench{Rounds: 2, Turn: 200_000, ClockGHz: &clock, Peers: map[string]string{"ipsec-mb": "1.3.0"}}
	add := func(c results.EngineCase, low float64) {
		c.RoundsNs = []float64{low * 1.1, low}
		c.Bytes, c.Checked = int64(c.Jobs*(c.MinBytes+c.MaxBytes)/2), 2*c.Jobs
		if c.Library == "" {
			c.Allocs = &none
		}
		c.Summarize()
		b.Cases = append(b.Cases, c)
	}
	sizes := [][2]int{{64, 64}, {1, 128}}
	if many {
		sizes = append(sizes, [2]int{32, 32}, [2]int{256, 256}, [2]int{1024, 1024}, [2]int{4096, 4096})
	}
	for _, size := range sizes {
		for _, jobs := range []int{1, 128} {
			op := results.OpBatch
			if jobs == 1 {
				op = results.OpSum
			}
			of := func(impl, library string) results.EngineCase {
				return results.EngineCase{Impl: impl, Library: library, Operation: op, Algorithm: "HMAC_SHA_256", MinBytes: size[0], MaxBytes: size[1], Jobs: jobs}
			}
			n := float64(size[0] + size[1])
			add(of("stdlib", ""), 100+n)
			if jobs > 1 {
				add(of("sha-ni-avx512", ""), 30+n/4)
			}
			add(of("ipsec-mb:sse:job", "ipsec-mb"), 80+n/2)
			add(of("ipsec-mb:avx512:job", "ipsec-mb"), 70+n/2)
		}
	}
	return &results.File{RunID: "0123456789ab", Tool: results.Tool{Name: "kmsmac", Version: "test"}, Plan: results.Plan{Command: "bench engine"},
		Environment: results.Environment{OS: "linux", Arch: "amd64", CPU: "a\nCPU", Go: "go1.26.0", GOMAXPROCS: 2}, EngineBench: b, Verdict: results.Pass}
}

// goalsFile has a goal met, one short, and one short and known.
func goalsFile() *results.File {
	f := engineFile(false)
	f.EngineBench.ClockGHz, f.EngineBench.Peers = nil, nil
	f.EngineBench.Cases[0].WrongTags = 1
	f.Verdict = results.Fail
	f.EngineBench.Goals = []results.EngineGoal{
		{ID: "a", What: "128 × 64 B", Unit: "times", Goal: 2, Value: 2.04, Lowest: 2.01, High: 2.1, Met: true, Detail: "ours 38.0 ns, theirs 77.5 ns"},
		{ID: "b", What: "verify over generate", Unit: "ns", Goal: 3, Value: 3.4, Lowest: 3.3, High: 3.5},
		{ID: "c", What: "a batch of any size", Unit: "percent", Goal: 3, Value: 4, Lowest: 4, High: 4, Excuse: "shifts share a pipe"},
	}
	return f
}

func TestGoldenEngine(t *testing.T) {
	rows := []struct {
		name  string
		write func(*strings.Builder) error
	}{
		{"engine-cases.txt", func(b *strings.Builder) error { return render.Text(b, engineFile(false)) }},
		{"engine-tables.txt", func(b *strings.Builder) error { return render.Text(b, engineFile(true)) }},
		{"engine-goals.txt", func(b *strings.Builder) error { return render.Text(b, goalsFile()) }},
		{"engine.bench", func(b *strings.Builder) error { return render.Benchfmt(b, engineFile(false)) }},
		{"load.bench", func(b *strings.Builder) error { return render.Benchfmt(b, full()) }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var b strings.Builder
			if err := row.write(&b); err != nil {
				t.Fatal(err)
			}
			golden(t, row.name, b.String())
		})
	}
	for _, err := range []error{render.Text(fullDisk{}, engineFile(true)), render.Benchfmt(fullDisk{}, engineFile(false))} {
		if !errors.Is(err, errFull) {
			t.Errorf("on a full disk: got %v, want %v", err, errFull)
		}
	}
}

// TestBenchfmtOfNothing: without figures there is no line, not even a heading.
func TestBenchfmtOfNothing(t *testing.T) {
	var b strings.Builder
	if err := render.Benchfmt(&b, &results.File{EngineBench: &results.EngineBench{}}); err != nil || b.Len() > 0 {
		t.Errorf("got %q, %v", b.String(), err)
	}
}

// TestBenchfmtLines: every line is one that the format has.
func TestBenchfmtLines(t *testing.T) {
	f := full()
	f.EngineBench = engineFile(true).EngineBench
	f.Load[0].Client = "a client"
	var b strings.Builder
	if err := render.Benchfmt(&b, f); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		fields := strings.Fields(line)
		key, _, isConfig := strings.Cut(line, ": ")
		switch {
		case line == "", isConfig && key == strings.ToLower(key) && !strings.ContainsAny(key, " \t"):
		case len(fields) == 3 && fields[0] == "Unit" && strings.Contains(fields[2], "="):
		case strings.HasPrefix(line, "Benchmark") && len(fields) >= 4 && len(fields)%2 == 0 && fields[1] == "1":
			for _, v := range fields[2:] {
				var x float64
				if _, err := fmt.Sscan(v, &x); (err == nil) == strings.Contains(v, "/") {
					t.Errorf("%q: value and unit are out of step", line)
				}
			}
		default:
			t.Errorf("%q is no line of the format", line)
		}
	}
}
