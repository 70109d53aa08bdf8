package awskms_test

import (
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awskms"
)

func TestCredentials(t *testing.T) {
	for _, row := range []struct {
		name              string
		opts              awskms.Options
		id, secret, token string
	}{
		{"default of an emulator", awskms.Options{}, "test", "test", ""},
		{"given", awskms.Options{AccessKeyID: "AKID", SecretAccessKey: "s", SessionToken: "t"}, "AKID", "s", "t"},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.opts.Endpoint, row.opts.Region = "http://127.0.0.1:1", "us-east-1"
			c, err := awskms.New(t.Context(), row.opts)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			id, secret, token, expires, err := c.Credentials(t.Context())
			if err != nil || id != row.id || secret != row.secret || token != row.token || !expires.IsZero() {
				t.Errorf("got %q, a secret of %d bytes, %q, %v, %v", id, len(secret), token, expires, err)
			}
		})
	}
}

func TestCredentialsMissing(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	c, err := awskms.New(t.Context(), awskms.Options{Region: "us-east-1", Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, _, _, _, err := c.Credentials(t.Context()); target.KindOf(err) != target.Credentials {
		t.Errorf("without any credentials: %v, want Kind Credentials", err)
	}
}
