package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

// The exit codes of docs/design.md. Fail beats inconclusive.
const (
	exitOK           = 0
	exitFailed       = 1   // an expectation, limit or comparison failed
	exitUsage        = 2   // unknown flag, target, Region, case; refused by a money limit
	exitInconclusive = 3   // could not find out
	exitInterrupted  = 130 // what was measured is written
)

// exitError is an error with its exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// errQuiet marks failures that the result on stdout already tells.
var errQuiet = errors.New("see the result")

func usageError(err error) error { return &exitError{exitUsage, err} }

func usagef(format string, args ...any) error { return usageError(fmt.Errorf(format, args...)) }

func unknownf(format string, args ...any) error {
	return &exitError{exitInconclusive, fmt.Errorf(format, args...)}
}

// exitCode maps an error to its code: what nobody classified could not be
// found out.
func exitCode(err error) int {
	var e *exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &e):
		return e.code
	case errors.Is(err, context.Canceled), target.KindOf(err) == target.Cancelled:
		return exitInterrupted
	}
	return exitInconclusive
}

// verdictError is the exit that a finished run stands for. Interrupted runs
// that already found a failure still exit 130: the user stopped them.
func verdictError(v results.Verdict, interrupted bool) error {
	switch {
	case interrupted:
		return &exitError{exitInterrupted, errQuiet}
	case v == results.Fail:
		return &exitError{exitFailed, errQuiet}
	case v == results.Inconclusive:
		return &exitError{exitInconclusive, errQuiet}
	}
	return nil
}
