package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestHelpShowsDefaults: no flag of any command hides what it is by default.
func TestHelpShowsDefaults(t *testing.T) {
	var c cli
	var out bytes.Buffer
	p, err := newParser(&c, streams{out: &out, err: &out})
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	var walk func(n *kong.Node, path []string)
	walk = func(n *kong.Node, path []string) {
		for _, child := range n.Children {
			walk(child, append(path[:len(path):len(path)], child.Name))
		}
		if !n.Leaf() || n.Hidden {
			return
		}
		out.Reset()
		if _, code, done, err := parse(p, append(path, "--help")); !done || code != 0 || err != nil {
			t.Fatalf("%v --help: %d, %v", path, code, err)
		}
		help := flagHelp(out.String())
		for _, f := range n.Flags {
			if !f.HasDefault || f.Default == "" || f.Hidden {
				continue
			}
			checked++
			text := help[f.Name]
			if !strings.Contains(text, f.Default) && !strings.Contains(text, "(default") {
				t.Errorf("%s: --%s is %s by default, and the help says only %q", strings.Join(path, " "), f.Name, f.Default, text)
			}
		}
	}
	walk(p.Model.Node, nil)
	if checked < 40 {
		t.Errorf("%d flags with a default, there are more", checked)
	}
}

var flagStart = regexp.MustCompile(`(?m)^ {2,8}(?:-\w, )?--(?:\[no-\])?([\w-]+)`)

// flagHelp is the help of each flag in one line, by name.
func flagHelp(help string) map[string]string {
	all := map[string]string{}
	starts := flagStart.FindAllStringSubmatchIndex(help, -1)
	for i, at := range starts {
		end := len(help)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		all[help[at[2]:at[3]]] = strings.Join(strings.Fields(help[at[3]:end]), " ")
	}
	return all
}
