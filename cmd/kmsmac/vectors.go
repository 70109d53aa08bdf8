package main

import (
	"errors"
	"fmt"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
	"github.com/kmsmac/kmsmac/vectors"
)

type vectorsCmd struct {
	Impl string `default:"all" help:"Implementation to run, or all; kmsmac vectors --impl list names them."`
	JSON bool   `name:"json" help:"Print the result for machines."`
}

// Run holds every vector against the implementations and prints a table.
func (c vectorsCmd) Run(a *app) error {
	if c.Impl == "list" {
		for _, impl := range engine.Impls() {
			if _, err := fmt.Fprintln(a.streams.out, impl.Name()); err != nil {
				return err
			}
		}
		return nil
	}
	impls, err := chooseImpls(c.Impl)
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
		return nil, usageError(err)
	}
	return []engine.Impl{impl}, nil
}

// checkVectors runs every vector on every implementation that supports its
// algorithm.
func checkVectors(impls []engine.Impl) results.Vectors {
	all := vectors.All()
	failed := map[string]bool{}
	out := results.Vectors{Total: len(all), Impls: map[string]results.ImplResult{}}
	for _, impl := range impls {
		var r results.ImplResult
		for _, v := range all {
			r = countVector(r, impl, v, failed)
		}
		out.Impls[impl.Name()] = r
	}
	out.Failed = len(failed)
	return out
}

// countVector adds one vector's outcome on one implementation to r and, when
// it is wrong, its id to failed.
func countVector(r results.ImplResult, impl engine.Impl, v vectors.Vector, failed map[string]bool) results.ImplResult {
	alg, err := engine.ParseAlgorithm(v.Algorithm)
	if err == nil && !impl.Supports(alg) {
		r.NotApplicable++
		return r
	}
	var key *engine.Key
	if err == nil {
		key, err = impl.NewKey(alg, v.Key)
	}
	if errors.Is(err, engine.ErrNotApproved) {
		r.NotApplicable++
		return r
	}
	r.Total++
	if err == nil {
		err = v.Check(key.Sum(nil, v.Msg))
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
