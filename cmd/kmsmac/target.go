package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awsfacts"
	"github.com/kmsmac/kmsmac/target/awskms"
	"github.com/kmsmac/kmsmac/target/inproc"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

const targetHelp = "What is under test: emulator (the embedded one), engine (no network), URL of an emulator, aws or aws:REGION; conform also takes replay:FILE."

// targetFlags are the flags that say what is under test.
type targetFlags struct {
	Target   string        `default:"emulator" help:"${targetHelp}"`
	Region   string        `placeholder:"REGION" help:"Region (default: that of aws:REGION, AWS_REGION; for emulators else us-east-1)."`
	Region2  string        `name:"region2" placeholder:"REGION" help:"Second Region of the same partition, for multi-Region keys (default: us-west-2, or another one)."`
	Endpoint string        `placeholder:"URL" help:"VPC endpoint of real AWS KMS (with --target aws)."`
	CAFile   string        `name:"ca-file" placeholder:"FILE" help:"PEM file with CA certificates to trust, besides the system's."`
	Timeout  time.Duration `default:"30s" help:"Deadline of one request."`
}

// secondRegion is a Region of the same partition for multi-Region keys:
// us-west-2 where it can be, none in a partition of one Region.
func secondRegion(region string) string {
	second := ""
	for _, r := range awsfacts.Regions() {
		if r != region && awsfacts.Partition(r) == awsfacts.Partition(region) && (second == "" || r == "us-west-2") {
			second = r
		}
	}
	return second
}

// targetKind is the part of --target that decides how it is reached.
type targetKind string

const (
	kindEmulator targetKind = "emulator"
	kindEngine   targetKind = "engine"
	kindURL      targetKind = "url"
	kindAWS      targetKind = "aws"
	kindReplay   targetKind = "replay" // conform only
)

// targetSpec is --target and its companions, checked.
type targetSpec struct {
	kind     targetKind
	endpoint string // URL; "" lets the SDK choose (aws) or has none yet (emulator)
	region   string
	region2  string
	aws      bool // money rules hold
}

// spec checks the flags. Its errors are usage errors.
func (f targetFlags) spec(env func(string) string) (targetSpec, error) {
	s := targetSpec{region: firstOf(f.Region, env("AWS_REGION"), env("AWS_DEFAULT_REGION")), region2: f.Region2}
	name, region, _ := strings.Cut(f.Target, ":")
	switch {
	case f.Target == string(kindEmulator):
		s.kind = kindEmulator
	case f.Target == string(kindEngine):
		s.kind = kindEngine
	case name == string(kindAWS):
		s.kind, s.aws, s.endpoint = kindAWS, true, f.Endpoint
		if f.Target != name { // "aws:" names an empty Region
			if f.Region != "" && f.Region != region {
				return s, usagef("--target %s and --region %s name two Regions", f.Target, f.Region)
			}
			s.region = region
		}
	case strings.EqualFold(name, "http"), strings.EqualFold(name, "https"):
		s.kind, s.endpoint = kindURL, f.Target
	case name == string(kindReplay):
		return s, usagef("%s is a record: only kmsmac conform can judge it", f.Target)
	default:
		return s, usagef("unknown target %q: use emulator, engine, aws, aws:REGION or a URL", f.Target)
	}
	if s.region == "" && s.kind != kindAWS {
		s.region = "us-east-1"
	}
	return s, s.check(f)
}

func (s *targetSpec) check(f targetFlags) error {
	if s.region == "" {
		return usagef("no Region: name it as aws:REGION, or set --region or AWS_REGION")
	}
	if s.region2 == "" {
		s.region2 = secondRegion(s.region)
	}
	for _, region := range []string{s.region, s.region2} {
		if !awsfacts.IsRegion(region) && region != "" {
			return usagef("unknown Region %q: AWS has %s", region, strings.Join(awsfacts.Regions(), ", "))
		}
	}
	if s.region2 != "" && (s.region == s.region2 || awsfacts.Partition(s.region) != awsfacts.Partition(s.region2)) {
		return usagef("--region2 %s must be another Region of the partition of %s", s.region2, s.region)
	}
	if f.Endpoint != "" && s.kind != kindAWS {
		return usagef("--endpoint names a VPC endpoint and needs --target aws; give the URL of an emulator as --target")
	}
	if f.Timeout <= 0 {
		return usagef("--timeout must be positive, not %s", f.Timeout)
	}
	if s.endpoint == "" {
		return nil
	}
	u, err := url.Parse(s.endpoint)
	switch {
	case err != nil:
		return usagef("the endpoint is not a URL")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.User != nil, u.RawQuery != "", u.Fragment != "":
		return usagef("%q is not a URL of the form http://host:port", withoutUserinfo(s.endpoint))
	}
	s.endpoint = u.Scheme + s.endpoint[len(u.Scheme):] // in lower case
	s.aws = s.aws || awsfacts.IsAWSHost(u.Host)
	return nil
}

