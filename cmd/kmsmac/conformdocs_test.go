package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestDocumentedConform parses every command line of docs/conformance.md and
// checks what can be checked without a target.
func TestDocumentedConform(t *testing.T) {
	raw, err := os.ReadFile("../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(raw)) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "kmsmac" || words[1] != "conform" {
			continue
		}
		n++
		var c cli
		p, err := newParser(&c, streams{out: new(bytes.Buffer), err: new(bytes.Buffer)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Parse(words[1:]); err != nil {
			t.Errorf("%s: %v", strings.TrimSpace(line), err)
			continue
		}
		if err := c.Conform.check(); err != nil {
			t.Errorf("%s: %v", strings.TrimSpace(line), err)
		}
	}
	if n < 10 {
		t.Errorf("found %d commands in docs/conformance.md, at least 10 are there", n)
	}
}
