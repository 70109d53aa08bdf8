package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestKill is the promise of --data: whatever was answered is there after
// SIGKILL at any moment. Clients change keys, aliases, tags and grants and keep
// their own log of what was acknowledged and of what they have read; a change
// that was under way may have happened or not, but wholly. KILLS sets the number
// of kills, KILL_SEED replays the choices.
func TestKill(t *testing.T) {
	kills, seed := envInt(t, "KILLS", 4), uint64(envInt(t, "KILL_SEED", int(time.Now().UnixNano()%1e9)))
	t.Logf("%d kills, KILL_SEED=%d", kills, seed)
	for i, name := range []string{"plain", "sealed"} {
		t.Run(name, func(t *testing.T) {
			k := newKillRun(t, seed+uint64(i), name == "sealed")
			for range (kills + 1 - i) / 2 {
				k.round(t)
			}
			k.verifyAll(t)
			for k.acknowledged == 0 || k.reads == 0 { // on a busy machine a kill can come before any answer
				k.round(t)
				k.verifyAll(t)
			}
			t.Logf("%d kills, %d of them before it listened: %d changes acknowledged, %d answers read, %d lost",
				k.kills, k.early, k.acknowledged, k.reads, k.lost)
		})
	}
}

func envInt(t *testing.T, name string, def int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return def
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a number above 0", name, text)
	}
	return n
}

// killWorkers is the number of clients at a time.
const killWorkers = 8

type killRun struct {
	rng     *rand.Rand
	args    []string
	workers []*killWorker
	strays  map[string]bool // keys whose creation was under way
	client  *http.Client

	kills, early, acknowledged, reads, lost int
}

// killWorker is one client. Nobody else changes its objects.
type killWorker struct {
	id      int
	rng     *rand.Rand
	keys    []*killKey
	known   []*killKey        // keys as of the last check
	aliases map[string]string // name → key id, "" when deleted
	serial  int

	pending      *killChange // under way when the server was killed
	acknowledged int
}

// killKey is what one client knows of a key.
type killKey struct {
	id  string
	mac string // tag of killMessage

	mu      sync.Mutex
	state   killState
	seen    int // highest version that anybody has read
	touched bool
}

// killState is what can change about a key. Its JSON form is compared.
type killState struct {
	State   string
	Version int // counts up in the description
	Tags    map[string]string
	Grants  []string // names, sorted
}

func (s killState) clone() killState {
	s.Tags, s.Grants = maps.Clone(s.Tags), slices.Clone(s.Grants)
	return s
}

func (s killState) String() string {
	raw, _ := json.Marshal(s) // plain data always marshals
	return string(raw)
}

// killChange is a change of a key or an alias, or, with neither, a new key.
type killChange struct {
	key   *killKey
	after killState
	alias string
	to    string
}

func newKillRun(t *testing.T, seed uint64, sealed bool) *killRun {
	dir := t.TempDir()
	k := &killRun{strays: map[string]bool{}, rng: rand.New(rand.NewPCG(seed, 0)), args: []string{"serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "data")},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * killWorkers}, Timeout: 20 * time.Second}}
	if sealed {
		key := filepath.Join(dir, "key")
		if err := os.WriteFile(key, []byte("a passphrase"), 0o600); err != nil {
			t.Fatal(err)
		}
		k.args = append(k.args, "--data-key-file", key)
	}
	for i := range killWorkers {
		k.workers = append(k.workers, &killWorker{id: i, rng: rand.New(rand.NewPCG(seed, uint64(i+1))), aliases: map[string]string{}})
	}
	return k
}

// round starts the server, checks what the last kill has left, loads it, and
// kills it after a random time.
func (k *killRun) round(t *testing.T) {
	t.Helper()
	k.kills++
	cmd, out := k.command(t)
	if k.rng.IntN(10) == 0 { // before or while it loads
		time.Sleep(time.Duration(k.rng.IntN(60)) * time.Millisecond)
		kill(cmd)
		k.early++
		return
	}
	url, err := listeningLine(out)
	if err != nil {
		kill(cmd)
		t.Fatalf("kill %d: %v: %s", k.kills, err, cmd.Stderr)
	}
	k.verify(t, url, false)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, w := range k.workers {
		wg.Go(func() { w.work(t, k.call(ctx, url)) })
	}
	wg.Go(func() { k.read(t, ctx, k.call(ctx, url)) })
	time.Sleep(time.Duration(1+k.rng.IntN(150)) * time.Millisecond)
	kill(cmd)
	cancel()
	wg.Wait()
	k.client.CloseIdleConnections()
}

// verifyAll starts the server once more and checks everything.
func (k *killRun) verifyAll(t *testing.T) {
	t.Helper()
	cmd, out := k.command(t)
	defer kill(cmd)
	url, err := listeningLine(out)
	if err != nil {
		t.Fatalf("last start: %v: %s", err, cmd.Stderr)
	}
	k.verify(t, url, true)
	for _, w := range k.workers {
		k.acknowledged += w.acknowledged
	}
}

func (k *killRun) command(t *testing.T) (*exec.Cmd, io.Reader) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, k.args...)
	cmd.Args[0] = "kmsmac" // TestMain makes this binary the command
	cmd.Stderr = &bytes.Buffer{}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill() // SIGKILL
	_ = cmd.Wait()
}

// killCall sends an operation. An error means that it is not known whether it
// was carried out.
type killCall func(op string, input map[string]any) (map[string]any, error)

type killRefused struct {
	op     string
	status int
	body   string
}

func (r *killRefused) Error() string { return fmt.Sprintf("%s: got %d %s", r.op, r.status, r.body) }

func (k *killRun) call(ctx context.Context, url string) killCall {
	return func(op string, input map[string]any) (map[string]any, error) {
		body, err := json.Marshal(input)
		if err != nil {
			return nil, err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "TrentService."+op)
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/kms/aws4_request, SignedHeaders=host, Signature="+strings.Repeat("0", 64))
		resp, err := k.client.Do(r)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode != http.StatusOK {
			return nil, &killRefused{op, resp.StatusCode, string(raw)}
		}
		var out map[string]any
		if len(raw) > 0 {
			err = json.Unmarshal(raw, &out)
		}
		return out, err
	}
}
