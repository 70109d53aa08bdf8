//go:build unix

package bench

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target/lean"
	"github.com/kmsmac/kmsmac/target/raw"
)

// wrkScript makes wrk send what the clients send, without a signature.
const wrkScript = `wrk.method = "POST"
wrk.body = '{"KeyId":"null","MacAlgorithm":"HMAC_SHA_256","Message":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}'
wrk.headers["Content-Type"] = "application/x-amz-json-1.1"
wrk.headers["X-Amz-Target"] = "TrentService.GenerateMac"
`

// wrkRounds of wrk and both lean roads, interleaved.
const wrkRounds = 20

// wrkGoals compare the lean roads, signing and verifying, with wrk, which does
// neither: one thread each, the same server, as many connections.
func wrkGoals() ([]goal, error) {
	out := []goal{
		{id: "lean-cpu", what: "CPU per request, lean, signed and verified : wrk, unsigned", most: 3, unit: "x"},
		{id: "raw-cpu", what: "CPU per request, raw, signed and verified : wrk, unsigned", most: 1.3, unit: "x"},
		{id: "verify-share", what: "verification of a tag (32 bytes) of the lean road's CPU", most: 3, unit: "%"},
	}
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		out[0].missing, out[1].missing = "wrk is not installed", "wrk is not installed"
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	null, err := startSelf("null")
	if err != nil {
		return nil, err
	}
	defer null.end()
	arms, end, err := wrkArms(wrk, null.url)
	if err != nil {
		return nil, err
	}
	defer end()
	got, err := interleaved(arms, wrkRounds)
	if err != nil {
		return nil, err
	}
	leanCPU := median(got[0])
	ns, err := verifyCPU()
	if err != nil {
		return nil, err
	}
	out[2].value, out[2].detail = 100*ns/leanCPU, fmt.Sprintf("%.0f ns of %.1f µs", ns, leanCPU/1e3)
	if wrk == "" {
		return out, nil
	}
	for i := range 2 {
		r := ratio(got[i], got[2])
		out[i].value, out[i].detail = median(r), spread("%.2f", r)+fmt.Sprintf("; %.1f and %.1f µs", median(got[i])/1e3, median(got[2])/1e3)
	}
	return out, nil
}

// wrkArms are lean, raw and, if there is one, wrk.
func wrkArms(wrk, url string) (arms []func() (time.Duration, error), end func(), err error) {
	key, err := engine.NewKey(engine.HMACSHA256, make([]byte, 32))
	if err != nil {
		return nil, nil, err
	}
	l, err := lean.New(lean.Options{Endpoint: url, Region: "us-east-1", MaxConnections: selfConcurrency, Timeout: -1})
	if err != nil {
		return nil, nil, err
	}
	r, err := raw.New(raw.Options{Endpoint: url, Region: "us-east-1", MaxConnections: selfConcurrency, Timeout: -1})
	if err != nil {
		return nil, nil, err
	}
	const round = 500 * time.Millisecond
	arms = append(arms,
		func() (time.Duration, error) { return harnessLoop(checking{l, key}, round) },
		func() (time.Duration, error) { return harnessLoop(checking{r, key}, round) })
	end = func() { _, _ = l.Close(), r.Close() }
	if wrk == "" {
		return arms, end, nil
	}
	dir, err := os.MkdirTemp("", "kmsmac-wrk-")
	if err != nil {
		return nil, nil, err
	}
	script := filepath.Join(dir, "post.lua")
	if err := os.WriteFile(script, []byte(wrkScript), 0o600); err != nil {
		return nil, nil, err
	}
	arms = append(arms, func() (time.Duration, error) { return runWrk(wrk, script, url) })
	return arms, func() { _, _ = l.Close(), r.Close(); _ = os.RemoveAll(dir) }, nil
}

var (
	wrkRequests = regexp.MustCompile(`(\d+) requests in`)
	wrkErrors   = regexp.MustCompile(`(Non-2xx|Socket errors).*`)
)

// runWrk returns wrk's CPU time a request.
func runWrk(wrk, script, url string) (time.Duration, error) {
	cmd := exec.Command(wrk, "-t1", "-c", strconv.Itoa(selfConcurrency), "-d1s", "-s", script, url)
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("wrk: %w", err)
	}
	if bad := wrkErrors.Find(out); bad != nil {
		return 0, fmt.Errorf("wrk: %s", bad)
	}
	m := wrkRequests.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("wrk said nothing of its requests: %s", out)
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil || n == 0 {
		return 0, fmt.Errorf("wrk made %s requests", m[1])
	}
	return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()) / time.Duration(n), nil
}

// verifyCPU is what verification adds to one answer, in nanoseconds: a share of a
// block of tags, and a comparison.
func verifyCPU() (float64, error) {
	plan := Plan{Concurrency: 1, Workload: Workload{Generate: 1}}.WithDefaults()
	key, err := engine.NewKey(engine.HMACSHA256, make([]byte, 32))
	if err != nil {
		return 0, err
	}
	k := &benchKey{spec: "HMAC_256", alg: engine.HMACSHA256, local: key}
	r, err := newRunner(nil, plan, []*benchKey{k}, newBudget(plan, Estimate{}))
	if err != nil {
		return 0, err
	}
	right, o := true, new(outlook)
	tag := make([]byte, 32)
	ns := cpuPer(50_000, func() {
		p := o.turn(r)
		copy(tag, p.want.bytes())
		right = k.verify(nil, p.want.bytes(), tag) && right
	})
	if !right {
		return 0, errors.New("the engine refuses its own tag")
	}
	return ns, nil
}
