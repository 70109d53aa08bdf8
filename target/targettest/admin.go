package targettest

import (
	"cmp"
	"slices"
	"time"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

var adminChecks = []check{
	{"admin/metadata", checkMetadata},
	{"admin/listing", checkListing},
	{"admin/aliases", checkAliases},
	{"admin/resource tags", checkResourceTags},
	{"admin/deletion", checkDeletion},
	{"admin/import", checkImport},
}

func checkMetadata(p *probe) {
	eachAlgorithm(func(alg engine.Algorithm) {
		start := time.Now()
		m := p.create(target.CreateKeyRequest{KeySpec: target.KeySpec(alg), Description: "targettest " + alg.String()})
		if m.KeyID == "" || m.ARN == "" || m.ARN == m.KeyID ||
			m.KeySpec != target.KeySpec(alg) || m.KeyUsage != target.KeyUsageMAC || m.Origin != target.OriginAWS ||
			m.State != target.StateEnabled || !m.Enabled || m.Description != "targettest "+alg.String() ||
			!m.DeletionDate.IsZero() || !slices.Equal(m.MacAlgorithms, []string{alg.String()}) {
			p.errorf("CreateKey with %v: %+v", alg, m)
		}
		// Clocks may differ; a date of another kind may not.
		if d := m.Created.Sub(start); d < -time.Hour || d > time.Hour {
			p.errorf("CreateKey: created %v, now it is %v", m.Created, start)
		}
		for _, id := range []string{m.KeyID, m.ARN} {
			if got := p.describe(id); got.KeyID != m.KeyID || got.ARN != m.ARN || got.KeySpec != m.KeySpec || got.State != m.State {
				p.errorf("DescribeKey of %s = %+v, want %+v", id, got, m)
			}
		}
		p.must("DisableKey", p.admin.DisableKey(p.ctx, m.KeyID))
		if got := p.describe(m.KeyID); got.State != target.StateDisabled || got.Enabled {
			p.errorf("after DisableKey: %+v", got)
		}
	})
	_, err := p.admin.CreateKey(p.ctx, target.CreateKeyRequest{KeySpec: "HMAC_1"})
	p.wantKind("CreateKey with an unknown key spec", err, target.Validation)
}

func (p *probe) describe(keyID string) target.KeyMetadata {
	m, err := p.admin.DescribeKey(p.ctx, keyID)
	p.must("DescribeKey", err)
	return m
}

// maxPages keeps a target that pages in circles from being listed for ever.
const maxPages = 10_000

// checkListing pages through all keys: each once, those of the check among them.
func checkListing(p *probe) {
	want := make(map[string]string)
	for range 3 {
		m := p.newKey(engine.HMACSHA256)
		want[m.KeyID] = m.ARN
	}
	for _, limit := range []int{0, 1, 2} {
		seen := make(map[string]string)
		marker := ""
		for range maxPages {
			page, err := p.admin.ListKeys(p.ctx, marker, limit)
			p.must("ListKeys", err)
			if limit > 0 && len(page.Keys) > limit {
				p.errorf("ListKeys with limit %d: %d keys", limit, len(page.Keys))
			}
			for _, k := range page.Keys {
				if _, twice := seen[k.KeyID]; twice {
					p.fatalf("ListKeys with limit %d: key %s twice", limit, k.KeyID)
				}
				seen[k.KeyID] = k.ARN
			}
			if page.Truncated != (page.Next != "") {
				p.fatalf("ListKeys: truncated %v, next %q", page.Truncated, page.Next)
			}
			if marker = page.Next; marker == "" {
				break
			}
		}
		if marker != "" {
			p.fatalf("ListKeys with limit %d: no end after %d pages", limit, maxPages)
		}
		for id, arn := range want {
			if seen[id] != arn {
				p.errorf("ListKeys with limit %d: key %s has ARN %q, want %q", limit, id, seen[id], arn)
			}
		}
	}
}

func checkAliases(p *probe) {
	key, other := p.newKey(engine.HMACSHA256), p.newKey(engine.HMACSHA256)
	one, two := p.alias(), p.alias()
	p.must("CreateAlias", p.admin.CreateAlias(p.ctx, one, key.KeyID))
	p.must("CreateAlias", p.admin.CreateAlias(p.ctx, two, other.KeyID))
	p.wantKind("CreateAlias of a name that is taken", p.admin.CreateAlias(p.ctx, one, other.KeyID), target.Exists)
	if got := p.aliasNames(key.KeyID); !slices.Equal(got, []string{one}) {
		p.errorf("ListAliases of the key = %v, want %s", got, one)
	}
	if all := p.aliasNames(""); !slices.Contains(all, one) || !slices.Contains(all, two) {
		p.errorf("ListAliases of all = %v, want %s and %s among them", all, one, two)
	}
	if got := p.describe(one); got.KeyID != key.KeyID {
		p.errorf("DescribeKey by alias = %+v, want key %s", got, key.KeyID)
	}
	p.must("DeleteAlias", p.admin.DeleteAlias(p.ctx, one))
	p.must("DeleteAlias", p.admin.DeleteAlias(p.ctx, two))
	if got := p.aliasNames(key.KeyID); len(got) != 0 {
		p.errorf("ListAliases after DeleteAlias = %v", got)
	}
	_, err := p.admin.DescribeKey(p.ctx, one)
	p.wantKind("DescribeKey by an alias that is deleted", err, target.NotFound)
}

func (p *probe) aliasNames(keyID string) []string {
	list, err := p.admin.ListAliases(p.ctx, keyID)
	p.must("ListAliases", err)
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = a.Name
	}
	return names
}

