//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/results"
)

// cause is one fault of an emulator, and the cases that fail by it. Somebody
// looked at the emulator's own answers before it was written down.
type cause struct {
	What string
	// Kind says what it does to users: tags, accepts, refuses, answers or form;
	// see kinds.
	Kind     string
	Cases    []string
	Upstream string // file in docs/upstream, if it is worth a report
}

// kinds are the kinds of causes, the gravest first.
var kinds = []struct{ name, words string }{
	{"tags", "makes other tags than HMAC of the key: they do not verify elsewhere"},
	{"accepts", "accepts what AWS refuses: a test passes, production fails"},
	{"refuses", "refuses what AWS accepts"},
	{"answers", "answers with another code or other members"},
	{"form", "differs in form only; the SDKs do not notice"},
}

// known is what is written down of one emulator.
type known struct {
	fails  *conformance.Known             // expect.yaml
	others map[string]results.CaseVerdict // others.tsv: every other case that does not pass
	causes []cause                        // causes.yaml
	looks  map[string]look                // looked.tsv
}

func readKnown(dir string) (k known, err error) {
	k.others = map[string]results.CaseVerdict{}
	raw, err := os.ReadFile(filepath.Join(dir, "expect.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		k.fails = &conformance.Known{Schema: conformance.KnownSchema}
		return k, nil // a new emulator: everything is a change
	}
	if err == nil {
		k.fails, err = conformance.ReadKnown(bytes.NewReader(raw))
	}
	if err != nil {
		return k, fmt.Errorf("%s: %w", dir, err)
	}
	if raw, err = os.ReadFile(filepath.Join(dir, "others.tsv")); err != nil {
		return k, err
	}
	for line := range strings.Lines(string(raw)) {
		id, verdict, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			return k, fmt.Errorf("%s/others.tsv: %q is not a case and a verdict", dir, line)
		}
		k.others[id] = results.CaseVerdict(verdict)
	}
	if k.looks, err = readLooks(dir); err != nil {
		return k, err
	}
	if raw, err = os.ReadFile(filepath.Join(dir, "causes.yaml")); err != nil {
		return k, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(&k.causes); err != nil {
		return k, fmt.Errorf("%s/causes.yaml: %w", dir, err)
	}
	return k, nil
}

// tries is how often the suite is run before a change is believed: a busy
// machine makes requests time out.
const tries = 3

// compare holds the result against what is written down, and runs the suite
// again while it differs. Only what differs each time has changed.
func (f field) compare(s *server, home string, t *tested) ([]string, error) {
	k, err := readKnown(t.dir)
	if err != nil {
		return nil, err
	}
	t.causes = k.causes
	if f.update {
		return nil, k.write(t.dir, *t.file.Conformance)
	}
	changes := k.changes(*t.file.Conformance)
	for try, left := 1, changes; try < tries && len(left) > 0; try++ {
		for _, sentence := range sentences(left) {
			fmt.Fprintf(f.talk, "field: %s: once more, because %s\n", t.Name, sentence)
		}
		if t.file, err = f.conform(t.emulator, s, t.result, home); err != nil {
			return nil, err
		}
		left = k.changes(*t.file.Conformance)
		maps.DeleteFunc(changes, func(id, _ string) bool { return left[id] == "" })
	}
	return sentences(changes), nil
}

// changes returns the cases that ended otherwise than is written down, with a
// sentence each. Cases that the section does not hold are left out.
func (k known) changes(c results.Conformance) map[string]string {
	out := map[string]string{}
	k.fails.Apply(&c)
	for _, sentence := range c.Known.Changes {
		id, _, _ := strings.Cut(sentence, " ")
		out[id] = sentence
	}
	fails := map[string]bool{}
	for _, d := range k.fails.Deviations {
		fails[d.Case] = true
	}
	for _, r := range c.Cases {
		want := k.others[r.ID]
		if want == "" {
			want = results.CasePass
		}
		if fails[r.ID] {
			want = results.CaseFail
		}
		if _, said := out[r.ID]; !said && r.Verdict != want {
			out[r.ID] = fmt.Sprintf("%s is %s, where %s is known: %s", r.ID, r.Verdict, want, r.Reason)
		}
	}
	return out
}

func sentences(changes map[string]string) (out []string) {
	for _, id := range slices.Sorted(maps.Keys(changes)) {
		out = append(out, changes[id])
	}
	return out
}

// write writes down what the emulator does now.
func (k known) write(dir string, c results.Conformance) error {
	var fails, others bytes.Buffer
	if err := conformance.KnownOf(c, "", nil).Write(&fails); err != nil {
		return err
	}
	for _, r := range c.Cases {
		if r.Verdict != results.CasePass && r.Verdict != results.CaseFail {
			fmt.Fprintf(&others, "%s\t%s\n", r.ID, r.Verdict)
		}
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "expect.yaml"), fails.Bytes(), 0o644),
		os.WriteFile(filepath.Join(dir, "others.tsv"), others.Bytes(), 0o644))
}
