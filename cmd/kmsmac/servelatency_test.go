package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// What a load has logged is what the emulator plays again.
func TestLatencyOfALog(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, results.LogFileName)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	start := time.UnixMilli(1_700_000_000_000)
	log, err := results.NewIntervalLog(f, results.LogHeader{Started: start})
	if err != nil {
		t.Fatal(err)
	}
	of := func(ns ...int64) (values []kmsemu.LatencyCount) {
		for _, v := range ns {
			h := results.NewHistogram()
			_ = h.RecordValue(v)
			values = append(values, kmsemu.LatencyCount{Latency: time.Duration(h.Max()), Count: 2})
		}
		return values
	}
	add := func(second int, tag string, ns ...int64) {
		h := results.NewHistogram()
		for _, v := range ns {
			_ = h.RecordValues(v, 2)
		}
		at := start.Add(time.Duration(second) * time.Second)
		log.Add(tag, at, at.Add(time.Second), h)
	}
	commit := func(second int, final bool) {
		at := start.Add(time.Duration(second) * time.Second)
		log.Add("", at, at.Add(time.Second), nil)
		if err := log.Commit(nil, final); err != nil {
			t.Fatal(err)
		}
	}
	add(0, "GenerateMac/HMAC_256/sdk/ok/service", 9e6) // there is wire time, which counts
	add(0, "GenerateMac/HMAC_256/sdk/ok/wire", 5e6)
	add(0, "VerifyMac/HMAC_256/sdk/ok/wire", 3e6, 7e6)
	add(0, "VerifyMac/HMAC_256/sdk/failed/wire", 1e6)
	commit(0, false)
	commit(1, false) // the target stood still
	add(2, "GenerateMac/HMAC_256/sdk/ok/service", 4e6)
	commit(2, true)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	want := []kmsemu.LatencySpan{{Length: time.Second, Values: of(3e6, 5e6, 7e6)}, {Length: time.Second}, {Length: time.Second, Values: of(4e6)}}
	for _, name := range []string{path, dir} {
		var o kmsemu.Options
		if err := (serveCmd{Latency: "log:" + name}).latencyOptions(&o); err != nil || o.Latency != "" {
			t.Fatal(o.Latency, err)
		}
		if d := cmp.Diff(want, o.Replay); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
		emu, err := kmsemu.New(o)
		if err != nil {
			t.Fatal(err)
		}
		_ = emu.Close()
	}
	for arg, text := range map[string]string{"log:" + dir + "/none": "cannot be read", "log:" + os.Args[0]: "interval log"} {
		var stderr bytes.Buffer
		code := mainEnv(t.Context(), streams{in: strings.NewReader(""), out: &stderr, err: &stderr}, func(string) string { return "" }, []string{"serve", "--latency", arg})
		if code != exitInconclusive || !strings.Contains(stderr.String(), text) {
			t.Errorf("%s: exit %d, %q, want %d and %q", arg, code, stderr.String(), exitInconclusive, text)
		}
	}
}
