package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
)

// fakeHelper speaks the protocol with crypto/hmac; change may spoil an answer.
type fakeHelper struct {
	variants []PeerVariant
	secrets  [][]byte
	messages map[string][][]byte
	turns    int
	change   func(op string, answer map[string]any) map[string]any
}

// startPeers runs h at the other end of a pipe until the test ends.
func startPeers(t *testing.T, h *fakeHelper) (*Peers, error) {
	t.Helper()
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.serve(theirs)
	}()
	t.Cleanup(func() { _ = ours.Close(); <-done })
	return NewPeers(ours)
}

func (h *fakeHelper) serve(c net.Conn) {
	defer c.Close()
	h.messages = map[string][][]byte{}
	lines := bufio.NewReaderSize(c, 1<<16)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var r struct {
			Op, Set   string
			Data      [][]byte
			Algorithm engine.Algorithm
			Jobs      int
		}
		if err := json.Unmarshal(line, &r); err != nil {
			return
		}
		answer := map[string]any{}
		switch r.Op {
		case "hello":
			answer["protocol"], answer["variants"] = PeersProtocol, h.variants
		case "secrets":
			h.secrets = r.Data
		case "messages":
			h.messages[r.Set] = r.Data
		case "prepare":
			var tags []byte
			for i, msg := range h.messages[r.Set][:r.Jobs] {
				tags = newReusedHMAC(r.Algorithm, h.secrets[i%len(h.secrets)]).sum(tags, msg)
			}
			answer["tags"] = tags
		case "turn":
			h.turns++
			answer["ns"] = 50_000
		}
		if h.change != nil {
			answer = h.change(r.Op, answer)
		}
		if answer == nil {
			return
		}
		raw, _ := json.Marshal(answer)
		if _, err := c.Write(append(raw, '\n')); err != nil {
			return
		}
	}
}

var fakeVariants = []PeerVariant{{Name: "ipsec-mb:fake", Library: "ipsec-mb", Version: "0.1", Algorithms: []engine.Algorithm{engine.HMACSHA256}}}

func TestPeers(t *testing.T) {
	h := &fakeHelper{variants: fakeVariants}
	p, err := startPeers(t, h)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a second session starts anew
		b, err := MeasureEngine(t.Context(), smallEngine(), EngineOptions{Peers: p})
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, c := range b.Cases {
			if c.Library == "" {
				continue
			}
			found++
			if c.Impl != "ipsec-mb:fake" || c.WrongTags != 0 || c.Checked != 2*c.Jobs || len(c.RoundsNs) != 3 || c.Allocs != nil || c.LowNs <= 0 {
				t.Errorf("case %+v", c)
			}
		}
		if want := 3; found != want || b.Peers["ipsec-mb"] != "0.1" {
			t.Errorf("%d cases of peers %v, want %d", found, b.Peers, want)
		}
	}
	if h.turns == 0 {
		t.Error("the peer had no turn")
	}
}

// TestPeersLie: a wrong tag of a peer is counted and voids the run.
func TestPeersLie(t *testing.T) {
	h := &fakeHelper{variants: fakeVariants, change: func(_ string, answer map[string]any) map[string]any {
		if tags, ok := answer["tags"].([]byte); ok {
			tags[3] ^= 1
		}
		return answer
	}}
	p, err := startPeers(t, h)
	if err != nil {
		t.Fatal(err)
	}
	b, err := MeasureEngine(t.Context(), smallEngine(), EngineOptions{Peers: p})
	if err != nil || EngineVerdict(b) != results.Fail {
		t.Errorf("verdict %s, %v; want fail", EngineVerdict(b), err)
	}
}

func TestPeersBroken(t *testing.T) {
	on := func(op string, answer map[string]any) func(string, map[string]any) map[string]any {
		return func(got string, usual map[string]any) map[string]any {
			if got == op {
				return answer
			}
			return usual
		}
	}
	rows := []struct {
		name string
		h    *fakeHelper
		want string
	}{
		{"gone at once", &fakeHelper{change: on("hello", nil)}, "hello: EOF"},
		{"another protocol", &fakeHelper{change: on("hello", map[string]any{"protocol": 2})}, "speaks protocol 2"},
		{"nothing runs", &fakeHelper{}, "no library that runs here"},
		{"dies", &fakeHelper{variants: fakeVariants, change: on("turn", nil)}, "turn: EOF"},
		{"refuses", &fakeHelper{variants: fakeVariants, change: on("prepare", map[string]any{"error": "no memory"})}, "prepare: no memory"},
		{"no time", &fakeHelper{variants: fakeVariants, change: on("turn", map[string]any{"ns": 0})}, "a turn of 0 ns"},
		{"no tags", &fakeHelper{variants: fakeVariants, change: on("prepare", map[string]any{"tags": 7})}, "cannot unmarshal"},
	}
	for _, row := range rows {
		p, err := startPeers(t, row.h)
		if err == nil {
			_, err = MeasureEngine(t.Context(), smallEngine(), EngineOptions{Peers: p})
		}
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
}

// TestPeersStayBroken: nobody waits for a helper that is gone.
func TestPeersStayBroken(t *testing.T) {
	h := &fakeHelper{variants: fakeVariants, change: func(op string, a map[string]any) map[string]any {
		if op == "turn" {
			return nil
		}
		return a
	}}
	p, err := startPeers(t, h)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.ask(map[string]any{"op": "turn"}, nil); !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want an end", err)
		}
	}
}
