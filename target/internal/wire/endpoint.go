package wire

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
)

// Endpoint is where requests go.
type Endpoint struct {
	TLS     bool
	Host    string // value of the Host header: without the scheme's own port
	Name    string // host alone, for certificates and Info
	Address string // host:port to dial
	Path    string // begins and ends with /
}

// ParseEndpoint reads an http or https URL of host, port and path. The error
// quotes no part of the URL that may be secret.
func ParseEndpoint(text string) (Endpoint, error) {
	u, err := url.Parse(text)
	if err != nil {
		scheme, _, _ := strings.Cut(text, "://")
		return Endpoint{}, fmt.Errorf("endpoint %s://… is not a URL", scheme)
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return Endpoint{}, fmt.Errorf("endpoint %q is not an http or https URL", shown.String())
	case u.Hostname() == "":
		return Endpoint{}, fmt.Errorf("endpoint %q has no host", shown.String())
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return Endpoint{}, fmt.Errorf("endpoint %q has more than scheme, host, port and path", shown.String())
	case !visible(u.Host):
		return Endpoint{}, fmt.Errorf("endpoint %q has a host that no header can carry", shown.String())
	}
	return newEndpoint(u), nil
}

func newEndpoint(u *url.URL) Endpoint {
	own := "80"
	if u.Scheme == "https" {
		own = "443"
	}
	e := Endpoint{TLS: u.Scheme == "https", Host: u.Host, Name: u.Hostname(), Path: strings.TrimRight(u.EscapedPath(), "/") + "/"}
	port := u.Port()
	if port == "" || port == own {
		port = own
		e.Host = strings.TrimSuffix(strings.TrimSuffix(u.Host, ":"+own), ":")
	}
	e.Address = net.JoinHostPort(e.Name, port)
	return e
}

// URL is scheme, host and path.
func (e Endpoint) URL() string { return e.Origin() + e.Path }

// Origin is scheme, host and port.
func (e Endpoint) Origin() string {
	if e.TLS {
		return "https://" + e.Host
	}
	return "http://" + e.Host
}

// canonicalPath is the path as SigV4 wants it: what stands in the request,
// escaped once more.
func (e Endpoint) canonicalPath() string {
	var b strings.Builder
	for i := range len(e.Path) {
		switch c := e.Path[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// LoadRoots reads the PEM certificates to trust; nil without a file.
func LoadRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("CA file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("CA file " + file + " holds no PEM certificate")
	}
	return pool, nil
}
