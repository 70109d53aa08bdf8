package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// childStart bounds how long a child emulator may take to listen.
const childStart = 10 * time.Second

// childEmulator serves the embedded emulator from a child process of this same
// binary, so that its CPU and garbage collection are not in the figures. The
// child ends when its standard input does: when we close it, and when we die.
func childEmulator(extra ...string) func(*app, targetSpec) (*emulatorHandle, error) {
	return func(*app, targetSpec) (*emulatorHandle, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd := exec.Command(self, append([]string{"serve", "--listen", "127.0.0.1:0", "--until-eof"}, extra...)...)
		cmd.Args[0] = "kmsmac"
		return startChild(cmd)
	}
}

func startChild(cmd *exec.Cmd) (*emulatorHandle, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	separate(cmd) // Ctrl-C is for us: the child must outlive the clean-up
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	url, err := listeningLine(out)
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return &emulatorHandle{url: url, close: func() error {
		err := in.Close()
		return errors.Join(err, cmd.Wait())
	}}, nil
}

// listeningLine waits for "listening on URL", then drains the rest.
func listeningLine(out io.Reader) (string, error) {
	type answer struct {
		url string
		err error
	}
	ch := make(chan answer, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if url, ok := strings.CutPrefix(lines.Text(), listeningPrefix); ok {
				ch <- answer{url: url}
				_, _ = io.Copy(io.Discard, out)
				return
			}
		}
		ch <- answer{err: errors.New("it ended before it listened")}
	}()
	select {
	case got := <-ch:
		return got.url, got.err
	case <-time.After(childStart):
		return "", fmt.Errorf("it did not listen within %s", childStart)
	}
}
