package engine

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Choice is what Default takes for an algorithm, and why.
type Choice struct {
	Impl   Impl
	Reason string // for people, one line
}

// choices are made on first use of each algorithm.
var choices = [HMACSHA512 + 1]func() Choice{
	HMACSHA224: sync.OnceValue(func() Choice { return choose(HMACSHA224) }),
	HMACSHA256: sync.OnceValue(func() Choice { return choose(HMACSHA256) }),
	HMACSHA384: sync.OnceValue(func() Choice { return choose(HMACSHA384) }),
	HMACSHA512: sync.OnceValue(func() Choice { return choose(HMACSHA512) }),
}

// Chosen returns the implementation that NewKey takes for alg. The first call
// for an algorithm measures those in assembly that can run here, in less than a
// millisecond; the choice then stays. It is the zero Choice if alg is not valid.
func Chosen(alg Algorithm) Choice {
	if !alg.Valid() {
		return Choice{}
	}
	return choices[alg]()
}

// Default is Chosen(alg).Impl.
func Default(alg Algorithm) Impl { return Chosen(alg).Impl }

// choose measures the implementations with kernels. The others serve where
// there is none.
func choose(alg Algorithm) Choice {
	stdlib := Impl{detected().impls[0]}
	if approvedOnly() {
		return Choice{stdlib, "Go's FIPS 140 mode is on: crypto/hmac only"}
	}
	var rivals []*rival
	for _, p := range detected().impls {
		if p.hashers[alg] != nil && p.kernels.any() {
			r, err := newRival(p, alg)
			if err != nil {
				return Choice{stdlib, err.Error()}
			}
			rivals = append(rivals, r)
		}
	}
	switch len(rivals) {
	case 0:
		return Choice{stdlib, "no kernel for this CPU: " + whyNone()}
	case 1:
		return Choice{Impl{rivals[0].p}, "the only kernel that can run here"}
	}
	best := fastest(rivals)
	var all []string
	for _, r := range rivals {
		all = append(all, fmt.Sprintf("%s %d", r.p.name, r.best.Nanoseconds()/rivalJobs))
	}
	return Choice{Impl{best.p}, "fastest here, ns per MAC of a mixed load: " + strings.Join(all, ", ")}
}

// whyNone is why no implementation in assembly can run.
func whyNone() string {
	if assemblyReason != "" {
		return assemblyReason
	}
	var reasons []string
	for _, m := range detected().missing {
		reasons = append(reasons, m.Name+": "+m.Reason)
	}
	return strings.Join(reasons, "; ")
}

// rival is an implementation that is measured on a mixed load: one batch and
// some single messages.
type rival struct {
	p    *implementation
	b    *Batch
	jobs []Job
	tags []byte
	best time.Duration
}

const (
	rivalBatch  = 24
	rivalSingle = 4
	rivalJobs   = rivalBatch + rivalSingle
	// A turn takes 2 to 10 µs: all turns of six rivals take half a millisecond.
	rivalTurns = 12
)

func newRival(p *implementation, alg Algorithm) (*rival, error) {
	k, err := Impl{p}.NewKey(alg, selfTestMessage[:32])
	if err != nil {
		return nil, err
	}
	r := &rival{p: p, b: NewBatch(), tags: make([]byte, 0, rivalBatch*maxSize), best: time.Hour}
	for i := range rivalBatch {
		r.jobs = append(r.jobs, Job{k, selfTestMessage[:32+(i%3)*96]})
	}
	return r, nil
}

// fastest gives the rivals turns in rotation and takes the one with the
// shortest turn: what disturbs a turn only ever makes it longer.
func fastest(rivals []*rival) *rival {
	for range rivalTurns {
		for _, r := range rivals {
			start := time.Now()
			r.b.Sum(r.tags, r.jobs)
			for i := range rivalSingle {
				r.jobs[i].Key.Sum(r.tags, r.jobs[i].Msg)
			}
			r.best = min(r.best, time.Since(start))
		}
	}
	best := rivals[0]
	for _, r := range rivals {
		if r.best < best.best {
			best = r
		}
	}
	return best
}
