package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// listeningPrefix begins the line that serve prints once it listens.
const listeningPrefix = "listening on "

// shutdownGrace is how long requests under way may still take.
const shutdownGrace = 5 * time.Second

// serveGCPercent is the GOGC of the emulator as a server, unless the variable
// is set.
const serveGCPercent = 400

type serveCmd struct {
	Listen         string        `default:"127.0.0.1:4599" placeholder:"HOST:PORT" help:"Address to listen on; port 0 takes a free one."`
	Credentials    []string      `placeholder:"ID:SECRET" help:"Check signatures against this access key, or those in @FILE, one a line; repeatable. Without it any well-formed signature passes."`
	Regions        []string      `placeholder:"REGION" help:"Serve only these Regions (default: all)."`
	Account        string        `default:"000000000000" placeholder:"ID" help:"Account that keys belong to."`
	Deviation      []string      `placeholder:"NAME" help:"Make the emulator wrong in this one way; repeatable."`
	ListDeviations bool          `help:"List the deviations: name, rows of the behaviour table, what is wrong."`
	Quota          string        `placeholder:"aws:REGION" help:"Enforce the request quotas of this Region, in every Region by itself; aws:REGION:symmetric=N changes the shared one."`
	Latency        string        `placeholder:"DIST" help:"constant:5ms, lognormal:5ms:0.5, bimodal:2ms:50ms:0.05, stall:2ms:120ms:1s, or log:FILE, the interval log of a load to be played again."`
	Parallelism    int           `placeholder:"N" help:"Requests worked on at a time; the others queue (default: no limit)."`
	Consistency    time.Duration `help:"How long a change is not seen."`
	Fault          string        `placeholder:"PLAN" help:"Failures with their rates, for example KMSInternalException=0.01,reset=0.001."`
	Seed           uint64        `default:"1" help:"Seed of latency and faults."`
	Data           string        `placeholder:"DIR" help:"Keep keys in this directory; what was answered survives any kill (default: in memory)."`
	DataKeyFile    string        `placeholder:"FILE" help:"Seal the directory under this passphrase or key; KMSMAC_DATA_KEY holds one too."`
	SeedFile       string        `placeholder:"FILE" help:"Make the keys, aliases and imported material of this YAML or JSON file."`
	MaxKeys        int           `default:"100000" placeholder:"N" help:"Keys for each account and Region, as on AWS."`
	MaxConnections int           `default:"1024" placeholder:"N" help:"Connections open at a time; more wait."`
	TLS            bool          `name:"tls" help:"Speak TLS with a self-made certificate; the file of its authority is printed."`
	TLSCert        string        `name:"tls-cert" placeholder:"FILE" help:"Speak TLS with this certificate (PEM)."`
	TLSKey         string        `name:"tls-key" placeholder:"FILE" help:"Its private key (PEM)."`
	UntilEOF       bool          `name:"until-eof" hidden:"" help:"End when standard input does."`
}

// options turns the flags into the emulator's options.
func (c serveCmd) options(a *app) (kmsemu.Options, error) {
	o := kmsemu.Options{AccountID: c.Account, Regions: c.Regions, Deviations: c.Deviation,
		Parallelism: c.Parallelism, Consistency: c.Consistency, Faults: c.Fault, Seed: c.Seed, MaxKeys: c.MaxKeys}
	if err := c.check(); err != nil {
		return o, err
	}
	if err := errors.Join(c.dataOptions(a, &o), c.latencyOptions(&o)); err != nil {
		return o, err
	}
	if c.Quota != "" {
		region, ok := strings.CutPrefix(c.Quota, "aws:")
		if !ok || region == "" {
			return o, usagef("--quota %q is not of the form aws:REGION", c.Quota)
		}
		o.Quota = region
	}
	for _, text := range c.Credentials {
		more, err := parseCredentials(text)
		if err != nil {
			return o, err
		}
		o.Credentials = append(o.Credentials, more...)
	}
	return o, nil
}

// check refuses figures and addresses that cannot be.
func (c serveCmd) check() error {
	for _, v := range []struct {
		name         string
		value, least int64
	}{{"--parallelism", int64(c.Parallelism), 0}, {"--consistency", int64(c.Consistency), 0}, {"--max-keys", int64(c.MaxKeys), 1}, {"--max-connections", int64(c.MaxConnections), 1}} {
		if v.value < v.least {
			return usagef("%s must be at least %d", v.name, v.least)
		}
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return usagef("--listen %q is not of the form HOST:PORT", c.Listen)
	}
	return nil
}

