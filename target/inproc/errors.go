package inproc

import (
	"context"
	"errors"
	"fmt"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// refuse is an answer of the key table, as KMS would word it.
func refuse(op string, kind target.Kind, code, text string) error {
	return &target.Error{
		Kind: kind, Operation: op, Code: code, Message: text, HasMessage: text != "",
		Trace: target.Trace{Attempts: 1},
	}
}

func invalid(op, member, constraint string) error {
	return refuse(op, target.Validation, "ValidationException",
		"1 validation error detected: Value at '"+member+"' failed to satisfy constraint: "+constraint)
}

func checkLength(op, member string, n, most int) error {
	switch {
	case n < 1:
		return invalid(op, member, "Member must have length greater than or equal to 1")
	case n > most:
		return invalid(op, member, fmt.Sprintf("Member must have length less than or equal to %d", most))
	}
	return nil
}

func notFound(op, text string) error { return refuse(op, target.NotFound, "NotFoundException", text) }

func dryRun(op string) error {
	return refuse(op, target.DryRun, "DryRunOperationException",
		"The request would have succeeded, but the DryRun option is set.")
}

func notSent(op string, alg engine.Algorithm) error {
	return &target.Error{Kind: target.NotSent, Operation: op, Err: fmt.Errorf("unknown algorithm %d", uint8(alg))}
}

// ended is the error of a context that is over.
func ended(ctx context.Context, op string) error {
	err := ctx.Err()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return &target.Error{Kind: target.Timeout, Operation: op, Err: err}
	}
	return &target.Error{Kind: target.Cancelled, Operation: op, Err: err}
}
