package main

import (
	"bytes"
	"context"
	"flag"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/target/kmsemu"
)

var runDocs = flag.Bool("docs", false, "execute the command lines of README.md, docs and the help; without, they are only parsed")

// docLine is one command line of a document.
type docLine struct {
	text  string // without a comment at its end
	notes string // the comments of its block: what is said about all its lines
	exit  int    // the exit code that a comment "exit N" at its end names, else 0
	shown string // the output that stands right below the block, of its last line
}

// docPage is a document, or the help, with its command lines in order.
type docPage struct {
	name  string
	lines []docLine
}

// documented collects the command lines of all documents and of the help.
func documented(t *testing.T) (pages []docPage) {
	t.Helper()
	names := []string{"../../README.md"}
	for _, pattern := range []string{"../../docs/*.md", commandPages} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, more...)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		short, _ := strings.CutPrefix(filepath.ToSlash(name), "../../")
		if p := (docPage{strings.TrimPrefix(short, "docs/"), shellBlocks(string(raw))}); len(p.lines) > 0 {
			pages = append(pages, p)
		}
	}
	return append(pages, docPage{"kmsmac help", commandLines(session)})
}

// shellBlocks returns the command lines of the blocks that are marked sh or not at
// all.
func shellBlocks(text string) (out []docLine) {
	parts := strings.Split(text, "\n```")
	for i := 1; i < len(parts); i += 2 {
		lang, block, _ := strings.Cut(parts[i], "\n")
		if lang != "" && lang != "sh" {
			continue
		}
		lines := commandLines(block)
		if n := len(lines); n > 0 && i+2 < len(parts) && strings.TrimSpace(parts[i+1]) == "" {
			if shown, is := strings.CutPrefix(parts[i+2], "text\n"); is {
				lines[n-1].shown = shown
			}
		}
		out = append(out, lines...)
	}
	return out
}

var (
	atEnd    = regexp.MustCompile(`\s+# .*$`)
	exitNote = regexp.MustCompile(`\s# exit (\d+)`)
	programs = []string{"kmsmac", "make", "aws", "go", "docker"}
)

func commandLines(block string) (out []docLine) {
	var notes []string
	for line := range strings.Lines(strings.ReplaceAll(block, "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if note, is := strings.CutPrefix(line, "# "); is {
			notes = append(notes, note)
		}
		if first, _, _ := strings.Cut(line, " "); slices.Contains(programs, first) {
			l := docLine{text: atEnd.ReplaceAllString(line, "")}
			if note := exitNote.FindStringSubmatch(line); note != nil {
				l.exit, _ = strconv.Atoi(note[1]) // digits
			}
			out = append(out, l)
		}
	}
	for i := range out {
		out[i].notes = strings.Join(notes, " ")
	}
	return out
}

// words are what the program of a line is given, without what the shell takes.
func (l docLine) words() []string {
	text, _, _ := strings.Cut(l.text, " || ")
	text, _, _ = strings.Cut(text, " > ")
	return strings.Fields(text)
}

// needsAWS says that the line cannot run here. Lines that name aws say so
// themselves; other blocks say "not run here" in a comment.
func (l docLine) needsAWS() bool {
	return strings.Contains(l.text, "--target aws") || strings.Contains(l.notes, "not run here")
}

// TestDocs holds every command line of the documents and of the help against
// the program: its flags are parsed, its make targets exist. With -docs (make
// docs-test) they are executed too, each page in a folder of its own.
func TestDocs(t *testing.T) {
	pages := documented(t)
	n := 0
	for _, p := range pages {
		t.Run(p.name, func(t *testing.T) {
			for _, l := range p.lines {
				n++
				l.check(t)
			}
			if *runDocs && !t.Failed() {
				p.run(t)
			}
		})
	}
	if len(pages) < 5 || n < 40 {
		t.Errorf("%d command lines on %d pages: the test looks in the wrong place", n, len(pages))
	}
}

// check parses the line, or finds what it names.
func (l docLine) check(t *testing.T) {
	t.Helper()
	words := l.words()
	switch words[0] {
	case "kmsmac":
		var c cli
		p, err := newParser(&c, streams{out: new(bytes.Buffer), err: new(bytes.Buffer)})
		if err != nil {
			t.Fatal(err)
		}
		if _, code, _, err := parse(p, helpAsked(words[1:])); err != nil || code != 0 {
			t.Errorf("%s: exit %d, %v", l.text, code, err)
		}
	case "make":
		raw, err := os.ReadFile("../../Makefile")
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range words[1:] {
			if !strings.Contains(target, "=") && !strings.Contains(string(raw), "\n"+target+":") {
				t.Errorf("%s: the Makefile has no %s", l.text, target)
			}
		}
	case "go":
		path, _, _ := strings.Cut(words[len(words)-1], "@")
		if rel, ours := strings.CutPrefix(path, "github.com/kmsmac/kmsmac/"); ours {
			if _, err := os.Stat("../../" + rel); err != nil {
				t.Errorf("%s: %v", l.text, err)
			}
		}
	case "docker":
		if _, err := os.Stat("../../Dockerfile"); err != nil || !l.needsAWS() {
			t.Errorf("%s: cannot be run here, and the block does not say so (%v)", l.text, err)
		}
	}
}

