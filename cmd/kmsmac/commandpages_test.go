package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// commandPages are the pages of docs, one for each command, with their index.
const commandPages = "../../docs/commands/*.md"

// helpWord is the word that is no command to the parser, and one to people.
const helpWord = "help"

// commandNames are the commands as the help lists them, and help itself.
func commandNames(t *testing.T) []string {
	t.Helper()
	p, err := newParser(new(cli), streams{})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{helpWord}
	for _, leaf := range p.Model.Leaves(true) {
		names = append(names, strings.TrimPrefix(leaf.Path(), p.Model.Name+" "))
	}
	return names
}

// pageOf is the name of the page of a command: its own words or, where a page
// holds a group, those of the group.
func pageOf(command string, pages []string) string {
	whole := strings.ReplaceAll(command, " ", "-")
	group, _, _ := strings.Cut(command, " ")
	if !slices.Contains(pages, whole) && slices.Contains(pages, group) {
		return group
	}
	return whole
}

// helpBlock is the help of a command as it stands on its page.
func helpBlock(t *testing.T, command string) string {
	t.Helper()
	return fmt.Sprintf("<!-- kmsmac %s: made by go test ./cmd/kmsmac -run TestCommandPages -update -->\n```text\n%s```\n<!-- end -->\n",
		command, output(t, append(strings.Fields(command), "--help")...))
}

var madeBlock = regexp.MustCompile("(?s)<!-- kmsmac ([a-z ]+): made by .*?<!-- end -->\n")

// TestCommandPages: every command has its page, every page its command, the
// help on it is the program's, and its parts are there. -update renews the help.
func TestCommandPages(t *testing.T) {
	t.Setenv("COLUMNS", "80") // kong's width
	files, err := filepath.Glob(commandPages)
	if err != nil {
		t.Fatal(err)
	}
	var pages []string
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".md"); name != "README" {
			pages = append(pages, name)
		}
	}
	wanted := map[string][]string{} // by page
	for _, command := range commandNames(t) {
		page := pageOf(command, pages)
		wanted[page] = append(wanted[page], command)
	}
	for page, commands := range wanted {
		t.Run(page, func(t *testing.T) {
			checkCommandPage(t, filepath.Join(filepath.Dir(commandPages), page+".md"), commands)
		})
	}
	for _, page := range pages {
		if wanted[page] == nil {
			t.Errorf("docs/commands/%s.md is the page of no command", page)
		}
	}
	checkIndex(t, pages)
	if len(wanted) < 20 {
		t.Errorf("%d pages: the test looks in the wrong place", len(wanted))
	}
}

func checkCommandPage(t *testing.T, file string, commands []string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	var held []string
	for _, m := range madeBlock.FindAllStringSubmatch(text, -1) {
		held = append(held, m[1])
	}
	if !slices.Equal(held, commands) {
		t.Fatalf("the page holds the help of %q, want %q", held, commands)
	}
	renewed := madeBlock.ReplaceAllStringFunc(text, func(block string) string {
		return helpBlock(t, madeBlock.FindStringSubmatch(block)[1])
	})
	if renewed != text {
		if !*updateDocs {
			t.Errorf("the help on the page is not the program's; -update renews it")
		} else if err := os.WriteFile(file, []byte(renewed), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, part := range []string{"# kmsmac ", "\n## Session", "\n## Reads and writes\n", "\n## Exit codes\n", "\n## Flags\n"} {
		if !strings.Contains(text, part) {
			t.Errorf("the page has no %q", strings.TrimSpace(part))
		}
	}
	if len(shellBlocks(text)) == 0 {
		t.Error("the page has no command line that can be run")
	}
	checkLinks(t, file, text)
}

// checkIndex: each page is named once.
func checkIndex(t *testing.T, pages []string) {
	t.Helper()
	file := filepath.Join(filepath.Dir(commandPages), "README.md")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if n := strings.Count(string(raw), "]("+page+".md)"); n != 1 {
			t.Errorf("the index names %s %d times", page, n)
		}
	}
	checkLinks(t, file, string(raw))
}

var (
	pageLink    = regexp.MustCompile(`\]\(([^)#:]*)(#[^):]*)?\)`)
	pageHeading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// checkLinks: what a page links to is there, headings included.
func checkLinks(t *testing.T, file, text string) {
	t.Helper()
	for _, m := range pageLink.FindAllStringSubmatch(text, -1) {
		linked := text
		if m[1] != "" {
			raw, err := os.ReadFile(filepath.Join(filepath.Dir(file), m[1]))
			if err != nil {
				t.Errorf("%s: %v", filepath.Base(file), err)
				continue
			}
			linked = string(raw)
		}
		if m[2] == "" {
			continue
		}
		found := slices.ContainsFunc(pageHeading.FindAllStringSubmatch(linked, -1), func(h []string) bool {
			return "#"+strings.ReplaceAll(strings.ToLower(notInAnchor.ReplaceAllString(h[1], "")), " ", "-") == m[2]
		})
		if !found {
			t.Errorf("%s: %s has no heading %s", filepath.Base(file), m[1], m[2])
		}
	}
}
