package main

import (
	"context"
	"net/http"
	"time"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awskms"
	"github.com/kmsmac/kmsmac/target/lean"
	"github.com/kmsmac/kmsmac/target/raw"
)

// clientOptions say how a command wants its client.
type clientOptions struct {
	connections int    // most requests in flight
	client      string // sdk, sdk-user, lean or raw
	bounded     bool   // the caller gives each call a deadline of its own
}

// connect makes the client. Its set-up calls go through the SDK on every road.
func (s targetSpec) connect(a *app, f targetFlags, c clientOptions) (target.Target, error) {
	o := s.sdkOptions(a, f, c)
	sdk, err := awskms.New(a.ctx, o)
	if err != nil {
		return nil, openError(err)
	}
	if c.client != lean.Road && c.client != raw.Road {
		return sdk, nil
	}
	t, err := s.leanRoad(sdk, o, c.client)
	if err != nil {
		_ = sdk.Close()
		return nil, unknownf("%w", err)
	}
	return &road{Target: t, KeyAdmin: sdk, sdk: sdk}, nil
}

// leanRoad makes the client lean or raw for what sdk is connected to, with its
// credentials.
func (s targetSpec) leanRoad(sdk *awskms.Client, o awskms.Options, client string) (target.Target, error) {
	credentials := func(ctx context.Context) (lean.Credentials, time.Time, error) {
		id, secret, token, expires, err := sdk.Credentials(ctx)
		return lean.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}, expires, err
	}
	opts := lean.Options{
		Name: o.Name, Endpoint: firstOf(o.Endpoint, sdk.Info().Endpoint), AWS: sdk.Info().AWS, Region: o.Region, Credentials: credentials,
		MaxConnections: o.MaxConnections, CAFile: o.CAFile, Timeout: o.Timeout, Proxy: http.ProxyFromEnvironment,
	}
	if client == raw.Road {
		return raw.New(raw.Options(opts))
	}
	return lean.New(opts)
}

// road sends GenerateMac and VerifyMac by one client and manages keys by the
// SDK. What it counts is of the former alone.
type road struct {
	target.Target
	target.KeyAdmin
	sdk *awskms.Client
}

var _ target.CounterSource = (*road)(nil)

// Counters are those of the measured client.
func (r *road) Counters() target.Counters { return r.Target.(target.CounterSource).Counters() }

// SymmetricQuota asks as the SDK's client does.
func (r *road) SymmetricQuota(ctx context.Context) (float64, error) { return r.sdk.SymmetricQuota(ctx) }

// Close closes both clients.
func (r *road) Close() error {
	err := r.Target.Close()
	_ = r.sdk.Close() // never fails
	return err
}
