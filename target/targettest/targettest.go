// Package targettest is one suite of checks for any implementation of the seam
// in package target: what callers rely on, whatever is behind it.
//
// Do not use it to judge a KMS; package conformance holds a service against AWS.
// This suite holds a Go type against the promises of target.Target.
//
// [Run] is for a package's own tests: one subtest per check. [Examine] does the
// same without package testing and returns what it found. A check makes its own
// keys, with target.KeyAdmin, and schedules their deletion when it ends. Tags
// are held against crypto/hmac and RFC 4231 under imported keys; a target that
// cannot import is held to consistency, and the checks left out are named.
//
// A target is used by several goroutines at once in one check only, which is
// its subject. Keys of the suite hold random or published material: nothing is
// secret.
package targettest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

// Report is what Examine found.
type Report struct {
	Checks   int // checks that ran, failed ones included
	Failures []Finding
	Skipped  []Finding // checks that the target cannot take, and why
}

// Failed reports whether the check called name failed.
func (r Report) Failed(name string) bool {
	return slices.ContainsFunc(r.Failures, func(f Finding) bool { return f.Check == name })
}

// Finding is one sentence about one check.
type Finding struct{ Check, Text string }

// Run opens a target for each check and runs it as a subtest. A target without
// target.KeyAdmin fails; a check that the target cannot take is skipped.
func Run(t *testing.T, open func(*testing.T) target.Target) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			failures, skipped := c.examine(t.Context(), open(t), patient)
			for _, text := range failures {
				t.Error(text)
			}
			if skipped != "" && len(failures) == 0 {
				t.Skip(skipped)
			}
		})
	}
}

// Examine opens a target for each check and runs it. A target that cannot be
// opened is a failure of every check.
func Examine(ctx context.Context, open func() (target.Target, error)) Report {
	return examine(ctx, open, patient)
}

// Checks returns the names of the checks in the order in which they run.
func Checks() []string {
	names := make([]string, len(checks))
	for i, c := range checks {
		names[i] = c.name
	}
	return names
}

func examine(ctx context.Context, open func() (target.Target, error), l limits) Report {
	var r Report
	for _, c := range checks {
		tgt, err := open()
		if err != nil {
			r.Failures = append(r.Failures, Finding{c.name, fmt.Sprintf("open: %v", err)})
			continue
		}
		failures, skipped := c.examine(ctx, tgt, l)
		if skipped != "" && len(failures) == 0 {
			r.Skipped = append(r.Skipped, Finding{c.name, skipped})
			continue
		}
		r.Checks++
		for _, text := range failures {
			r.Failures = append(r.Failures, Finding{c.name, text})
		}
	}
	return r
}

// limits bound the patience of a check.
type limits struct {
	check  time.Duration // for all of it
	prompt time.Duration // for a call that must return at once
}

var patient = limits{check: 2 * time.Minute, prompt: 5 * time.Second}

// check is one promise and the steps that probe it.
type check struct {
	name string
	run  func(*probe)
}

// checks in the order of the promises in package target.
var checks = slices.Concat(tagChecks, kindChecks, callChecks, adminChecks)

// examine runs the check in a goroutine of its own, so that a call that never
// returns is a failure and not a hang. The target is closed at the end.
func (c check) examine(ctx context.Context, tgt target.Target, l limits) (failures []string, skipped string) {
	ctx, cancel := context.WithTimeout(ctx, l.check)
	defer cancel()
	p := &probe{ctx: ctx, limits: l, target: tgt}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.all(c.run)
	}()
	// A call that honours its context returns by itself; l.prompt is for those
	// that do not.
	timer := time.NewTimer(l.check + l.prompt)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		p.errorf("did not end within %v", l.check)
	}
	return p.found()
}

// all runs the check and what must follow it.
func (p *probe) all(run func(*probe)) {
	defer func() {
		if err := p.target.Close(); err != nil {
			p.errorf("Close: %v", err)
		}
	}()
	defer p.removeKeys()
	p.guarded(func() {
		admin, ok := p.target.(target.KeyAdmin)
		if !ok {
			p.fatalf("%T does not implement target.KeyAdmin: the suite cannot make keys", p.target)
		}
		p.admin = admin
		run(p)
	})
}

// errStop ends a check early.
var errStop = errors.New("targettest: stop")

// guarded runs f until it ends or stops the check.
func (p *probe) guarded(f func()) {
	defer func() {
		if r := recover(); r != nil && r != errStop {
			p.errorf("panic: %v", r)
		}
	}()
	f()
}
