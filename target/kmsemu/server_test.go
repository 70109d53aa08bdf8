package kmsemu

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// over sends an operation to a running server and returns the answer, or the
// error of the connection.
func over(t *testing.T, s *Server, op string, input in) (*answer, error) {
	t.Helper()
	now := s.Emulator.opt.Now
	c := &client{t: t, region: "us-east-1", id: "test", secret: "test", now: now}
	body := encode(reply(input))
	r := c.request(op, string(body))
	out, err := http.NewRequest("POST", s.URL, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	out.Header = r.Header
	resp, err := s.Client().Do(out)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return nil, err
	}
	return &answer{t: t, op: op, status: resp.StatusCode, header: resp.Header}, nil
}

func TestStart(t *testing.T) {
	for name, s := range map[string]*Server{"loopback": Start(t), "pipe": StartPipe(t)} {
		a, err := over(t, s, "ListKeys", in{})
		if err != nil || a.status != 200 {
			t.Errorf("%s: got %v, %v", name, a, err)
		}
		if name == "loopback" && !strings.HasPrefix(s.URL, "http://127.0.0.1:") {
			t.Errorf("URL: got %q, want a loopback address", s.URL)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, opt := range map[string]Options{
		"account": {AccountID: "12"}, "region": {Regions: []string{"nowhere"}}, "quota": {Quota: "nowhere"},
		"latency": {Latency: "slow"}, "faults": {Faults: "x=2"}, "parallelism": {Parallelism: -1}, "consistency": {Consistency: -1},
		"no secret":      {Credentials: []Credential{{AccessKeyID: "a"}}},
		"two of one id":  {Credentials: []Credential{{AccessKeyID: "a", SecretAccessKey: "b"}, {AccessKeyID: "a", SecretAccessKey: "c"}}},
		"bad policy":     {Credentials: []Credential{{AccessKeyID: "a", SecretAccessKey: "b", Policy: "{"}}},
		"bad account id": {Credentials: []Credential{{AccessKeyID: "a", SecretAccessKey: "b", AccountID: "x"}}},
	} {
		if _, err := New(opt); err == nil || !strings.HasPrefix(err.Error(), "kmsemu: ") {
			t.Errorf("%s: got error %v, want one of kmsemu", name, err)
		}
	}
}

func TestRegions(t *testing.T) {
	c := newClient(t, Options{Regions: []string{"us-east-1"}})
	c.call("ListKeys", in{}).ok()
	c.in("eu-west-1").call("ListKeys", in{}).fails("InvalidSignatureException", re("Credential should be scoped to a valid region, not 'eu-west-1'. "))
}

func TestCredentialHidesSecret(t *testing.T) {
	c := Credential{AccessKeyID: "id", SecretAccessKey: "the-secret", SessionToken: "the-token"}
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%+v", Options{Credentials: []Credential{c}})} {
		if strings.Contains(text, "the-") {
			t.Errorf("credential printed as %q", text)
		}
	}
	if _, err := ParseCredential("id"); err == nil {
		t.Error("ParseCredential: got no error for an id without a secret")
	}
}

// TestVirtualTime: waiting periods and latency pass in a bubble.
func TestVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := StartPipe(t, Options{Latency: "constant:250ms"})
		began := time.Now()
		if a, err := over(t, s, "ListKeys", in{}); err != nil || a.status != 200 {
			t.Fatalf("got %v, %v", a, err)
		}
		if d := time.Since(began); d != 250*time.Millisecond {
			t.Errorf("answer after %v, want 250ms", d)
		}
	})
}

// TestQueue: four requests at a time on two servers take two rounds.
func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := StartPipe(t, Options{Latency: "constant:1s", Parallelism: 2})
		began := time.Now()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { over(t, s, "ListKeys", in{}) })
		}
		synctest.Wait()
		if n := s.Emulator.QueueLength(); n != 2 {
			t.Errorf("queue: got %d, want 2", n)
		}
		wg.Wait()
		if d := time.Since(began); d != 2*time.Second || s.Emulator.QueueLength() != 0 {
			t.Errorf("four requests: took %v, queue %d, want 2s and 0", d, s.Emulator.QueueLength())
		}
	})
}

