package main

import (
	"bytes"
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awskms"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// TestInterrupted: Ctrl-C ends every command with 130, with what was measured
// written and no usable key left behind.
func TestInterrupted(t *testing.T) {
	rows := []struct {
		name string
		at   string // pattern of what progress shows when the interruption comes: keys are made by then
		args []string
	}{
		{"bench kms", "measure ", []string{"bench", "kms", "--no-calibrate", "--rate", "100", "--duration", "10m"}},
		{"bench kms, closed loop", "measure ", []string{"bench", "kms", "--no-calibrate", "--concurrency", "2", "--duration", "10m"}},
		{"sweep", "measure ", []string{"sweep", "--no-calibrate", "--concurrency", "1-64", "--step", "2m"}},
		{"run", `conformance \d\d`, []string{"run", "--duration", "10m"}},
		{"conform", `conformance \d\d`, []string{"conform", "--differential", "0"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			srv := kmsemu.Start(t)
			out := filepath.Join(t.TempDir(), "out")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var stdout bytes.Buffer
			stderr := &trigger{at: regexp.MustCompile(row.at), act: cancel}
			none := func(string) string { return "" }
			code := mainEnv(ctx, streams{in: strings.NewReader(""), out: &stdout, err: stderr, terminal: true}, none,
				append(row.args, "--target", srv.URL, "--out", out))
			if code != exitInterrupted {
				t.Fatalf("exit %d, want %d; stderr:\n%s", code, exitInterrupted, stderr.String())
			}
			f, err := results.Read(out)
			if err != nil || !f.Interrupted {
				t.Fatalf("result: interrupted %v, %v", f != nil && f.Interrupted, err)
			}
			allPendingDeletion(t, srv.URL)
			command := "kmsmac cleanup --target " + srv.URL + " --region us-east-1 --region2 us-west-2 --run " + f.RunID
			if !strings.Contains(stderr.String(), command+"\n") {
				t.Errorf("stderr does not tell %q:\n%s", command, stderr.String())
			}
		})
	}
}

// trigger keeps what is written and acts when it first matches. main writes
// to it from one goroutine at a time.
type trigger struct {
	bytes.Buffer
	at  *regexp.Regexp
	act func()
}

func (g *trigger) Write(p []byte) (int, error) {
	n, err := g.Buffer.Write(p)
	if g.act != nil && g.at.Match(p) {
		g.act()
		g.act = nil
	}
	return n, err
}

// allPendingDeletion fails for every key that somebody would pay for.
func allPendingDeletion(t *testing.T, url string) {
	t.Helper()
	c, err := awskms.New(t.Context(), awskms.Options{Endpoint: url, Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	page, err := c.ListKeys(t.Context(), "", 1000)
	if err != nil || len(page.Keys) == 0 {
		t.Fatalf("%d keys, %v: the run cannot have made none", len(page.Keys), err)
	}
	for _, k := range page.Keys {
		m, err := c.DescribeKey(t.Context(), k.KeyID)
		if err != nil || m.State != target.StatePendingDeletion && m.State != "PendingReplicaDeletion" { // a primary waits for its replicas
			t.Errorf("%s is %s, %v", k.KeyID, m.State, err)
		}
	}
}
