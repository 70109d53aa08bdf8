//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/kmsmac/kmsmac/results"
)

// TestDistributedByHand runs the session of docs/distributed.md, shortened and
// on a free port.
func TestDistributedByHand(t *testing.T) {
	raw, err := os.ReadFile("../../docs/distributed.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(raw), "## Three processes by hand")
	_, text, _ = strings.Cut(text, "```text\n")
	session, _, ok := strings.Cut(text, "```")
	if !ok || !strings.Contains(session, "kmsmac merge") {
		t.Fatal("docs/distributed.md has no session")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	session = strings.NewReplacer("127.0.0.1:4599", addr, "sleep 1", "sleep 5", "+10 seconds", "+8 seconds", "--rate 900", "--rate 90", "--duration 20s", "--duration 2s --no-calibrate").Replace(session)
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "kmsmac")); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sh", "-c", session)
	c.Dir, c.Env = dir, append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	f, err := results.Read(filepath.Join(dir, "merged"))
	if err != nil || f.Shards == nil || f.Shards.Present != 3 || f.Shards.Lost != 0 || f.Shards.StartSpread != 0 || f.Verdict != results.Pass {
		t.Errorf("%+v, %v:\n%s", f, err, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "report.html")); err != nil {
		t.Error(err)
	}
}

// TestDeployedCommands makes the plan of what the manifests start.
func TestDeployedCommands(t *testing.T) {
	var job struct {
		Spec struct {
			Template struct {
				Spec struct{ Containers []struct{ Args []string } }
			}
		}
	}
	var def struct{ ContainerProperties struct{ Command []string } }
	read := func(name string) []byte {
		raw, err := os.ReadFile("../../bench/k6x/deploy/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	if err := yaml.Unmarshal(read("job.yaml"), &job); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(read("batch-job-definition.json"), &def); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"job.yaml": job.Spec.Template.Spec.Containers[0].Args, "batch-job-definition.json": def.ContainerProperties.Command} {
		var c cli
		p, err := newParser(&c, streams{out: new(bytes.Buffer), err: new(bytes.Buffer)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Parse(args); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		k := c.Bench.Kms
		k.Shard = "7/8"
		plan, err := k.plan(k.Seed, k.Timeout)
		if err == nil {
			err = k.into(&k.Out)
		}
		if err != nil || plan.Shards != 8 || !strings.HasSuffix(k.Out, "/7") {
			t.Errorf("%s: shard %d of %d into %s, %v", name, plan.Shard, plan.Shards, k.Out, err)
		}
		// A shard's estimate is within its share of the limits.
		e, err := loadEstimate(plan, true)
		if share := k.share(8); name != "job.yaml" && (err != nil || e.total() > share.MaxRequests || e.cost().USD() > share.MaxCost) {
			t.Errorf("%s: %d requests and %s are above a shard's %d and %.2f, %v", name, e.total(), e.cost(), share.MaxRequests, share.MaxCost, err)
		}
	}
}
