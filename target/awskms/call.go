package awskms

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/kmsmac/kmsmac/target"
)

// operation sends one KMS operation with params as its input.
type operation func(ctx context.Context, c *kms.Client, params map[string]any) error

// bind makes an operation of a method of the SDK's client.
func bind[In, Out any](call func(*kms.Client, context.Context, *In, ...func(*kms.Options)) (*Out, error)) operation {
	return func(ctx context.Context, c *kms.Client, params map[string]any) error {
		in := new(In)
		if err := decode(params, in); err != nil {
			return err
		}
		_, err := call(c, ctx, in)
		return err
	}
}

// operations are all of KMS but those on custom key stores and key encapsulation,
// which cannot hold HMAC keys.
var operations = map[string]operation{
	"CancelKeyDeletion":                   bind((*kms.Client).CancelKeyDeletion),
	"CreateAlias":                         bind((*kms.Client).CreateAlias),
	"CreateGrant":                         bind((*kms.Client).CreateGrant),
	"CreateKey":                           bind((*kms.Client).CreateKey),
	"Decrypt":                             bind((*kms.Client).Decrypt),
	"DeleteAlias":                         bind((*kms.Client).DeleteAlias),
	"DeleteImportedKeyMaterial":           bind((*kms.Client).DeleteImportedKeyMaterial),
	"DeriveSharedSecret":                  bind((*kms.Client).DeriveSharedSecret),
	"DescribeKey":                         bind((*kms.Client).DescribeKey),
	"DisableKey":                          bind((*kms.Client).DisableKey),
	"DisableKeyRotation":                  bind((*kms.Client).DisableKeyRotation),
	"EnableKey":                           bind((*kms.Client).EnableKey),
	"EnableKeyRotation":                   bind((*kms.Client).EnableKeyRotation),
	"Encrypt":                             bind((*kms.Client).Encrypt),
	"GenerateDataKey":                     bind((*kms.Client).GenerateDataKey),
	"GenerateDataKeyPair":                 bind((*kms.Client).GenerateDataKeyPair),
	"GenerateDataKeyPairWithoutPlaintext": bind((*kms.Client).GenerateDataKeyPairWithoutPlaintext),
	"GenerateDataKeyWithoutPlaintext":     bind((*kms.Client).GenerateDataKeyWithoutPlaintext),
	"GenerateMac":                         bind((*kms.Client).GenerateMac),
	"GenerateRandom":                      bind((*kms.Client).GenerateRandom),
	"GetKeyLastUsage":                     bind((*kms.Client).GetKeyLastUsage),
	"GetKeyPolicy":                        bind((*kms.Client).GetKeyPolicy),
	"GetKeyRotationStatus":                bind((*kms.Client).GetKeyRotationStatus),
	"GetParametersForImport":              bind((*kms.Client).GetParametersForImport),
	"GetPublicKey":                        bind((*kms.Client).GetPublicKey),
	"ImportKeyMaterial":                   bind((*kms.Client).ImportKeyMaterial),
	"ListAliases":                         bind((*kms.Client).ListAliases),
	"ListGrants":                          bind((*kms.Client).ListGrants),
	"ListKeyPolicies":                     bind((*kms.Client).ListKeyPolicies),
	"ListKeyRotations":                    bind((*kms.Client).ListKeyRotations),
	"ListKeys":                            bind((*kms.Client).ListKeys),
	"ListResourceTags":                    bind((*kms.Client).ListResourceTags),
	"ListRetirableGrants":                 bind((*kms.Client).ListRetirableGrants),
	"PutKeyPolicy":                        bind((*kms.Client).PutKeyPolicy),
	"ReEncrypt":                           bind((*kms.Client).ReEncrypt),
	"ReplicateKey":                        bind((*kms.Client).ReplicateKey),
	"RetireGrant":                         bind((*kms.Client).RetireGrant),
	"RevokeGrant":                         bind((*kms.Client).RevokeGrant),
	"RotateKeyOnDemand":                   bind((*kms.Client).RotateKeyOnDemand),
	"ScheduleKeyDeletion":                 bind((*kms.Client).ScheduleKeyDeletion),
	"Sign":                                bind((*kms.Client).Sign),
	"TagResource":                         bind((*kms.Client).TagResource),
	"UntagResource":                       bind((*kms.Client).UntagResource),
	"UpdateAlias":                         bind((*kms.Client).UpdateAlias),
	"UpdateKeyDescription":                bind((*kms.Client).UpdateKeyDescription),
	"UpdatePrimaryRegion":                 bind((*kms.Client).UpdatePrimaryRegion),
	"Verify":                              bind((*kms.Client).Verify),
	"VerifyMac":                           bind((*kms.Client).VerifyMac),
}

// Operations returns the names that Call knows, sorted.
func Operations() []string { return slices.Sorted(maps.Keys(operations)) }

// Call sends one operation through the SDK and keeps the raw exchange. An answer
// that the SDK cannot read is both: an Exchange with the bytes, and an error of
// Kind NotKMS.
//
// The exchange holds what was on the wire, secrets of the request included;
// dropping them is the caller's duty.
func (c *Client) Call(ctx context.Context, name string, params map[string]any) (target.Exchange, error) {
	f := &flight{operation: name, keep: true}
	send, ok := operations[name]
	if !ok {
		return c.exchange(f), f.finish(&target.Error{
			Kind: target.NotSent, Operation: name,
			Err: fmt.Errorf("the SDK client has no operation %q", name),
		})
	}
	err := c.run(ctx, f, func(ctx context.Context) error { return send(ctx, c.kms, params) })
	return c.outcome(f, err)
}

// outcome puts an answer's error into the exchange and returns it as a Go error
// only if no KMS gave it.
func (c *Client) outcome(f *flight, err error) (target.Exchange, error) {
	x := c.exchange(f)
	e, _ := err.(*target.Error)
	if e == nil {
		return x, nil
	}
	x.Err = e
	if e.Kind.Answered() {
		return x, nil
	}
	return x, e
}

func (c *Client) exchange(f *flight) target.Exchange {
	return target.Exchange{
		Operation:      f.operation,
		Region:         c.opts.Region,
		Sent:           f.sentAt,
		Done:           f.doneAt,
		Attempts:       f.attempts,
		Verified:       f.verified,
		Method:         f.method,
		URL:            f.url,
		RequestHeader:  f.request,
		RequestBody:    f.requestBody,
		Proto:          f.proto,
		Status:         f.status,
		ResponseHeader: f.header,
		ResponseBody:   f.body,
	}
}
