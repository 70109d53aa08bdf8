package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/kmsmac/kmsmac/engine"
)

// PeersProtocol is the version of what MeasureEngine and the helper kmsmac-peers
// say to each other: one JSON object a line, a request on the helper's standard
// input, then its answer on the standard output. Bytes are base64.
//
//	{"op":"hello"}                              {"protocol":1,"variants":[…]}
//	{"op":"secrets","data":[…]}                 {}
//	{"op":"messages","set":"64-64","data":[…]}  {}
//	{"op":"prepare","case":7,"variant":"ipsec-mb:avx512:job",
//	 "algorithm":"HMAC_SHA_256","set":"64-64","jobs":128}  {"tags":"…"}
//	{"op":"turn","case":7,"times":20}           {"ns":210042}
//
// A job takes secret and message of its number, secrets modulo their count. tags
// are all tags of the case in order. An answer {"error":"…"} refuses. The helper
// ends when its input does.
const PeersProtocol = 1

// PeerVariant is one way of a library to compute tags.
type PeerVariant struct {
	Name       string             `json:"name"` // "ipsec-mb:avx512:job"
	Library    string             `json:"library"`
	Version    string             `json:"version"`
	Algorithms []engine.Algorithm `json:"algorithms"`
}

// Peers is a running helper with other libraries' HMAC. It is for one goroutine
// at a time.
type Peers struct {
	// Variants that can run on this machine, as the helper lists them.
	Variants []PeerVariant

	helper io.ReadWriteCloser
	lines  *bufio.Reader
	cases  int
	work   *engineWork       // whose secrets and messages the helper has
	sets   map[SizeRange]int // to the number of messages sent
	broken error
}

// peerPatience bounds one answer. The longest turn is a second by the plan, or
// one piece of work.
const peerPatience = 30 * time.Second

// NewPeers greets a helper: what is written goes to its standard input, what is
// read comes from its standard output, and Close ends it. A helper that says
// nothing for half a minute is closed.
func NewPeers(helper io.ReadWriteCloser) (*Peers, error) {
	p := &Peers{helper: helper, lines: bufio.NewReaderSize(helper, 1<<16), sets: map[SizeRange]int{}}
	var hello struct {
		Protocol int           `json:"protocol"`
		Variants []PeerVariant `json:"variants"`
	}
	if err := p.ask(map[string]any{"op": "hello"}, &hello); err != nil {
		return nil, err
	}
	if hello.Protocol != PeersProtocol {
		return nil, fmt.Errorf("bench: the peers' helper speaks protocol %d, not %d: build it anew", hello.Protocol, PeersProtocol)
	}
	if len(hello.Variants) == 0 {
		return nil, errors.New("bench: the peers' helper has no library that runs here")
	}
	p.Variants = hello.Variants
	return p, nil
}

// Close ends the helper.
func (p *Peers) Close() error { return p.helper.Close() }

// Libraries are the libraries and their versions.
func (p *Peers) Libraries() map[string]string {
	out := map[string]string{}
	for _, v := range p.Variants {
		out[v.Library] = v.Version
	}
	return out
}

// variant finds a variant by name; p may be nil.
func (p *Peers) variant(name string) (PeerVariant, bool) {
	if p == nil {
		return PeerVariant{}, false
	}
	i := slices.IndexFunc(p.Variants, func(v PeerVariant) bool { return v.Name == name })
	if i < 0 {
		return PeerVariant{}, false
	}
	return p.Variants[i], true
}

// ask sends one request and decodes the answer. After a failure of the line the
// helper is of no use any more, and every request fails.
func (p *Peers) ask(request map[string]any, answer any) error {
	if p.broken != nil {
		return p.broken
	}
	late := time.AfterFunc(peerPatience, func() { _ = p.helper.Close() })
	raw, err := p.exchange(request)
	if !late.Stop() {
		err = fmt.Errorf("no answer within %s", peerPatience)
	}
	if err != nil {
		p.broken = fmt.Errorf("bench: the peers' helper: %s: %w", request["op"], err)
		return p.broken
	}
	var refusal struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(raw, &refusal); err != nil {
		return fmt.Errorf("bench: the peers' helper: %s: %w", request["op"], err)
	}
	if refusal.Error != "" {
		return fmt.Errorf("bench: the peers' helper: %s: %s", request["op"], refusal.Error)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		return fmt.Errorf("bench: the peers' helper: %s: %w", request["op"], err)
	}
	return nil
}

func (p *Peers) exchange(request map[string]any) ([]byte, error) {
	raw, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	if _, err := p.helper.Write(append(raw, '\n')); err != nil {
		return nil, err
	}
	return p.lines.ReadBytes('\n')
}

// peerArm is the work of one variant.
type peerArm struct {
	peers *Peers
	id    int
	want  [][]byte
	ask   map[string]any
}

func (p *Peers) arm(w *engineWork, s engineSpec) (*peerArm, error) {
	if _, ok := p.variant(s.impl); !ok {
		return nil, fmt.Errorf("%w: %q", errNoPeer, s.impl)
	}
	if err := p.send(w, s.size); err != nil {
		return nil, err
	}
	p.cases++
	return &peerArm{peers: p, id: p.cases, want: w.tagsOf(s.alg, s.size)[:s.jobs], ask: map[string]any{
		"op": "prepare", "case": p.cases, "variant": s.impl, "algorithm": s.alg, "set": s.size.set(), "jobs": s.jobs}}, nil
}

// set is how the helper knows the messages of a size.
func (r SizeRange) set() string { return fmt.Sprintf("%d-%d", r.Min, r.Max) }

// send gives the helper the session's secrets and the messages of a size.
func (p *Peers) send(w *engineWork, size SizeRange) error {
	if p.work != w {
		if err := p.ask(map[string]any{"op": "secrets", "data": w.secrets}, nil); err != nil {
			return err
		}
		p.work, p.sets = w, map[SizeRange]int{}
	}
	msgs := w.messagesOf(size)
	if p.sets[size] == len(msgs) {
		return nil
	}
	p.sets[size] = len(msgs)
	return p.ask(map[string]any{"op": "messages", "set": size.set(), "data": msgs}, nil)
}

func (a *peerArm) check() (checked, wrong int, err error) {
	var answer struct {
		Tags []byte `json:"tags"`
	}
	if err := a.peers.ask(a.ask, &answer); err != nil {
		return 0, 0, err
	}
	return len(a.want), wrongTags(answer.Tags, a.want), nil
}

func (a *peerArm) turn(times int) (time.Duration, error) {
	var answer struct {
		Ns int64 `json:"ns"`
	}
	err := a.peers.ask(map[string]any{"op": "turn", "case": a.id, "times": times}, &answer)
	if err == nil && answer.Ns <= 0 {
		err = fmt.Errorf("bench: the peers' helper: a turn of %d ns", answer.Ns)
	}
	return time.Duration(answer.Ns), err
}

func (a *peerArm) allocs() *float64 { return nil }
