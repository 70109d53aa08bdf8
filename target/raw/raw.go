// Package raw is a KMS client for GenerateMac and VerifyMac that speaks HTTP/1.1 on
// a net.Conn itself: it costs little more than a load generator that does not sign.
//
// Use it to find the ceiling of a target without a bigger machine. Do not use it
// for what a service sees, which is package awskms; behind a proxy or for HTTP/2
// use package lean: this one refuses both.
//
// A Client keeps idle connections in a list, the latest used on top. A request takes
// one, or dials, writes in one piece and reads the answer; a goroutine that works
// through a list of requests so stays on one connection. A request is one attempt
// and nothing is ever sent twice. Before a connection that was idle for a while is
// used, the client looks whether the server has closed it and then takes another
// one (on Unix; elsewhere, and when the server closes at the very moment, the
// request fails with Kind Connection, as is the truth).
//
// A Client may be used concurrently. With a context that lives longer than one
// request, a request allocates nothing but the reply's tag. Credentials are secret
// and appear in no error.
package raw

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/internal/wire"
)

// Road is how Info.Client names this client.
const Road = "raw"

// Credentials sign requests; see the fields. Package lean has the same type.
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
	// Proxy chooses the proxy, as in http.Transport. New fails if it chooses one
	// for the endpoint: this client knows none.
	Proxy func(*http.Request) (*url.URL, error)
	// Timeout bounds one request, dialling included; default 30 s; it may come late
	// by a sixteenth. Negative means no bound but the caller's context.
	Timeout time.Duration
	// Now is the clock that requests are signed by, default time.Now.
	Now func() time.Time
}

// Client is a KMS reached through connections of its own. Make one with New.
type Client struct {
	setup  *wire.Setup
	tls    *tls.Config // nil for plain HTTP
	heads  [2]string   // of requests, by operation, up to the value of X-Amz-Date
	date   wire.DateCache
	totals wire.Totals

	mu     sync.Mutex
	idle   []*conn // the latest used last; at most setup.MaxConnections
	closed bool
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
		return nil, fmt.Errorf("raw: %w", err)
	}
	if err := refuseProxy(setup); err != nil {
		return nil, err
	}
	c := &Client{setup: setup, idle: make([]*conn, 0, setup.MaxConnections)}
	for _, op := range []wire.Operation{wire.GenerateMac, wire.VerifyMac} {
		c.heads[op] = "POST " + setup.Endpoint.Path + " HTTP/1.1\r\nHost: " + setup.Endpoint.Host +
			"\r\nUser-Agent: " + wire.UserAgent + "\r\nContent-Type: " + wire.ContentType +
			"\r\nX-Amz-Target: " + op.Target() + "\r\nX-Amz-Date: "
	}
	if setup.Endpoint.TLS {
		c.tls = &tls.Config{
			MinVersion: tls.VersionTLS12,
			ServerName: setup.Endpoint.Name,
			RootCAs:    setup.RootCAs,
			NextProtos: []string{"http/1.1"},
		}
	}
	return c, nil
}

func refuseProxy(setup *wire.Setup) error {
	if setup.Proxy == nil {
		return nil
	}
	req, err := http.NewRequest(http.MethodPost, setup.Endpoint.URL(), nil)
	if err != nil {
		return fmt.Errorf("raw: %w", err)
	}
	proxy, err := setup.Proxy(req)
	if err != nil {
		return fmt.Errorf("raw: proxy: %w", err)
	}
	if proxy != nil {
		return fmt.Errorf("raw: %s is behind the proxy %s, which this client cannot use: take the client lean",
			setup.Endpoint.Origin(), proxy.Host)
	}
	return nil
}

// Info says what the client is connected to.
func (c *Client) Info() target.Info { return c.setup.Info }

// Counters returns totals since New.
func (c *Client) Counters() target.Counters { return c.totals.Counters() }

// Close closes the idle connections. No request may be in flight; the connection of
// one that is closes when it ends.
func (c *Client) Close() error {
	c.mu.Lock()
	idle := c.idle
	c.idle, c.closed = nil, true
	c.mu.Unlock()
	for _, k := range idle {
		k.close()
	}
	return nil
}

// GenerateMac sends one GenerateMac. A success without a tag in standard Base64, or
// with one that has not the algorithm's length, is an error of Kind NotKMS.
func (c *Client) GenerateMac(ctx context.Context, req target.GenerateMacRequest) (target.GenerateMacReply, error) {
	if err := wire.CheckAlgorithm(wire.GenerateMac, req.Algorithm); err != nil {
		return target.GenerateMacReply{}, err
	}
	call, err := c.begin(ctx, wire.GenerateMac)
	if err != nil {
		return target.GenerateMacReply{}, err
	}
	k := call.conn
	k.pad.EncodeGenerateMac(&req)
	if err := c.exchange(&call); err != nil {
		return target.GenerateMacReply{}, err
	}
	reply, err := k.pad.DecodeGenerateMac(k.answer.body, req.Algorithm)
	if err != nil {
		err = wire.Unreadable(call.op, k.answer.status, k.header(), call.trace, err)
	}
	reply.Trace = call.trace
	c.release(k)
	return reply, err
}

// VerifyMac sends one VerifyMac. A success without MacValid is an error of Kind
// NotKMS; one with MacValid false, which AWS never gives (row VM-08), arrives as
// Valid == false.
func (c *Client) VerifyMac(ctx context.Context, req target.VerifyMacRequest) (target.VerifyMacReply, error) {
	if err := wire.CheckAlgorithm(wire.VerifyMac, req.Algorithm); err != nil {
		return target.VerifyMacReply{}, err
	}
	call, err := c.begin(ctx, wire.VerifyMac)
	if err != nil {
		return target.VerifyMacReply{}, err
	}
	k := call.conn
	k.pad.EncodeVerifyMac(&req)
	if err := c.exchange(&call); err != nil {
		return target.VerifyMacReply{}, err
	}
	reply, err := k.pad.DecodeVerifyMac(k.answer.body)
	if err != nil {
		err = wire.Unreadable(call.op, k.answer.status, k.header(), call.trace, err)
	}
	reply.Trace = call.trace
	c.release(k)
	return reply, err
}
