package awskms

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// GenerateMac sends one GenerateMac. A success without a tag is an error of
// Kind NotKMS: the SDK would let it pass (row SD-12). The length of the tag is
// the caller's to judge.
func (c *Client) GenerateMac(ctx context.Context, req target.GenerateMacRequest) (target.GenerateMacReply, error) {
	f := &flight{operation: "GenerateMac"}
	if err := f.checkAlgorithm(req.Algorithm); err != nil {
		return target.GenerateMacReply{}, err
	}
	out, err := invoke(ctx, c, f, (*kms.Client).GenerateMac, &kms.GenerateMacInput{
		KeyId:        aws.String(req.KeyID),
		MacAlgorithm: types.MacAlgorithmSpec(req.Algorithm.String()),
		Message:      present(req.Message),
		GrantTokens:  req.GrantTokens,
		DryRun:       dryRun(req.DryRun),
	})
	if err != nil {
		return target.GenerateMacReply{}, err
	}
	if len(out.Mac) == 0 {
		return target.GenerateMacReply{}, f.missing("Mac")
	}
	return target.GenerateMacReply{
		KeyID:     aws.ToString(out.KeyId),
		Algorithm: algorithmOrZero(out.MacAlgorithm),
		Tag:       out.Mac,
		Trace:     f.trace(),
	}, nil
}

// VerifyMac sends one VerifyMac. An answer that says MacValid false in a
// success, which AWS never gives (row VM-08), arrives as Valid == false; one
// without MacValid is an error of Kind NotKMS.
func (c *Client) VerifyMac(ctx context.Context, req target.VerifyMacRequest) (target.VerifyMacReply, error) {
	f := &flight{operation: "VerifyMac"}
	if err := f.checkAlgorithm(req.Algorithm); err != nil {
		return target.VerifyMacReply{}, err
	}
	out, err := invoke(ctx, c, f, (*kms.Client).VerifyMac, &kms.VerifyMacInput{
		KeyId:        aws.String(req.KeyID),
		MacAlgorithm: types.MacAlgorithmSpec(req.Algorithm.String()),
		Message:      present(req.Message),
		Mac:          present(req.Tag),
		GrantTokens:  req.GrantTokens,
		DryRun:       dryRun(req.DryRun),
	})
	if err != nil {
		return target.VerifyMacReply{}, err
	}
	// The SDK decodes MacValid to false when it is not there at all.
	if !out.MacValid && !hasMember(f.body, "MacValid") {
		return target.VerifyMacReply{}, f.missing("MacValid")
	}
	return target.VerifyMacReply{
		KeyID:     aws.ToString(out.KeyId),
		Algorithm: algorithmOrZero(out.MacAlgorithm),
		Valid:     out.MacValid,
		Trace:     f.trace(),
	}, nil
}

// present makes nil an empty blob: the SDK refuses nil before sending (row
// SD-02), and what an empty message means is the target's to say.
func present(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func dryRun(v bool) *bool {
	if !v {
		return nil
	}
	return &v
}

func algorithmOrZero(spec types.MacAlgorithmSpec) engine.Algorithm {
	alg, err := engine.ParseAlgorithm(string(spec))
	if err != nil {
		return 0
	}
	return alg
}

func (f *flight) checkAlgorithm(alg engine.Algorithm) error {
	if alg.Valid() {
		return nil
	}
	return f.finish(&target.Error{
		Kind: target.NotSent, Operation: f.operation,
		Err: fmt.Errorf("unknown algorithm %d", uint8(alg)),
	})
}
