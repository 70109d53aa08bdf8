package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awskms"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// account is that of the emulators below: no result may hold it.
const account = "111122223333"

// spoiltKMS is an emulator some of whose answers a test takes over.
type spoiltKMS struct {
	URL string
	mu  sync.Mutex
	// refuse returns the error code to answer with; "" lets the emulator answer.
	refuse func(operation, region, keyID string) string
}

func (s *spoiltKMS) set(refuse func(operation, region, keyID string) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

func startSpoilt(t *testing.T) *spoiltKMS {
	t.Helper()
	emu, err := kmsemu.New(kmsemu.Options{AccountID: account})
	if err != nil {
		t.Fatal(err)
	}
	s := &spoiltKMS{refuse: func(string, string, string) string { return "" }}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		scope := strings.Split(r.Header.Get("Authorization"), "/")
		raw, _ := io.ReadAll(r.Body)
		var in struct {
			KeyID string `json:"KeyId"`
		}
		_ = json.Unmarshal(raw, &in)
		s.mu.Lock()
		code := s.refuse(operation, scope[min(2, len(scope)-1)], in.KeyID)
		s.mu.Unlock()
		if code != "" {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"`+code+`","message":"as the test wants"}`)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(raw))
		emu.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { srv.Close(); _ = emu.Close() })
	s.URL = srv.URL
	return s
}

// kmsmac runs a command line in this process.
func kmsmac(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = mainEnv(t.Context(), streams{in: strings.NewReader(""), out: &out, err: &errs}, func(string) string { return "" }, args)
	return code, out.String(), errs.String()
}

// ownKeyIn makes a key as a run would have left it.
func ownKeyIn(t *testing.T, url, region, run string) string {
	t.Helper()
	c, err := awskms.New(t.Context(), awskms.Options{Endpoint: url, Region: region})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	k, err := c.CreateKey(t.Context(), target.CreateKeyRequest{KeySpec: "HMAC_256", Tags: []target.ResourceTag{
		{Key: tagRun, Value: run}, {Key: tagHost, Value: "h"}, {Key: tagExpires, Value: "2020-01-01T00:00:00Z"}}})
	if err != nil {
		t.Fatal(err)
	}
	return k.KeyID
}

// stateIn is the state of a key.
func stateIn(t *testing.T, url, region, id string) string {
	t.Helper()
	c, err := awskms.New(context.Background(), awskms.Options{Endpoint: url, Region: region})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	k, err := c.DescribeKey(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return k.State
}

// TestPrintedCleanupWorks: a run that cannot remove its keys prints the command
// that does, and it does.
func TestPrintedCleanupWorks(t *testing.T) {
	for _, args := range [][]string{
		{"conform", "--case", "GM-01", "--case", "MR-01"},
		{"bench", "kms", "--no-calibrate", "--rate", "20", "--duration", "200ms"},
		{"sweep", "--no-calibrate", "--concurrency", "1-1", "--step", "500ms", "--repeats", "1"},
	} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			kms := startSpoilt(t)
			kms.set(func(operation, _, _ string) string {
				if operation == "ScheduleKeyDeletion" {
					return "AccessDeniedException"
				}
				return ""
			})
			out := filepath.Join(t.TempDir(), "out")
			_, stdout, stderr := kmsmac(t, append(args, "--target", kms.URL, "--out", out)...)
			_, command, found := strings.Cut(stderr, "keys were left behind. This removes them: kmsmac ")
			command, _, _ = strings.Cut(command, "\n")
			if !found || strings.Contains(stdout, account) {
				t.Fatalf("no command in stderr, or an account id in stdout:\n%s\n%s", stderr, stdout)
			}
			kms.set(func(string, string, string) string { return "" })
			code, listed, stderr := kmsmac(t, strings.Fields(command)...)
			if code != exitOK || !strings.Contains(listed, "chosen\t") || !strings.Contains(listed, "scheduled in 7 days") {
				t.Fatalf("exit %d, stdout:\n%s\nstderr:\n%s", code, listed, stderr)
			}
			if _, listed, _ = kmsmac(t, append(strings.Fields(command), "--dry-run")...); !strings.Contains(listed, "0 keys of kmsmac found") {
				t.Errorf("still there:\n%s", listed)
			}
			noAccountIn(t, out)
		})
	}
}

// noAccountIn fails for every file below dir that holds the account id.
func noAccountIn(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if i := bytes.Index(raw, []byte(account)); i >= 0 {
			t.Errorf("%s holds the account id: …%s…", path, raw[max(0, i-60):min(len(raw), i+60)])
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestNoAccountInResults: not of the key that was named, nor of one that fails.
func TestNoAccountInResults(t *testing.T) {
	kms := startSpoilt(t)
	arn := "arn:aws:kms:us-east-1:" + account + ":key/" + ownKeyIn(t, kms.URL, "us-east-1", "other")
	for _, args := range [][]string{
		{"bench", "kms", "--no-calibrate", "--rate", "20", "--duration", "200ms", "--key", arn},
		{"conform", "--case", "GM-25", "--case", "GM-05", "--junit", "J", "--markdown", "M", "--record", "R"},
	} {
		dir := t.TempDir()
		for i := 1; i < len(args); i++ {
			if name := args[i]; len(name) == 1 {
				args[i] = filepath.Join(dir, name)
			}
		}
		code, stdout, stderr := kmsmac(t, append(args, "--target", kms.URL, "--out", filepath.Join(dir, "out"))...)
		if code != exitOK || strings.Contains(stdout, account) {
			t.Errorf("%v: exit %d, stdout:\n%s\nstderr:\n%s", args, code, stdout, stderr)
		}
		noAccountIn(t, dir)
	}
}

// TestCleanupLooksEverywhere: in both Regions, past keys that cannot be looked
// at, and never silently.
func TestCleanupLooksEverywhere(t *testing.T) {
	kms := startSpoilt(t)
	home, broken, away := ownKeyIn(t, kms.URL, "us-east-1", "r1"), ownKeyIn(t, kms.URL, "us-east-1", "r1"), ownKeyIn(t, kms.URL, "us-west-2", "r1")
	other := ownKeyIn(t, kms.URL, "us-west-2", "r2")
	cleanup := func(more ...string) (int, string, string) {
		return kmsmac(t, append([]string{"cleanup", "--target", kms.URL, "--run", "r1"}, more...)...)
	}
	closed := func(operation, region, _ string) string {
		if region == "us-west-2" {
			return "AccessDeniedException"
		}
		return ""
	}

	kms.set(closed)
	if code, stdout, stderr := cleanup("--dry-run"); code != exitOK || !strings.Contains(stderr, "keys in us-west-2, where conform makes some, were not looked for") || !strings.Contains(stdout, "2 keys of kmsmac found, 2 chosen") {
		t.Errorf("a closed second Region: exit %d\n%s%s", code, stdout, stderr)
	}
	if code, _, stderr := cleanup("--region2", "us-west-2"); code != exitInconclusive || !strings.Contains(stderr, "AccessDenied") {
		t.Errorf("a closed second Region that was asked for: exit %d\n%s", code, stderr)
	}

	kms.set(func(operation, _, key string) string {
		if operation == "DescribeKey" && key == broken {
			return "KMSInternalException"
		}
		return ""
	})
	code, stdout, stderr := cleanup()
	if code != exitInconclusive || !strings.Contains(stderr, broken) || !strings.Contains(stderr, "failures told above: 1") || !strings.Contains(stdout, "deletion of 2 keys scheduled") {
		t.Errorf("one key that cannot be described: exit %d\n%s%s", code, stdout, stderr)
	}
	for _, k := range []struct{ region, id, want string }{
		{"us-east-1", home, target.StatePendingDeletion}, {"us-west-2", away, target.StatePendingDeletion}, {"us-west-2", other, target.StateEnabled},
	} {
		kms.set(func(string, string, string) string { return "" })
		if got := stateIn(t, kms.URL, k.region, k.id); got != k.want {
			t.Errorf("%s in %s is %s, want %s", k.id, k.region, got, k.want)
		}
	}
	if code, stdout, stderr = cleanup(); code != exitOK || !strings.Contains(stdout, "deletion of 1 keys scheduled") {
		t.Errorf("the last one: exit %d\n%s%s", code, stdout, stderr)
	}
}

func TestCleanupCommand(t *testing.T) {
	for _, tc := range []struct{ flags, want string }{
		{"--target emulator", ""},
		{"--target engine", ""},
		{"--target http://127.0.0.1:4566", "kmsmac cleanup --target http://127.0.0.1:4566 --region us-east-1 --region2 us-west-2"},
		{"--target HTTP://127.0.0.1:4566/a'b --region eu-west-1", `kmsmac cleanup --target 'HTTP://127.0.0.1:4566/a'\''b' --region eu-west-1 --region2 us-west-2`},
		{"--target aws:cn-north-1 --ca-file my.pem", "kmsmac cleanup --target aws:cn-north-1 --region cn-north-1 --region2 cn-northwest-1 --ca-file my.pem"},
		{"--target aws --region eu-west-1 --endpoint https://vpce.example --region2 eu-west-2",
			"kmsmac cleanup --target aws --region eu-west-1 --region2 eu-west-2 --endpoint https://vpce.example"},
	} {
		parse := func(words []string) (targetFlags, string) {
			var c cli
			p, err := newParser(&c, streams{out: io.Discard, err: io.Discard})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Parse(append([]string{"cleanup"}, words...)); err != nil {
				t.Fatal(err)
			}
			s, err := c.Cleanup.spec(func(string) string { return "" })
			if err != nil {
				t.Fatal(err)
			}
			return c.Cleanup.targetFlags, s.cleanupCommand(c.Cleanup.targetFlags)
		}
		f, got := parse(strings.Fields(tc.flags))
		if got != tc.want {
			t.Errorf("%s: %s, want %s", tc.flags, got, tc.want)
		}
		if got != "" && !strings.Contains(got, "'") {
			if again, _ := parse(slices.Delete(strings.Fields(got), 0, 2)); again.Target != f.Target {
				t.Errorf("%s: pasted, it names %s", got, again.Target)
			}
		}
	}
}

// TestConfirmEnds: nobody answers the prompt, and an interrupt ends it.
func TestConfirmEnds(t *testing.T) {
	silent, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var stderr bytes.Buffer
	a := &app{ctx: ctx, streams: streams{in: silent, err: &stderr}}
	cancel()
	if code := exitCode(confirm(a, 1)); code != exitInterrupted {
		t.Errorf("exit %d, want %d", code, exitInterrupted)
	}
	a.ctx, a.streams.in = t.Context(), strings.NewReader("no\n")
	if code := exitCode(confirm(a, 1)); code != exitUsage {
		t.Errorf("exit %d, want %d", code, exitUsage)
	}
}
