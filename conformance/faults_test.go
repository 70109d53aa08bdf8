package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/inproc"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// faulty answers some requests with a fault: none at all, nothing readable, a
// throttle, a broken body.
type faulty struct {
	target.Target
	mu    sync.Mutex
	rng   *rand.Rand
	every int // one request in so many
}

func (f *faulty) dice(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rng.IntN(n)
}

func (f *faulty) Call(ctx context.Context, operation string, params map[string]any) (target.Exchange, error) {
	if f.dice(f.every) > 0 {
		return f.Target.(target.Caller).Call(ctx, operation, params)
	}
	return f.fault(ctx, operation)
}

func (f *faulty) Send(ctx context.Context, req target.RawRequest) (target.Exchange, error) {
	if f.dice(f.every) > 0 {
		return f.Target.(target.RawSender).Send(ctx, req)
	}
	return f.fault(ctx, req.Operation)
}

func (f *faulty) InRegion(region string) (target.Target, error) {
	away, err := f.Target.(target.Regional).InRegion(region)
	return &faulty{Target: away, rng: rand.New(rand.NewPCG(uint64(f.dice(1<<30)), 2)), every: f.every}, err
}

func (f *faulty) fault(ctx context.Context, operation string) (target.Exchange, error) {
	fail := func(kind target.Kind) (target.Exchange, error) {
		return target.Exchange{Operation: operation}, &target.Error{Kind: kind, Operation: operation}
	}
	answer := func(status int, body string) (target.Exchange, error) {
		return target.Exchange{Operation: operation, Status: status, ResponseBody: []byte(body)}, nil
	}
	switch f.dice(12) {
	case 0: // a hang, until the request's own deadline
		<-ctx.Done()
		return fail(target.Timeout)
	case 1:
		return fail(target.Connection)
	case 2:
		return answer(200, "<html>hello</html>")
	case 3:
		return answer(502, "<html>bad gateway</html>")
	case 4:
		return answer(400, `{"__type":"ThrottlingException","message":"slow"}`)
	case 5:
		return answer(200, `{`)
	case 6:
		return answer(200, `{}`)
	case 7:
		return answer(200, `{"KeyMetadata":null,"Mac":7,"Tags":"x","Aliases":{"a":[null]},"PublicKey":"AAAA"}`)
	case 8:
		return answer(500, `{"__type":"KMSInternalException"}`)
	case 9:
		return answer(0, ``)
	case 10:
		return answer(200, `{"KeyMetadata":{"KeyId":"../..","Arn":"x","KeyState":7,"Enabled":"yes"},"MacValid":"true"}`)
	}
	return target.Exchange{}, errors.New("no target made this error")
}

// TestFaultyTargets: whatever a target answers, the suite ends in time, judges
// every case, and a clean target afterwards is clean.
func TestFaultyTargets(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 20; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			o := whole()
			o.Cases = everyFifth(int(seed))
			o.Seed, o.Timeout, o.CaseTimeout, o.Differential = seed, 20*time.Millisecond, 2*time.Second, 0
			tgt := &faulty{Target: serve(t, kmsemu.Options{}), rng: rand.New(rand.NewPCG(seed, 1)), every: 2 + int(seed%7)*3}
			begin := time.Now()
			c := run(t, tgt, o)
			if took := time.Since(begin); took > time.Minute {
				t.Errorf("took %v", took)
			}
			total := 0
			for _, n := range c.Counts {
				total += n
			}
			if total != len(o.Cases) {
				t.Errorf("%d verdicts for %d cases", total, len(o.Cases))
			}
			if conformance.Verdict(c) == results.Pass {
				t.Errorf("a target with faults passed: %v", c.Counts)
			}
		})
	}
}

// everyFifth are the ids of a fifth of the cases that can fail, of all with
// -whole.
func everyFifth(first int) (ids []string) {
	for i, c := range decidingCases() {
		if *wholePower || i%5 == first%5 {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// TestInterrupted: a cancelled run returns what it has, and leaves no key.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	tgt := serve(t, kmsemu.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	o := whole()
	o.Observer = func(e conformance.Event) {
		if e.Result != nil && e.Done == 20 {
			cancel()
		}
	}
	c, err := conformance.Run(ctx, tgt, o)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	if c.Counts[results.CaseSkipped] == 0 || c.Counts[results.CasePass] == 0 || len(c.Left) > 0 {
		t.Errorf("counts %v, left %v, want some passed, some skipped, none left", c.Counts, c.Left)
	}
	mustHaveNoLiveKey(t, tgt)
}

func mustHaveNoLiveKey(t *testing.T, tgt target.Target) {
	t.Helper()
	admin := tgt.(target.KeyAdmin)
	marker := ""
	for {
		page, err := admin.ListKeys(t.Context(), marker, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range page.Keys {
			meta, err := admin.DescribeKey(t.Context(), k.KeyID)
			if err != nil {
				t.Fatal(err)
			}
			if meta.State != target.StatePendingDeletion && meta.State != "PendingReplicaDeletion" {
				t.Errorf("key %s is still %s", k.KeyID, meta.State)
			}
		}
		if page.Next == "" {
			return
		}
		marker = page.Next
	}
}

// TestPlainTarget: a target without other operations still gets RFC 4231 and
// the random comparison.
func TestPlainTarget(t *testing.T) {
	engine := inproc.New(inproc.Options{})
	defer engine.Close()
	c := run(t, engine, whole())
	wycheproof := 0
	for _, k := range conformance.Catalogue() {
		if k.Group == "WYP" {
			wycheproof++
		}
	}
	if want := 28 + 4 + wycheproof; wycheproof < 20 || c.Counts[results.CasePass] != want || c.Counts[results.CaseFail]+c.Counts[results.CaseInconclusive]+c.Counts[results.CaseWarn] != 0 {
		t.Errorf("counts %v, want %d passed, the rest not applicable", c.Counts, want)
	}
}
