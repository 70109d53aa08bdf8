// Command kmsmac-peers computes HMAC tags with libraries in C, so that kmsmac
// bench engine --peers can measure them beside its own in one session: OpenSSL's
// libcrypto and Intel's multi-buffer library.
//
// It is not meant to be run by hand. It reads one JSON request a line from its
// standard input and answers each with one line; package bench of kmsmac
// documents them (PeersProtocol). It ends with its input. It is a module of its
// own and needs cgo; kmsmac does not.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

const protocol = 1

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kmsmac-peers:", err)
		os.Exit(1)
	}
}

// request is any of the requests.
type request struct {
	Op        string   `json:"op"`
	Data      [][]byte `json:"data"`
	Set       string   `json:"set"`
	Case      int      `json:"case"`
	Variant   string   `json:"variant"`
	Algorithm string   `json:"algorithm"`
	Jobs      int      `json:"jobs"`
	Times     int      `json:"times"`
}

// server holds what the session was given.
type server struct {
	variants []variant
	secrets  [][]byte
	messages map[string][][]byte
	batches  map[int]*batch
}

// serve answers until in ends.
func serve(in io.Reader, out io.Writer) error {
	s := &server{variants: variants(), messages: map[string][][]byte{}, batches: map[int]*batch{}}
	lines := bufio.NewReaderSize(in, 1<<16)
	enc := json.NewEncoder(out)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		var answer any
		var r request
		if err := json.Unmarshal(line, &r); err != nil {
			answer = refusal(err)
		} else if answer, err = s.answer(r); err != nil {
			answer = refusal(err)
		}
		if err := enc.Encode(answer); err != nil {
			return err
		}
	}
}

func refusal(err error) any { return map[string]string{"error": err.Error()} }

func (s *server) answer(r request) (any, error) {
	switch r.Op {
	case "hello":
		return map[string]any{"protocol": protocol, "variants": s.variants}, nil
	case "secrets":
		s.secrets = r.Data
		s.forget()
		return struct{}{}, nil
	case "messages":
		s.messages[r.Set] = r.Data
		return struct{}{}, nil
	case "prepare":
		tags, err := s.prepare(r)
		return map[string][]byte{"tags": tags}, err
	case "turn":
		b, ok := s.batches[r.Case]
		if !ok {
			return nil, fmt.Errorf("there is no case %d", r.Case)
		}
		ns, err := b.turn(r.Times)
		return map[string]int64{"ns": ns}, err
	}
	return nil, fmt.Errorf("unknown request %q", r.Op)
}

// forget ends all cases and messages of the session before.
func (s *server) forget() {
	for _, b := range s.batches {
		b.free()
	}
	clear(s.batches)
	clear(s.messages)
}

// prepare makes a case, or takes the one that is there, and returns its tags.
func (s *server) prepare(r request) ([]byte, error) {
	if b, ok := s.batches[r.Case]; ok {
		return b.tags(), nil
	}
	v := slices.IndexFunc(s.variants, func(v variant) bool { return v.Name == r.Variant })
	alg := slices.Index(algorithms, r.Algorithm)
	msgs := s.messages[r.Set]
	switch {
	case v < 0 || alg < 0:
		return nil, fmt.Errorf("there is no variant %q with %q", r.Variant, r.Algorithm)
	case len(s.secrets) == 0 || r.Jobs < 1 || r.Jobs > len(msgs):
		return nil, fmt.Errorf("%d jobs of set %q with %d messages and %d secrets", r.Jobs, r.Set, len(msgs), len(s.secrets))
	}
	b, err := newBatch(s.variants[v], alg, s.secrets, msgs[:r.Jobs])
	if err != nil {
		return nil, err
	}
	s.batches[r.Case] = b
	return b.tags(), nil
}
