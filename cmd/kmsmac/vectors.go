package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
	"github.com/kmsmac/kmsmac/vectors"
)

type vectorsCmd struct {
	Impl string `placeholder:"NAME" help:"Implementation to run, all, or list to name them (default: KMSMAC_IMPL, else all)."`
	JSON bool   `name:"json" help:"Print the result for machines."`
}

// Run holds every vector against the implementations and prints a table.
func (c vectorsCmd) Run(a *app) error {
	name := firstOf(c.Impl, a.env(implVariable), "all")
	if name == "list" {
		for _, name := range implNames() {
			if _, err := fmt.Fprintln(a.streams.out, name); err != nil {
				return err
			}
		}
		return nil
	}
	impls, err := chooseImpls(name)
	if err != nil {
		return err
	}
	v := checkVectors(impls)
	f := results.File{Vectors: &v, Verdict: vectorsVerdict(v)}
	if c.JSON {
		err = printJSON(a, map[string]any{"verdict": f.Verdict, "vectors": v})
	} else {
		err = render.Text(a.streams.out, &f)
	}
	if err != nil {
		return unknownf("the result cannot be printed: %w", err)
	}
	return verdictError(f.Verdict, false)
}

func chooseImpls(name string) ([]engine.Impl, error) {
	if name == "all" {
		return engine.Impls(), nil
	}
	impl, err := engine.Lookup(name)
	if err != nil {
		return nil, usagef("%w; here are %s", err, strings.Join(implNames(), ", "))
	}
	return []engine.Impl{impl}, nil
}

// checkVectors runs every vector on every implementation that supports its
// algorithm: alone, and at each place of a batch.
func checkVectors(impls []engine.Impl) results.Vectors {
	all := vectors.All()
	failed := map[string]bool{}
	out := results.Vectors{Total: len(all), Impls: map[string]results.ImplResult{}}
	for _, impl := range impls {
		var r results.ImplResult
		c := newVectorCheck(impl)
		for _, v := range all {
			r = c.count(r, v, failed)
		}
		out.Impls[impl.Name()] = r
	}
	out.Failed = len(failed)
	return out
}

// vectorLanes is as many as the widest kernel has: at a batch of so many equally
// long messages, the place in the batch is the lane.
const vectorLanes = 16

// vectorCheck is one implementation and what vectors are put between.
type vectorCheck struct {
	impl    engine.Impl
	fillers map[engine.Algorithm][]*engine.Key
	b       *engine.Batch
	jobs    []engine.Job
	tags    []byte
}

func newVectorCheck(impl engine.Impl) *vectorCheck {
	return &vectorCheck{impl: impl, fillers: map[engine.Algorithm][]*engine.Key{}, b: engine.NewBatch(), jobs: make([]engine.Job, vectorLanes)}
}

// count adds one vector's outcome to r and, when it is wrong anywhere, its id to
// failed.
func (c *vectorCheck) count(r results.ImplResult, v vectors.Vector, failed map[string]bool) results.ImplResult {
	alg, err := engine.ParseAlgorithm(v.Algorithm)
	if err == nil && !c.impl.Supports(alg) {
		r.NotApplicable++
		return r
	}
	var key *engine.Key
	if err == nil {
		key, err = c.impl.NewKey(alg, v.Key)
	}
	if errors.Is(err, engine.ErrNotApproved) {
		r.NotApplicable++
		return r
	}
	r.Total++
	if err == nil {
		err = c.check(key, v)
		key.Destroy()
	}
	if err != nil {
		r.Failed++
		failed[v.ID] = true
		if len(r.Failures) < 20 {
			r.Failures = append(r.Failures, v.ID)
		}
	}
	return r
}

// check holds v against the tag of its message alone, and that against the tag
// at each place of a batch, where the other places have as long a message of
// another key.
func (c *vectorCheck) check(key *engine.Key, v vectors.Vector) error {
	tag := key.Sum(nil, v.Msg)
	if err := v.Check(tag); err != nil {
		return err
	}
	if !key.Verify(v.Msg, tag) {
		return fmt.Errorf("vectors: %s: the right tag is refused", v.ID)
	}
	fillers, err := c.keys(key.Algorithm())
	if err != nil {
		return err
	}
	other := make([]byte, len(v.Msg))
	for i := range other {
		other[i] = v.Msg[i] ^ 0xa5
	}
	size := key.Algorithm().Size()
	for at := range c.jobs {
		for i := range c.jobs {
			c.jobs[i] = engine.Job{Key: fillers[i%len(fillers)], Msg: other}
		}
		c.jobs[at] = engine.Job{Key: key, Msg: v.Msg}
		c.tags = c.b.Sum(c.tags[:0], c.jobs)
		if got := c.tags[at*size:][:size]; !bytes.Equal(got, tag) {
			return fmt.Errorf("vectors: %s: at place %d of a batch the tag is %x, want %x", v.ID, at, got, tag)
		}
	}
	return nil
}

// keys are those of the messages between which a vector is put.
func (c *vectorCheck) keys(alg engine.Algorithm) ([]*engine.Key, error) {
	if len(c.fillers[alg]) > 0 {
		return c.fillers[alg], nil
	}
	for i := range 3 {
		secret := make([]byte, 32)
		secret[0] = byte(i)
		k, err := c.impl.NewKey(alg, secret)
		if err != nil {
			return nil, err
		}
		c.fillers[alg] = append(c.fillers[alg], k)
	}
	return c.fillers[alg], nil
}

// vectorsVerdict fails on a wrong tag and is inconclusive when nothing ran.
func vectorsVerdict(v results.Vectors) results.Verdict {
	ran := 0
	for _, r := range v.Impls {
		ran += r.Total
	}
	switch {
	case v.Failed > 0:
		return results.Fail
	case ran == 0:
		return results.Inconclusive
	}
	return results.Pass
}
