package k6x

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.k6.io/k6/cmd"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awskms"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// TestMain lets the test binary be k6: a process called k6 is k6 with our
// extension.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "k6" {
		Register()
		cmd.Execute()
		return
	}
	os.Exit(m.Run())
}

// k6 is a command of this test binary as k6.
func k6(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Args[0], c.Dir = "k6", dir
	c.Env = append(os.Environ(), "K6_NO_USAGE_REPORT=true", "K6_AUTO_EXTENSION_RESOLUTION=false", "AWS_ACCESS_KEY_ID=", "AWS_REGION=", "AWS_DEFAULT_REGION=")
	return c
}

// runK6 runs k6 to its end and returns its exit code and what it wrote.
func runK6(t *testing.T, dir string, args ...string) (code int, output string) {
	t.Helper()
	c := k6(t, dir, args...)
	raw, err := c.CombinedOutput()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(raw)
}

// script writes a script into a new directory and returns the directory.
func script(t *testing.T, text string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "test.js"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// countingKMS serves an emulator and counts the GenerateMac it has answered, by
// access key.
type countingKMS struct {
	next http.Handler
	mu   sync.Mutex
	n    map[string]int64
}

var accessKey = regexp.MustCompile(`Credential=([^/]+)/`)

func (c *countingKMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m := accessKey.FindStringSubmatch(r.Header.Get("Authorization"))
	generate := strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GenerateMac")
	c.next.ServeHTTP(w, r)
	if generate && m != nil {
		c.mu.Lock()
		c.n[m[1]]++
		c.mu.Unlock()
	}
}

func (c *countingKMS) served(key string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[key]
}

// The run of three instances: each has a third of 150 arrivals a second for six
// seconds, after a second of warm-up.
const (
	instances     = 3
	instanceSpan  = 6 * time.Second
	instanceWarm  = time.Second
	instanceLead  = 2 * time.Second
	instanceDue   = 300
	threeInstance = `
import { check } from 'k6';
import kmsmac from 'k6/x/kmsmac';

const plan = { target: __ENV.TARGET, client: 'lean', rate: 150, duration: '6s', warmup: '1s', lead: '2s', mix: { generate: 1 }, out: 'out' };

export const options = { scenarios: { load: kmsmac.scenario(plan, 3) } };

export default function () {
  check(kmsmac.openLoop(plan), { 'all sent': (r) => r.requests === r.scheduled });
}
`
)

// threeRun is what came of three instances of which one was killed.
type threeRun struct {
	merged  *results.File
	parts   []*results.File
	printed string
	code    int
	lost    time.Duration
	served  int64 // GenerateMac that the emulator answered for the killed instance
}

// TestThreeInstances starts three k6 processes with execution segments and
// --paused, resumes them over the REST API and kills one in the middle. Every
// call is accounted for, the others are whole.
func TestThreeInstances(t *testing.T) {
	r := runThree(t)
	for _, fault := range r.faults() {
		t.Error(fault)
	}
}

func (r threeRun) faults() (out []string) {
	fault := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	s := r.merged.Shards
	var requests int64
	for _, l := range r.merged.Load {
		requests += l.Requests
	}
	for i, a := range s.Accounts {
		if a.Scheduled != instanceDue || a.Scheduled != a.Done+a.Lost || a.Done != a.Succeeded || a.Late != 0 {
			fault("shard %d: %+v, want %d scheduled, done + lost", i, a, instanceDue)
		}
		if i != 1 && (a.State != results.ShardWhole || a.Lost != 0) {
			fault("shard %d, to which nothing happened: %+v", i, a)
		}
	}
	if a := s.Accounts[1]; a.State != results.ShardTorn || a.Lost < 1 || a.Done > r.served {
		fault("shard 1, killed: %+v; the emulator answered %d", a, r.served)
	}
	if !s.Degraded || s.Torn != 1 || s.Missing != 0 || s.Scheduled != 3*instanceDue || s.Done+s.Lost != s.Scheduled || requests != s.Done || r.code != exitDegraded {
		fault("merged: %+v, %d requests, exit %d", s, requests, r.code)
	}
	if !strings.Contains(r.printed, "3 expected, 3 present, 1 torn, 0 missing; the run is degraded") {
		fault("merge prints:\n%s", r.printed)
	}
	return out
}

func runThree(t *testing.T) threeRun {
	t.Helper()
	emu, err := kmsemu.New(kmsemu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer emu.Close()
	kms := &countingKMS{next: emu, n: map[string]int64{}}
	srv := httptest.NewServer(kms)
	defer srv.Close()
	dir := script(t, threeInstance)
	procs := make([]*instanceProcess, instances)
	for i := range procs {
		procs[i] = startInstance(t, dir, srv.URL, i)
	}
	for _, p := range procs {
		p.awaitPaused(t)
	}
	var wg sync.WaitGroup
	begun := time.Now()
	for _, p := range procs {
		wg.Go(func() { p.resume(t) })
	}
	wg.Wait()
	<-time.After(time.Until(begun.Add(instanceLead + instanceWarm + instanceSpan*3/5)))
	_ = procs[1].cmd.Process.Kill()
	died := time.Now()
	for _, p := range procs {
		_ = p.cmd.Wait() // the killed one fails
	}
	r := threeRun{served: kms.served("INSTANCE1")}
	shards := []string{"out/0", "out/1", "out/2"}
	r.code, r.printed = runK6(t, dir, append([]string{"x", "merge", "--dir", "merged"}, shards...)...)
	if r.merged, err = results.Read(filepath.Join(dir, "merged")); err != nil {
		t.Fatalf("%v; merge printed:\n%s\ninstance 0 printed:\n%s", err, r.printed, procs[0].out)
	}
	for _, name := range shards {
		f, err := results.Read(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		r.parts = append(r.parts, f)
	}
	r.lost = died.Sub(r.parts[1].Finished)
	return r
}

type instanceProcess struct {
	cmd *exec.Cmd
	out *bytes.Buffer
	api string
}

// startInstance starts a paused instance the way k6-operator does.
func startInstance(t *testing.T, dir, url string, i int) *instanceProcess {
	t.Helper()
	p := &instanceProcess{out: &bytes.Buffer{}, api: freeAddress(t)}
	p.cmd = k6(t, dir, "run", "--quiet", "--execution-segment", fmt.Sprintf("%d/3:%d/3", i, i+1), "--execution-segment-sequence", "0,1/3,2/3,1",
		"--address", p.api, "--paused", "-e", "TARGET="+url, "test.js")
	p.cmd.Env = append(p.cmd.Env, fmt.Sprintf("AWS_ACCESS_KEY_ID=INSTANCE%d", i), "AWS_SECRET_ACCESS_KEY=secret")
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // fails if it has ended
	return p
}

// freeAddress is a loopback address on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// awaitPaused waits until k6 has made its VUs and waits for resume.
func (p *instanceProcess) awaitPaused(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if st, err := p.status(ctx); err == nil && st.Paused && st.VUsMax > 0 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("k6 was not ready within a minute; it printed:\n%s", p.out)
		}
	}
}

// k6Status are the attributes of k6's status that matter here.
type k6Status struct {
	Paused bool `json:"paused"`
	VUsMax int  `json:"vus-max"`
}

type k6Document struct {
	Data struct {
		Type       string   `json:"type"`
		ID         string   `json:"id"`
		Attributes k6Status `json:"attributes"`
	} `json:"data"`
}

func (p *instanceProcess) status(ctx context.Context) (k6Status, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.api+"/v1/status", nil)
	if err != nil {
		return k6Status{}, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return k6Status{}, err
	}
	defer res.Body.Close()
	var doc k6Document
	err = json.NewDecoder(res.Body).Decode(&doc)
	return doc.Data.Attributes, err
}

func (p *instanceProcess) resume(t *testing.T) {
	body := `{"data":{"type":"status","id":"default","attributes":{"paused":false,"stopped":false}}}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, "http://"+p.api+"/v1/status", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	if res.StatusCode != http.StatusOK {
		t.Errorf("resume: %s", res.Status)
	}
	_ = res.Body.Close()
}

// emulatorWithKey is an emulator with a key under alias/k6.
func emulatorWithKey(t *testing.T) (url string) {
	t.Helper()
	srv := kmsemu.Start(t)
	c, err := awskms.New(t.Context(), awskms.Options{Endpoint: srv.URL, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	key, err := c.CreateKey(t.Context(), target.CreateKeyRequest{KeySpec: "HMAC_256"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CreateAlias(t.Context(), "alias/k6", key.KeyID); err != nil {
		t.Fatal(err)
	}
	return srv.URL
}
