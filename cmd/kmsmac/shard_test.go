package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// The array job of these tests: each shard has a third of 150 arrivals a second
// for six seconds, after a second of warm-up.
const (
	arrayShards = 3
	arrayRate   = 150
	arraySpan   = 6 * time.Second
	arrayWarmup = time.Second
	arrayDue    = arrayRate * int64(arraySpan/time.Second) / arrayShards // of one shard
)

// TestArrayJob runs three processes as an array job, kills one with SIGKILL in
// the middle and starts one late. Every call is accounted for, and the shard
// that nothing happened to is whole.
func TestArrayJob(t *testing.T) {
	a := runArrayJob(t)
	for _, fault := range a.faults() {
		t.Error(fault)
	}
}

// arrayJobRun is what came of the array job.
type arrayJobRun struct {
	merged  *results.File
	printed string
	code    int
	lost    time.Duration // what the killed shard did not keep of its time
	served  int64         // GenerateMac that the emulator answered for the killed shard
}

// faults are all deviations from exact accounting.
func (a arrayJobRun) faults() (out []string) {
	fault := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	s := a.merged.Shards
	whole, killed, late := s.Accounts[0], s.Accounts[1], s.Accounts[2]
	for _, acc := range s.Accounts {
		if acc.Scheduled != arrayDue || acc.Scheduled != acc.Done+acc.Lost || acc.Succeeded != acc.Done {
			fault("shard %d: %d scheduled, %d done, %d lost, %d succeeded, want %d = done + lost", acc.Index, acc.Scheduled, acc.Done, acc.Lost, acc.Succeeded, arrayDue)
		}
	}
	if whole.State != results.ShardWhole || whole.Lost != whole.Dropped || whole.Lost > dueBefore(whole.Late) {
		fault("shard 0, to which nothing happened: %+v, want at most %d lost, by its own start", whole, dueBefore(whole.Late))
	}
	if killed.State != results.ShardTorn || killed.Lost < 1 || killed.Done > a.served {
		fault("shard 1, killed: %+v; the emulator answered %d", killed, a.served)
	}
	if late.State != results.ShardWhole || late.Late <= 0 || late.Lost < 1 || late.Lost != late.Dropped {
		fault("shard 2, late: %+v, want what it missed dropped and nothing else lost", late)
	}
	if !s.Degraded || s.Torn != 1 || s.Missing != 0 || s.StartSpread != 0 || a.code != exitInconclusive {
		fault("merged: %+v, exit %d", s, a.code)
	}
	var requests int64
	for _, l := range a.merged.Load {
		requests += l.Requests
	}
	if requests != s.Done || s.Scheduled != 3*arrayDue || s.Done+s.Lost != s.Scheduled {
		fault("%d requests in the loads, %d done and %d lost of %d", requests, s.Done, s.Lost, s.Scheduled)
	}
	for _, text := range []string{"3 expected, 3 present, 1 torn, 0 missing; the run is degraded", "warning: shard 2 joined", "verdict: inconclusive"} {
		if !strings.Contains(a.printed, text) {
			fault("merge does not say %q:\n%s", text, a.printed)
		}
	}
	return out
}

// dueBefore is how many measured calls a shard can miss that joins so late: none
// if it was there by the end of the warm-up.
func dueBefore(late time.Duration) int64 {
	if late <= arrayWarmup {
		return 0
	}
	return int64((late-arrayWarmup)*arrayRate/arrayShards/time.Second) + 1
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
	id, generate := "", strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GenerateMac")
	if m := accessKey.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		id = m[1]
	}
	c.next.ServeHTTP(w, r)
	if generate {
		c.mu.Lock()
		c.n[id]++
		c.mu.Unlock()
	}
}

func runArrayJob(t *testing.T) arrayJobRun {
	t.Helper()
	emu, err := kmsemu.New(kmsemu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer emu.Close()
	kms := &countingKMS{next: emu, n: map[string]int64{}}
	srv := httptest.NewServer(kms)
	defer srv.Close()
	dir := t.TempDir()
	start := time.Now().Add(4 * time.Second) // a process takes its time on a busy machine
	job := func(i int) *exec.Cmd { return arrayTask(t, srv.URL, dir, i, start) }

	whole, killed := job(0), job(1)
	for _, c := range []*exec.Cmd{whole, killed} {
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Process.Kill() }() // fails if it has ended
	}
	// From here on instants are those of the schedule.
	<-time.After(time.Until(start.Add(arrayWarmup + arraySpan/4)))
	late := job(2)
	if err := late.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = late.Process.Kill() }()
	<-time.After(time.Until(start.Add(arrayWarmup + arraySpan*3/5)))
	_ = killed.Process.Kill()
	died := time.Now()
	_ = killed.Wait()
	if err := whole.Wait(); err != nil && whole.ProcessState.ExitCode() != exitInconclusive { // which it is if a busy machine made it late
		t.Fatalf("shard 0: %v\n%s", err, whole.Stderr)
	}
	_ = late.Wait() // exits 3: it has dropped too much

	var a arrayJobRun
	a.lost = died.Sub(lastCommit(t, filepath.Join(dir, "1", results.LogFileName)))
	kms.mu.Lock()
	a.served = kms.n["SHARD1"]
	kms.mu.Unlock()
	var stdout, stderr bytes.Buffer
	out := filepath.Join(dir, "merged")
	a.code = mainEnv(t.Context(), streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, func(string) string { return "" },
		[]string{"merge", "--out", out, filepath.Join(dir, "0"), filepath.Join(dir, "1"), filepath.Join(dir, "2")})
	if a.merged, err = results.Read(out); err != nil {
		t.Fatalf("%v\nmerge said:\n%s\nshard 2 said:\n%s", err, stderr.String(), late.Stderr)
	}
	a.printed = stdout.String()
	return a
}

// arrayTask is a task of an Indexed Job, with an access key of its own.
func arrayTask(t *testing.T, url, dir string, i int, start time.Time) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, "bench", "kms", "--target", url, "--client", "lean", "--no-calibrate", "--mix", "generate=1",
		"--rate", fmt.Sprint(arrayRate), "--duration", arraySpan.String(), "--warmup", arrayWarmup.String(),
		"--start-at", start.Format(time.RFC3339Nano), "--out", filepath.Join(dir, fmt.Sprint(i)))
	c.Args[0] = "kmsmac"
	c.Stderr = &bytes.Buffer{}
	c.Env = append(slices.Clone(os.Environ()), "JOB_COMPLETION_INDEX="+fmt.Sprint(i), "JOB_COMPLETIONS="+fmt.Sprint(arrayShards),
		fmt.Sprintf("AWS_ACCESS_KEY_ID=SHARD%d", i), "AWS_SECRET_ACCESS_KEY=secret")
	return c
}

// lastCommit is the end of the last interval that the log holds.
func lastCommit(t *testing.T, path string) time.Time {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	run, err := results.ReadIntervalLog(f, nil)
	if err != nil || len(run.Commits) == 0 {
		t.Fatalf("%+v, %v", run, err)
	}
	return run.Commits[len(run.Commits)-1].To
}
