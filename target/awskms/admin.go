package awskms

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/kmsmac/kmsmac/target"
)

// CreateKey sends one CreateKey with KeyUsage GENERATE_VERIFY_MAC.
func (c *Client) CreateKey(ctx context.Context, req target.CreateKeyRequest) (target.KeyMetadata, error) {
	f := &flight{operation: "CreateKey"}
	in := &kms.CreateKeyInput{
		KeySpec:  types.KeySpec(req.KeySpec),
		KeyUsage: types.KeyUsageTypeGenerateVerifyMac,
		Origin:   types.OriginType(req.Origin),
		Tags:     sdkTags(req.Tags),
	}
	if req.Description != "" {
		in.Description = aws.String(req.Description)
	}
	if req.MultiRegion {
		in.MultiRegion = aws.Bool(true)
	}
	out, err := invoke(ctx, c, f, (*kms.Client).CreateKey, in)
	if err != nil {
		return target.KeyMetadata{}, err
	}
	return f.metadata(out.KeyMetadata)
}

// DescribeKey sends one DescribeKey.
func (c *Client) DescribeKey(ctx context.Context, keyID string) (target.KeyMetadata, error) {
	f := &flight{operation: "DescribeKey"}
	out, err := invoke(ctx, c, f, (*kms.Client).DescribeKey, &kms.DescribeKeyInput{KeyId: &keyID})
	if err != nil {
		return target.KeyMetadata{}, err
	}
	return f.metadata(out.KeyMetadata)
}

func (f *flight) metadata(m *types.KeyMetadata) (target.KeyMetadata, error) {
	if m == nil || aws.ToString(m.KeyId) == "" {
		return target.KeyMetadata{}, f.missing("KeyMetadata with a KeyId")
	}
	out := target.KeyMetadata{
		KeyID:        aws.ToString(m.KeyId),
		ARN:          aws.ToString(m.Arn),
		KeySpec:      string(m.KeySpec),
		KeyUsage:     string(m.KeyUsage),
		Origin:       string(m.Origin),
		State:        string(m.KeyState),
		Enabled:      m.Enabled,
		Description:  aws.ToString(m.Description),
		Created:      aws.ToTime(m.CreationDate),
		DeletionDate: aws.ToTime(m.DeletionDate),
	}
	for _, a := range m.MacAlgorithms {
		out.MacAlgorithms = append(out.MacAlgorithms, string(a))
	}
	return out, nil
}

// ListKeys sends one ListKeys. An answer without Keys is an error of Kind
// NotKMS.
func (c *Client) ListKeys(ctx context.Context, marker string, limit int) (target.KeyPage, error) {
	f := &flight{operation: "ListKeys"}
	in := &kms.ListKeysInput{Marker: optional(marker)}
	if limit != 0 {
		in.Limit = saturated(limit)
	}
	out, err := invoke(ctx, c, f, (*kms.Client).ListKeys, in)
	if err != nil {
		return target.KeyPage{}, err
	}
	if out.Keys == nil { // an empty list is not an absent one
		return target.KeyPage{}, f.missing("Keys")
	}
	next := aws.ToString(out.NextMarker)
	if !out.Truncated || next == marker {
		next = "" // a page that leads back to itself would keep a caller paging for ever
	}
	page := target.KeyPage{Next: next, Truncated: out.Truncated, Keys: make([]target.KeyRef, 0, len(out.Keys))}
	for _, k := range out.Keys {
		page.Keys = append(page.Keys, target.KeyRef{KeyID: aws.ToString(k.KeyId), ARN: aws.ToString(k.KeyArn)})
	}
	return page, nil
}

// next is the marker after a page. A truncated page that leads nowhere or back
// to itself would keep a caller paging for ever.
func (f *flight) next(marker string, truncated bool, next *string) (string, error) {
	if !truncated {
		return "", nil
	}
	n := aws.ToString(next)
	if n == "" || n == marker {
		return "", f.missing("new NextMarker although it is truncated")
	}
	return n, nil
}

// EnableKey sends one EnableKey.
func (c *Client) EnableKey(ctx context.Context, keyID string) error {
	_, err := invoke(ctx, c, &flight{operation: "EnableKey"}, (*kms.Client).EnableKey,
		&kms.EnableKeyInput{KeyId: &keyID})
	return err
}

// DisableKey sends one DisableKey.
func (c *Client) DisableKey(ctx context.Context, keyID string) error {
	_, err := invoke(ctx, c, &flight{operation: "DisableKey"}, (*kms.Client).DisableKey,
		&kms.DisableKeyInput{KeyId: &keyID})
	return err
}

