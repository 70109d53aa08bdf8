package awskms

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go/logging"

	"github.com/kmsmac/kmsmac/target"
)

func (o Options) withDefaults() (Options, error) {
	if o.Region == "" {
		return o, errors.New("awskms: no Region")
	}
	if !isHostLabel(o.Region) {
		return o, fmt.Errorf("awskms: %q is no name of a Region", o.Region)
	}
	if o.Endpoint == "" {
		o.AWS = true
	}
	if o.MaxConnections < 0 || o.Attempts < 0 {
		return o, fmt.Errorf("awskms: negative MaxConnections %d or Attempts %d", o.MaxConnections, o.Attempts)
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = defaultConnections
	}
	if o.Attempts == 0 {
		o.Attempts = 1
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	return o.withCredentials()
}

// isHostLabel keeps a Region from becoming more than one part of a host name.
func isHostLabel(s string) bool {
	for _, r := range s {
		if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-') {
			return false
		}
	}
	return true
}

func (o Options) withCredentials() (Options, error) {
	static := o.AccessKeyID != "" || o.SecretAccessKey != "" || o.SessionToken != ""
	switch {
	case o.AWS && static:
		return o, errors.New("awskms: static credentials are for emulators, not for AWS")
	case static && (o.AccessKeyID == "" || o.SecretAccessKey == ""):
		return o, errors.New("awskms: an access key id and a secret access key come together")
	case !o.AWS && !static:
		o.AccessKeyID, o.SecretAccessKey = "test", "test"
	}
	return o, nil
}

// load returns the SDK's configuration. For an emulator on the road "sdk" it is
// made here, so that neither environment nor files have a say.
func (o Options) load(ctx context.Context) (aws.Config, error) {
	static := credentials.NewStaticCredentialsProvider(o.AccessKeyID, o.SecretAccessKey, o.SessionToken)
	if !o.AWS && !o.UserSettings {
		return aws.Config{Region: o.Region, Credentials: static}, nil
	}
	load := []func(*config.LoadOptions) error{
		config.WithRegion(o.Region),
		config.WithLogger(logging.Nop{}),
	}
	if !o.AWS {
		load = append(load, config.WithCredentialsProvider(static))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return cfg, &target.Error{Kind: target.Credentials, Operation: "LoadDefaultConfig", Err: err}
	}
	return cfg, nil
}

// connect makes the SDK's client on top of the wire and finds the endpoint.
func (c *Client) connect(ctx context.Context, roots *x509.CertPool) error {
	var resolved kms.Options
	adjust := func(o *kms.Options) {
		c.setEndpoint(o)
		c.setHTTPClient(o, roots)
		o.Credentials = c.creds
		if !c.opts.UserSettings {
			setMeasured(o, c.opts.Attempts)
		}
		resolved = *o
	}
	if c.opts.AWS || c.opts.UserSettings {
		c.kms = kms.NewFromConfig(c.loaded, adjust)
	} else {
		c.kms = kms.New(kms.Options{Region: c.opts.Region}, adjust)
	}
	if c.opts.Endpoint == "" && resolved.BaseEndpoint != nil {
		return fmt.Errorf("awskms: the environment or shared configuration sets the endpoint %q: name it as the endpoint, or unset it, so that it is clear what is measured",
			redactURL(*resolved.BaseEndpoint))
	}
	base, err := resolveEndpoint(ctx, resolved)
	if err != nil {
		return err
	}
	c.base = base
	c.info = c.describe()
	return nil
}

func (c *Client) describe() target.Info {
	info := target.Info{
		Name:     c.opts.Name,
		Endpoint: c.base.Scheme + "://" + c.base.Host,
		Host:     c.base.Hostname(),
		Region:   c.opts.Region,
		AWS:      c.opts.AWS,
		Client:   RoadSDK,
	}
	if c.opts.UserSettings {
		info.Client = RoadSDKUser
	}
	if info.Name == "" {
		info.Name = info.Endpoint
	}
	return info
}

