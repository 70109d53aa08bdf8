package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// output runs the command line and returns what it printed.
func output(t *testing.T, args ...string) string {
	t.Helper()
	var out, talk bytes.Buffer
	if code := Main(t.Context(), streams{in: strings.NewReader(""), out: &out, err: &talk}, args); code != exitOK {
		t.Fatalf("kmsmac %s: exit %d: %s", strings.Join(args, " "), code, talk.String())
	}
	return out.String()
}

func TestComplete(t *testing.T) {
	rows := []struct {
		name       string
		words      []string
		want, lack []string
	}{
		{"nothing yet", []string{""}, []string{"bench", "conform", "doctor", "run"}, []string{"null-responder", "complete", "--target"}},
		{"no word at all", nil, []string{"bench", "run"}, nil},
		{"a command", []string{"con"}, []string{"conform"}, []string{"bench"}},
		{"a subcommand", []string{"bench", ""}, []string{"engine", "kms"}, []string{"run"}},
		{"flags", []string{"conform", "--p"}, []string{"--parallel", "--profile"}, []string{"--target"}},
		{"flags of all commands", []string{"run", "--log"}, []string{"--log-level"}, nil},
		{"the value of a flag", []string{"run", "--log-level", "w"}, []string{"warn"}, []string{"debug"}},
		{"after =", []string{"run", "--log-level=d"}, []string{"--log-level=debug"}, []string{"debug"}},
		{"profiles", []string{"conform", "--profile", ""}, []string{"core", "full", "golden", "wire"}, []string{"conform"}},
		{"targets", []string{"run", "--target", "e"}, []string{"emulator", "engine"}, []string{"aws"}},
		{"after a value", []string{"conform", "--profile", "core", "--pa"}, []string{"--parallel"}, nil},
		{"a word of an argument", []string{"completion", ""}, []string{"bash", "fish", "zsh"}, nil},
		{"what nobody knows", []string{"run", "--no-such", "x"}, nil, []string{"run"}},
	}
	for _, r := range rows {
		got := strings.Fields(output(t, append([]string{"complete", "--"}, r.words...)...))
		if !slices.IsSorted(got) {
			t.Errorf("%s: %q is not sorted", r.name, got)
		}
		for _, w := range r.want {
			if !slices.Contains(got, w) {
				t.Errorf("%s: %q lacks %q", r.name, got, w)
			}
		}
		for _, w := range r.lack {
			if slices.Contains(got, w) {
				t.Errorf("%s: %q has %q", r.name, got, w)
			}
		}
	}
}

// TestCompletionInBash lets a real bash complete a line with the script.
func TestCompletionInBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal("bash is needed: ", err)
	}
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "kmsmac")); err != nil { // testscript.Main answers to its name
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bash, "--norc", "-c", `source <(kmsmac completion bash)
COMP_WORDS=(kmsmac bench kms --clie) COMP_CWORD=3; _kmsmac; echo "${COMPREPLY[@]}"
COMP_WORDS=(kmsmac ben) COMP_CWORD=1; _kmsmac; echo "${COMPREPLY[@]}"`)
	cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != "--client\nbench\n" {
		t.Errorf("%v: %q", err, out)
	}
}

// TestManual: the page has every command and flag that the help has, and no
// line by accident a macro.
func TestManual(t *testing.T) {
	page := output(t, "man")
	p, err := newParser(new(cli), streams{out: new(bytes.Buffer), err: new(bytes.Buffer)})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, leaf := range p.Model.Leaves(true) {
		name := escape(strings.TrimPrefix(leaf.Path(), "kmsmac "))
		_, section, found := strings.Cut(page, `.SS "`+name)
		if !found {
			t.Errorf("the page lacks %s", name)
			continue
		}
		section, _, _ = strings.Cut(section, "\n.S")
		for _, f := range leaf.Flags {
			n++
			if !f.Hidden && f.Name != "help" && !strings.Contains(section, `\-\-`+escape(f.Name)) && !strings.Contains(section, `\-\-[no\-]`+escape(f.Name)) {
				t.Errorf("%s lacks --%s", name, f.Name)
			}
		}
	}
	if n < 100 {
		t.Errorf("%d flags looked at", n)
	}
	for line := range strings.Lines(page) {
		macro, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "."), " ")
		if strings.HasPrefix(line, ".") && !slices.Contains([]string{"TH", "SH", "SS", "TP", "B", "nf", "fi"}, macro) {
			t.Errorf("a macro by accident: %q", line)
		}
	}
	for _, leak := range []string{"${", "null-responder"} {
		if strings.Contains(page, leak) {
			t.Errorf("the page holds %q", leak)
		}
	}
}
