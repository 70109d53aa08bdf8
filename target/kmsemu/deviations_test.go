package kmsemu

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "rewrite golden files")

const effectsFile = "testdata/deviations.txt"

// TestDeviations demands that each deviation breaks the rows that it names and,
// of all rows, exactly those of the golden file: name, colon, rows.
func TestDeviations(t *testing.T) {
	golden := readEffects(t)
	var mu sync.Mutex
	var lines []string
	t.Run("all", func(t *testing.T) {
		for _, d := range Deviations() {
			t.Run(d.Name, func(t *testing.T) {
				t.Parallel()
				got := failures(t, d.Name)
				mu.Lock()
				lines = append(lines, d.Name+": "+strings.Join(got, " "))
				mu.Unlock()
				d.check(t, got, golden[d.Name])
			})
		}
	})
	if *update {
		slices.Sort(lines)
		if err := os.WriteFile(effectsFile, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func (d Deviation) check(t *testing.T, got, golden []string) {
	for _, id := range d.Rows {
		if !slices.Contains(got, id) {
			t.Errorf("row %s does not notice the deviation", id)
		}
	}
	if len(d.Rows) == 0 {
		t.Error("the deviation names no row")
	}
	if !*update && !slices.Equal(got, golden) {
		t.Errorf("rows that fail: got %v, want %v", got, golden)
	}
}

func readEffects(t *testing.T) map[string][]string {
	b, err := os.ReadFile(effectsFile)
	if err != nil && !*update {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for line := range strings.Lines(string(b)) {
		name, rows, _ := strings.Cut(line, ":")
		out[name] = strings.Fields(rows)
	}
	return out
}

// TestNoDeviation is the control: looked at leniently, an emulator without
// deviations passes every row.
func TestNoDeviation(t *testing.T) {
	for _, g := range groups {
		for _, r := range g.tests {
			if text := attempt(r, r.opt); text != "" {
				t.Errorf("%s: %s", r.id, text)
			}
		}
	}
}

func TestCatalogue(t *testing.T) {
	list := Deviations()
	if len(list) < 60 {
		t.Errorf("deviations: got %d, want at least 60", len(list))
	}
	name, row := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`), regexp.MustCompile(`^[A-Z]{2}-[0-9]{2}$`)
	seen := map[string]bool{}
	for _, d := range list {
		if !name.MatchString(d.Name) || seen[d.Name] || !strings.HasSuffix(d.Sentence, ".") {
			t.Errorf("deviation %q: name taken or malformed, or sentence %q without a full stop", d.Name, d.Sentence)
		}
		seen[d.Name] = true
		for _, id := range d.Rows {
			if !row.MatchString(id) {
				t.Errorf("deviation %s: malformed row %q", d.Name, id)
			}
		}
	}
	if _, err := New(Options{Deviations: []string{"no-such-deviation"}}); err == nil {
		t.Error("an unknown deviation: got no error")
	}
}

// TestNoMaterialNoPanic: a deviation that lets a key without material be used
// makes the emulator wrong, not dead.
func TestNoMaterialNoPanic(t *testing.T) {
	c := newClient(t, Options{Deviations: []string{"external-key-enabled"}})
	symmetric := c.key(in{"KeySpec": "SYMMETRIC_DEFAULT", "Origin": "EXTERNAL"})
	c.call("Encrypt", in{"KeyId": symmetric, "Plaintext": "AAAA"}).fails("KMSInvalidStateException", ".*pending import.*")
	c.call("GenerateDataKey", in{"KeyId": symmetric, "KeySpec": "AES_256"}).fails("KMSInvalidStateException", ".*pending import.*")
	c.call("GenerateMac", macWith(c.external("HMAC_256"), "HMAC_256", []byte("message"))).ok()
}