func checkResourceTags(p *probe) {
	at := []target.ResourceTag{{Key: "made-by", Value: "targettest"}, {Key: "empty", Value: ""}}
	key := p.create(target.CreateKeyRequest{KeySpec: "HMAC_256", Tags: at})
	p.wantTags(key.KeyID, at)
	p.must("TagResource", p.admin.TagResource(p.ctx, key.KeyID, []target.ResourceTag{{Key: "made-by", Value: "b"}, {Key: "new", Value: "c"}}))
	p.wantTags(key.KeyID, []target.ResourceTag{{Key: "made-by", Value: "b"}, {Key: "empty", Value: ""}, {Key: "new", Value: "c"}})
	p.wantTags(p.newKey(engine.HMACSHA256).KeyID, nil)
}

func (p *probe) wantTags(keyID string, want []target.ResourceTag) {
	got, err := p.admin.ListResourceTags(p.ctx, keyID)
	p.must("ListResourceTags", err)
	byKey := func(a, b target.ResourceTag) int { return cmp.Compare(a.Key, b.Key) }
	got, want = slices.SortedFunc(slices.Values(got), byKey), slices.SortedFunc(slices.Values(want), byKey)
	if !slices.Equal(got, want) {
		p.errorf("ListResourceTags = %v, want %v", got, want)
	}
}

func checkDeletion(p *probe) {
	key := p.newKey(engine.HMACSHA256)
	for _, days := range []int{6, 31, -1} {
		_, err := p.admin.ScheduleKeyDeletion(p.ctx, key.KeyID, days)
		p.wantKind("ScheduleKeyDeletion out of range", err, target.Validation)
	}
	p.wantKind("CancelKeyDeletion of a key that stays", p.admin.CancelKeyDeletion(p.ctx, key.KeyID), target.InvalidState)
	const days = 8
	start := time.Now()
	date, err := p.admin.ScheduleKeyDeletion(p.ctx, key.KeyID, days)
	p.must("ScheduleKeyDeletion", err)
	if d := date.Sub(start.AddDate(0, 0, days)); d < -2*time.Hour || d > 25*time.Hour {
		p.errorf("ScheduleKeyDeletion in %d days: %v, now it is %v", days, date, start)
	}
	got := p.describe(key.KeyID)
	if got.State != target.StatePendingDeletion || got.Enabled || got.DeletionDate.Sub(date).Abs() > time.Second {
		p.errorf("DescribeKey = %+v, want pending deletion on %v", got, date)
	}
	_, err = p.admin.ScheduleKeyDeletion(p.ctx, key.KeyID, days)
	p.wantKind("ScheduleKeyDeletion twice", err, target.InvalidState)
	p.wantKind("EnableKey of a key pending deletion", p.admin.EnableKey(p.ctx, key.KeyID), target.InvalidState)
	p.must("CancelKeyDeletion", p.admin.CancelKeyDeletion(p.ctx, key.KeyID))
	if got := p.describe(key.KeyID); got.State != target.StateDisabled || !got.DeletionDate.IsZero() {
		p.errorf("after CancelKeyDeletion: %+v, want Disabled without a date", got)
	}
}

func checkImport(p *probe) {
	const alg = engine.HMACSHA256
	secret := secretFor(alg)
	key := p.imported(alg, secret)
	if got := p.describe(key.KeyID); got.Origin != target.OriginExternal || got.State != target.StateEnabled || !got.Enabled {
		p.errorf("after ImportKey: %+v, want EXTERNAL and Enabled", got)
	}
	// Rows IM-25 and IM-26: the same again, nothing else.
	p.must("ImportKey of the same material", p.admin.ImportKey(p.ctx, key.KeyID, secret))
	p.wantKind("ImportKey of other material", p.admin.ImportKey(p.ctx, key.KeyID, secretFor(alg)), target.Import)
	p.checkValid(key, alg, pattern(3), standard(alg, secret, pattern(3)))

	empty := p.create(target.CreateKeyRequest{KeySpec: target.KeySpec(alg), Origin: target.OriginExternal})
	if empty.State != target.StatePendingImport || empty.Enabled {
		p.errorf("CreateKey for import: %+v, want PendingImport", empty)
	}
	p.wantKind("ImportKey of a short secret", p.admin.ImportKey(p.ctx, empty.KeyID, secret[:alg.Size()-1]), target.Import)
	p.wantKind("ImportKey into a key of the target's own", p.admin.ImportKey(p.ctx, p.newKey(alg).KeyID, secret), target.Unsupported)
}
