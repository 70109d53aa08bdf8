package lean_test

import (
	"context"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/target/internal/wiretest"
	"github.com/kmsmac/kmsmac/target/lean"
)

func open(t *testing.T, c wiretest.Config) wiretest.Client {
	t.Helper()
	client, err := lean.New(options(c))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func options(c wiretest.Config) lean.Options {
	return lean.Options{
		Endpoint: c.Endpoint, Region: wiretest.Region, RootCAs: c.RootCAs, MaxConnections: c.MaxConnections, Timeout: c.Timeout, Now: c.Now,
		Credentials: func(context.Context) (lean.Credentials, time.Time, error) {
			return lean.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, time.Time{}, c.CredentialsErr
		},
	}
}

func TestWire(t *testing.T) { wiretest.Run(t, open) }
