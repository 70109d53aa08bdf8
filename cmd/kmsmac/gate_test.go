package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

// buildKmsmac builds this command into dir; with a replacement of
// engine/key.go's text the build differs from the product by just that.
func buildKmsmac(ctx context.Context, dir, name, old, with string) (string, error) {
	bin := filepath.Join(dir, name)
	args := []string{"build", "-o", bin}
	if old != "" {
		overlay, err := overlayKey(dir, old, with)
		if err != nil {
			return "", err
		}
		args = append(args, "-overlay", overlay)
	}
	if out, err := exec.CommandContext(ctx, "go", append(args, ".")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return bin, nil
}

// overlayKey writes what go build reads in place of engine/key.go.
func overlayKey(dir, old, with string) (string, error) {
	key, err := filepath.Abs("../../engine/key.go")
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(key)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), old); n != 1 {
		return "", fmt.Errorf("%s holds %q %d times, want once", key, old, n)
	}
	changed, overlay := filepath.Join(dir, "key.go"), filepath.Join(dir, "overlay.json")
	raw, err := json.Marshal(map[string]map[string]string{"Replace": {key: changed}})
	if err != nil {
		return "", err
	}
	return overlay, errors.Join(os.WriteFile(changed, []byte(strings.Replace(string(text), old, with, 1)), 0o600), os.WriteFile(overlay, raw, 0o600))
}

// sumOnce and sumTwice make a build that computes every tag twice.
const (
	sumOnce  = "dst = k.sum(dst, msg)"
	sumTwice = "room := dst\n\tdst = k.sum(room, msg)\n\tdst = k.sum(room, msg)"
)

// engineWords are what each arm of the gates here runs: a tenth of a second.
var engineWords = []string{"--", "bench", "engine", "--impl", "stdlib", "--algorithm", "HMAC_SHA_256", "--size", "64", "--batch", "1", "--rounds", "40"}

// TestGateFindsSlowerBuild: a build whose engine computes every tag twice is
// worse, and a build is not worse than itself.
func TestGateFindsSlowerBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command twice")
	}
	dir := t.TempDir()
	base, err := buildKmsmac(t.Context(), dir, "base", "", "")
	if err != nil {
		t.Fatal(err)
	}
	slow, err := buildKmsmac(t.Context(), dir, "slow", sumOnce, sumTwice)
	if err != nil {
		t.Fatal(err)
	}
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
		args := append([]string{"gate", "--base", row.base, "--new", row.fresh, "--margin", row.margin, "--rounds", "12", "--out", out}, engineWords...)
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

// TestGateUnpaired: what the base measured and the candidate did not is no
// pass; what only the candidate measured is told.
func TestGateUnpaired(t *testing.T) {
	one, two := [2]string{"ns/op", "Engine/impl=a"}, [2]string{"ns/op", "Engine/impl=b"}
	all := map[[2]string]int{one: 10, two: 10}
	rows := []struct {
		name        string
		base, fresh map[[2]string]int
		gate        []string
		lost, added string
	}{
		{"both have both", all, all, nil, "", ""},
		{"new lacks one", all, map[[2]string]int{one: 10}, nil, "not compared: ns/op of Engine/impl=b: arm new measured it in 0 of 10 runs", ""},
		{"new lacks one at times", all, map[[2]string]int{one: 10, two: 9}, nil, "not compared: ns/op of Engine/impl=b: arm new measured it in 9 of 10 runs", ""},
		{"new lacks all", all, nil, nil, "not compared: ns/op of Engine/impl=a, ns/op of Engine/impl=b: arm new measured it in 0 of 10 runs", ""},
		{"nobody gates it", all, map[[2]string]int{one: 10}, []string{"B/op"}, "", ""},
		{"it is gated", all, map[[2]string]int{one: 10}, []string{"ns/op"}, "not compared: ns/op of Engine/impl=b: arm new measured it in 0 of 10 runs", ""},
		{"base lacks one", map[[2]string]int{one: 10}, all, nil, "", "not compared: ns/op of Engine/impl=b: arm base measured it in 0 of 10 runs"},
		{"base lacks one at times", map[[2]string]int{one: 10, two: 9}, all, nil, "not compared: ns/op of Engine/impl=b: arm base measured it in 9 of 10 runs", ""},
	}
	for _, row := range rows {
		problems, added := unpaired([2]*gateArm{{name: "base", runs: 10, given: row.base}, {name: "new", runs: 10, given: row.fresh}}, row.gate)
		var lost []string
		for _, p := range problems {
			lost = append(lost, p.Text)
			if p.Verdict != results.Inconclusive {
				t.Errorf("%s: verdict %s", row.name, p.Verdict)
			}
		}
		if got := strings.Join(lost, "\n"); got != row.lost {
			t.Errorf("%s: lost %q, want %q", row.name, got, row.lost)
		}
		if got := strings.Join(added, "\n"); got != row.added {
			t.Errorf("%s: added %q, want %q", row.name, got, row.added)
		}
	}
	if got := someOf([]string{"d", "c", "b", "a"}); got != "a, b, c and 1 more" {
		t.Errorf("some of four: %q", got)
	}
}

// TestGateInterrupted: Ctrl-C ends the gate with 130, and the arm that was
// running cleans up after itself before it ends.
func TestGateInterrupted(t *testing.T) {
	srv := kmsemu.Start(t)
	out := filepath.Join(t.TempDir(), "out")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked := make(chan time.Time, 1)
	time.AfterFunc(1500*time.Millisecond, func() {
		asked <- time.Now()
		cancel()
	})
	var stdout, stderr bytes.Buffer
	code := mainEnv(ctx, streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, func(string) string { return "" },
		[]string{"gate", "--base-target", srv.URL, "--new-target", srv.URL, "--out", out, "--", "bench", "kms", "--rate", "100", "--duration", "1m"})
	if code != exitInterrupted {
		t.Fatalf("exit %d, want %d; stderr:\n%s", code, exitInterrupted, stderr.String())
	}
	if took := time.Since(<-asked); took > armGrace {
		t.Errorf("it took %s: the arm was killed, not asked", took)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("%s was left behind with nothing measured: %v", out, err)
	}
	allPendingDeletion(t, srv.URL)
}

// TestGateSelfRows: too many false alarms, and a slower build that passes, are
// told and fail.
func TestGateSelfRows(t *testing.T) {
	rows := []struct {
		name          string
		found, itself map[int]int
		tries, code   int
		last          string
	}{
		{"all well", map[int]int{1: 1}, map[int]int{0: 30, 3: 19, 1: 1}, 50, exitOK, "2 of 2\n"},
		{"two alarms", map[int]int{1: 1}, map[int]int{0: 48, 1: 2}, 50, exitFailed, "1 of 2\n"},
		{"two alarms of a hundred", map[int]int{1: 1}, map[int]int{0: 98, 1: 2}, 100, exitOK, "2 of 2\n"},
		{"slower passes", map[int]int{0: 1}, map[int]int{0: 3}, 3, exitFailed, "1 of 2\n"},
		{"slower cannot be told", map[int]int{3: 1}, map[int]int{0: 3}, 3, exitFailed, "1 of 2\n"},
	}
	for _, row := range rows {
		var out bytes.Buffer
		if code := gateSelfRows(&out, row.found, row.itself, row.tries); code != row.code || !strings.HasSuffix(out.String(), "\n"+row.last) {
			t.Errorf("%s: exit %d, want %d and %q:\n%s", row.name, code, row.code, row.last, out.String())
		}
	}
}