// opened is a target in use.
type opened struct {
	target.Target
	endpoint results.Endpoint
	aws      bool
	cleanup  string       // the command that finds keys left behind; "" where none can be
	close    func() error // ends the target and what was started for it
}

// open connects s. Nothing is sent yet, except by a child emulator's start.
func (s targetSpec) open(a *app, f targetFlags, c clientOptions, emulator func(*app, targetSpec) (*emulatorHandle, error)) (*opened, error) {
	o := &opened{aws: s.aws, cleanup: s.cleanupCommand(f), endpoint: results.Endpoint{Name: withoutUserinfo(f.Target), Kind: string(s.kind), Region: s.region}}
	if s.kind == kindEngine {
		t := inproc.New(inproc.Options{Region: s.region, NewKey: a.impl.newKey})
		o.Target, o.close = t, t.Close
		return o, nil
	}
	var handle *emulatorHandle
	if s.kind == kindEmulator {
		var err error
		if handle, err = emulator(a, s); err != nil {
			return nil, unknownf("the embedded emulator did not start: %w", err)
		}
		s.endpoint = handle.url
		o.endpoint.InProcess = handle.inProcess
	}
	t, err := s.connect(a, f, c)
	if err != nil {
		if handle != nil {
			_ = handle.close()
		}
		return nil, err
	}
	o.Target, o.endpoint.Host = t, hostPort(t.Info().Endpoint)
	o.aws = o.aws || t.Info().AWS
	o.close = func() error {
		err := t.Close()
		if handle != nil {
			err = errors.Join(err, handle.close())
		}
		return err
	}
	return o, nil
}

func openError(err error) error {
	if target.KindOf(err) == target.Credentials {
		return unknownf("no AWS credentials were found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (%w)", err)
	}
	return unknownf("%w", err)
}

// sdkOptions never lets an emulator see the user's real credentials: only the
// two variables, or test/test.
func (s targetSpec) sdkOptions(a *app, f targetFlags, c clientOptions) awskms.Options {
	o := awskms.Options{
		Name: f.Target, Endpoint: s.endpoint, AWS: s.aws, Region: s.region, CAFile: f.CAFile,
		Timeout: f.Timeout, MaxConnections: c.connections, UserSettings: c.client == awskms.RoadSDKUser,
	}
	if c.bounded {
		o.Timeout = -1
	}
	if !s.aws {
		o.AccessKeyID, o.SecretAccessKey = "test", "test"
		if id, secret := a.env("AWS_ACCESS_KEY_ID"), a.env("AWS_SECRET_ACCESS_KEY"); id != "" && secret != "" && s.kind == kindURL {
			o.AccessKeyID, o.SecretAccessKey = id, secret
		}
	}
	return o
}

// emulatorHandle is an embedded emulator that runs for this command.
type emulatorHandle struct {
	url       string
	inProcess bool
	close     func() error
}

// inProcessEmulator serves the embedded emulator, as it is by default, from
// this process.
func inProcessEmulator(a *app, s targetSpec) (*emulatorHandle, error) {
	return inProcess(kmsemu.Options{})(a, s)
}

// inProcess serves an embedded emulator from this process.
func inProcess(opt kmsemu.Options) func(*app, targetSpec) (*emulatorHandle, error) {
	return func(*app, targetSpec) (*emulatorHandle, error) { return listenInProcess(opt) }
}

func listenInProcess(opt kmsemu.Options) (*emulatorHandle, error) {
	emu, err := kmsemu.New(opt)
	if err != nil {
		return nil, err
	}
	srv, err := emu.Listen("127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, emu.Close())
	}
	return &emulatorHandle{url: srv.URL, inProcess: true, close: func() error {
		return errors.Join(srv.Close(), emu.Close())
	}}, nil
}

func hostPort(endpoint string) string {
	if u, err := url.Parse(endpoint); err == nil {
		return u.Host
	}
	return ""
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func (a *app) say(format string, args ...any) {
	_, _ = fmt.Fprintf(a.streams.err, format+"\n", args...)
}

// maxInputBytes bounds files that a user names: secrets, keys, lists of them.
const maxInputBytes = 16 << 20

// readBounded reads a file, but not one without an end.
func readBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxInputBytes+1))
	if err == nil && len(raw) > maxInputBytes {
		err = fmt.Errorf("%s is larger than %d bytes", name, maxInputBytes)
	}
	return raw, err
}

// hostname is this machine's name as keys carry it.
func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}
