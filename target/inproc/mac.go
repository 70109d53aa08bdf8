package inproc

import (
	"context"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// Limits of the service (rows GM-12, VM-13, GM-33).
const (
	maxMessage     = 4096
	maxTag         = 6144
	maxGrantTokens = 10
)

// GenerateMac computes a tag with the engine.
func (t *Target) GenerateMac(ctx context.Context, req target.GenerateMacRequest) (target.GenerateMacReply, error) {
	start := time.Now()
	const op = "GenerateMac"
	if err := check(ctx, op, req.Algorithm, req.Message, req.GrantTokens); err != nil {
		return target.GenerateMacReply{}, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	k, err := t.usable(op, req.KeyID, req.Algorithm)
	if err != nil {
		return target.GenerateMacReply{}, err
	}
	if req.DryRun {
		return target.GenerateMacReply{}, dryRun(op)
	}
	tag := k.engine.Sum(make([]byte, 0, req.Algorithm.Size()), req.Message)
	return target.GenerateMacReply{KeyID: k.meta.ARN, Algorithm: req.Algorithm, Tag: tag, Trace: since(start)}, nil
}

// VerifyMac checks a tag with the engine, in constant time.
func (t *Target) VerifyMac(ctx context.Context, req target.VerifyMacRequest) (target.VerifyMacReply, error) {
	start := time.Now()
	const op = "VerifyMac"
	if err := check(ctx, op, req.Algorithm, req.Message, req.GrantTokens); err != nil {
		return target.VerifyMacReply{}, err
	}
	if err := checkLength(op, "mac", len(req.Tag), maxTag); err != nil {
		return target.VerifyMacReply{}, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	k, err := t.usable(op, req.KeyID, req.Algorithm)
	if err != nil {
		return target.VerifyMacReply{}, err
	}
	if !k.engine.Verify(req.Message, req.Tag) {
		return target.VerifyMacReply{}, refuse(op, target.InvalidMac, "KMSInvalidMacException", "")
	}
	if req.DryRun {
		return target.VerifyMacReply{}, dryRun(op)
	}
	return target.VerifyMacReply{KeyID: k.meta.ARN, Algorithm: req.Algorithm, Valid: true, Trace: since(start)}, nil
}

// since is the cost of a request: one try, and the engine in the wire's place.
func since(start time.Time) target.Trace {
	return target.Trace{Attempts: 1, Wire: time.Since(start)}
}

// usable finds a key that alg may be used with. t.mu is held.
func (t *Target) usable(op, keyID string, alg engine.Algorithm) (*key, error) {
	k, err := t.find(op, keyID, true)
	if err != nil {
		return nil, err
	}
	if err := k.mustBe(op, target.StateEnabled); err != nil {
		return nil, err
	}
	if k.alg != alg {
		return nil, refuse(op, target.InvalidUsage, "InvalidKeyUsageException",
			"Algorithm "+alg.String()+" is incompatible with key spec "+k.meta.KeySpec+".")
	}
	return k, nil
}

func check(ctx context.Context, op string, alg engine.Algorithm, msg []byte, tokens []string) error {
	if err := ended(ctx, op); err != nil {
		return err
	}
	if !alg.Valid() {
		return notSent(op, alg)
	}
	if len(tokens) > maxGrantTokens {
		return invalid(op, "grantTokens", "Member must have length less than or equal to 10")
	}
	return checkLength(op, "message", len(msg), maxMessage)
}
