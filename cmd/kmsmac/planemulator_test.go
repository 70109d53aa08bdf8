package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/bench/capacity"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// The known key of the emulator that plans are checked on.
const planKey = "2e5891a3-c964-448c-9f6c-2d1c7d1054b5"

var planSecret = bytes.Repeat([]byte{7}, 32)

// handled is the emulator's handler behind the seam: no network and no client,
// so that in virtual time nothing takes time but what the emulator's options
// say.
type handled struct {
	emulator *kmsemu.Emulator
	header   http.Header
}

func newHandled(t testing.TB, o kmsemu.Options) *handled {
	t.Helper()
	o.SeedKeys = []kmsemu.SeedKey{{ID: planKey, Material: planSecret}}
	e, err := kmsemu.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return &handled{e, http.Header{
		"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"TrentService.GenerateMac"}, "X-Amz-Date": {"20261123T000000Z"},
		"Authorization": {"AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/kms/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=0000000000000000000000000000000000000000000000000000000000000000"},
	}}
}

func (h *handled) Info() target.Info { return target.Info{Name: "emulator", Client: "handler"} }
func (h *handled) Close() error      { return nil }

func (h *handled) GenerateMac(ctx context.Context, req target.GenerateMacRequest) (target.GenerateMacReply, error) {
	body := fmt.Appendf(nil, `{"KeyId":%q,"MacAlgorithm":%q,"Message":%q}`, req.KeyID, req.Algorithm, base64.StdEncoding.EncodeToString(req.Message))
	r := (&http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/"}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: "kms.us-east-1.amazonaws.com",
		Header: h.header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body))}).WithContext(ctx)
	w := &answer{header: http.Header{}, status: http.StatusOK}
	h.emulator.ServeHTTP(w, r)
	fail := &target.Error{Operation: "GenerateMac", Kind: target.NotKMS, Trace: target.Trace{Attempts: 1}}
	var reply struct {
		KeyID, Mac string
		Type       string `json:"__type"`
	}
	if fail.Err = json.Unmarshal(w.body.Bytes(), &reply); fail.Err != nil {
		return target.GenerateMacReply{}, fail
	}
	if w.status != http.StatusOK {
		fail.Code, fail.Kind = reply.Type, target.KindOfCode("GenerateMac", reply.Type, w.status)
		if fail.Kind == target.Throttled {
			fail.Trace.Throttles = 1
		}
		return target.GenerateMacReply{}, fail
	}
	tag, err := base64.StdEncoding.DecodeString(reply.Mac)
	if fail.Err = err; err != nil {
		return target.GenerateMacReply{}, fail
	}
	return target.GenerateMacReply{KeyID: reply.KeyID, Algorithm: req.Algorithm, Tag: tag, Trace: fail.Trace}, nil
}

func (h *handled) VerifyMac(context.Context, target.VerifyMacRequest) (target.VerifyMacReply, error) {
	return target.VerifyMacReply{}, &target.Error{Operation: "VerifyMac", Kind: target.Unsupported}
}

type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *answer) Header() http.Header         { return w.header }
func (w *answer) WriteHeader(status int)      { w.status = status }
func (w *answer) Write(p []byte) (int, error) { return w.body.Write(p) }

// planWorkload asks for tags of the known key.
var planWorkload = bench.Workload{Generate: 1, Keys: []string{planKey}, KeySpecs: []string{"HMAC_256"}}

func planOptions() bench.Options {
	return bench.Options{Secrets: map[string][]byte{planKey: planSecret}}
}

// planShape is a distribution of service times that is known.
type planShape struct {
	name, latency string
	mean          time.Duration
}

var planShapes = []planShape{
	{"constant", "constant:10ms", 10 * time.Millisecond},
	{"lognormal", "lognormal:8ms:0.5", 9_065_188 * time.Nanosecond}, // 8 ms × e^(1/8)
	{"bimodal", "bimodal:5ms:50ms:0.05", 7_250 * time.Microsecond},
}

const planServers = 8

// capacity is the emulator's true one.
func (s planShape) capacity() float64 { return planServers / s.mean.Seconds() }

// planSizes say how much is measured.
type planSizes struct {
	seeds     uint64
	step      time.Duration // of the sweep
	factor    float64
	repeats   int
	load      time.Duration // of each load that a prediction is held against, at no load: queues vary longer the fuller they are
	throttles int           // of throttleLoads
	share     float64       // of their arrivals
}

var (
	planFull  = planSizes{seeds: 5, step: 12 * time.Second, factor: 1.25, repeats: 3, load: 36 * time.Second, throttles: 4, share: 1}
	planShort = planSizes{seeds: 1, step: 6 * time.Second, factor: 1.4, repeats: 1, load: 9 * time.Second, throttles: 1, share: 0.5}
)

// sweepIt sweeps an emulator in virtual time, and wraps it as the command does.
func sweepIt(t *testing.T, s planShape, seed uint64, n planSizes) *results.File {
	t.Helper()
	h := newHandled(t, kmsemu.Options{Latency: s.latency, Parallelism: planServers, Seed: seed})
	plan := bench.SweepPlan{Load: bench.Plan{Seed: seed, Arrivals: bench.Arrivals{Poisson: true}, Workers: 1000, Pacer: bench.PaceSleep, Workload: planWorkload},
		From: 0.1 * s.capacity(), To: 2 * s.capacity(), Factor: n.factor, Step: n.step, Repeats: n.repeats}
	section, _, err := bench.Sweep(t.Context(), h, plan, planOptions(), nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(map[string]any{"sweep": plan.WithDefaults()})
	if err != nil {
		t.Fatal(err)
	}
	f := &results.File{Sweep: section}
	f.Environment.Endpoint.Kind = "emulator"
	if err := json.Unmarshal(raw, &f.Plan.Settings); err != nil {
		t.Fatal(err)
	}
	return f
}

// loadIt loads h at a rate and returns what came of it.
func loadIt(t testing.TB, h target.Target, rate float64, seed uint64, warmup, d time.Duration) results.Load {
	t.Helper()
	rep, err := bench.Run(t.Context(), h, bench.Plan{Seed: seed, Arrivals: bench.Arrivals{Rate: rate, Poisson: true}, Workers: 1000, Pacer: bench.PaceSleep,
		Warmup: warmup, Duration: d, Workload: planWorkload}, planOptions())
	if err != nil {
		t.Fatal(err)
	}
	return rep.Loads[0]
}

// planFor is the plan for a rate by a curve.
func planFor(t testing.TB, rate float64, change func(*capacity.Request)) *results.Capacity {
	t.Helper()
	r := capacity.Request{Rate: rate, Region: "us-east-1", WhatIf: []float64{}}
	if change != nil {
		change(&r)
	}
	c, err := capacity.Plan(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
