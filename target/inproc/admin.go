package inproc

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

// Limits of the service (rows LI, DE-04, IM-15 to IM-17).
const (
	defaultPage = 100
	maxPage     = 1000
	minDays     = 7
	maxDays     = 30
	maxMaterial = 128
)

// change runs f under the lock, with expired keys gone.
func (t *Target) change(ctx context.Context, op string, f func() error) error {
	if err := ended(ctx, op); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.purge()
	return f()
}

// changeKey is change for one key, named by id or ARN, in one of the states.
func (t *Target) changeKey(ctx context.Context, op, keyID string, f func(*key) error, states ...string) error {
	return t.change(ctx, op, func() error {
		k, err := t.find(op, keyID, false)
		if err != nil {
			return err
		}
		if len(states) > 0 {
			if err := k.mustBe(op, states...); err != nil {
				return err
			}
		}
		return f(k)
	})
}

// CreateKey makes a key. Origin "" or AWS_KMS fills it with random material.
func (t *Target) CreateKey(ctx context.Context, req target.CreateKeyRequest) (target.KeyMetadata, error) {
	const op = "CreateKey"
	alg, ok := target.AlgorithmOf(req.KeySpec)
	if req.Origin == "" {
		req.Origin = target.OriginAWS
	}
	switch {
	case !ok:
		return target.KeyMetadata{}, invalid(op, "keySpec", "Member must satisfy enum value set: [HMAC_224, HMAC_256, HMAC_384, HMAC_512]")
	case req.Origin != target.OriginAWS && req.Origin != target.OriginExternal:
		return target.KeyMetadata{}, invalid(op, "origin", "Member must satisfy enum value set: [AWS_KMS, EXTERNAL]")
	case req.MultiRegion:
		return target.KeyMetadata{}, refuse(op, target.Unsupported, "UnsupportedOperationException", "The engine has no Regions.")
	}
	k := newKey(req, alg, t.arnPrefix())
	k.makeKey = t.makeKey
	if req.Origin == target.OriginAWS {
		secret := make([]byte, alg.Size())
		_, _ = rand.Read(secret) // never fails
		err := k.setMaterial(op, secret)
		clear(secret)
		if err != nil {
			return target.KeyMetadata{}, err
		}
	}
	err := t.change(ctx, op, func() error {
		t.keys[k.meta.KeyID] = k
		t.order = append(t.order, k)
		return nil
	})
	if err != nil {
		k.wipe()
		return target.KeyMetadata{}, err
	}
	return k.metadata(), nil
}

// DescribeKey returns what is known of a key, named in any of the four ways.
func (t *Target) DescribeKey(ctx context.Context, keyID string) (target.KeyMetadata, error) {
	var m target.KeyMetadata
	err := t.change(ctx, "DescribeKey", func() error {
		k, err := t.find("DescribeKey", keyID, true)
		if err == nil {
			m = k.metadata()
		}
		return err
	})
	return m, err
}

// ListKeys returns keys by creation. The marker is the last key's id.
func (t *Target) ListKeys(ctx context.Context, marker string, limit int) (target.KeyPage, error) {
	const op = "ListKeys"
	if limit == 0 {
		limit = defaultPage
	}
	if limit < 1 || limit > maxPage {
		return target.KeyPage{}, invalid(op, "limit", "Member must have value between 1 and 1000")
	}
	var page target.KeyPage
	err := t.change(ctx, op, func() error {
		rest := t.order
		if marker != "" {
			at := slices.IndexFunc(rest, func(k *key) bool { return k.meta.KeyID == marker })
			if at < 0 {
				return refuse(op, target.Validation, "InvalidMarkerException", "")
			}
			rest = rest[at+1:]
		}
		if len(rest) > limit {
			rest, page.Truncated = rest[:limit], true
			page.Next = rest[limit-1].meta.KeyID
		}
		for _, k := range rest {
			page.Keys = append(page.Keys, target.KeyRef{KeyID: k.meta.KeyID, ARN: k.meta.ARN})
		}
		return nil
	})
	return page, err
}

// EnableKey makes a disabled key usable again.
func (t *Target) EnableKey(ctx context.Context, keyID string) error {
	return t.changeKey(ctx, "EnableKey", keyID, func(k *key) error { k.enabled = true; return nil },
		target.StateEnabled, target.StateDisabled)
}

// DisableKey makes a key unusable until EnableKey.
func (t *Target) DisableKey(ctx context.Context, keyID string) error {
	return t.changeKey(ctx, "DisableKey", keyID, func(k *key) error { k.enabled = false; return nil },
		target.StateEnabled, target.StateDisabled)
}

// ScheduleKeyDeletion makes a key unusable and, after the date, gone.
func (t *Target) ScheduleKeyDeletion(ctx context.Context, keyID string, days int) (time.Time, error) {
	const op = "ScheduleKeyDeletion"
	if days < minDays || days > maxDays {
		return time.Time{}, refuse(op, target.Validation, "ValidationException", "PendingWindowInDays must be between 7 and 30")
	}
	date := time.Now().AddDate(0, 0, days)
	err := t.changeKey(ctx, op, keyID, func(k *key) error { k.delete = date; return nil },
		target.StateEnabled, target.StateDisabled, target.StatePendingImport)
	if err != nil {
		return time.Time{}, err
	}
	return date, nil
}

