// Package inproc puts the engine behind the seam of package target: generating
// and verifying without a network, the floor against which a network is seen.
//
// Do not use it as a stand-in for a KMS: package kmsemu models the service, this
// models its key table just well enough to make, find, import and remove keys.
// It has no grants, no Regions and no multi-Region keys.
//
// A Target holds keys in memory. Each is an engine.Key with the state and names
// that KMS would give it; refusals carry KMS's codes, so that what runs on a
// KMS runs here.
//
// All methods may be called concurrently. Key material is secret: the engine
// holds its midstates until the key's deletion date has passed or Close is
// called; no copy of the material itself is kept.
package inproc

import (
	"sync"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// ClientRoad is what Info.Client says: requests go to the engine.
const ClientRoad = "engine"

const (
	defaultRegion = "us-east-1"
	account       = "000000000000"
)

// Options name a Target. The zero value works.
type Options struct {
	Name   string // default "engine"
	Region string // part of ARNs, default "us-east-1"

	// NewKey makes the engine's key of a secret, which it must not keep; default
	// engine.NewKey. It decides which implementation computes the tags.
	NewKey func(alg engine.Algorithm, secret []byte) (*engine.Key, error)
}

// Target is the engine with a key table. Make one with New.
type Target struct {
	info    target.Info
	makeKey func(alg engine.Algorithm, secret []byte) (*engine.Key, error)

	mu      sync.RWMutex // held for reading while a key computes
	keys    map[string]*key
	order   []*key            // by creation, for listing
	aliases map[string]string // name to key id
}

var (
	_ target.Target   = (*Target)(nil)
	_ target.KeyAdmin = (*Target)(nil)
)

// New returns a Target without keys.
func New(opts Options) *Target {
	if opts.Name == "" {
		opts.Name = "engine"
	}
	if opts.Region == "" {
		opts.Region = defaultRegion
	}
	if opts.NewKey == nil {
		opts.NewKey = engine.NewKey
	}
	return &Target{
		info:    target.Info{Name: opts.Name, Region: opts.Region, Client: ClientRoad},
		makeKey: opts.NewKey,
		keys:    make(map[string]*key),
		aliases: make(map[string]string),
	}
}

// Info says what the target is. There is no endpoint.
func (t *Target) Info() target.Info { return t.info }

// Close wipes all keys. Requests after it find none.
func (t *Target) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range t.keys {
		k.wipe()
	}
	clear(t.keys)
	clear(t.aliases)
	t.order = nil
	return nil
}
