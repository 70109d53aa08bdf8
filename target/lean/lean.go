// Package lean is a KMS client for GenerateMac and VerifyMac on net/http, with
// its own SigV4 and JSON: a fraction of what the AWS SDK costs for each request.
//
// Use it to load a target without measuring the SDK. Do not use it for what a
// service sees, which is package awskms, nor for other operations than these two;
// package raw costs less still, but speaks HTTP/1.1 only and knows no proxy.
//
// A Client has one http.Transport, so that TLS, proxies and HTTP/2 work as they do
// everywhere in Go. A request is one attempt: nothing is sent twice. Only when a
// kept connection turns out to be closed before a byte was written on it, the
// transport takes another one; nobody saw that request.
//
// A Client may be used concurrently. Credentials are secret and appear in no error.
package lean

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/internal/wire"
)

// Road is how Info.Client names this client.
const Road = "lean"

// Credentials sign requests; see the fields. Package raw has the same type.
type Credentials = wire.Credentials

// Static returns a function for Options.Credentials that always gives c.
func Static(c Credentials) func(context.Context) (Credentials, time.Time, error) {
	return wire.Static(c)
}

// Options say what to connect to and how. Endpoint and Region must be set, and
// Credentials for AWS; the rest has defaults.
type Options struct {
	// Name is the target as the user named it; default the endpoint.
	Name string
	// Endpoint is an http or https URL of host, port and path. Required.
	Endpoint string
	// AWS says that the endpoint belongs to AWS.
	AWS bool
	// Region to sign for. Required.
	Region string
	// Credentials returns what signs the requests and when it expires; the zero
	// time means never. It is called for the first request, and again within the
	// last minute before expiry. Default test and test, but for AWS.
	Credentials func(context.Context) (Credentials, time.Time, error)
	// MaxConnections is the number of idle connections kept, default 100. More
	// requests in flight open further connections and never wait for one.
	MaxConnections int
	// CAFile names a PEM file with the certificates to trust instead of the
	// system's; RootCAs are the same in memory, and win.
	CAFile  string
	RootCAs *x509.CertPool
	// Proxy chooses the proxy, as in http.Transport; default none.
	Proxy func(*http.Request) (*url.URL, error)
	// Timeout bounds one request, default 30 s; it may come late by a sixteenth.
	// Negative means no bound but the caller's context.
	Timeout time.Duration
	// Now is the clock that requests are signed by, default time.Now.
	Now func() time.Time
}

// Client is a KMS reached through net/http. Make one with New.
type Client struct {
	setup     *wire.Setup
	transport *http.Transport
	template  *http.Request
	date      wire.DateCache
	totals    wire.Totals
	calls     sync.Pool // of *call
	era       atomic.Pointer[era]
}

var (
	_ target.Target        = (*Client)(nil)
	_ target.CounterSource = (*Client)(nil)
)

// New returns a client. It sends nothing: an endpoint that does not answer and
// credentials that do not exist show on the first request.
func New(opts Options) (*Client, error) {
	setup, err := wire.Options(opts).Complete(Road)
	if err != nil {
		return nil, fmt.Errorf("lean: %w", err)
	}
	c := &Client{setup: setup}
	c.calls.New = func() any { return new(call) }
	c.transport = c.newTransport()
	c.template, err = http.NewRequest(http.MethodPost, setup.Endpoint.URL(), nil)
	if err != nil {
		return nil, fmt.Errorf("lean: %w", err)
	}
	c.template.Host = setup.Endpoint.Host
	return c, nil
}

func (c *Client) newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy: c.setup.Proxy,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			target.Dialled(ctx)
			return c.totals.Count(conn), nil
		},
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.setup.RootCAs},
		TLSHandshakeTimeout:    10 * time.Second,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true, // a dialler or TLS settings of one's own turn it off
		MaxIdleConns:           c.setup.MaxConnections,
		MaxIdleConnsPerHost:    c.setup.MaxConnections,
		IdleConnTimeout:        0, // would set and stop a timer for each request; the server closes what is idle
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// Info says what the client is connected to.
func (c *Client) Info() target.Info { return c.setup.Info }

// Counters returns totals since New.
func (c *Client) Counters() target.Counters { return c.totals.Counters() }

// Close closes the connections. No request may be in flight.
func (c *Client) Close() error {
	if e := c.era.Swap(nil); e != nil && e.cancel != nil {
		e.cancel()
	}
	c.transport.CloseIdleConnections()
	return nil
}

// GenerateMac sends one GenerateMac. A success without a tag in standard Base64, or
// with one that has not the algorithm's length, is an error of Kind NotKMS.
func (c *Client) GenerateMac(ctx context.Context, req target.GenerateMacRequest) (target.GenerateMacReply, error) {
	if err := wire.CheckAlgorithm(wire.GenerateMac, req.Algorithm); err != nil {
		return target.GenerateMacReply{}, err
	}
	k := c.calls.Get().(*call)
	defer c.release(k)
	k.pad.EncodeGenerateMac(&req)
	if err := c.send(ctx, k, wire.GenerateMac); err != nil {
		return target.GenerateMacReply{}, err
	}
	reply, err := k.pad.DecodeGenerateMac(k.answer, req.Algorithm)
	if err != nil {
		return reply, wire.Unreadable(wire.GenerateMac, k.status, k.header, k.trace, err)
	}
	reply.Trace = k.trace
	return reply, nil
}

// VerifyMac sends one VerifyMac. A success without MacValid is an error of Kind
// NotKMS; one with MacValid false, which AWS never gives (row VM-08), arrives as
// Valid == false.
func (c *Client) VerifyMac(ctx context.Context, req target.VerifyMacRequest) (target.VerifyMacReply, error) {
	if err := wire.CheckAlgorithm(wire.VerifyMac, req.Algorithm); err != nil {
		return target.VerifyMacReply{}, err
	}
	k := c.calls.Get().(*call)
	defer c.release(k)
	k.pad.EncodeVerifyMac(&req)
	if err := c.send(ctx, k, wire.VerifyMac); err != nil {
		return target.VerifyMacReply{}, err
	}
	reply, err := k.pad.DecodeVerifyMac(k.answer)
	if err != nil {
		return reply, wire.Unreadable(wire.VerifyMac, k.status, k.header, k.trace, err)
	}
	reply.Trace = k.trace
	return reply, nil
}
