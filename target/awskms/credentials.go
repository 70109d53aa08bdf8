package awskms

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Credentials returns what signs the client's requests and when it expires; the
// zero time means never. It is for other clients of the same account, asks
// nobody but the source of the credentials, and its results but the first are
// secret. The error is a *target.Error of Kind Credentials, Timeout or Cancelled.
func (c *Client) Credentials(ctx context.Context) (id, secret, token string, expires time.Time, err error) {
	var v aws.Credentials
	err = c.run(ctx, &flight{operation: "Credentials"}, func(ctx context.Context) (err error) {
		v, err = c.creds.Retrieve(ctx)
		return err
	})
	if v.CanExpire {
		expires = v.Expires
	}
	return v.AccessKeyID, v.SecretAccessKey, v.SessionToken, expires, err
}
