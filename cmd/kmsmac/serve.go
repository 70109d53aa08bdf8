package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// listeningPrefix begins the line that serve prints once it listens.
const listeningPrefix = "listening on "

// shutdownGrace is how long requests under way may still take.
const shutdownGrace = 5 * time.Second

type serveCmd struct {
	Listen         string   `default:"127.0.0.1:4599" placeholder:"HOST:PORT" help:"Address to listen on; port 0 takes a free one."`
	Deviation      []string `placeholder:"NAME" help:"Make the emulator wrong in this one way; repeatable."`
	ListDeviations bool     `help:"List the deviations: name, rows of the behaviour table, what is wrong."`
	UntilEOF       bool     `name:"until-eof" hidden:"" help:"End when standard input does."`
}

// Run serves until it is interrupted.
func (c serveCmd) Run(a *app) error {
	if c.ListDeviations {
		return c.list(a.streams.out)
	}
	emu, err := kmsemu.New(kmsemu.Options{Deviations: c.Deviation})
	if err != nil {
		return usageError(err)
	}
	srv, err := emu.Listen(c.Listen)
	if err != nil {
		return errors.Join(unknownf("cannot listen on %s: %w", c.Listen, err), emu.Close())
	}
	if u, err := url.Parse(srv.URL); err == nil && !net.ParseIP(u.Hostname()).IsLoopback() {
		a.say("warning: %s can be reached from other machines; the emulator protects nothing", u.Host)
	}
	if _, err := fmt.Fprintf(a.streams.out, "%s%s\n", listeningPrefix, srv.URL); err != nil {
		return errors.Join(err, srv.Close(), emu.Close())
	}
	return errors.Join(c.wait(a, srv), emu.Close())
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
	return srv.Shutdown(grace)
}

func (serveCmd) list(w io.Writer) error {
	for _, d := range kmsemu.Deviations() {
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\n", d.Name, strings.Join(d.Rows, ","), d.Sentence); err != nil {
			return err
		}
	}
	return nil
}
