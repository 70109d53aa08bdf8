package k6x

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awsfacts"
	"github.com/kmsmac/kmsmac/target/awskms"
	"github.com/kmsmac/kmsmac/target/lean"
	"github.com/kmsmac/kmsmac/target/raw"
)

// Connection says what is under test. Its members are those of a script's
// object, in lower camel case; unknown ones are refused.
type Connection struct {
	// Target is aws, aws:REGION, or the URL of an emulator. Required.
	Target string `json:"target"`
	// Region to sign for; default that of aws:REGION, AWS_REGION, and for an
	// emulator us-east-1.
	Region string `json:"region"`
	// Endpoint is the URL of a VPC endpoint; only with aws.
	Endpoint string `json:"endpoint"`
	// Client is the road: sdk (default), lean or raw.
	Client string `json:"client"`
	// MaxRequests and MaxCost, in US dollars, bound all instances of a run
	// together against AWS: each has an equal share. Default 20,000 and 1; raising
	// them is the consent.
	MaxRequests *int64   `json:"maxRequests"`
	MaxCost     *float64 `json:"maxCost"`
}

// spec is a Connection, checked.
type spec struct {
	Connection
	kind   string // aws or url, as in a result
	url    string // empty lets the SDK choose
	region string
	aws    bool // money rules hold
}

func (c Connection) check(env func(string) string) (spec, error) {
	s := spec{Connection: c, url: c.Target, kind: "url", region: first(c.Region, env("AWS_REGION"), env("AWS_DEFAULT_REGION"))}
	switch {
	case c.Target == "":
		return s, errors.New("k6x: no target: give aws:REGION or the URL of an emulator")
	case c.Target == "aws" || len(c.Target) > 4 && c.Target[:4] == "aws:":
		s.kind, s.url, s.aws = "aws", c.Endpoint, true
		if c.Target != "aws" {
			s.region = c.Target[4:]
		}
		if c.Region != "" && c.Region != s.region {
			return s, fmt.Errorf("k6x: target %s and region %s name two Regions", c.Target, c.Region)
		}
	case c.Endpoint != "":
		return s, errors.New("k6x: endpoint is the URL of a VPC endpoint and needs target aws")
	default:
		s.region = first(s.region, "us-east-1")
	}
	switch {
	case s.region == "":
		return s, errors.New("k6x: no Region: name it as aws:REGION, or set region or AWS_REGION")
	case !awsfacts.IsRegion(s.region):
		return s, fmt.Errorf("k6x: unknown Region %q", s.region)
	case c.MaxRequests != nil && *c.MaxRequests < 0, c.MaxCost != nil && !(*c.MaxCost >= 0 && *c.MaxCost < 1e9):
		return s, errors.New("k6x: maxRequests and maxCost must not be negative")
	}
	switch c.Client {
	case "":
		s.Client = awskms.RoadSDK
	case awskms.RoadSDK, lean.Road, raw.Road:
	default:
		return s, fmt.Errorf("k6x: unknown client %q: sdk, lean or raw", c.Client)
	}
	return s, s.checkURL()
}

func (s *spec) checkURL() error {
	if s.url == "" {
		return nil
	}
	u, err := url.Parse(s.url)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("k6x: target is neither aws nor aws:REGION nor a URL of the form http://host:port")
	}
	s.aws = s.aws || awsfacts.IsAWSHost(u.Host)
	return nil
}

// limits of one of n instances. They hold against AWS alone; elsewhere they are
// 0, which is none.
func (s spec) limits(n int) (requests int64, cost awsfacts.MicroUSD) {
	if !s.aws {
		return 0, 0
	}
	requests, usd := int64(20_000), 1.0
	if s.MaxRequests != nil {
		requests = *s.MaxRequests
	}
	if s.MaxCost != nil {
		usd = *s.MaxCost
	}
	return requests / int64(n), awsfacts.MicroUSD(usd * 1e6 / float64(n))
}

// open makes the client for so many requests in flight. Keys are made through
// the SDK on every road. Nothing is sent.
func (s spec) open(ctx context.Context, env func(string) string, inFlight int) (target.Target, error) {
	o := awskms.Options{Name: s.Target, Endpoint: s.url, AWS: s.aws, Region: s.region, Timeout: -1, MaxConnections: inFlight}
	if !s.aws { // an emulator never sees the credentials of the chain
		o.AccessKeyID, o.SecretAccessKey = "test", "test"
		if id, secret := env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY"); id != "" && secret != "" {
			o.AccessKeyID, o.SecretAccessKey = id, secret
		}
	}
	sdk, err := awskms.New(ctx, o)
	if err != nil || s.Client == awskms.RoadSDK {
		return sdk, err
	}
	lo := lean.Options{
		Name: s.Target, Endpoint: first(s.url, sdk.Info().Endpoint), AWS: sdk.Info().AWS, Region: s.region, Timeout: -1,
		MaxConnections: inFlight, Proxy: http.ProxyFromEnvironment,
		Credentials: func(ctx context.Context) (lean.Credentials, time.Time, error) {
			id, secret, token, expires, err := sdk.Credentials(ctx)
			return lean.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}, expires, err
		},
	}
	var fast target.Target
	if s.Client == raw.Road {
		fast, err = raw.New(raw.Options(lo))
	} else {
		fast, err = lean.New(lo)
	}
	if err != nil {
		return nil, errors.Join(err, sdk.Close())
	}
	return &road{Target: fast, KeyAdmin: sdk, sdk: sdk}, nil
}

// road measures one client and manages keys by the SDK.
type road struct {
	target.Target
	target.KeyAdmin
	sdk *awskms.Client
}

// Counters are those of the measured client.
func (r *road) Counters() target.Counters { return r.Target.(target.CounterSource).Counters() }

// Close closes both clients.
func (r *road) Close() error { return errors.Join(r.Target.Close(), r.sdk.Close()) }

// endpoint is what a result says of the target.
func (s spec) endpoint(t target.Target) results.Endpoint {
	host := ""
	if u, err := url.Parse(t.Info().Endpoint); err == nil {
		host = u.Host
	}
	return results.Endpoint{Kind: s.kind, Host: host, Region: s.region}
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
