package awskms

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/kmsmac/kmsmac/target"
)

func TestInfo(t *testing.T) {
	tests := []struct {
		name string
		opts Options
		want target.Info
	}{
		{"AWS", Options{Region: "eu-west-1"}, target.Info{
			Name: "https://kms.eu-west-1.amazonaws.com", Endpoint: "https://kms.eu-west-1.amazonaws.com",
			Host: "kms.eu-west-1.amazonaws.com", Region: "eu-west-1", AWS: true, Client: "sdk",
		}},
		{"China", Options{Region: "cn-north-1", Name: "aws:cn-north-1", UserSettings: true}, target.Info{
			Name: "aws:cn-north-1", Endpoint: "https://kms.cn-north-1.amazonaws.com.cn",
			Host: "kms.cn-north-1.amazonaws.com.cn", Region: "cn-north-1", AWS: true, Client: "sdk-user",
		}},
		{"VPC endpoint", Options{Region: "eu-west-1", Endpoint: "https://vpce-1.kms.internal", AWS: true}, target.Info{
			Name: "https://vpce-1.kms.internal", Endpoint: "https://vpce-1.kms.internal",
			Host: "vpce-1.kms.internal", Region: "eu-west-1", AWS: true, Client: "sdk",
		}},
		{"emulator", Options{Region: "us-east-1", Endpoint: "http://127.0.0.1:4566/", Name: "emulator"}, target.Info{
			Name: "emulator", Endpoint: "http://127.0.0.1:4566", Host: "127.0.0.1", Region: "us-east-1", Client: "sdk",
		}},
		{"IPv6", Options{Region: "us-east-1", Endpoint: "http://[::1]:4566"}, target.Info{
			Name: "http://[::1]:4566", Endpoint: "http://[::1]:4566", Host: "::1", Region: "us-east-1", Client: "sdk",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, open(t, tt.opts).Info()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBadOptions(t *testing.T) {
	noPEM := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(noPEM, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]Options{
		"no Region":           {},
		"Region with a slash": {Region: "eu/west"},
		"Region with a space": {Region: "eu west"},
		"no scheme":           {Region: "r", Endpoint: "127.0.0.1:4566"},
		"other scheme":        {Region: "r", Endpoint: "ftp://127.0.0.1"},
		"no host":             {Region: "r", Endpoint: "http://"},
		"user":                {Region: "r", Endpoint: "http://user:" + testSecret + "@127.0.0.1"},
		"bad escape":          {Region: "r", Endpoint: "http://user:" + testSecret + "@127.0.0.1/%zz"},
		"query":               {Region: "r", Endpoint: "http://127.0.0.1/?token=" + testSecret},
		"half credentials":    {Region: "r", Endpoint: "http://127.0.0.1", SecretAccessKey: testSecret},
		"credentials for AWS": {Region: "r", AccessKeyID: "a", SecretAccessKey: testSecret},
		"negative pool":       {Region: "r", MaxConnections: -1},
		"negative attempts":   {Region: "r", Attempts: -1},
		"no CA file":          {Region: "r", CAFile: filepath.Join(t.TempDir(), "none")},
		"no PEM":              {Region: "r", CAFile: noPEM},
	}
	for name, opts := range tests {
		c, err := New(t.Context(), opts)
		if err == nil {
			t.Errorf("%s: accepted as %+v", name, c.Info())
			continue
		}
		if !strings.HasPrefix(err.Error(), "awskms: ") || strings.Contains(err.Error(), testSecret) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: text %q", name, err)
		}
	}
}

// An endpoint from the environment would be measured under the name of AWS.
func TestEndpointFromEnvironment(t *testing.T) {
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "http://127.0.0.1:4566")
			if _, err := New(t.Context(), Options{Region: "eu-west-1"}); err == nil || !strings.Contains(err.Error(), "127.0.0.1:4566") {
				t.Errorf("New = %v, want an error that names the endpoint", err)
			}
			c := open(t, Options{Endpoint: serve(t, fakeMAC("k")), UserSettings: true})
			if _, err := generate(t.Context(), c); err != nil {
				t.Errorf("a named endpoint: %v", err)
			}
		})
	}
}

func TestNamedEndpointIgnoresVariants(t *testing.T) {
	t.Setenv("AWS_USE_FIPS_ENDPOINT", "true")
	t.Setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
	c := open(t, Options{Endpoint: serve(t, fakeMAC("k")), UserSettings: true})
	if _, err := generate(t.Context(), c); err != nil {
		t.Error(err)
	}
	if got := open(t, Options{Region: "eu-west-1"}).Info().Host; got != "kms-fips.eu-west-1.api.aws" {
		t.Errorf("AWS host %s, want the FIPS dual-stack one", got)
	}
}

func TestRoads(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "7")
	user := open(t, Options{Endpoint: "http://127.0.0.1:1", UserSettings: true}).kms.Options()
	if user.Retryer.MaxAttempts() != 7 || user.DisableClockSkewCorrection {
		t.Errorf("sdk-user: %d attempts, skew correction off %v", user.Retryer.MaxAttempts(), user.DisableClockSkewCorrection)
	}
	for _, opts := range []Options{{Endpoint: "http://127.0.0.1:1"}, {Region: "eu-west-1"}} {
		o := open(t, opts).kms.Options()
		if _, ok := o.Retryer.(aws.NopRetryer); !ok || !o.DisableClockSkewCorrection {
			t.Errorf("sdk: retryer %T, skew correction off %v", o.Retryer, o.DisableClockSkewCorrection)
		}
	}
}

func TestInRegion(t *testing.T) {
	var last received
	c := open(t, Options{Endpoint: serve(t, recorder(&last, fakeMAC("k"))), Name: "mine"})
	other, err := c.InRegion("eu-west-1")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	if info := other.Info(); info.Region != "eu-west-1" || info.Endpoint != c.Info().Endpoint || info.Name != "mine" {
		t.Errorf("info = %+v", info)
	}
	if _, err := generate(t.Context(), other.(*Client)); err != nil || !strings.Contains(last.header.Get("Authorization"), "/eu-west-1/kms/") {
		t.Errorf("Authorization %q, err %v", last.header.Get("Authorization"), err)
	}

	elsewhere, err := open(t, Options{Region: "eu-west-1", Name: "aws:eu-west-1"}).InRegion("us-west-2")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = elsewhere.Close() }()
	if got := elsewhere.Info(); got.Host != "kms.us-west-2.amazonaws.com" || strings.Contains(got.Name, "eu-west-1") {
		t.Errorf("info = %+v", got)
	}
	vpce := open(t, Options{Region: "eu-west-1", Endpoint: "https://vpce.internal", AWS: true})
	if _, err := vpce.InRegion("us-west-2"); target.KindOf(err) != target.Unsupported {
		t.Errorf("VPC endpoint: %v, want kind unsupported", err)
	}
	if _, err := c.InRegion(""); err == nil {
		t.Error("no Region: accepted")
	}
}