// CancelKeyDeletion takes a key back; it is Disabled then.
func (t *Target) CancelKeyDeletion(ctx context.Context, keyID string) error {
	return t.changeKey(ctx, "CancelKeyDeletion", keyID, func(k *key) error {
		if k.delete.IsZero() {
			return refuse("CancelKeyDeletion", target.InvalidState, "KMSInvalidStateException",
				k.meta.ARN+" is not pending deletion (or pending replica deletion).")
		}
		k.delete, k.enabled = time.Time{}, false
		return nil
	})
}

// CreateAlias gives a key a name.
func (t *Target) CreateAlias(ctx context.Context, alias, keyID string) error {
	const op = "CreateAlias"
	if !validAlias(alias) {
		return invalid(op, "aliasName", `Member must satisfy regular expression pattern: ^alias/[a-zA-Z0-9/_-]+$`)
	}
	return t.changeKey(ctx, op, keyID, func(k *key) error {
		if _, taken := t.aliases[alias]; taken {
			return refuse(op, target.Exists, "AlreadyExistsException",
				"An alias with the name "+t.arnPrefix()+alias+" already exists")
		}
		t.aliases[alias] = k.meta.KeyID
		return nil
	}, target.StateEnabled, target.StateDisabled, target.StatePendingImport)
}

func validAlias(alias string) bool {
	name, ok := strings.CutPrefix(alias, "alias/")
	if !ok || name == "" || len(alias) > 256 || strings.HasPrefix(name, "aws/") {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_-", r)
	})
}

// DeleteAlias takes a name away.
func (t *Target) DeleteAlias(ctx context.Context, alias string) error {
	const op = "DeleteAlias"
	return t.change(ctx, op, func() error {
		if _, ok := t.aliases[alias]; !ok {
			return notFound(op, "Alias "+t.arnPrefix()+alias+" is not found.")
		}
		delete(t.aliases, alias)
		return nil
	})
}

// ListAliases returns the names of a key, or all, sorted.
func (t *Target) ListAliases(ctx context.Context, keyID string) ([]target.Alias, error) {
	const op = "ListAliases"
	var all []target.Alias
	err := t.change(ctx, op, func() error {
		want := ""
		if keyID != "" {
			k, err := t.find(op, keyID, false)
			if err != nil {
				return err
			}
			want = k.meta.KeyID
		}
		for name, id := range t.aliases {
			if want == "" || id == want {
				all = append(all, target.Alias{Name: name, ARN: t.arnPrefix() + name, TargetKeyID: id})
			}
		}
		return nil
	})
	slices.SortFunc(all, func(a, b target.Alias) int { return strings.Compare(a.Name, b.Name) })
	return all, err
}

// TagResource adds tags to a key; a tag key that is there gets the new value.
func (t *Target) TagResource(ctx context.Context, keyID string, tags []target.ResourceTag) error {
	const op = "TagResource"
	for _, tag := range tags {
		if tag.Key == "" {
			return invalid(op, "tags", "Member must have a tag key of length greater than or equal to 1")
		}
	}
	return t.changeKey(ctx, op, keyID, func(k *key) error {
		for _, tag := range tags {
			k.setTag(tag)
		}
		return nil
	}, target.StateEnabled, target.StateDisabled, target.StatePendingImport)
}

func (k *key) setTag(tag target.ResourceTag) {
	for i := range k.tags {
		if k.tags[i].Key == tag.Key {
			k.tags[i].Value = tag.Value
			return
		}
	}
	k.tags = append(k.tags, tag)
}

// ListResourceTags returns the tags of a key.
func (t *Target) ListResourceTags(ctx context.Context, keyID string) ([]target.ResourceTag, error) {
	var tags []target.ResourceTag
	err := t.changeKey(ctx, "ListResourceTags", keyID, func(k *key) error {
		tags = slices.Clone(k.tags)
		return nil
	})
	return tags, err
}

// ImportKey gives an EXTERNAL key its material, which stays the only one it
// takes: the same again is fine, another is of Kind Import (row IM-26).
func (t *Target) ImportKey(ctx context.Context, keyID string, secret []byte) error {
	const op = "ImportKeyMaterial"
	return t.changeKey(ctx, op, keyID, func(k *key) error {
		if k.meta.Origin != target.OriginExternal {
			return refuse(op, target.Unsupported, "UnsupportedOperationException",
				k.meta.ARN+" origin is "+k.meta.Origin+" which is not valid for this operation.")
		}
		if len(secret) < k.alg.Size() || len(secret) > maxMaterial {
			return refuse(op, target.Import, "IncorrectKeyMaterialException", "")
		}
		return k.setMaterial(op, secret)
	}, target.StateEnabled, target.StateDisabled, target.StatePendingImport)
}
