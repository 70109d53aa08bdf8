// Package results holds what a run found: the result file.
//
// Do not use it to render for people; package render (results/render) does.
//
// A File is an envelope (schema, tool, plan, environment) with typed sections:
// vectors, conformance, load. Sections and members are added by later schema
// versions, never changed. Raw figures come before derived ones: a load
// section holds its histograms, and every percentile in it follows from them.
//
// Nothing here is safe for concurrent change. A File holds no secret.
package results

import (
	"encoding/json"
	"time"
)

// Schema is the version of the result file that this package writes.
const Schema = 1

// File is one result file.
type File struct {
	Schema      int         `json:"schema"`
	Tool        Tool        `json:"tool"`
	RunID       string      `json:"run_id"`
	SessionID   string      `json:"session_id,omitempty"` // same in all arms of one interleaved session
	Shard       *Shard      `json:"shard,omitempty"`      // which part of the plan this is; nil is the whole
	Shards      *Shards     `json:"shards,omitempty"`     // only in a merged result: what each shard gave
	Started     time.Time   `json:"started"`
	Finished    time.Time   `json:"finished"`
	Interrupted bool        `json:"interrupted"`
	Args        []string    `json:"args,omitempty"` // the command line, to repeat the run
	Plan        Plan        `json:"plan"`
	PlanHash    string      `json:"plan_hash"` // lower-case hex SHA-256 of the plan's canonical JSON
	Environment Environment `json:"environment"`
	Warnings    []string    `json:"warnings"`
	Verdict     Verdict     `json:"verdict"`

	Vectors     *Vectors     `json:"vectors,omitempty"`
	Conformance *Conformance `json:"conformance,omitempty"`
	Load        []Load       `json:"load,omitempty"`
	Sweep       *Sweep       `json:"sweep,omitempty"`
	EngineBench *EngineBench `json:"engine_bench,omitempty"`
	Rounds      []Rounds     `json:"rounds,omitempty"`
	Comparison  *Comparison  `json:"comparison,omitempty"`
	Capacity    *Capacity    `json:"capacity,omitempty"`

	// Unknown keeps members that a newer version wrote, so that nothing is lost
	// when an older tool rewrites the file.
	Unknown map[string]json.RawMessage `json:"-"`
}

// Tool is the program that wrote the file.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
}

// Plan is all that defines a run: two runs of one plan do the same work.
type Plan struct {
	Command  string         `json:"command"` // "run", "conform", "bench kms", …
	Seed     uint64         `json:"seed"`
	Settings map[string]any `json:"settings"` // option name to value, defaults included
}

// Environment is where and with what a run ran.
type Environment struct {
	Host       string            `json:"host"`
	OS         string            `json:"os"`
	Arch       string            `json:"arch"`
	Kernel     string            `json:"kernel,omitempty"`
	CPU        string            `json:"cpu"`
	CPUs       int               `json:"cpus"`
	GOMAXPROCS int               `json:"gomaxprocs"`
	GOGC       string            `json:"gogc"`
	Go         string            `json:"go"`
	FIPS140    bool              `json:"fips140"`
	Modules    map[string]string `json:"modules"`  // module path to version: SDK, smithy, sha256-simd
	Switches   map[string]string `json:"switches"` // environment variables that change behaviour, as set
	Engine     map[string]string `json:"engine"`   // algorithm to the implementation used
	// EngineReasons says for each algorithm why that implementation is used.
	EngineReasons map[string]string `json:"engine_reasons,omitempty"`
	Endpoint      Endpoint          `json:"endpoint"`
}

// Endpoint is the target a run talked to.
type Endpoint struct {
	Name      string `json:"name,omitempty"` // as the user named it: "emulator", "aws:eu-west-1", a URL
	Kind      string `json:"kind"`           // emulator, engine, url, aws, replay
	Host      string `json:"host"`           // host connected to, with port; empty without a network
	Region    string `json:"region,omitempty"`
	InProcess bool   `json:"in_process"`       // the embedded emulator shared this process
	Server    string `json:"server,omitempty"` // what the target says of itself, if anything
	Protocol  string `json:"protocol,omitempty"`
}

// Verdict of a run or a part of it.
type Verdict string

// The verdicts of a run. Fail beats inconclusive, inconclusive beats pass.
const (
	Pass         Verdict = "pass"
	Fail         Verdict = "fail"
	Inconclusive Verdict = "inconclusive"
)

// Worse returns the graver of two verdicts; "" is none at all.
func Worse(a, b Verdict) Verdict {
	rank := func(v Verdict) int {
		switch v {
		case Fail:
			return 3
		case Inconclusive:
			return 2
		case Pass:
			return 1
		}
		return 0
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// Vectors is the section of the vectors check.
type Vectors struct {
	Total  int                   `json:"total"`  // distinct vectors
	Failed int                   `json:"failed"` // distinct vectors that failed on any implementation
	Impls  map[string]ImplResult `json:"impls"`
}

// ImplResult is what one implementation of the engine made of the vectors.
type ImplResult struct {
	Total         int      `json:"total"`  // vectors run on it
	Failed        int      `json:"failed"` // of these, wrong
	NotApplicable int      `json:"not_applicable"`
	Failures      []string `json:"failures,omitempty"` // vector ids, at most 20
}
