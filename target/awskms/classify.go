package awskms

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	smithy "github.com/aws/smithy-go"

	"github.com/kmsmac/kmsmac/target"
)

// verdict gives the outcome of a call its kind; nil is success. err is what the
// SDK, or sending by hand, returned; ctx is the one it was given.
func (f *flight) verdict(ctx context.Context, err error) *target.Error {
	if err == nil {
		err = f.err // an answer whose body broke off and that nobody read
	}
	if f.err != nil && ctx.Err() != nil {
		err = ctx.Err() // the connection broke because the call was over
	}
	e := &target.Error{Operation: f.operation, Status: f.status}
	if err == nil {
		answer := f.failure
		if answer == nil && f.status != 0 {
			answer = target.ClassifyAnswer(f.operation, f.status, f.header, f.body)
		}
		if answer == nil {
			return nil
		}
		return f.finish(answer)
	}
	var noCreds *credentialsError
	switch {
	case f.attempts == 0 && errors.As(err, &noCreds) && !errors.Is(err, context.Canceled):
		e.Kind, e.Err = target.Credentials, noCreds
	case errors.Is(err, context.Canceled):
		e.Kind, e.Err = target.Cancelled, context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Err = target.Timeout, context.DeadlineExceeded
	case f.attempts == 0:
		e.Kind, e.Err = target.NotSent, cause(err)
	case f.err != nil:
		e.Kind, e.Err = kindOfTransport(f.err), cause(f.err)
	case f.failure != nil:
		e = f.failure
	case f.status != 0:
		// A success that the SDK cannot read.
		if e = target.ClassifyAnswer(f.operation, f.status, f.header, f.body); e == nil {
			e = f.notKMS(fmt.Errorf("the SDK cannot read the answer: %w", cause(err)))
		}
	default:
		e.Kind, e.Err = target.Connection, cause(err)
	}
	return f.finish(e)
}

func (f *flight) finish(e *target.Error) *target.Error {
	e.Trace = f.trace()
	return e
}

// cause strips the layers that only repeat the operation and the URL.
func cause(err error) error {
	var op *smithy.OperationError
	for errors.As(err, &op) {
		err = op.Err
	}
	var u *url.Error
	for errors.As(err, &u) {
		err = u.Err
	}
	return err
}

// kindOfTransport is target.KindOfTransport, which does not know this package's
// own limit.
func kindOfTransport(err error) target.Kind {
	if errors.Is(err, errTooLong) {
		return target.NotKMS
	}
	return target.KindOfTransport(err)
}

// missing is the error for a success that lacks what it must have.
func (f *flight) missing(what string) *target.Error {
	return f.finish(f.notKMS(errors.New("the answer has no " + what)))
}

func (f *flight) notKMS(err error) *target.Error {
	return &target.Error{
		Kind: target.NotKMS, Operation: f.operation, Status: f.status,
		RequestID: f.header.Get("X-Amzn-Requestid"), Err: err,
	}
}
