package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// TestKilledRunIsRead: SIGKILL in the middle of a run leaves what report, merge
// and compare read, and no other run writes over it.
func TestKilledRunIsRead(t *testing.T) {
	dir := t.TempDir()
	cut, other := filepath.Join(dir, "cut"), filepath.Join(dir, "other")
	requests := make(chan struct{}, 100_000)
	srv := kmsemu.Start(t, kmsemu.Options{Observe: func(o kmsemu.Observation) {
		if o.Operation == "GenerateMac" {
			requests <- struct{}{}
		}
	}})
	args := []string{"bench", "kms", "--no-calibrate", "--target", srv.URL, "--client", "raw", "--mix", "generate=1", "--rate", "50", "--warmup", "0s"}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	child := exec.Command(self, append(args, "--shard", "0/2", "--duration", "1m", "--out", cut)...)
	child.Args[0], child.Stderr = "kmsmac", &stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = child.Wait(); close(ended) }()
	defer func() { _ = child.Process.Kill(); <-ended }()
	for committed(filepath.Join(cut, results.LogFileName)) < 2 { // each request is an occasion to look
		select {
		case <-requests:
		case <-ended:
			t.Fatalf("it ended by itself; stderr:\n%s", stderr.String())
		}
	}
	_ = child.Process.Kill()
	<-ended

	run := func(want int, args ...string) (stdout, talk string) {
		t.Helper()
		var o, e bytes.Buffer
		if code := mainEnv(t.Context(), streams{in: strings.NewReader(""), out: &o, err: &e}, func(string) string { return "" }, args); code != want {
			t.Fatalf("%v: exit %d, want %d; stderr:\n%s", args, code, want, e.String())
		}
		return o.String(), e.String()
	}
	text, talk := run(0, "report", "--format", "text", "-o", "-", cut)
	for _, want := range []string{"the run was cut short", " of 60.0 s", "verdict: inconclusive", "load: GenerateMac HMAC_256, open, client raw", "response time"} {
		if !strings.Contains(text, want) {
			t.Errorf("report lacks %q:\n%s", want, text)
		}
	}
	if !strings.Contains(talk, "warning: "+cut+": the run was cut short") {
		t.Errorf("report says %q", talk)
	}
	run(0, "report", "-o", filepath.Join(dir, "page.html"), filepath.Join(cut, results.LogFileName))
	if _, talk := run(exitUsage, append(args, "--duration", "100ms", "--out", cut)...); !strings.Contains(talk, "holds a result already") {
		t.Errorf("a run over what was left of another: %q", talk)
	}
	run(0, append(args, "--shard", "1/2", "--duration", "1s", "--out", other)...)
	if _, talk := run(exitInconclusive, "compare", other, cut); !strings.Contains(talk, "the run was cut short") {
		t.Errorf("compare says %q", talk)
	}
	// Of another plan, for its duration differs: they are not merged.
	run(exitInconclusive, "merge", "--out", filepath.Join(dir, "no"), cut, other)
	merged, _ := run(exitInconclusive, "merge", "--out", filepath.Join(dir, "merged"), cut)
	if !strings.Contains(merged, "shard 0: the run was cut short") || !strings.Contains(merged, "shards missing: 1 of 2") {
		t.Errorf("merge prints:\n%s", merged)
	}
	if _, talk := run(exitInconclusive, "history", "add", "--dir", dir, cut); !strings.Contains(talk, "was interrupted") {
		t.Errorf("history says %q", talk)
	}
}

// committed is the number of intervals that a log holds.
func committed(path string) int {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	run, err := results.ReadIntervalLog(f, nil)
	if err != nil {
		return 0
	}
	return len(run.Commits)
}
