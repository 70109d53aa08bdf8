package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestDocumentedLoads parses every command line of docs/load.md and makes its
// plan: a flag that is gone, or a value that is refused, fails here.
func TestDocumentedLoads(t *testing.T) {
	raw, err := os.ReadFile("../../docs/load.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(raw)) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "kmsmac" || strings.Contains(line, "|") {
			continue
		}
		n++
		t.Run(strings.Join(words[1:], " "), func(t *testing.T) {
			var c cli
			p, err := newParser(&c, streams{out: new(bytes.Buffer), err: new(bytes.Buffer)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Parse(words[1:]); err != nil {
				t.Fatal(err)
			}
			if words[1] == "sweep" {
				_, err = c.Sweep.plan()
			} else {
				_, err = c.Bench.Kms.plan(1, c.Bench.Kms.Timeout)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	if n < 8 {
		t.Errorf("found %d commands in docs/load.md, at least 8 are there", n)
	}
}
