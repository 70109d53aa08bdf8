package targettest_test

import (
	"context"
	"fmt"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/inproc"
	"github.com/kmsmac/kmsmac/target/targettest"
)

// truncating is a target whose tags are too short.
type truncating struct{ *inproc.Target }

func (t truncating) GenerateMac(ctx context.Context, req target.GenerateMacRequest) (target.GenerateMacReply, error) {
	reply, err := t.Target.GenerateMac(ctx, req)
	if err == nil {
		reply.Tag = reply.Tag[:16]
	}
	return reply, err
}

func ExampleExamine() {
	report := targettest.Examine(context.Background(), func() (target.Target, error) {
		return truncating{inproc.New(inproc.Options{})}, nil
	})
	fmt.Println(report.Failed("tags/consistency"), report.Failed("admin/aliases"))
	fmt.Println(report.Failures[0].Text)
	// Output:
	// true false
	// GenerateMac with HMAC_SHA_224: tag of 16 bytes for HMAC_SHA_224, want 28
}
