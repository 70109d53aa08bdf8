package main

import (
	"context"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// reachTimeout bounds calls that nothing else bounds.
const reachTimeout = 30 * time.Second

// noSuchKey is the id of a key that no target holds.
const noSuchKey = "00000000-0000-4000-8000-000000000000"

// reach makes one cheap call, so that an endpoint that is not there, or is no
// KMS, gets one clear sentence before anything is measured. Where the first
// operation is not known, or is answered as no KMS does, others are tried: a
// target that knows none of them is no KMS, one that knows any is.
func (o *opened) reach(ctx context.Context) error {
	admin, ok := o.Target.(target.KeyAdmin)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	_, first := admin.ListKeys(ctx, "", 1)
	if !doubtful(first) {
		return o.reached(first)
	}
	_, err := admin.DescribeKey(ctx, noSuchKey)
	if doubtful(err) {
		_, err = o.GenerateMac(ctx, target.GenerateMacRequest{KeyID: noSuchKey, Algorithm: engine.HMACSHA256, Message: []byte("kmsmac")})
	}
	if !doubtful(err) {
		return o.reached(err)
	}
	if target.KindOf(first) == target.Unsupported {
		return unknownf("%s answers, but not as a KMS: it knows neither ListKeys nor DescribeKey nor GenerateMac: %w", o.name(), first)
	}
	return unknownf("%s answers, but not as a KMS: %w", o.name(), first)
}

// doubtful says that an answer leaves open whether a KMS gave it.
func doubtful(err error) bool {
	kind := target.KindOf(err)
	return kind == target.NotKMS || kind == target.Unsupported
}

// reached is the error for the answer of a KMS, or for none.
func (o *opened) reached(err error) error {
	switch kind := target.KindOf(err); kind {
	case target.Cancelled:
		return err
	case target.Credentials:
		return openError(err)
	case target.Unauthorised:
		return unknownf("%s refuses these credentials: %w", o.name(), err)
	case target.Internal, target.Other:
		return unknownf("%s failed at the first request: %w", o.name(), err)
	default:
		if err == nil || kind.Answered() {
			return nil // it is a KMS; what it lacks the run will tell
		}
		return unknownf("%s cannot be reached: %w", o.name(), err)
	}
}

// name is the target in a sentence.
func (o *opened) name() string { return firstOf(o.endpoint.Host, o.endpoint.Kind) }