func (c *Client) setEndpoint(o *kms.Options) {
	if c.opts.Endpoint == "" {
		return
	}
	o.BaseEndpoint = aws.String(c.opts.Endpoint)
	// A named endpoint is final: the resolver refuses it together with these.
	o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateDisabled
	o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateDisabled
}

// setMeasured turns off what would blur a measurement.
func setMeasured(o *kms.Options, attempts int) {
	o.DisableClockSkewCorrection = true
	o.RetryMaxAttempts = 0
	if attempts == 1 {
		o.Retryer = aws.NopRetryer{}
		return
	}
	o.Retryer = retry.NewStandard(func(so *retry.StandardOptions) { so.MaxAttempts = attempts })
}

// setHTTPClient puts the wire between the SDK and its HTTP client.
func (c *Client) setHTTPClient(o *kms.Options, roots *x509.CertPool) {
	buildable, ok := o.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		buildable = awshttp.NewBuildableClient()
	}
	trust := func(tr *http.Transport) {
		if roots == nil {
			return
		}
		if tr.TLSClientConfig == nil {
			tr.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		tr.TLSClientConfig.RootCAs = roots
	}
	if c.opts.UserSettings {
		user := buildable.WithTransportOptions(trust, func(tr *http.Transport) {
			tr.DialContext = c.wire.countDials(tr.DialContext)
		})
		c.wire.do, c.wire.asIs = user.Do, true
		// The SDK's own client has no way to close its connections.
		c.shutdown = c.wire.closeConnections
		o.HTTPClient = c.wire
		return
	}
	tr := buildable.GetTransport()
	trust(tr)
	tr.MaxResponseHeaderBytes = 64 << 10
	tr.MaxIdleConns = c.opts.MaxConnections
	tr.MaxIdleConnsPerHost = c.opts.MaxConnections
	tr.MaxConnsPerHost = 0
	tr.DialContext = c.wire.countDials(buildable.GetDialer().DialContext)
	c.wire.do = tr.RoundTrip
	c.shutdown = tr.CloseIdleConnections
	o.HTTPClient = c.wire
}

// resolveEndpoint asks the SDK's own rules where its requests go.
func resolveEndpoint(ctx context.Context, o kms.Options) (*url.URL, error) {
	if o.BaseEndpoint != nil {
		return parseEndpoint(*o.BaseEndpoint)
	}
	e, err := o.EndpointResolverV2.ResolveEndpoint(ctx, kms.EndpointParameters{
		Region:       aws.String(o.Region),
		UseFIPS:      aws.Bool(o.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack: aws.Bool(o.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
	})
	if err != nil {
		return nil, fmt.Errorf("awskms: no endpoint for Region %q: %w", o.Region, err)
	}
	return &e.URI, nil
}

func parseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("awskms: endpoint %q is not a URL", redactURL(text))
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("awskms: endpoint %q is not an http or https URL", redactURL(text))
	case u.Hostname() == "":
		return nil, fmt.Errorf("awskms: endpoint %q has no host", redactURL(text))
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("awskms: endpoint %q has more than scheme, host, port and path", redactURL(text))
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

// redactURL drops what may be secret from a URL that is quoted in an error.
func redactURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		scheme, _, _ := strings.Cut(text, "://")
		return scheme + "://…"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

func loadRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("awskms: CA file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("awskms: CA file %s holds no PEM certificate", file)
	}
	return pool, nil
}

// credentialSource marks the errors of a credential provider, so that they can
// be told from failures of the request itself.
type credentialSource struct{ provider aws.CredentialsProvider }

func (s *credentialSource) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if s.provider == nil {
		return aws.Credentials{}, &credentialsError{errors.New("the configuration names no source")}
	}
	v, err := s.provider.Retrieve(ctx)
	if err != nil {
		return v, &credentialsError{err}
	}
	return v, nil
}

type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return "no usable AWS credentials: " + e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }
