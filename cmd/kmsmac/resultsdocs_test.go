package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestDocumentedResults parses every command line of docs/results.md: a flag
// that is gone, or a value that is refused, fails here. testdata/script/results.txt
// runs them.
func TestDocumentedResults(t *testing.T) {
	raw, err := os.ReadFile("../../docs/results.md")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("testdata/script/results.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(raw)) {
		command := strings.TrimSuffix(strings.TrimSpace(line), " || true")
		words := strings.Fields(command)
		if len(words) < 2 || words[0] != "kmsmac" {
			continue
		}
		n++
		var c cli
		p, err := newParser(&c, streams{out: new(bytes.Buffer), err: new(bytes.Buffer)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Parse(words[1:]); err != nil {
			t.Errorf("%s: %v", command, err)
		}
		if !strings.Contains(string(script), command+"\n") {
			t.Errorf("testdata/script/results.txt does not run %q", command)
		}
	}
	if n != 11 {
		t.Errorf("found %d commands in docs/results.md, 11 are there", n)
	}
}
