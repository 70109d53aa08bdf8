//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/vectors"
)

// forms are the ways in which bytes turn up in files and on screens: raw, in
// hex of both cases, and in Base64 of both alphabets at each of the three
// offsets that they may have in something longer.
func forms(secret []byte) (out [][]byte) {
	lower := hex.EncodeToString(secret)
	out = [][]byte{secret, []byte(lower), []byte(strings.ToUpper(lower))}
	for offset := range 3 {
		text := base64.StdEncoding.EncodeToString(append(make([]byte, offset), secret...))
		middle := text[4 : len(text)-4] // without what depends on the neighbours
		out = append(out, []byte(middle), []byte(strings.NewReplacer("+", "-", "/", "_").Replace(middle)))
	}
	return out
}

// leaks names the forms of the secret, or of its first half, that text holds.
func leaks(text, secret []byte) (found []string) {
	for _, part := range [][]byte{secret, secret[:(len(secret)+1)/2]} {
		for _, f := range forms(part) {
			if bytes.Contains(text, f) {
				found = append(found, fmt.Sprintf("%q", f))
			}
		}
	}
	return found
}

// planted is a secret that no run can hold by chance: it is different in each.
func planted(t *testing.T, name string) []byte {
	t.Helper()
	sum := sha256.Sum256([]byte(fmt.Sprintf("%s %s %d", t.Name(), name, time.Now().UnixNano())))
	return sum[:]
}

// mustBeClean scans output and every file below dir, but for those named.
func mustBeClean(t *testing.T, dir string, output []byte, secrets map[string][]byte, except ...string) {
	t.Helper()
	scan := func(where string, text []byte) {
		for name, secret := range secrets {
			if found := leaks(text, secret); len(found) > 0 {
				t.Errorf("%s holds the %s as %s", where, name, strings.Join(found, ", "))
			}
		}
	}
	scan("the output", output)
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || slices.Contains(except, d.Name()) {
			return err
		}
		text, err := os.ReadFile(path)
		files++
		scan(d.Name(), text)
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files scanned, %v", files, err)
	}
}

// process makes kmsmac as a process of its own.
func process(ctx context.Context, t *testing.T, dir string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "kmsmac")
	if err := os.Symlink(self, link); err != nil { // testscript.Main answers to its name
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, link, args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true", "GOTRACEBACK=all"), env...)
	return cmd
}

// TestLeaksAreSeen plants each form and wants it found: the scanner is no
// blinder than it must be.
func TestLeaksAreSeen(t *testing.T) {
	secret := planted(t, "secret")
	rows := map[string]string{
		"raw":             string(secret),
		"hex":             hex.EncodeToString(secret),
		"upper-case hex":  strings.ToUpper(hex.EncodeToString(secret)),
		"Base64":          base64.StdEncoding.EncodeToString(secret),
		"Base64 of URLs":  base64.URLEncoding.EncodeToString(secret),
		"Base64, one off": base64.StdEncoding.EncodeToString(append([]byte("x"), secret...)),
		"Base64, two off": base64.StdEncoding.EncodeToString(append([]byte("xy"), append(secret, 'z')...)),
		"the first half":  hex.EncodeToString(secret[:16]),
	}
	for name, text := range rows {
		if len(leaks([]byte("before "+text+" after"), secret)) == 0 {
			t.Errorf("%s is not seen", name)
		}
	}
	if found := leaks([]byte("nothing of the kind: "+hex.EncodeToString(planted(t, "other"))), secret); len(found) > 0 {
		t.Errorf("seen where it is not: %v", found)
	}
}

// serving is an emulator process with a key of known material.
type serving struct {
	cmd *exec.Cmd
	url string
	out *bytes.Buffer // of both streams; read it after the end only
	end chan struct{}
}

