package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// buildKmsmac builds this command; with a replacement of engine/key.go's text
// the build differs from the product by just that.
func buildKmsmac(t *testing.T, name, old, with string) string {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, name)
	args := []string{"build", "-o", bin}
	if old != "" {
		key, err := filepath.Abs("../../engine/key.go")
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(key)
		if err != nil || strings.Count(string(text), old) != 1 {
			t.Fatalf("%s does not hold %q once: %v", key, old, err)
		}
		changed := filepath.Join(dir, "key.go")
		overlay, err := json.Marshal(map[string]map[string]string{"Replace": {key: changed}})
		if err != nil {
			t.Fatal(err)
		}
		for path, data := range map[string][]byte{changed: []byte(strings.Replace(string(text), old, with, 1)), filepath.Join(dir, "overlay.json"): overlay} {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		args = append(args, "-overlay", filepath.Join(dir, "overlay.json"))
	}
	if out, err := exec.CommandContext(t.Context(), "go", append(args, ".")...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	return bin
}

// TestGateFindsSlowerBuild: a build whose engine computes every tag twice is
// worse, and a build is not worse than itself.
func TestGateFindsSlowerBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command twice")
	}
	const sum = "dst = k.sum(dst, msg)"
	base := buildKmsmac(t, "base", "", "")
	slow := buildKmsmac(t, "slow", sum, "room := dst\n\tdst = k.sum(room, msg)\n\tdst = k.sum(room, msg)")
	engine := []string{"--", "bench", "engine", "--impl", "stdlib", "--algorithm", "HMAC_SHA_256", "--size", "64", "--batch", "1", "--rounds", "40"}
	rows := []struct {
		name, base, fresh, margin string
		codes                     []int
		want                      results.Change
	}{
		{"slower", base, slow, "5", []int{exitFailed}, results.WorseOff},
		{"faster", slow, base, "5", []int{exitOK}, results.Better},
		{"itself", base, base, "40", []int{exitOK, exitInconclusive}, ""},
	}
	for _, row := range rows {
		out := t.TempDir()
		var stdout, stderr bytes.Buffer
		args := append([]string{"gate", "--base", row.base, "--new", row.fresh, "--margin", row.margin, "--rounds", "12", "--out", out}, engine...)
		code := mainEnv(t.Context(), streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, func(string) string { return "" }, args)
		if !slices.Contains(row.codes, code) {
			t.Errorf("%s: exit %d, want %v\n%s%s", row.name, code, row.codes, stdout.String(), stderr.String())
			continue
		}
		f, err := results.Read(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range f.Comparison.Findings {
			if row.want != "" && v.Metric == "ns/op" && v.Change != row.want {
				t.Errorf("%s: %s is %s, want %s", row.name, v.Metric, v.Change, row.want)
			}
		}
	}
}

// TestGateInterrupted: Ctrl-C ends the gate with 130, and the arm that was
// running cleans up after itself before it ends.
func TestGateInterrupted(t *testing.T) {
	srv := kmsemu.Start(t)
	out := filepath.Join(t.TempDir(), "out")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	time.AfterFunc(1500*time.Millisecond, cancel)
	var stdout, stderr bytes.Buffer
	started := time.Now()
	code := mainEnv(ctx, streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, func(string) string { return "" },
		[]string{"gate", "--base-target", srv.URL, "--new-target", srv.URL, "--out", out, "--", "bench", "kms", "--rate", "100", "--duration", "1m"})
	if code != exitInterrupted {
		t.Fatalf("exit %d, want %d; stderr:\n%s", code, exitInterrupted, stderr.String())
	}
	if took := time.Since(started); took > armGrace {
		t.Errorf("it took %s: the arm was killed, not asked", took)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("%s was left behind with nothing measured: %v", out, err)
	}
	allPendingDeletion(t, srv.URL)
}
