package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestDocumentedPlans takes every command line of docs/capacity.md: plans
// without a curve are computed, the others and the sweeps are parsed.
func TestDocumentedPlans(t *testing.T) {
	raw, err := os.ReadFile("../../docs/capacity.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(raw)) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "kmsmac" {
			continue
		}
		n++
		t.Run(strings.Join(words[1:], " "), func(t *testing.T) {
			if words[1] == "plan" && !strings.Contains(line, "--from") {
				var out, talk strings.Builder
				if code := mainEnv(t.Context(), streams{in: strings.NewReader(""), out: &out, err: &talk}, func(string) string { return "" }, words[1:]); code != exitOK || out.Len() == 0 {
					t.Errorf("ended with %d: %s", code, talk.String())
				}
				return
			}
			var c cli
			p, err := newParser(&c, streams{out: new(bytes.Buffer), err: new(bytes.Buffer)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Parse(words[1:]); err != nil {
				t.Fatal(err)
			}
			if words[1] == "sweep" {
				if _, err := c.Sweep.plan(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if n < 6 {
		t.Errorf("found %d commands in docs/capacity.md, at least 6 are there", n)
	}
}

// Every flag of plan stands in the document or in its help with what it does,
// and the document names none that is gone.
func TestDocumentedPlanFlags(t *testing.T) {
	raw, err := os.ReadFile("../../docs/capacity.md")
	if err != nil {
		t.Fatal(err)
	}
	var help strings.Builder
	if code := mainEnv(t.Context(), streams{in: strings.NewReader(""), out: &help, err: &help}, func(string) string { return "" }, []string{"plan", "--help"}); code != exitOK {
		t.Fatal(help.String())
	}
	var sweep strings.Builder
	_ = mainEnv(t.Context(), streams{in: strings.NewReader(""), out: &sweep, err: &sweep}, func(string) string { return "" }, []string{"sweep", "--help"})
	for word := range strings.FieldsSeq(strings.NewReplacer("`", " ", "(", " ", ")", " ", ",", " ", ";", " ", ":", " ").Replace(string(raw))) {
		if strings.HasPrefix(word, "--") && len(word) > 2 && word != "---" && strings.Trim(word, "-|") != "" &&
			!strings.Contains(help.String(), word) && !strings.Contains(help.String(), "[no-]"+word[2:]) && !strings.Contains(sweep.String(), word) {
			t.Errorf("docs/capacity.md names %s, which is no flag of plan or sweep", word)
		}
	}
}
