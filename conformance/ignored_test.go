package conformance_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// deaf is a target that answers one operation with 200 and does nothing, or
// that never sees one member.
type deaf struct {
	target.Target
	operation, member string
}

func (d *deaf) Call(ctx context.Context, operation string, params map[string]any) (target.Exchange, error) {
	if operation == d.operation {
		return target.Exchange{Operation: operation, Status: 200}, nil
	}
	if _, sent := params[d.member]; sent {
		params = maps.Clone(params)
		delete(params, d.member)
	}
	return d.Target.(target.Caller).Call(ctx, operation, params)
}

func (d *deaf) Send(ctx context.Context, req target.RawRequest) (target.Exchange, error) {
	return d.Target.(target.RawSender).Send(ctx, req)
}

func (d *deaf) InRegion(region string) (target.Target, error) {
	away, err := d.Target.(target.Regional).InRegion(region)
	return &deaf{away, d.operation, d.member}, err
}

// TestIgnoredIsSeen: a target that acknowledges a change and does not make it,
// or overlooks a member, fails a case.
func TestIgnoredIsSeen(t *testing.T) {
	rows := []struct {
		operation, member, id string
	}{
		{"UpdateAlias", "", "AL-11"},
		{"DeleteAlias", "", "AL-15"},
		{"TagResource", "", "TG-01"},
		{"UntagResource", "", "TG-02"},
		{"UntagResource", "", "TG-03"},
		{"CreateGrant", "", "GR-03"},
		{"CreateGrant", "", "GR-19"},
		{"RevokeGrant", "", "GR-14"},
		{"RetireGrant", "", "GR-15"},
		{"RetireGrant", "", "GR-16"},
		{"PutKeyPolicy", "", "PO-02"},
		{"PutKeyPolicy", "", "PO-05"},
		{"PutKeyPolicy", "", "PO-08"},
		{"PutKeyPolicy", "", "PO-10"},
		{"PutKeyPolicy", "", "PO-11"},
		{"PutKeyPolicy", "", "DR-04"},
		{"DisableKey", "", "MR-14"},
		{"UpdatePrimaryRegion", "", "MR-18"},
		{"", "DryRun", "DR-01"},
		{"", "DryRun", "DR-03"},
		{"", "DryRun", "DR-09"},
		{"", "DryRun", "GR-22"},
		{"", "MultiRegion", "MR-01"},
		{"", "Constraints", "GR-07"},
		{"", "Limit", "TG-12"},
		{"", "Name", "GR-11"},
	}
	quick := serve(t, kmsemu.Options{})
	for _, r := range rows {
		t.Run(r.id+" "+r.operation+r.member, func(t *testing.T) {
			t.Parallel()
			if got := verdictOf(t, quick, r.id); got != results.CasePass {
				t.Fatalf("the clean target: %s", got)
			}
			got := verdictOf(t, &deaf{quick, r.operation, r.member}, r.id)
			if !slices.Contains([]results.CaseVerdict{results.CaseFail, results.CaseWarn}, got) {
				t.Errorf("verdict %s, want fail or warn", got)
			}
		})
	}
}

func verdictOf(t *testing.T, tgt target.Target, id string) results.CaseVerdict {
	t.Helper()
	return run(t, tgt, alone(id)).Cases[0].Verdict
}
