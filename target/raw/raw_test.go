package raw_test

import (
	"context"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/target/internal/wiretest"
	"github.com/kmsmac/kmsmac/target/raw"
)

func open(t *testing.T, c wiretest.Config) wiretest.Client {
	t.Helper()
	client, err := raw.New(options(c))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func options(c wiretest.Config) raw.Options {
	return raw.Options{
		Endpoint: c.Endpoint, Region: wiretest.Region, RootCAs: c.RootCAs, MaxConnections: c.MaxConnections, Timeout: c.Timeout, Now: c.Now,
		Credentials: func(context.Context) (raw.Credentials, time.Time, error) {
			return raw.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, time.Time{}, c.CredentialsErr
		},
	}
}

func TestWire(t *testing.T) { wiretest.Run(t, open) }
