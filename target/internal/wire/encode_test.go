package wire

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

// capture is an HTTP client of the SDK that keeps the body.
type capture struct{ body []byte }

func (c *capture) Do(r *http.Request) (*http.Response, error) {
	var err error
	c.body, err = io.ReadAll(r.Body)
	return &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}, Request: r}, err
}

func TestEncodeLikeSDK(t *testing.T) {
	var got capture
	sdk := kms.New(kms.Options{
		Region: "us-east-1", HTTPClient: &got, BaseEndpoint: aws.String("http://127.0.0.1"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
		}),
	})
	tests := []struct {
		name string
		req  target.VerifyMacRequest
	}{
		{"plain", target.VerifyMacRequest{KeyID: "1234abcd-12ab-34cd-56ef-1234567890ab", Message: []byte("hello"), Tag: make([]byte, 32)}},
		{"empty", target.VerifyMacRequest{Message: []byte{}, Tag: []byte{}}},
		{"all members", target.VerifyMacRequest{KeyID: "alias/a", Message: []byte{255}, Tag: []byte{1, 2}, GrantTokens: []string{"x", "", "y"}, DryRun: true}},
		{"no grant tokens", target.VerifyMacRequest{KeyID: "k", Message: []byte{0}, Tag: []byte{0}, GrantTokens: []string{}}},
		{"longest", target.VerifyMacRequest{KeyID: strings.Repeat("k", 2048), Message: bytes.Repeat([]byte{0xfb, 0xff}, 2048), Tag: make([]byte, 6144)}},
		{"to be escaped", target.VerifyMacRequest{KeyID: "\"\\/\b\x01\x1f\x7f<&>é€😀'", Message: []byte{0}, Tag: []byte{0}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p Pad
			for _, alg := range engine.Algorithms() {
				r := tt.req
				r.Algorithm = alg
				spec := types.MacAlgorithmSpec(alg.String())
				var dry *bool
				if r.DryRun {
					dry = &r.DryRun
				}
				// The SDK's answer is an empty object; only what it sent counts.
				_, _ = sdk.VerifyMac(t.Context(), &kms.VerifyMacInput{KeyId: &r.KeyID, MacAlgorithm: spec, Message: r.Message, Mac: r.Tag, GrantTokens: r.GrantTokens, DryRun: dry})
				p.EncodeVerifyMac(&r)
				checkBody(t, "VerifyMac", p.Body, got.body)
				_, _ = sdk.GenerateMac(t.Context(), &kms.GenerateMacInput{KeyId: &r.KeyID, MacAlgorithm: spec, Message: r.Message, GrantTokens: r.GrantTokens, DryRun: dry})
				p.EncodeGenerateMac(&target.GenerateMacRequest{KeyID: r.KeyID, Algorithm: alg, Message: r.Message, GrantTokens: r.GrantTokens, DryRun: r.DryRun})
				checkBody(t, "GenerateMac", p.Body, got.body)
			}
		})
	}
}

func checkBody(t *testing.T, op string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s:\n got %.300q\nwant %.300q", op, got, want)
	}
}

// A nil message is sent as an empty one, as the client awskms does.
func TestEncodeNil(t *testing.T) {
	var p Pad
	p.EncodeVerifyMac(&target.VerifyMacRequest{KeyID: "k\xff", Algorithm: engine.HMACSHA224})
	const want = `{"KeyId":"k\ufffd","Mac":"","MacAlgorithm":"HMAC_SHA_224","Message":""}`
	if string(p.Body) != want {
		t.Errorf("got %s, want %s", p.Body, want)
	}
}
