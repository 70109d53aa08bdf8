package main

import (
	"fmt"
	"strings"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
)

// implVariable names the implementation where no flag does.
const implVariable = "KMSMAC_IMPL"

// implFlags force an implementation of the engine.
type implFlags struct {
	Impl string `placeholder:"NAME" help:"Implementation of the engine (default: KMSMAC_IMPL, else the fastest here); kmsmac vectors --impl list names them."`
}

// forcedImpl is the implementation that keys are made with where it does their
// algorithm; the zero value leaves the choice to the engine.
type forcedImpl struct {
	impl engine.Impl
	by   string // "--impl" or the variable
}

// force reads flag and environment into a.impl. An unknown name, and one that
// cannot run here, are usage errors that name the choices.
func (f implFlags) force(a *app) error {
	name, by := f.Impl, "--impl"
	if name == "" {
		name, by = a.env(implVariable), implVariable
	}
	if name == "" {
		return nil
	}
	impl, err := engine.Lookup(name)
	if err != nil {
		return usagef("%s: %w; here are %s", by, err, strings.Join(implNames(), ", "))
	}
	a.impl = forcedImpl{impl, by}
	return nil
}

func implNames() (names []string) {
	for _, impl := range engine.Impls() {
		names = append(names, impl.Name())
	}
	return names
}

// newKey makes a key by the forced implementation if that does alg.
func (f forcedImpl) newKey(alg engine.Algorithm, secret []byte) (*engine.Key, error) {
	if f.impl.Supports(alg) {
		return f.impl.NewKey(alg, secret)
	}
	return engine.NewKey(alg, secret)
}

// describe records for each algorithm what computes its tags, and why.
func (f forcedImpl) describe(e *results.Environment) {
	e.Engine, e.EngineReasons = map[string]string{}, map[string]string{}
	for _, alg := range engine.Algorithms() {
		choice := engine.Chosen(alg)
		switch {
		case f.impl.Supports(alg):
			choice = engine.Choice{Impl: f.impl, Reason: "forced by " + f.by}
		case f.impl != engine.Impl{}:
			choice.Reason = fmt.Sprintf("%s, forced by %s, does not do it; %s", f.impl, f.by, choice.Reason)
		}
		e.Engine[alg.String()], e.EngineReasons[alg.String()] = choice.Impl.Name(), choice.Reason
	}
}

// setting is the plan's member for it; none where the engine chooses.
func (f forcedImpl) setting(settings map[string]any) {
	if f.impl != (engine.Impl{}) {
		settings["impl"] = f.impl.Name()
	}
}
