package bench

import (
	"math"
	"strings"
	"testing"
	"time"
)

func all(t *testing.T, a Arrivals, seed uint64, d time.Duration, i, n int) (out []Arrival) {
	t.Helper()
	s, err := a.Schedule(seed, d)
	if err != nil {
		t.Fatal(err)
	}
	s.Stripe(i, n)
	for x, ok := s.Next(); ok; x, ok = s.Next() {
		out = append(out, x)
	}
	if _, again := s.Next(); again {
		t.Error("a schedule went on after its end")
	}
	return out
}

func TestStripesAreTheWhole(t *testing.T) {
	const d = 3 * time.Second
	for name, s := range schedules(t, d) {
		whole := all(t, s.arrivals, 9, d, 0, 1)
		for n := 1; n <= 16; n++ {
			next := make([][]Arrival, n)
			for i := range n {
				next[i] = all(t, s.arrivals, 9, d, i, n)
			}
			for k, want := range whole {
				mine := next[k%n]
				if len(mine) == 0 || mine[0] != want || want.Index != uint64(k) {
					t.Fatalf("%s: arrival %d of shard %d of %d is not %v", name, k, k%n, n, want)
				}
				next[k%n] = mine[1:]
			}
			for i := range next {
				if len(next[i]) != 0 {
					t.Fatalf("%s: shard %d of %d has %d arrivals too many", name, i, n, len(next[i]))
				}
			}
		}
	}
}

func TestSchedulesAscendAndFollowTheirRate(t *testing.T) {
	const d = 60 * time.Second
	for name, s := range schedules(t, d) {
		if name == "trace" {
			continue
		}
		for _, poisson := range []bool{false, true} {
			a := s.arrivals
			a.Poisson = poisson
			got := all(t, a, 5, d, 0, 1)
			for i := 1; i < len(got); i++ {
				if got[i].At < got[i-1].At {
					t.Fatalf("%s: arrival %d at %v comes before %v", name, i, got[i].At, got[i-1].At)
				}
			}
			sched, _ := a.Schedule(5, d)
			want := sched.expected()
			slack := 1.0
			if poisson {
				slack = 4 * math.Sqrt(want) // one seed, four standard deviations
			}
			if math.Abs(float64(len(got))-want) > slack {
				t.Errorf("%s, poisson %v: %d arrivals, want %.1f ± %.1f", name, poisson, len(got), want, slack)
			}
		}
	}
}

func TestPoissonGaps(t *testing.T) {
	got := all(t, Arrivals{Rate: 1000, Poisson: true}, 3, 60*time.Second, 0, 1)
	var sum, squares float64
	for i := 1; i < len(got); i++ {
		gap := (got[i].At - got[i-1].At).Seconds()
		sum += gap
		squares += gap * gap
	}
	n := float64(len(got) - 1)
	mean := sum / n
	if cv := math.Sqrt(squares/n-mean*mean) / mean; math.Abs(mean-0.001) > 0.00002 || math.Abs(cv-1) > 0.02 {
		t.Errorf("gaps of mean %v and coefficient of variation %v, want 0.001 and 1", mean, cv)
	}
	if other := all(t, Arrivals{Rate: 1000, Poisson: true}, 4, time.Second, 0, 1); other[0] == got[0] {
		t.Error("two seeds give one schedule")
	}
}

func TestConstantDoesNotDrift(t *testing.T) {
	a := Arrivals{Rate: 3}
	s, _ := a.Schedule(0, 7*24*time.Hour)
	var last Arrival
	for x, ok := s.Next(); ok; x, ok = s.Next() {
		last = x
	}
	if n := uint64(3*7*24*3600 - 1); last.Index != n || last.At != 604799666666667 {
		t.Errorf("last arrival %d at %d, want %d at 604799666666667", last.Index, last.At, n)
	}
}

func TestFractionalRate(t *testing.T) {
	got := all(t, Arrivals{Rate: 0.25}, 0, 10*time.Second, 0, 1)
	if len(got) != 3 || got[2].At != 8*time.Second {
		t.Errorf("arrivals %v, want 0, 4 and 8 s", got)
	}
}

func TestStripePanicsOnAShardThatDoesNotExist(t *testing.T) {
	for _, tc := range [][2]int{{-1, 2}, {2, 2}, {0, 0}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("shard %d of %d did not panic", tc[0], tc[1])
				}
			}()
			new(Schedule).Stripe(tc[0], tc[1])
		}()
	}
}

func TestReadTraceRefuses(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"empty", "", "no arrivals"},
		{"only comments", "# a\n\n", "no arrivals"},
		{"negative", "-1\n", `line 1: "-1"`},
		{"descending", "0\n2\n1.5\n", "line 3: 1.5 comes before"},
		{"text", "0\nsoon\n", `line 2: "soon"`},
		{"ten decimals", "0.1234567891\n", "line 1"},
		{"exponent", "1e3\n", "line 1"},
		{"a year", "31536000\n", "line 1"},
		{"long line", strings.Repeat("1", 70_000), "reading the trace"},
	} {
		var a Arrivals
		if err := a.ReadTrace(strings.NewReader(tc.text)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want an error with %q", tc.name, err, tc.want)
		}
	}
}

func TestTraceDigestIsOfTheInstants(t *testing.T) {
	var a, b, c Arrivals
	for x, text := range map[*Arrivals]string{&a: "0.5\n1\n", &b: "# other words\n0.500\n1.0\n", &c: "0.5\n1.000000001\n"} {
		if err := x.ReadTrace(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	if a.TraceDigest != b.TraceDigest || a.TraceDigest == c.TraceDigest || len(a.TraceDigest) != 64 {
		t.Errorf("digests %s, %s, %s: want the first two equal, the third not", a.TraceDigest, b.TraceDigest, c.TraceDigest)
	}
	if p := (Plan{Arrivals: a}).WithDefaults(); p.Duration != time.Second+1 {
		t.Errorf("duration %v, want that of the trace", p.Duration)
	}
}