// run executes the lines of the page one after the other.
func (p docPage) run(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "kmsmac")); err != nil { // testscript.Main answers to its name
		t.Fatal(err)
	}
	clients, err := filepath.Abs("../../bin/clients/venv/bin") // make clients
	if err != nil {
		t.Fatal(err)
	}
	emu, err := kmsemu.New(kmsemu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(emu)
	t.Cleanup(func() { srv.Close(); _ = emu.Close() })
	address := strings.TrimPrefix(srv.URL, "http://")
	here := []string{"127.0.0.1:4566", address, "127.0.0.1:5000", address, "127.0.0.1:4599", address}
	var absent []string // results that only a line could make that was not run
	for _, l := range p.lines {
		words := l.words()
		switch {
		case words[0] == "make", words[0] == "go", words[0] == "docker":
			continue // checked above
		case words[0] == "kmsmac" && words[1] == "serve" && !slices.Contains(words, "--list-deviations"):
			here = append(serveHere(t, words[1:]), here...)
			continue
		case slices.ContainsFunc(words, func(w string) bool { return slices.Contains(absent, w) }):
			t.Logf("parsed only: %s: needs a result of a line that was not run", l.text)
			continue
		case l.needsAWS():
			t.Logf("parsed only: %s", l.text)
			absent = append(absent, outputs(words)...)
			continue
		}
		began := time.Now()
		code, out := shell(t, dir, clients, strings.NewReplacer(here...).Replace(l.text))
		measures := slices.Contains([]string{"bench", "sweep", "run", "gate", "compare", "history"}, words[1])
		if code != l.exit && !(code == exitInconclusive && measures) { // a busy machine is no fault of the page
			t.Errorf("%s: exit %d, want %d\n%s", l.text, code, l.exit, out)
		}
		if line := notIn(out, l.shown); code == l.exit && line != "" {
			t.Errorf("%s: the page shows %q, which is not there or not in this place:\n%s", l.text, line, out)
		}
		t.Logf("executed in %s: %s", time.Since(began).Round(100*time.Millisecond), l.text)
	}
}

// serveHere starts the emulator that a line with kmsmac serve starts in a
// terminal of its own, and returns the address that the line names and the one
// that it has here.
func serveHere(t *testing.T, args []string) []string {
	t.Helper()
	var c cli
	p, err := newParser(&c, streams{out: new(bytes.Buffer), err: new(bytes.Buffer)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Parse(args); err != nil {
		t.Fatal(err)
	}
	o, err := c.Serve.options(&app{env: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	emu, err := kmsemu.New(o)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(emu)
	t.Cleanup(func() { srv.Close(); _ = emu.Close() })
	return []string{c.Serve.Listen, strings.TrimPrefix(srv.URL, "http://")}
}

// outputs are the files that the line would have written.
func outputs(words []string) (out []string) {
	for i, w := range words[:len(words)-1] {
		switch w {
		case "--out":
			out = append(out, words[i+1])
		case "--record":
			out = append(out, words[i+1], replayPrefix+words[i+1])
		}
	}
	return out
}

// shell executes the line as somebody who pastes it.
func shell(t *testing.T, dir, clients, line string) (code int, output string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir = dir
	none := filepath.Join(dir, "none")
	cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+clients+string(os.PathListSeparator)+os.Getenv("PATH"),
		"AWS_CONFIG_FILE="+none, "AWS_SHARED_CREDENTIALS_FILE="+none, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_PAGER=")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatalf("%s: %v", line, err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// TestHelpAsked: the words with which people ask for help.
func TestHelpAsked(t *testing.T) {
	for _, args := range [][]string{{}, {"help"}, {"--help"}, {"help", "help"}, {"help", "--help"}, {"help", "bench", "kms"}, {"help", "doctor"}} {
		text := output(t, args...)
		want := "Usage: kmsmac"
		if len(args) > 1 && !strings.HasSuffix(args[1], "help") {
			want = "Usage: kmsmac " + strings.Join(args[1:], " ")
		}
		if !strings.HasPrefix(text, want) {
			t.Errorf("kmsmac %s: %.60q, want %q", strings.Join(args, " "), text, want)
		}
	}
	var out, talk bytes.Buffer
	if code := Main(t.Context(), streams{in: strings.NewReader(""), out: &out, err: &talk}, []string{"help", "no-such-command"}); code != exitUsage {
		t.Errorf("help for what is not there: exit %d", code)
	}
}
