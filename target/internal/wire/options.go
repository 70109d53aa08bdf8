package wire

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/kmsmac/kmsmac/target"
)

// Options are what the clients have in common; each has its own type with the
// same fields, where they are explained.
type Options struct {
	Name           string
	Endpoint       string
	AWS            bool
	Region         string
	Credentials    func(context.Context) (Credentials, time.Time, error)
	MaxConnections int
	CAFile         string
	RootCAs        *x509.CertPool
	Proxy          func(*http.Request) (*url.URL, error)
	Timeout        time.Duration
	Now            func() time.Time
}

// Defaults of Options.
const (
	DefaultConnections = 100
	DefaultTimeout     = 30 * time.Second
)

// Setup is what a client works with.
type Setup struct {
	Options  // completed
	Endpoint Endpoint
	Signer   *Signer
	Source   *Source
	Info     target.Info
}

// SignAt is the time to sign a request with that is sent at now.
func (s *Setup) SignAt(now time.Time) time.Time {
	if s.Now == nil {
		return now
	}
	return s.Now()
}

// Complete checks o and fills in the defaults. client is the name of the client
// road.
func (o Options) Complete(client string) (*Setup, error) {
	if o.Region == "" {
		return nil, errors.New("no Region")
	}
	if !visible(o.Region) {
		return nil, fmt.Errorf("the Region %q has a character that no header can carry", o.Region)
	}
	if o.Endpoint == "" {
		return nil, errors.New("no Endpoint")
	}
	if o.MaxConnections < 0 {
		return nil, fmt.Errorf("negative MaxConnections %d", o.MaxConnections)
	}
	if o.AWS && o.Credentials == nil {
		return nil, errors.New("no Credentials, which AWS asks for")
	}
	endpoint, err := ParseEndpoint(o.Endpoint)
	if err != nil {
		return nil, err
	}
	if o.RootCAs == nil {
		if o.RootCAs, err = LoadRoots(o.CAFile); err != nil {
			return nil, err
		}
	}
	o.setDefaults(endpoint)
	return &Setup{
		Options: o, Endpoint: endpoint,
		Signer: NewSigner(endpoint, o.Region), Source: NewSource(o.Credentials),
		Info: target.Info{
			Name: o.Name, Endpoint: endpoint.Origin(), Host: endpoint.Name,
			Region: o.Region, AWS: o.AWS, Client: client,
		},
	}, nil
}

func (o *Options) setDefaults(e Endpoint) {
	if o.Name == "" {
		o.Name = e.Origin()
	}
	if o.Credentials == nil {
		o.Credentials = Static(Credentials{AccessKeyID: "test", SecretAccessKey: "test"})
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = DefaultConnections
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
}
