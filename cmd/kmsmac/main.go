// Command kmsmac tells whether a KMS does HMAC right, and how fast.
//
// This package is the only one that reads flags, environment and signals,
// logs, and exits. main.go holds the frame, exit.go the exit codes, target.go
// what --target means, money.go the limits against AWS; each subcommand has a
// file of its own with an options struct and a Run method.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/rs/zerolog"
)

// version is set by the linker.
var version = "devel"

// streams are the standard streams and what is known of them.
type streams struct {
	in       io.Reader
	out, err io.Writer
	terminal bool // err is a terminal: a live line may be drawn
}

// app is what every subcommand is given.
type app struct {
	ctx     context.Context
	streams streams
	env     func(string) string
	args    []string // the command line, the program's name first
	log     zerolog.Logger
	impl    forcedImpl // of the engine, in commands that let it be chosen
}

// cli is the command line. Its order is the order of the help.
type cli struct {
	Run        runCmd        `cmd:"" help:"The main job: vectors, conformance, load; one verdict."`
	Vectors    vectorsCmd    `cmd:"" help:"Every vector on every implementation that this CPU has."`
	Conform    conformCmd    `cmd:"" help:"Hold a KMS against what AWS KMS really does."`
	Bench      benchCmd      `cmd:"" help:"Measure."`
	Sweep      sweepCmd      `cmd:"" help:"Loads of rising size up to where the target breaks a limit."`
	Plan       planCmd       `cmd:"" help:"What it takes to carry a rate: quota, latency, hosts, cost, alternatives."`
	Compare    compareCmd    `cmd:"" help:"Effect, interval and verdict of two results."`
	Gate       gateCmd       `cmd:"" help:"Run base and candidate side by side; the verdict is the exit code."`
	History    historyCmd    `cmd:"" help:"Trends and change points over many results."`
	Merge      mergeCmd      `cmd:"" help:"Join the shards of one plan, exactly."`
	Report     reportCmd     `cmd:"" help:"One self-contained HTML page, or text, Markdown, JUnit."`
	Matrix     matrixCmd     `cmd:"" help:"Conformance results side by side: case × target."`
	Serve      serveCmd      `cmd:"" help:"The embedded emulator as a server."`
	Doctor     doctorCmd     `cmd:"" help:"What is wrong with this machine, these settings, this target, and the remedy."`
	Cleanup    cleanupCmd    `cmd:"" help:"Schedule deletion of expired keys that a killed run left behind."`
	Completion completionCmd `cmd:"" help:"Print a script with which bash, zsh or fish completes command lines."`
	Man        manCmd        `cmd:"" help:"Print the manual page (kmsmac man | man -l -)."`
	Version    versionCmd    `cmd:"" help:"Print the version."`

	Complete      completeCmd `cmd:"" hidden:"" help:"Print candidates for the last word of a command line."`
	NullResponder nullCmd     `cmd:"" name:"null-responder" hidden:"" help:"Answer without looking, for calibration."`

	LogLevel string `enum:"debug,info,warn,error" default:"warn" help:"Least level logged to stderr: debug, info, warn or error."`
}

func main() {
	ctx, stop := interruptible()
	code := Main(ctx, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, terminal: isTerminal(os.Stderr)}, os.Args[1:])
	stop()
	os.Exit(code)
}

// interruptible ends the context at the first Ctrl-C, SIGTERM or hang-up and
// the process at the second. A closed pipe is an error of writing, not the end:
// keys must still be removed and the result written.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	signal.Ignore(syscall.SIGPIPE)
	go func() {
		<-ch
		cancel()
		<-ch
		os.Exit(exitInterrupted)
	}()
	return ctx, func() { signal.Stop(ch); cancel() }
}

// Main runs one command line and returns its exit code. args excludes the
// program's name.
func Main(ctx context.Context, s streams, args []string) int {
	return mainEnv(ctx, s, os.Getenv, args)
}

func mainEnv(ctx context.Context, s streams, env func(string) string, args []string) int {
	s.err = &sharedWriter{w: s.err}
	args = helpAsked(args)
	var c cli
	parser, err := newParser(&c, s)
	if err != nil {
		return report(s.err, err)
	}
	if err := refuseEmpty(args); err != nil {
		return report(s.err, err)
	}
	args = joinNegative(args)
	kctx, code, done, err := parse(parser, args)
	if done {
		return code
	}
	if err != nil {
		return report(s.err, usageError(err))
	}
	level, _ := zerolog.ParseLevel(c.LogLevel) // the enum admits only levels
	a := &app{ctx: ctx, streams: s, env: env, args: append([]string{"kmsmac"}, args...),
		log: zerolog.New(zerolog.ConsoleWriter{Out: s.err, NoColor: !s.terminal}).Level(level).With().Timestamp().Logger()}
	return report(s.err, kctx.Run(a))
}

func newParser(c *cli, s streams) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("kmsmac"),
		kong.Description("kmsmac tells whether a KMS does HMAC right, and how fast.\n\n"+session),
		kong.Writers(s.out, s.err),
		kong.Exit(func(code int) { panic(exitRequest(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.ValueFormatter(withDefault),
		kong.Vars{"targetHelp": targetHelp, "presetHelp": presetHelp()},
	)
}

// refuseEmpty refuses an argument that is nothing, as an unset variable makes
// one: a flag that seems to be given must not act as if it were not.
func refuseEmpty(args []string) error {
	for i, arg := range args {
		if arg == "--" {
			return nil
		}
		if arg == "" && i > 0 {
			return usagef("the argument after %s is empty", args[i-1])
		}
		if name, value, ok := strings.Cut(arg, "="); arg == "" || ok && value == "" && strings.HasPrefix(name, "--") {
			return usagef("%s has no value", firstOf(name, "the first argument"))
		}
	}
	return nil
}

var negative = regexp.MustCompile(`^-[0-9.]`)

// joinNegative makes one word of a flag and a negative number, which the parser
// would take for a flag: then the command can say what it wants.
func joinNegative(args []string) []string {
	out := make([]string, 0, len(args))
	for i, arg := range args {
		if arg == "--" {
			return append(out, args[i:]...)
		}
		if i > 0 && negative.MatchString(arg) && strings.HasPrefix(args[i-1], "--") && !strings.Contains(args[i-1], "=") {
			out[len(out)-1] += "=" + arg
			continue
		}
		out = append(out, arg)
	}
	return out
}

// session stands at the end of the help and works as pasted.
const session = `A session, with no account and no network:
  kmsmac doctor                                # is everything as it should be?
  kmsmac run                                   # the whole job on the embedded emulator
  kmsmac conform --case GM-12                  # one requirement, with its evidence
  kmsmac bench kms --rate 200 --duration 3s    # latency at an arrival rate
  kmsmac run --target http://127.0.0.1:4566    # the same for an emulator of yours`

// exitRequest carries kong's wish to exit (after --help) out of the parser.
type exitRequest int

func parse(p *kong.Kong, args []string) (kctx *kong.Context, code int, done bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			exit, ok := r.(exitRequest)
			if !ok {
				panic(r)
			}
			code, done = int(exit), true
		}
	}()
	kctx, err = p.Parse(args)
	return kctx, 0, false, err
}

// report prints err as one sentence and returns the exit code it stands for.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	if !errors.Is(err, errQuiet) {
		text := strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", " ")
		_, _ = io.WriteString(w, "kmsmac: "+text+"\n")
	}
	return exitCode(err)
}

func isTerminal(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}