// ScheduleKeyDeletion sends one ScheduleKeyDeletion.
func (c *Client) ScheduleKeyDeletion(ctx context.Context, keyID string, days int) (time.Time, error) {
	f := &flight{operation: "ScheduleKeyDeletion"}
	out, err := invoke(ctx, c, f, (*kms.Client).ScheduleKeyDeletion,
		&kms.ScheduleKeyDeletionInput{KeyId: &keyID, PendingWindowInDays: saturated(days)})
	if err != nil {
		return time.Time{}, err
	}
	if out.DeletionDate == nil {
		return time.Time{}, f.missing("DeletionDate")
	}
	return *out.DeletionDate, nil
}

// CancelKeyDeletion sends one CancelKeyDeletion.
func (c *Client) CancelKeyDeletion(ctx context.Context, keyID string) error {
	_, err := invoke(ctx, c, &flight{operation: "CancelKeyDeletion"}, (*kms.Client).CancelKeyDeletion,
		&kms.CancelKeyDeletionInput{KeyId: &keyID})
	return err
}

// CreateAlias sends one CreateAlias.
func (c *Client) CreateAlias(ctx context.Context, alias, keyID string) error {
	_, err := invoke(ctx, c, &flight{operation: "CreateAlias"}, (*kms.Client).CreateAlias,
		&kms.CreateAliasInput{AliasName: &alias, TargetKeyId: &keyID})
	return err
}

// DeleteAlias sends one DeleteAlias.
func (c *Client) DeleteAlias(ctx context.Context, alias string) error {
	_, err := invoke(ctx, c, &flight{operation: "DeleteAlias"}, (*kms.Client).DeleteAlias,
		&kms.DeleteAliasInput{AliasName: &alias})
	return err
}

// ListAliases sends ListAliases for every page.
func (c *Client) ListAliases(ctx context.Context, keyID string) ([]target.Alias, error) {
	var all []target.Alias
	marker := ""
	for {
		f := &flight{operation: "ListAliases"}
		out, err := invoke(ctx, c, f, (*kms.Client).ListAliases,
			&kms.ListAliasesInput{KeyId: optional(keyID), Marker: optional(marker)})
		if err != nil {
			return nil, err
		}
		for _, a := range out.Aliases {
			all = append(all, target.Alias{
				Name: aws.ToString(a.AliasName), ARN: aws.ToString(a.AliasArn), TargetKeyID: aws.ToString(a.TargetKeyId),
			})
		}
		if marker, err = f.next(marker, out.Truncated, out.NextMarker); err != nil || marker == "" {
			return all, err
		}
	}
}

// TagResource sends one TagResource.
func (c *Client) TagResource(ctx context.Context, keyID string, tags []target.ResourceTag) error {
	in := &kms.TagResourceInput{KeyId: &keyID, Tags: sdkTags(tags)}
	if in.Tags == nil {
		in.Tags = []types.Tag{}
	}
	_, err := invoke(ctx, c, &flight{operation: "TagResource"}, (*kms.Client).TagResource, in)
	return err
}

// ListResourceTags sends ListResourceTags for every page.
func (c *Client) ListResourceTags(ctx context.Context, keyID string) ([]target.ResourceTag, error) {
	var all []target.ResourceTag
	marker := ""
	for {
		f := &flight{operation: "ListResourceTags"}
		out, err := invoke(ctx, c, f, (*kms.Client).ListResourceTags,
			&kms.ListResourceTagsInput{KeyId: &keyID, Marker: optional(marker)})
		if err != nil {
			return nil, err
		}
		for _, t := range out.Tags {
			all = append(all, target.ResourceTag{Key: aws.ToString(t.TagKey), Value: aws.ToString(t.TagValue)})
		}
		if marker, err = f.next(marker, out.Truncated, out.NextMarker); err != nil || marker == "" {
			return all, err
		}
	}
}

func sdkTags(tags []target.ResourceTag) []types.Tag {
	var out []types.Tag
	for _, t := range tags {
		out = append(out, types.Tag{TagKey: aws.String(t.Key), TagValue: aws.String(t.Value)})
	}
	return out
}

// saturated keeps a number that is out of range out of range.
func saturated(n int) *int32 {
	return aws.Int32(int32(min(max(n, math.MinInt32), math.MaxInt32)))
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// hasMember reports whether a JSON object has a member, in KMS's spelling, that
// is not null.
func hasMember(body []byte, name string) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return false
	}
	value, ok := members[name]
	return ok && string(value) != "null"
}
