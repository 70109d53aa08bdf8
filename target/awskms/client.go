package awskms

import (
	"context"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/kmsmac/kmsmac/target"
)

// Client roads, as Info.Client names them.
const (
	RoadSDK     = "sdk"
	RoadSDKUser = "sdk-user"
)

// Options say what to connect to and how. The zero value plus a Region is real
// AWS through the road "sdk".
type Options struct {
	// Name is the target as the user named it; default the endpoint.
	Name string
	// Endpoint is a URL, http or https. Empty means the SDK's own AWS endpoint
	// for the Region, and then the target is AWS whatever the field AWS says.
	Endpoint string
	// AWS says that the endpoint belongs to AWS, so that the SDK's credential
	// chain is used. It must be set for an endpoint under amazonaws.com and the
	// like, and for a VPC endpoint under any name.
	AWS bool
	// Region to sign for. Required.
	Region string

	// AccessKeyID, SecretAccessKey and SessionToken sign requests to an
	// emulator. The first two come together; without them test and test sign.
	// They are refused for AWS, where the SDK's default chain decides.
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string

	// MaxConnections is the number of requests in flight that the pool is made
	// for, default 100: as many idle connections are kept. More in flight open
	// further connections and never wait for one. The road "sdk-user" ignores it.
	MaxConnections int
	// Attempts is the number of tries for each request, default 1. The road
	// "sdk-user" ignores it.
	Attempts int
	// UserSettings selects the road "sdk-user": the SDK as the environment and
	// the shared configuration of the user set it up.
	UserSettings bool
	// CAFile names a PEM file with the certificates to trust instead of the
	// system's.
	CAFile string
	// Timeout bounds one call with all its attempts, default 30 s. Negative
	// means no bound but the caller's context.
	Timeout time.Duration
}

const (
	defaultConnections = 100
	defaultTimeout     = 30 * time.Second
)

// Client is a KMS reached through the AWS SDK. Make one with New.
type Client struct {
	opts     Options
	info     target.Info
	base     *url.URL // endpoint, without a trailing slash
	kms      *kms.Client
	wire     *wire
	signer   *v4.Signer
	creds    aws.CredentialsProvider
	loaded   aws.Config // of the default chain; zero for an emulator on the road "sdk"
	timeout  time.Duration
	shutdown func()

	quotaEndpoint string // of Service Quotas; tests set it
}

var (
	_ target.Target        = (*Client)(nil)
	_ target.KeyAdmin      = (*Client)(nil)
	_ target.Caller        = (*Client)(nil)
	_ target.RawSender     = (*Client)(nil)
	_ target.Regional      = (*Client)(nil)
	_ target.CounterSource = (*Client)(nil)
)

// New returns a client. It sends nothing to the endpoint: an endpoint that does
// not answer and credentials that do not exist show on the first request.
//
// An error is about the options, or a *target.Error of Kind Credentials when
// the user's shared configuration cannot be read.
func New(ctx context.Context, opts Options) (*Client, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	roots, err := loadRoots(opts.CAFile)
	if err != nil {
		return nil, err
	}
	cfg, err := opts.load(ctx)
	if err != nil {
		return nil, err
	}
	c := &Client{opts: opts, loaded: cfg, wire: &wire{}, signer: v4.NewSigner(), timeout: opts.Timeout}
	c.creds = &credentialSource{cfg.Credentials}
	if err := c.connect(ctx, roots); err != nil {
		return nil, err
	}
	return c, nil
}

// Info says what the client is connected to.
func (c *Client) Info() target.Info { return c.info }

// Close closes the connections. No request may be in flight.
func (c *Client) Close() error {
	c.shutdown()
	return nil
}

// Counters returns totals since New, requests of all kinds included.
func (c *Client) Counters() target.Counters { return c.wire.counters() }

// CheckCredentials looks for credentials without sending anything to the
// endpoint, so that a command can say early that there are none. The error is
// a *target.Error of Kind Credentials, Timeout or Cancelled.
func (c *Client) CheckCredentials(ctx context.Context) error {
	return c.run(ctx, &flight{operation: "CheckCredentials"}, func(ctx context.Context) error {
		_, err := c.creds.Retrieve(ctx)
		return err
	})
}

// InRegion returns a client for another Region with the same options. On AWS it
// goes to that Region's own endpoint; a named VPC endpoint serves one Region
// only, which is an error of Kind Unsupported.
func (c *Client) InRegion(region string) (target.Target, error) {
	if c.info.AWS && c.opts.Endpoint != "" && region != c.opts.Region {
		return nil, &target.Error{
			Kind: target.Unsupported, Operation: "InRegion",
			Message: "the endpoint " + c.info.Endpoint + " serves " + c.opts.Region + " only",
		}
	}
	opts := c.opts
	opts.Region = region
	if opts.Endpoint == "" {
		opts.Name = ""
	}
	other, err := New(context.Background(), opts)
	if err != nil {
		return nil, err
	}
	return other, nil
}

// run calls do with a context that carries f and the client's time limit, and
// gives the outcome its kind.
func (c *Client) run(ctx context.Context, f *flight, do func(context.Context) error) error {
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	if e := f.verdict(ctx, do(context.WithValue(ctx, flightKey{}, f))); e != nil {
		return e
	}
	return nil
}

// invoke runs one operation of the SDK's client.
func invoke[In, Out any](ctx context.Context, c *Client, f *flight,
	call func(*kms.Client, context.Context, *In, ...func(*kms.Options)) (*Out, error), in *In,
) (*Out, error) {
	var out *Out
	err := c.run(ctx, f, func(ctx context.Context) (err error) {
		out, err = call(c.kms, ctx, in)
		return err
	})
	return out, err
}
