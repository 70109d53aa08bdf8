package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
		args []string
	}{
		{"bench kms", []string{"bench", "kms", "--no-calibrate", "--rate", "100", "--duration", "1m"}},
		{"bench kms, closed loop", []string{"bench", "kms", "--no-calibrate", "--concurrency", "2", "--duration", "1m"}},
		{"sweep", []string{"sweep", "--no-calibrate", "--concurrency", "1-64"}},
		{"run", []string{"run", "--duration", "1m"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			srv := kmsemu.Start(t)
			out := filepath.Join(t.TempDir(), "out")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			time.AfterFunc(2500*time.Millisecond, cancel)
			var stdout, stderr bytes.Buffer
			none := func(string) string { return "" }
			code := mainEnv(ctx, streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, none,
				append(row.args, "--target", srv.URL, "--out", out))
			if code != exitInterrupted {
				t.Fatalf("exit %d, want %d; stderr:\n%s", code, exitInterrupted, stderr.String())
			}
			f, err := results.Read(out)
			if err != nil || !f.Interrupted {
				t.Fatalf("result: interrupted %v, %v", f != nil && f.Interrupted, err)
			}
			allPendingDeletion(t, srv.URL)
		})
	}
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
		if err != nil || m.State != target.StatePendingDeletion {
			t.Errorf("%s is %s, %v", k.KeyID, m.State, err)
		}
	}
}
