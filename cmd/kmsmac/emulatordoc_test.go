package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// TestEmulatorDoc holds docs/emulator.md to the program: every flag of serve is
// in it and no other, its seed file loads, its plans and distributions parse.
func TestEmulatorDoc(t *testing.T) {
	raw, err := os.ReadFile("../../docs/emulator.md")
	if err != nil {
		t.Fatal(err)
	}
	var help, errs bytes.Buffer
	if code := mainEnv(t.Context(), streams{in: strings.NewReader(""), out: &help, err: &errs}, os.Getenv, []string{"serve", "--help"}); code != 0 {
		t.Fatalf("serve --help: exit %d: %s", code, errs.String())
	}
	flag := regexp.MustCompile(`--[a-z][a-z-]*`)
	known := map[string]bool{"--endpoint-url": true, "--key-spec": true, "--key-usage": true, "--help": true, "--log-level": true}
	documented := map[string]bool{}
	for _, f := range flag.FindAllString(string(raw), -1) {
		documented[f] = true
	}
	for _, f := range flag.FindAllString(help.String(), -1) {
		if !documented[f] && !known[f] && strings.Contains(help.String(), "  "+f) {
			t.Errorf("serve has %s, which the page does not name", f)
		}
		known[f] = true
	}
	for f := range documented {
		if !known[f] {
			t.Errorf("the page names %s, which serve does not have", f)
		}
	}

	_, rest, _ := strings.Cut(string(raw), "```yaml\n")
	seed, _, ok := strings.Cut(rest, "```")
	keys, err := kmsemu.ParseSeedFile([]byte(seed))
	if err != nil || !ok {
		t.Fatalf("the seed file of the page: %v", err)
	}
	e, err := kmsemu.New(kmsemu.Options{SeedKeys: keys})
	if err != nil {
		t.Fatalf("the seed file of the page: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	plans := regexp.MustCompile("(?m)^\\| `([A-Za-z]+=[^`]+)`").FindAllStringSubmatch(string(raw), -1)
	for _, m := range plans {
		if _, err := kmsemu.ParseFaults(m[1], 1); err != nil {
			t.Errorf("plan %q: %v", m[1], err)
		}
	}
	latencies := regexp.MustCompile("`((?:constant|lognormal|bimodal|stall):[^`]+)`").FindAllStringSubmatch(string(raw), -1)
	for _, m := range latencies {
		if _, err := kmsemu.ParseLatency(m[1]); err != nil {
			t.Errorf("latency %q: %v", m[1], err)
		}
	}
	if len(plans) != 7 || len(latencies) != 4 {
		t.Errorf("found %d plans and %d latencies, want 7 and 4", len(plans), len(latencies))
	}
}
