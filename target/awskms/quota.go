package awskms

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	smithy "github.com/aws/smithy-go"

	"github.com/kmsmac/kmsmac/target"
)

// symmetricQuotaCode is "Cryptographic operations (symmetric) request rate",
// the quota that GenerateMac and VerifyMac share with other operations.
const symmetricQuotaCode = "L-6E3AF000"

// SymmetricQuota asks Service Quotas, not KMS, how many GenerateMac, VerifyMac
// and other symmetric operations a second the account may send in the client's
// Region. It is one request that KMS does not count and AWS does not bill, and
// needs servicequotas:GetServiceQuota. A caller that gets an error falls back to
// the published default. Emulators have no such service: Kind Unsupported.
func (c *Client) SymmetricQuota(ctx context.Context) (perSecond float64, err error) {
	const op = "GetServiceQuota"
	if !c.info.AWS {
		return 0, &target.Error{Kind: target.Unsupported, Operation: op, Err: errors.New("an emulator has no Service Quotas")}
	}
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	client := servicequotas.NewFromConfig(c.loaded, func(o *servicequotas.Options) {
		o.Credentials = c.creds
		if c.quotaEndpoint != "" {
			o.BaseEndpoint = aws.String(c.quotaEndpoint)
		}
	})
	out, err := client.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{
		ServiceCode: aws.String("kms"),
		QuotaCode:   aws.String(symmetricQuotaCode),
	})
	if err != nil {
		return 0, quotaError(op, err)
	}
	if out.Quota == nil || aws.ToFloat64(out.Quota.Value) <= 0 {
		return 0, &target.Error{Kind: target.NotKMS, Operation: op, Err: errors.New("the answer has no value")}
	}
	return *out.Quota.Value, nil
}

func quotaError(op string, err error) *target.Error {
	e := &target.Error{Operation: op, Err: cause(err)}
	var (
		api     smithy.APIError
		noCreds *credentialsError
		unread  *smithy.DeserializationError
	)
	switch {
	case errors.As(err, &noCreds):
		e.Kind = target.Credentials
	case errors.Is(err, context.Canceled):
		e.Kind = target.Cancelled
	case errors.Is(err, context.DeadlineExceeded):
		e.Kind = target.Timeout
	case errors.As(err, &unread):
		e.Kind = target.NotKMS
	case errors.As(err, &api):
		e.Code, e.Message, e.HasMessage = api.ErrorCode(), api.ErrorMessage(), api.ErrorMessage() != ""
		e.Kind = target.KindOfCode(op, e.Code, 0)
	default:
		e.Kind = kindOfTransport(err)
	}
	return e
}