func TestLatency(t *testing.T) {
	const n = 20_000
	for _, p := range []struct {
		text         string
		mean, within time.Duration
	}{
		{"constant:5ms", 5 * time.Millisecond, 0},
		{"lognormal:5ms:0.5", time.Duration(5e6 * math.Exp(0.125)), 100 * time.Microsecond},
		{"bimodal:2ms:50ms:0.05", 4400 * time.Microsecond, 300 * time.Microsecond},
	} {
		l, err := ParseLatency(p.text)
		if err != nil {
			t.Fatal(err)
		}
		var sum time.Duration
		for i := range uint64(n) {
			d := l.At(42, i, 0)
			if d != l.At(42, i, time.Hour) {
				t.Fatalf("%s: answer %d is not the same again", p.text, i)
			}
			sum += d
		}
		if got := sum / n; (got - p.mean).Abs() > p.within {
			t.Errorf("%s: mean %v, want %v within %v", p.text, got, p.mean, p.within)
		}
	}
	stall, err := ParseLatency("stall:2ms:1s:30s")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Duration]time.Duration{0: 1002 * time.Millisecond, 900 * time.Millisecond: 102 * time.Millisecond,
		time.Second: 2 * time.Millisecond, 29 * time.Second: 2 * time.Millisecond, 30 * time.Second: 1002 * time.Millisecond} {
		if got := stall.At(1, 1, at); got != want {
			t.Errorf("stall at %v: got %v, want %v", at, got, want)
		}
	}
	for _, bad := range []string{"", "x", "constant", "constant:-1s", "constant:2h", "constant:1s:1s", "lognormal:1s:9", "lognormal:1s:NaN", "bimodal:1s:1s:2", "stall:1s:2s:2s"} {
		if _, err := ParseLatency(bad); err == nil {
			t.Errorf("ParseLatency(%q): got no error", bad)
		}
	}
}

func TestFaultPlan(t *testing.T) {
	const text = "KMSInternalException=0.1,reset=0.05,burst=0.001:20"
	f, err := ParseFaults(text, 7)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.String(), "seed 7: "+text; got != want {
		t.Errorf("plan: got %q, want %q", got, want)
	}
	again, _ := ParseFaults(text, 7)
	other, _ := ParseFaults(text, 8)
	count, differ, run, longest := map[string]int{}, 0, 0, 0
	for n := uint64(1); n <= 20_000; n++ {
		what := f.At(n)
		count[what]++
		if again.At(n) != what {
			t.Fatalf("request %d: the same plan gives %q, then %q", n, what, again.At(n))
		}
		if other.At(n) != what {
			differ++
		}
		if run++; what != "burst" && what != "KMSInternalException" && what != "reset" {
			run = 0
		}
		longest = max(longest, run)
	}
	if n := count["KMSInternalException"]; n < 1800 || n > 2200 {
		t.Errorf("KMSInternalException: got %d of 20,000, want about 2,000", n)
	}
	if n := count["burst"]; n < 150 || n > 700 || longest < 20 {
		t.Errorf("burst: got %d of 20,000 and a row of %d, want about 340 and 20", n, longest)
	}
	if differ == 0 {
		t.Error("another seed gives the same plan")
	}
	for _, bad := range []string{"", "x", "x=1", "reset", "reset=2", "reset=-1", "reset=0.6,html=0.6", "stall=1", "stall=1:x", "burst=1:0", "reset=1:1s", "=1"} {
		if _, err := ParseFaults(bad, 0); err == nil {
			t.Errorf("ParseFaults(%q): got no error", bad)
		}
	}
}

// TestFaultsOnTheWire: what a client sees of each fault, on TCP and on a pipe.
func TestFaultsOnTheWire(t *testing.T) {
	for what, check := range map[string]func(a *answer, err error) error{
		"ThrottlingException=1": status(400), "KMSInternalException=1": status(500), "burst=1:2": status(400), "html=1": status(503),
		"stall=1:1ms": status(200), "slow=1:1ms": status(200), "reset=1": broken, "truncate=1": broken,
	} {
		for name, s := range map[string]*Server{"tcp": Start(t, Options{Faults: what}), "pipe": StartPipe(t, Options{Faults: what})} {
			if err := check(over(t, s, "ListKeys", in{})); err != nil {
				t.Errorf("%s over %s: %v", what, name, err)
			}
		}
	}
}

func status(want int) func(*answer, error) error {
	return func(a *answer, err error) error {
		if err == nil && a.status != want {
			err = fmt.Errorf("got status %d, want %d", a.status, want)
		}
		return err
	}
}

func broken(a *answer, err error) error {
	if err == nil {
		return fmt.Errorf("got %d, want a broken connection", a.status)
	}
	if errors.Is(err, io.EOF) || strings.Contains(err.Error(), "reset") || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return fmt.Errorf("got %w, want a broken connection", err)
}

func TestObserve(t *testing.T) {
	var got []Observation
	clk := newClock()
	e, err := New(Options{Now: clk.now, Observe: func(o Observation) { got = append(got, o) }})
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, handler: e, region: "us-east-1", id: "test", secret: "test", clock: clk, now: clk.now}
	c.call("ListKeys", in{}).ok()
	c.call("GenerateMac", mac(noUUID))
	c.call("Nope", in{})
	if len(got) != 3 || got[0].Operation != "ListKeys" || got[0].Code != "" || got[0].Region != "us-east-1" || got[0].RequestID == "" ||
		got[1].Code != "NotFoundException" || got[1].Status != 400 || got[2].Operation != "" || got[2].Code != "UnknownOperationException" {
		t.Errorf("observations: got %+v", got)
	}
}
