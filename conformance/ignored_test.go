package conformance_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
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
		{"DisableKey", "", "EC-03"},
		{"EnableKey", "", "EC-03"},
		{"UpdateAlias", "", "EC-01"},
		{"UpdateAlias", "", "RO-14"},
		{"DeleteAlias", "", "EC-01"},
		{"UpdateKeyDescription", "", "EC-01"},
		{"CreateGrant", "", "EC-04"},
		{"RevokeGrant", "", "EC-04"},
		{"ScheduleKeyDeletion", "", "EC-07"},
		{"EnableKeyRotation", "", "EC-08"},
		{"TagResource", "", "EC-08"},
		{"UpdatePrimaryRegion", "", "MR-18"},
		{"", "DryRun", "DR-01"},
		{"", "DryRun", "DR-03"},
		{"", "DryRun", "DR-09"},
		{"", "DryRun", "GR-22"},
		{"", "MultiRegion", "MR-01"},
		{"", "Constraints", "GR-07"},
		{"", "Limit", "TG-12"},
		{"", "Limit", "LI-03"},
		{"", "Limit", "LI-04"},
		{"", "Limit", "LI-10"},
		{"", "Marker", "LI-08"},
		{"", "Marker", "LI-09"},
		{"", "Marker", "LI-10"},
		{"", "KeyId", "LI-11"},
		{"", "PendingWindowInDays", "DE-02"},
		{"", "Name", "GR-11"},
	}
	for _, r := range rows {
		t.Run(r.id+" "+r.operation+r.member, func(t *testing.T) {
			t.Parallel()
			quick := serve(t, kmsemu.Options{}) // rows of one case name the same aliases
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
	o := alone(id)
	o.CaseTimeout = polls[id]
	return run(t, tgt, o).Cases[0].Verdict
}

// forgetful is a target that looks an alias up once, for MACs.
type forgetful struct {
	target.Target
	mu  sync.Mutex
	ids map[string]any
}

func (f *forgetful) Call(ctx context.Context, operation string, params map[string]any) (target.Exchange, error) {
	caller := f.Target.(target.Caller)
	id, _ := params["KeyId"].(string)
	if operation != "GenerateMac" || !strings.HasPrefix(id, "alias/") {
		return caller.Call(ctx, operation, params)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	params = maps.Clone(params)
	if f.ids[id] == nil {
		ex, err := caller.Call(ctx, "DescribeKey", map[string]any{"KeyId": id})
		var body struct{ KeyMetadata struct{ KeyId string } }
		if err != nil || json.Unmarshal(ex.ResponseBody, &body) != nil || body.KeyMetadata.KeyId == "" {
			return ex, err
		}
		f.ids[id] = body.KeyMetadata.KeyId
	}
	params["KeyId"] = f.ids[id]
	return caller.Call(ctx, operation, params)
}

// TestOldAliasIsSeen: a new target of an alias that ListAliases shows, but
// GenerateMac never sees, fails a case.
func TestOldAliasIsSeen(t *testing.T) {
	tgt := &forgetful{Target: serve(t, kmsemu.Options{}), ids: map[string]any{}}
	for id, want := range map[string]results.CaseVerdict{"AL-11": results.CasePass, "EC-01": results.CaseFail} {
		if got := verdictOf(t, tgt, id); got != want {
			t.Errorf("%s: verdict %s, want %s", id, got, want)
		}
	}
}
