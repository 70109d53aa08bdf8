package main

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// authorityFile is the name of the authority's file in the data directory.
const authorityFile = "ca.pem"

// serveCert is the certificate of the endpoint. The zero value is none.
type serveCert struct {
	pair      *tls.Certificate
	authority string // file of the self-made authority
	temporary bool
}

// certificate is what --tls or --tls-cert and --tls-key ask for.
func (c serveCmd) certificate() (serveCert, error) {
	switch {
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return serveCert{}, usagef("--tls-cert and --tls-key go together")
	case c.TLS && c.TLSCert != "":
		return serveCert{}, usagef("--tls makes a certificate itself; leave it out beside --tls-cert")
	case c.TLS:
		return c.selfMade()
	case c.TLSCert == "":
		return serveCert{}, nil
	}
	pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return serveCert{}, unknownf("the certificate cannot be used: %w", err)
	}
	return serveCert{pair: &pair}, nil
}

// selfMade makes a certificate and writes its authority where clients can read
// it.
func (c serveCmd) selfMade() (serveCert, error) {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return serveCert{}, unknownf("cannot listen on %s: %w", c.Listen, err)
	}
	pair, authority, err := kmsemu.NewCertificate(time.Now(), host, hostname())
	if err != nil {
		return serveCert{}, unknownf("%w", err)
	}
	s := serveCert{pair: pair, temporary: c.Data == ""}
	if s.authority, err = c.writeAuthority(authority); err != nil {
		return serveCert{}, unknownf("the authority's certificate cannot be written: %w", err)
	}
	return s, nil
}

func (c serveCmd) writeAuthority(pem []byte) (string, error) {
	if c.Data != "" {
		if err := os.MkdirAll(c.Data, 0o700); err != nil {
			return "", err
		}
		path := filepath.Join(c.Data, authorityFile)
		return path, os.WriteFile(path, pem, 0o600)
	}
	f, err := os.CreateTemp("", "kmsmac-ca-*.pem")
	if err != nil {
		return "", err
	}
	_, err = f.Write(pem)
	return f.Name(), errors.Join(err, f.Close())
}

func (s serveCert) announce(a *app) {
	if s.authority != "" {
		a.say("clients must trust %s (for example AWS_CA_BUNDLE=%s)", s.authority, s.authority)
	}
}

// remove takes the file of the authority away.
func (s serveCert) remove() {
	if s.temporary {
		_ = os.Remove(s.authority) // a certificate alone is no secret
	}
}
