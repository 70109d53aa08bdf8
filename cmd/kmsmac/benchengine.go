package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/internal/proof"
	"github.com/kmsmac/kmsmac/results"
)

type benchEngineCmd struct {
	outFlags
	formatFlags
	Impl      []string      `placeholder:"NAME" help:"Implementations, or crypto-hmac (default: KMSMAC_IMPL, else all that run here); kmsmac vectors --impl list names them."`
	Algorithm []string      `placeholder:"NAME" help:"Algorithms, for example HMAC_SHA_256 (default: all four)."`
	Size      []string      `placeholder:"BYTES" help:"Message sizes, or MIN-MAX for a mix of lengths (default: 32,64,256,1024,4096,1-128,1-4096)."`
	Batch     []int         `placeholder:"N" help:"Messages in one call (default: 1,4,8,16,128,512)."`
	Rounds    int           `default:"20" placeholder:"N" help:"Rounds; in each, every case has a turn. With --goals: rounds of a block, of which there are five."`
	Turn      time.Duration `default:"200us" help:"Length of a turn."`
	Peers     bool          `help:"Measure OpenSSL and Intel's multi-buffer library, too: needs the helper kmsmac-peers (make peers) beside kmsmac or on PATH."`
	Goals     string        `placeholder:"FILE" help:"Measure the project's goals and nothing else; FILE (docs/known-short.md) lists those known to be short. Implies --peers."`
}

// Run measures, in one process and one session.
func (c benchEngineCmd) Run(a *app) error {
	plan, err := c.plan(a.env)
	if err != nil {
		return err
	}
	known, err := c.known()
	if err != nil {
		return err
	}
	var peers *bench.Peers
	if c.Peers || c.Goals != "" {
		if peers, err = startPeers(a); err != nil {
			return err
		}
		defer peers.Close()
	}
	rec, err := newRecord(a, c.outFlags, "bench engine", map[string]any{"engine": plan.WithDefaults(), "peers": peers != nil, "goals": c.Goals != ""})
	if err != nil {
		return err
	}
	err = c.measure(a, plan, peers, known, rec)
	if err != nil {
		rec.drop()
		return err
	}
	return rec.finishAs(a, c.format(c.JSON), func(string) any {
		return map[string]any{"verdict": rec.file.Verdict, "engine_bench": rec.file.EngineBench}
	})
}

// plan turns the flags into a plan. Its errors are usage errors.
func (c benchEngineCmd) plan(env func(string) string) (bench.EnginePlan, error) {
	p := bench.EnginePlan{Seed: c.Seed, Impls: c.Impl, Batches: c.Batch, Rounds: c.Rounds, Turn: c.Turn}
	if name := env(implVariable); len(p.Impls) == 0 && name != "" {
		p.Impls = []string{name}
	}
	if c.Goals != "" && len(c.Impl)+len(c.Algorithm)+len(c.Size)+len(c.Batch) > 0 {
		return p, usagef("--goals measures what the goals name: leave out --impl, --algorithm, --size and --batch")
	}
	if c.Rounds == 0 || c.Turn == 0 {
		return p, usagef("--rounds and --turn must be above 0")
	}
	for _, name := range c.Algorithm {
		alg, err := engine.ParseAlgorithm(name)
		if err != nil {
			return p, usageError(err)
		}
		p.Algorithms = append(p.Algorithms, alg)
	}
	if len(c.Size) > 0 {
		sizes, err := bench.ParseSizes(strings.Join(c.Size, ","))
		if err != nil {
			return p, usageError(err)
		}
		p.Sizes = sizes
	}
	if err := p.Validate(); err != nil {
		return p, usageError(err)
	}
	return p, nil
}

func (c benchEngineCmd) measure(a *app, plan bench.EnginePlan, peers *bench.Peers, known map[string]string, rec *record) error {
	p := newProgress(a.streams)
	defer p.done()
	o := bench.EngineOptions{Peers: peers, Observer: func(round, rounds int) {
		p.update(fmt.Sprintf("engine: round %d of %d", round, rounds))
	}}
	var b results.EngineBench
	var err error
	if c.Goals != "" {
		b, err = bench.MeasureEngineGoals(a.ctx, plan, o, known)
	} else {
		b, err = bench.MeasureEngine(a.ctx, plan, o)
	}
	if err != nil && (a.ctx.Err() == nil || b.Rounds == 0) {
		return err
	}
	rec.file.EngineBench, rec.file.Verdict = &b, bench.EngineVerdict(b)
	return nil
}

// known reads the goals that are known to be short.
func (c benchEngineCmd) known() (map[string]string, error) {
	if c.Goals == "" {
		return nil, nil
	}
	known, err := proof.ReadKnown(c.Goals)
	if err != nil {
		return nil, unknownf("the list of goals known to be short cannot be read: %w", err)
	}
	return known, nil
}

// peersName is the helper's file name.
const peersName = "kmsmac-peers"

// findPeers looks beside this binary, then on PATH.
func findPeers() (string, error) {
	if self, err := os.Executable(); err == nil {
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(self), peersName)); err == nil {
			return path, nil
		}
	}
	return exec.LookPath(peersName)
}

// startPeers starts the helper, which ends when its input does.
func startPeers(a *app) (*bench.Peers, error) {
	path, err := findPeers()
	if err != nil {
		return nil, unknownf("--peers needs the helper %s beside kmsmac or on PATH: build it with make peers (%w)", peersName, err)
	}
	cmd := exec.CommandContext(a.ctx, path)
	cmd.Stderr = a.streams.err
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, unknownf("the peers' helper did not start: %w", err)
	}
	peers, err := bench.NewPeers(&helperProcess{Reader: out, WriteCloser: in, cmd: cmd})
	if err != nil {
		_ = in.Close()
		_ = cmd.Wait()
		return nil, unknownf("%s: %w", path, err)
	}
	return peers, nil
}

// helperProcess is the helper as package bench wants it.
type helperProcess struct {
	io.Reader
	io.WriteCloser
	cmd *exec.Cmd
}

// Close ends the helper's input and, should it hang, the helper.
func (h *helperProcess) Close() error {
	err := h.WriteCloser.Close()
	late := time.AfterFunc(5*time.Second, func() { _ = h.cmd.Process.Kill() })
	defer late.Stop()
	return errors.Join(err, h.cmd.Wait())
}
