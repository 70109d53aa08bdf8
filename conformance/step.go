package conformance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"time"
)

// step names one request of a run: the n-th request of an operation that a
// case makes. It means the same in every run of one case, whatever runs beside
// it, so a record can answer for a target.
type step struct {
	label     string // the case's id, the shared key that is made, or a probe
	operation string
	nth       int
	try       int // repetitions of one request: throttling, polling
}

// The labels of requests that belong to no case.
const (
	sharedLabel  = "key " // and the kind of the shared key
	probeLabel   = "probe "
	cleanUpLabel = "clean-up"
)

type stepKey struct{}

func withStep(ctx context.Context, s step) context.Context {
	return context.WithValue(ctx, stepKey{}, s)
}

// stepOf returns the step that a request is made for.
func stepOf(ctx context.Context) (step, bool) {
	s, ok := ctx.Value(stepKey{}).(step)
	return s, ok
}

// label names the case, or the shared thing that it is just making for all.
func (r *caseRun) label() string {
	if r.sharing != "" {
		return r.sharing
	}
	return r.c.ID
}

// nextStep counts one request of the case.
func (r *caseRun) nextStep(operation string) step {
	s := step{label: r.label(), operation: operation}
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	id := s.id()
	s.nth = r.s.steps[id]
	r.s.steps[id]++
	return s
}

func (s step) id() stepID { return stepID{s.label, s.operation} }

// stepID is what steps are counted by.
type stepID struct{ label, operation string }

// share lets do make something that belongs to the whole run: its requests and
// its random bytes do not depend on which case came first.
func (r *caseRun) share(label string, do func()) {
	rng, sharing := r.rng, r.sharing
	r.sharing = label
	r.rng = rand.New(rand.NewPCG(r.s.opts.Seed, hashOf(label)))
	defer func() { r.rng, r.sharing = rng, sharing }()
	do()
}

func (id sharedID) label() string {
	text := sharedLabel + id.kind.String() + " in " + id.region
	if id.secret != "" {
		sum := sha256.Sum256([]byte(id.secret))
		text += " of material " + hex.EncodeToString(sum[:4])
	}
	return text
}

// Now is the time for what a case sends and expects. Cases use it instead of
// time.Now, so that a record answers them as it was asked.
func (p *Probe) Now() time.Time {
	s := p.run.s
	if s.plan != nil {
		return s.opts.Now()
	}
	id := p.run.nextStep("")
	if s.replay != nil {
		return s.replay.now(id)
	}
	now := time.Now()
	if s.opts.Recorder != nil {
		s.opts.Recorder.now(id, now)
	}
	return now
}
