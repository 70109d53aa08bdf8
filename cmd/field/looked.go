//go:build unix

package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

// look is one line of looked.tsv: what was there to see of a case that fails,
// when somebody looked at the emulator's own answer. Nobody writes a line who
// has not read the exchange.
type look struct {
	Case    string
	Request string // the deciding one
	Answer  string // to it
	Differs string // the facts: what came, and what AWS answers
	Cause   string // the words of causes.yaml under which it is accused
}

func (l look) String() string {
	return strings.Join([]string{l.Case, l.Request, l.Answer, l.Differs, l.Cause}, "\t")
}

// facts returns the names of the facts that differ.
func (l look) facts() (names []string) {
	for part := range strings.SplitSeq(l.Differs, "; ") {
		name, _, _ := strings.Cut(part, ": ")
		names = append(names, name)
	}
	return names
}

func readLooks(dir string) (map[string]look, error) {
	out := map[string]look{}
	raw, err := os.ReadFile(filepath.Join(dir, "looked.tsv"))
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil // nobody has looked yet
	}
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(raw)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 || out[f[0]].Case != "" {
			return nil, fmt.Errorf("%s/looked.tsv: %q is not one line of five columns for a case", dir, line)
		}
		out[f[0]] = look{f[0], f[1], f[2], f[3], f[4]}
	}
	return out, nil
}

// unlooked prints, from the last run, the line of each case that fails
// otherwise than when it was looked at, or under another cause. They are for
// somebody who reads the exchanges and then puts them into looked.tsv.
func (f field) unlooked(e emulator) error {
	home := filepath.Join(f.work, e.Name)
	file, err := results.Read(filepath.Join(home, "conform"))
	if err != nil {
		return err
	}
	deciding, err := lastExchanges(filepath.Join(home, "exchanges.jsonl"))
	if err != nil {
		return err
	}
	k, err := readKnown(e.dir)
	if err != nil {
		return err
	}
	cause := k.causeOf()
	for _, r := range file.Conformance.Cases {
		if r.Verdict != results.CaseFail {
			continue
		}
		x := deciding[r.ID]
		now := look{r.ID, x.request(), x.answer(), differences(r), cmp.Or(cause[r.ID], "?")}
		if was := k.looks[r.ID]; was.Differs != now.Differs || was.Cause != now.Cause {
			fmt.Fprintln(f.out, now)
		}
	}
	return nil
}

func (k known) causeOf() map[string]string {
	out := map[string]string{}
	for _, c := range k.causes {
		for _, id := range c.Cases {
			out[id] = c.What
		}
	}
	return out
}

// exchange is what a look needs of a recorded one.
type exchange struct {
	Row       string
	Operation string
	CleanUp   bool `json:"clean_up"`
	Request   struct{ Body string }
	Response  struct {
		Status int
		Body   string
	}
}

// lastExchanges returns the last exchange of each case: a case ends at the
// first answer that fails it.
func lastExchanges(path string) (map[string]exchange, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	out := map[string]exchange{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var l struct{ Exchange exchange }
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if x := l.Exchange; x.Row != "" && !x.CleanUp {
			out[x.Row] = x
		}
	}
	return out, lines.Err()
}

func (x exchange) request() string { return x.Operation + " " + brief(x.Request.Body, 140) }

func (x exchange) answer() string {
	body := brief(x.Response.Body, 120)
	if body == "" {
		body = "with an empty body"
	}
	return fmt.Sprintf("%d %s", x.Response.Status, body)
}

// differences are those of a result in one line, as far as they are told.
func differences(r results.CaseResult) string {
	var parts []string
	names := told(r.Differs)
	for _, d := range r.Differences {
		if !slices.Contains(names, d.Fact) {
			continue
		}
		words := fmt.Sprintf("%s, not %s", quiet(d.Got, 60), quiet(d.Want, 60))
		if strings.HasPrefix(d.Fact, "members") {
			words = fmt.Sprintf("lacks %s, and has %s", without(d.Want, d.Got), without(d.Got, d.Want))
		}
		parts = append(parts, d.Fact+": "+words)
	}
	return strings.Join(parts, "; ")
}

// told leaves out what goes without saying: a text only warns, and another
// code is in another place, with or without a message.
func told(facts []string) (names []string) {
	code := slices.Contains(facts, "code")
	for _, f := range facts {
		if f == "text" || code && (f == "code_place" || f == "message") {
			continue
		}
		names = append(names, f)
	}
	return names
}

// without returns the words of a that are not in b.
func without(a, b string) string {
	of := strings.Fields(b)
	left := slices.DeleteFunc(strings.Fields(a), func(w string) bool { return slices.Contains(of, w) })
	return cmp.Or(strings.Join(left, " "), "nothing else")
}

var (
	longText = regexp.MustCompile(`"([^"\\]|\\.){96,}"`)
	runTags  = regexp.MustCompile(`, ?"Tags": ?\[\{"TagKey": ?"kmsmac:run".*?\}\]`)
	passing  = regexp.MustCompile(`(kmsmac-)[0-9a-f]{12}|\b[0-9a-f]{32,64}\b|"[0-9a-f]{8}"|"[0-9A-Za-z+/]{38,86}={1,2}"|\b1[0-9]{9}(\.[0-9]+)?\b`)
)

// brief is a body without what differs from run to run, and without the tail
// of what is long.
func brief(body string, most int) string {
	body = longText.ReplaceAllString(runTags.ReplaceAllString(body, ""), `"…"`)
	return quiet(strings.TrimSpace(body), most)
}

// quiet masks what differs from run to run, and fits s into a column.
func quiet(s string, most int) string {
	s = passing.ReplaceAllString(ids.ReplaceAllString(s, "…"), "$1…")
	s = strings.NewReplacer("\t", " ", "\n", " ", "; ", ", ").Replace(s)
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
