//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gopkg.in/yaml.v3"
)

// emulator is one emulator.yaml.
type emulator struct {
	Name        string
	Version     string
	Home        string // repository
	Licence     string
	Note        string            // how it was set up, for readers
	Parallel    int               // cases side by side; default that of kmsmac conform
	Python      string            // least version of Python, if the machine's python3 may be too old
	Crate       string            // of crates.io, for one in Rust; others are in requirements.txt
	Optimised   []string          // packages of a crate that are built with optimisation; see steps
	Command     []string          // the first word is a program that was installed; {port} stands for the port
	Environment map[string]string // likewise

	dir string
}

func readEmulator(dir string) (emulator, error) {
	e := emulator{dir: dir}
	raw, err := os.ReadFile(filepath.Join(dir, "emulator.yaml"))
	if err != nil {
		return e, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(&e); err != nil {
		return e, fmt.Errorf("%s: %w", dir, err)
	}
	if e.Name != filepath.Base(dir) || e.Version == "" || len(e.Command) == 0 {
		return e, fmt.Errorf("%s: needs its folder's name, a version and a command", dir)
	}
	return e, nil
}

// install brings the pinned version into a folder of its own in work, unless it
// is there already.
func (f field) install(e emulator) (home string, err error) {
	home, err = filepath.Abs(filepath.Join(f.work, e.Name))
	if err != nil {
		return "", err
	}
	pinned, err := e.pinned()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(pinned)
	stamp, done := filepath.Join(home, "installed"), hex.EncodeToString(sum[:])
	if have, err := os.ReadFile(stamp); err == nil && string(have) == done {
		return home, nil
	}
	steps, err := f.steps(e, home)
	if err != nil {
		return "", err
	}
	for _, step := range steps {
		fmt.Fprintln(f.talk, "field:", strings.Join(step, " "))
		cmd := exec.CommandContext(f.ctx, step[0], step[1:]...)
		cmd.Stdout, cmd.Stderr = f.talk, f.talk
		cmd.Env = append(os.Environ(), "CARGO_PROFILE_DEV_DEBUG=0", "CARGO_INCREMENTAL=0") // half the time and space
		if err := cmd.Run(); err != nil {
			return "", fmt.Errorf("%s: %w", strings.Join(step, " "), err)
		}
	}
	return home, os.WriteFile(stamp, []byte(done), 0o644)
}

func (e emulator) requirements() string { return filepath.Join(e.dir, "requirements.txt") }

// pinned is what names the versions: a change of it installs anew.
func (e emulator) pinned() ([]byte, error) {
	if e.Crate != "" {
		return []byte(strings.Join(append([]string{e.Crate, e.Version}, e.Optimised...), " ")), nil
	}
	return os.ReadFile(e.requirements())
}

// steps install the emulator into home: a crate with its lock file, or a virtual
// environment with the hash of every package. An optimised build of a large
// crate takes hours on a small machine, so crates are built without - but for
// the packages that would make answers too late, as the arithmetic of RSA keys
// does - and their speed is not measured.
func (f field) steps(e emulator, home string) ([][]string, error) {
	if e.Crate != "" {
		if _, err := exec.LookPath("cargo"); err != nil {
			return nil, fmt.Errorf("it is a Rust crate, whose build needs cargo on the PATH (https://rustup.rs); without, name the others, as in make field FIELD=\"moto ministack\": %w", err)
		}
		install := []string{"cargo", "install", "--quiet", "--force", "--locked", "--debug", "--root", home, "--version", e.Version}
		for _, name := range e.Optimised {
			install = append(install, "--config", "profile.dev.package."+name+".opt-level=3")
		}
		return [][]string{append(install, e.Crate)}, nil
	}
	python, err := f.python(e.Python)
	if err != nil {
		return nil, err
	}
	return [][]string{
		{python, "-m", "venv", "--clear", home},
		{filepath.Join(home, "bin", "pip"), "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r", e.requirements()},
	}, nil
}

// python returns the interpreter that FIELD_PYTHON names, or one on the PATH,
// that is no older than least.
func (f field) python(least string) (string, error) {
	if least == "" {
		return "python3", nil
	}
	test := fmt.Sprintf("import sys; sys.exit(sys.version_info < (%s,))", strings.ReplaceAll(least, ".", ","))
	for _, name := range []string{os.Getenv("FIELD_PYTHON"), "python3", "python3.14", "python3.13", "python3.12"} {
		if name != "" && exec.CommandContext(f.ctx, name, "-c", test).Run() == nil {
			return name, nil
		}
	}
	return "", fmt.Errorf("no Python %s or newer: name one in FIELD_PYTHON", least)
}

// server is an emulator that runs.
type server struct {
	url  string
	cmd  *exec.Cmd
	log  *os.File
	done chan error
}

// readyWithin bounds the start: the heaviest loads hundreds of modules, on a
// machine that may be busy.
const readyWithin = 3 * time.Minute

// start runs the emulator on a free port of the loopback interface and waits
// until it answers HTTP.
func (f field) start(e emulator, home string) (*server, error) {
	port, err := freePort(f.ctx)
	if err != nil {
		return nil, err
	}
	fill := strings.NewReplacer("{port}", strconv.Itoa(port))
	var args []string
	for _, a := range e.Command[1:] {
		args = append(args, fill.Replace(a))
	}
	s := &server{url: fmt.Sprintf("http://127.0.0.1:%d", port), done: make(chan error, 1)}
	if s.log, err = os.Create(filepath.Join(home, "server.log")); err != nil {
		return nil, err
	}
	s.cmd = exec.CommandContext(f.ctx, filepath.Join(home, "bin", e.Command[0]), args...)
	s.cmd.Dir = home // some write beside where they start
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.cmd.Cancel = func() error { return syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) }
	s.cmd.Env = append(os.Environ(), "PATH="+filepath.Join(home, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	for k, v := range e.Environment {
		s.cmd.Env = append(s.cmd.Env, k+"="+fill.Replace(v))
	}
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(err, s.log.Close())
	}
	go func() { s.done <- s.cmd.Wait() }()
	if err := s.await(f.ctx); err != nil {
		s.stop()
		return nil, fmt.Errorf("%w; see %s", err, s.log.Name())
	}
	return s, nil
}

func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// await returns when the server answers anything.
func (s *server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			return resp.Body.Close()
		}
		select {
		case err := <-s.done:
			s.done <- err
			return fmt.Errorf("it ended: %w", err)
		case <-ctx.Done():
			return errors.New("it does not answer")
		case <-tick.C:
		}
	}
}

// stop ends the server and what it started, and waits for it.
func (s *server) stop() {
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGTERM)
	timer := time.NewTimer(10 * time.Second)
	defer timer.Stop()
	select {
	case <-s.done:
	case <-timer.C:
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.done
	}
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) // children that outlived it
	_ = s.log.Close()
}