// serveKnown starts kmsmac serve in dir with the material in a seed file.
func serveKnown(t *testing.T, dir string, material []byte, env []string, args ...string) *serving {
	t.Helper()
	seed := "keys:\n  - id: 11111111-2222-3333-4444-555555555555\n    material: " + base64.StdEncoding.EncodeToString(material) + "\n"
	if err := os.WriteFile(filepath.Join(dir, "seed.yaml"), []byte(seed), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &serving{out: new(bytes.Buffer), end: make(chan struct{})}
	s.cmd = process(t.Context(), t, dir, env, append([]string{"serve", "--log-level", "debug", "--listen", "127.0.0.1:0", "--seed-file", "seed.yaml"}, args...)...)
	pipe, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var talk bytes.Buffer
	s.cmd.Stderr = &talk
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(pipe)
	first, err := lines.ReadString('\n')
	_, url, found := strings.Cut(strings.TrimSpace(first), "listening on ")
	go func() {
		defer close(s.end)
		rest, _ := io.ReadAll(lines)
		_ = s.cmd.Wait()
		s.out.WriteString(first + string(rest) + talk.String())
	}()
	t.Cleanup(func() { _ = s.cmd.Process.Kill(); <-s.end })
	if err != nil || !found {
		_ = s.cmd.Process.Kill()
		<-s.end
		t.Fatalf("kmsmac serve said %q: %v\n%s", first, err, s.out)
	}
	s.url = url
	return s
}

// TestNoSecretsInOutput: a load with a user's own key, its secret, credentials
// and a debug log leaves none of them in results, interval logs, profiles,
// streams, metrics or in the dump of a crash.
func TestNoSecretsInOutput(t *testing.T) {
	dir := t.TempDir()
	material, password := planted(t, "material"), planted(t, "password")
	credential := hex.EncodeToString(password)
	secrets := map[string][]byte{"material": material, "secret access key": []byte(credential)}
	env := []string{"AWS_ACCESS_KEY_ID=AKIAPLANTED", "AWS_SECRET_ACCESS_KEY=" + credential}
	if err := os.WriteFile(filepath.Join(dir, "secret"), material, 0o600); err != nil {
		t.Fatal(err)
	}
	srv := serveKnown(t, dir, material, env, "--credentials", "AKIAPLANTED:"+credential)
	results := filepath.Join(dir, "results")
	var all bytes.Buffer
	for _, args := range [][]string{
		{"bench", "kms", "--concurrency", "4", "--duration", "1s", "--no-calibrate", "--key", "11111111-2222-3333-4444-555555555555", "--secret-file", "secret",
			"--pprof", "results/profiles", "--out", "results/bench", "--json"},
		{"doctor", "--out", "results/doctor"},
	} {
		cmd := process(t.Context(), t, dir, env, append(args, "--log-level", "debug", "--target", srv.url)...)
		out, err := cmd.CombinedOutput()
		if err != nil && cmd.ProcessState.ExitCode() != exitFailed {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		if args[0] == "bench" && !bytes.Contains(out, []byte(`"engine"`)) { // who verified
			t.Errorf("the secret was not used, so nothing is shown: %s", out)
		}
		all.Write(out)
	}
	resp, err := http.Get(srv.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	metrics, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	all.Write(metrics)
	if err := srv.cmd.Process.Signal(syscall.SIGQUIT); err != nil { // Go's own crash: all goroutines
		t.Fatal(err)
	}
	<-srv.end
	if !bytes.Contains(srv.out.Bytes(), []byte("goroutine ")) {
		t.Errorf("there was no dump to scan: %s", srv.out)
	}
	all.Write(srv.out.Bytes())
	mustBeClean(t, results, all.Bytes(), secrets)
}

// TestNoSecretsInLoadDump: the dump of a generator that is ended by SIGQUIT in the middle
// of a load does not hold the secret with which it verifies.
func TestNoSecretsInLoadDump(t *testing.T) {
	dir := t.TempDir()
	material := planted(t, "material")
	if err := os.WriteFile(filepath.Join(dir, "secret"), material, 0o600); err != nil {
		t.Fatal(err)
	}
	srv := serveKnown(t, dir, material, nil)
	cmd := process(t.Context(), t, dir, nil, "bench", "kms", "--target", srv.url, "--rate", "200", "--duration", "60s", "--no-calibrate",
		"--key", "11111111-2222-3333-4444-555555555555", "--secret-file", "secret", "--out", "results")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	awaitTags(t, srv.url)
	if err := cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if !bytes.Contains(out.Bytes(), []byte("goroutine ")) {
		t.Errorf("there was no dump to scan: %s", out.String())
	}
	if found := leaks(out.Bytes(), material); len(found) > 0 {
		t.Errorf("the dump holds the material as %s", strings.Join(found, ", "))
	}
}

// awaitTags returns when the emulator has made tags.
func awaitTags(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err == nil && bytes.Contains(text, []byte("GenerateMac")) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("no tag was made: %s", text)
		case <-tick.C:
		}
	}
}

// TestNoSecretsInRecords: the record of a run that imports published vectors
// holds none of the keys that were imported, and no credentials.
func TestNoSecretsInRecords(t *testing.T) {
	dir := t.TempDir()
	credential := hex.EncodeToString(planted(t, "password"))
	env := []string{"AWS_ACCESS_KEY_ID=AKIAPLANTED", "AWS_SECRET_ACCESS_KEY=" + credential}
	srv := serveKnown(t, dir, planted(t, "material"), nil, "--credentials", "AKIAPLANTED:"+credential)
	cmd := process(t.Context(), t, dir, env, "conform", "--target", srv.url, "--case", "RFC", "--case", "IM-13", "--case", "GR-03", "--log-level", "debug",
		"--out", "results/conform", "--record", "results/record.jsonl", "--junit", "results/junit.xml", "--markdown", "results/summary.md")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	secrets := map[string][]byte{"secret access key": []byte(credential)}
	for _, v := range vectors.RFC4231() {
		if key := vectors.Rekeyed(v); !uniform(key[:16]) { // sixteen bytes alike may stand for anything
			secrets["key of "+v.ID] = key
		}
	}
	if len(secrets) < 10 {
		t.Fatalf("%d secrets are looked for", len(secrets))
	}
	mustBeClean(t, filepath.Join(dir, "results"), out, secrets)
}

func uniform(b []byte) bool { return bytes.Count(b, b[:1]) == len(b) }

// TestNoSecretsInSealedStore: with a key file, the emulator's directory holds
// no material and not the key; without one the file does hold it, or this
// test would show nothing.
func TestNoSecretsInSealedStore(t *testing.T) {
	for _, sealed := range []bool{true, false} {
		dir := t.TempDir()
		material, passphrase := planted(t, "material"), hex.EncodeToString(planted(t, "passphrase"))
		args := []string{"--data", "data"}
		if sealed {
			if err := os.WriteFile(filepath.Join(dir, "keyfile"), []byte(passphrase), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, "--data-key-file", "keyfile")
		}
		srv := serveKnown(t, dir, material, nil, args...)
		if err := srv.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		<-srv.end
		if sealed {
			mustBeClean(t, filepath.Join(dir, "data"), srv.out.Bytes(), map[string][]byte{"material": material, "passphrase": []byte(passphrase)})
			continue
		}
		held := false
		files, err := filepath.Glob(filepath.Join(dir, "data", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			held = held || len(leaks(text, material)) > 0
		}
		if !held {
			t.Error("the open store does not hold the material: the scan looks in the wrong place")
		}
	}
}
