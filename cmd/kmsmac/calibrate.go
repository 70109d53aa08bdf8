package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/results"
)

// nullCmd is the null responder as a process of its own: what a client takes
// against it is the client's.
type nullCmd struct{}

// Run answers on a loopback port until standard input or the context ends.
func (nullCmd) Run(a *app) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return unknownf("the null responder cannot listen: %w", err)
	}
	if _, err := fmt.Fprintf(a.streams.out, "%shttp://%s\n", listeningPrefix, l.Addr()); err != nil {
		return errors.Join(err, l.Close())
	}
	ctx, cancel := context.WithCancel(a.ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, a.streams.in)
		cancel()
	}()
	return bench.ServeNull(ctx, l)
}

// nullCommand is the hidden subcommand's name.
const nullCommand = "null-responder"

func startNull() (*emulatorHandle, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, nullCommand)
	cmd.Args[0] = "kmsmac"
	return startChild(cmd)
}

// calibrateFlags are of commands that can measure themselves first.
type calibrateFlags struct {
	Calibrate bool `negatable:"" default:"true" help:"Measure this client against a responder that does nothing first: two seconds that give floor and ceiling."`
}

// calibrate measures the client road on its way to a null responder. nil
// without an error means that it was not asked for, or that there is no road.
func (f calibrateFlags) calibrate(a *app, s targetSpec, t targetFlags, c clientOptions, plan bench.Plan) (*results.Calibration, error) {
	if !f.Calibrate || s.kind == kindEngine {
		return nil, nil
	}
	null, err := startNull()
	if err != nil {
		return nil, fmt.Errorf("the null responder did not start: %w", err)
	}
	// No credentials of the user sign these requests, and no CA is needed.
	s.kind, s.endpoint, s.aws = kindEmulator, null.url, false
	t.Target, t.CAFile = "null", ""
	client, err := s.connect(a, t, c)
	if err != nil {
		return nil, errors.Join(err, null.close())
	}
	cal, err := bench.Calibrate(a.ctx, client, plan)
	return cal, errors.Join(err, client.Close(), null.close())
}
