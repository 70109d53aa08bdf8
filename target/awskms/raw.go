package awskms

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/kmsmac/kmsmac/target"
)

const contentType = "application/x-amz-json-1.1"

// Send signs req with the SDK's own SigV4 signer and sends it once. Any HTTP
// answer is an Exchange, with its error, if it is one, in Err.
func (c *Client) Send(ctx context.Context, req target.RawRequest) (target.Exchange, error) {
	f := &flight{operation: req.Operation, keep: true}
	err := c.run(ctx, f, func(ctx context.Context) error {
		hr, err := c.build(ctx, req)
		if err != nil {
			return err
		}
		if err := c.sign(ctx, hr, req); err != nil {
			return err
		}
		afterSigning(hr, req.Signature)
		resp, err := c.wire.Do(hr)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		return errors.Join(err, resp.Body.Close())
	})
	x, err := c.outcome(f, err)
	if x.Status != 0 && f.err == nil {
		return x, nil // an answer, even if no KMS gave it
	}
	return x, err
}

// build makes the request as it is before signing.
func (c *Client) build(ctx context.Context, req target.RawRequest) (*http.Request, error) {
	method, path := req.Method, req.Path
	if method == "" {
		method = http.MethodPost
	}
	if path == "" {
		path = "/"
	}
	hr, err := http.NewRequestWithContext(ctx, method, c.base.String()+path, nil)
	if err != nil {
		return nil, err
	}
	setBody(hr, req.Body)
	hr.Header.Set("Content-Type", contentType)
	hr.Header.Set("X-Amz-Target", "TrentService."+req.Operation)
	hr.Header.Set("Accept-Encoding", "identity")
	hr.Header.Set("User-Agent", "kmsmac")
	setHeader(hr, req.Header)
	for _, name := range req.Omit {
		omitHeader(hr, name)
	}
	return hr, nil
}

func (c *Client) sign(ctx context.Context, hr *http.Request, req target.RawRequest) error {
	s := req.Signature
	if s.None {
		return nil
	}
	creds, err := c.identity(ctx, s)
	if err != nil {
		return err
	}
	service, region, at := s.Service, s.Region, s.Time
	if service == "" {
		service = "kms"
	}
	if region == "" {
		region = c.opts.Region
	}
	if at.IsZero() {
		at = time.Now()
	}
	signer := c.signer
	if s.SecretAccessKey != "" {
		signer = v4.NewSigner() // signers remember derived keys by access key id alone
	}
	sum := sha256.Sum256(req.Body)
	return signer.SignHTTP(ctx, creds, hr, hex.EncodeToString(sum[:]), service, region, at)
}

// identity is the target's own unless the signature names another. A session
// token belongs to one access key: it does not follow another key id.
func (c *Client) identity(ctx context.Context, s target.Signature) (aws.Credentials, error) {
	var creds aws.Credentials
	if s.AccessKeyID == "" || s.SecretAccessKey == "" {
		own, err := c.creds.Retrieve(ctx)
		if err != nil {
			return own, err
		}
		creds = own
	}
	if s.AccessKeyID != "" {
		creds.AccessKeyID, creds.SessionToken = s.AccessKeyID, ""
	}
	if s.SecretAccessKey != "" {
		creds.SecretAccessKey = s.SecretAccessKey
	}
	if s.SessionToken != "" {
		creds.SessionToken = s.SessionToken
	}
	return creds, nil
}

func afterSigning(hr *http.Request, s target.Signature) {
	if s.Authorization != "" {
		hr.Header.Set("Authorization", s.Authorization)
	}
	if s.BodyAfter != nil {
		chunked := hr.ContentLength < 0
		setBody(hr, s.BodyAfter)
		if chunked {
			hr.ContentLength = -1
		}
	}
	setHeader(hr, s.HeaderAfter)
}

func setBody(hr *http.Request, body []byte) {
	hr.Body, hr.ContentLength = http.NoBody, int64(len(body))
	if len(body) > 0 {
		hr.Body = io.NopCloser(bytes.NewReader(body))
	}
}

// setHeader replaces headers; a name without values is removed.
func setHeader(hr *http.Request, h http.Header) {
	for name, values := range h {
		switch {
		case len(values) == 0:
			omitHeader(hr, name)
		case strings.EqualFold(name, "Host"):
			hr.Host = values[0]
		default:
			hr.Header[http.CanonicalHeaderKey(name)] = append([]string(nil), values...)
		}
	}
}

// omitHeader removes a header, those that net/http would add included: without
// Content-Length a body is sent in chunks. Host cannot be left out of HTTP/1.1.
func omitHeader(hr *http.Request, name string) {
	name = http.CanonicalHeaderKey(name)
	hr.Header.Del(name)
	switch name {
	case "User-Agent":
		hr.Header[name] = []string{""} // net/http's word for none
	case "Content-Length":
		if hr.Body != http.NoBody {
			hr.ContentLength = -1
		}
	}
}