// parseCredentials reads ID:SECRET, or the lines of @FILE; blank lines and
// lines beginning with # are left out. Its errors never quote a secret.
func parseCredentials(text string) ([]kmsemu.Credential, error) {
	lines := []string{text}
	if name, ok := strings.CutPrefix(text, "@"); ok {
		raw, err := readBounded(name)
		if err != nil {
			return nil, unknownf("the credentials cannot be read: %w", err)
		}
		lines = strings.Split(string(raw), "\n")
	}
	var out []kmsemu.Credential
	for _, line := range lines {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		c, err := kmsemu.ParseCredential(line)
		if err != nil {
			return nil, usageError(err)
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, usagef("--credentials holds no access key")
	}
	return out, nil
}

// Run serves until it is interrupted.
func (c serveCmd) Run(a *app) error {
	if c.ListDeviations {
		return c.list(a.streams.out)
	}
	if a.env("GOGC") == "" {
		// A heap of a few megabytes is collected a hundred times a second.
		defer debug.SetGCPercent(debug.SetGCPercent(serveGCPercent))
	}
	o, err := c.options(a)
	if err != nil {
		return err
	}
	emu, err := newEmulator(o)
	if err != nil {
		return err
	}
	cert, err := c.certificate() // after the data directory, which it may write to, is ours
	if err != nil {
		return errors.Join(err, emu.Close())
	}
	defer cert.remove()
	srv, err := emu.Serve(kmsemu.ServerOptions{Address: c.Listen, Certificate: cert.pair, MaxConnections: c.MaxConnections, ErrorLog: httpLog(a)})
	if err != nil {
		return errors.Join(unknownf("cannot listen on %s: %w", c.Listen, err), emu.Close())
	}
	if u, err := url.Parse(srv.URL); err == nil && !net.ParseIP(u.Hostname()).IsLoopback() {
		a.say("warning: %s can be reached from other machines; the emulator protects nothing", u.Host)
	}
	if _, err := fmt.Fprintf(a.streams.out, "%s%s\n", listeningPrefix, srv.URL); err != nil {
		return errors.Join(err, srv.Close(), emu.Close())
	}
	c.announce(a, o)
	cert.announce(a)
	return errors.Join(c.wait(a, srv), emu.Close())
}

// announce says on stderr how the emulator behaves beyond the plain service.
func (c serveCmd) announce(a *app, o kmsemu.Options) {
	if len(o.Credentials) == 0 {
		a.say("signatures are not checked: any well-formed one passes (--credentials checks them)")
	}
	switch {
	case c.Data == "":
	case len(o.DataKey) == 0:
		a.say("keys are kept in %s, not sealed (--data-key-file or %s seals a new directory)", c.Data, dataKeyVariable)
	default:
		a.say("keys are kept in %s, sealed", c.Data)
	}
	for _, name := range c.Deviation {
		a.say("wrong on purpose: %s", name)
	}
	if c.Fault != "" {
		a.say("faults: %s, seed %d", c.Fault, c.Seed)
	}
	if c.Latency != "" {
		a.say("latency: %s, seed %d", c.Latency, c.Seed)
	}
	if c.Parallelism > 0 {
		a.say("parallelism: %d requests at a time", c.Parallelism)
	}
	if c.Quota != "" {
		a.say("request quotas: %s", c.Quota)
	}
	if c.Consistency > 0 {
		a.say("consistency: a change is not seen for %s", c.Consistency)
	}
}

// wait serves until the context ends, or standard input if asked to.
func (c serveCmd) wait(a *app, srv *kmsemu.Server) error {
	ctx, cancel := context.WithCancel(a.ctx)
	defer cancel()
	if c.UntilEOF {
		go func() {
			_, _ = io.Copy(io.Discard, a.streams.in)
			cancel()
		}()
	}
	<-ctx.Done()
	grace, stop := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer stop()
	err := srv.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		return unknownf("requests were still under way after %s and were cut off", shutdownGrace)
	}
	return err
}

func (serveCmd) list(w io.Writer) error {
	for _, d := range kmsemu.Deviations() {
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\n", d.Name, strings.Join(d.Rows, ","), d.Sentence); err != nil {
			return err
		}
	}
	return nil
}
