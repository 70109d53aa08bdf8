package kmsemu

import (
	"fmt"
	"runtime/debug"
	"sort"
	"strings"
	"testing"
)

// row is the test of one row of the behaviour table. It gets a client of an
// emulator of its own.
type row struct {
	id   string
	opt  Options
	test func(c *client)
}

// groups are the rows of each group of the table, and how many it has.
var groups = []struct {
	name  string
	size  int
	tests []row
}{
	{"CK", 47, rowsCK}, {"DK", 24, rowsDK}, {"GM", 41, rowsGM}, {"VM", 32, rowsVM}, {"ID", 12, rowsID},
	{"KS", 35, rowsKS}, {"KU", 16, rowsKU}, {"IM", 39, rowsIM}, {"MR", 20, rowsMR}, {"AL", 18, rowsAL},
	{"TG", 13, rowsTG}, {"GR", 22, rowsGR}, {"PO", 11, rowsPO}, {"DR", 11, rowsDR}, {"RO", 14, rowsRO},
	{"DE", 13, rowsDE}, {"LI", 12, rowsLI}, {"WI", 28, rowsWI}, {"AU", 13, rowsAU}, {"QU", 10, rowsQU},
	{"OB", 6, rowsOB}, {"EC", 8, rowsEC},
}

// notTestable are the rows that no emulator can show, with the reason.
var notTestable = map[string]string{
	"CK-41": "historical: every Region has HMAC keys",
	"CK-47": "console and CloudFormation",
	"KU-16": "other services",
	"IM-32": "not reachable for HMAC; a second imported material is a documented gap",
	"IM-39": "console and CloudFormation",
	"OB-01": "CloudTrail", "OB-02": "CloudTrail", "OB-03": "CloudTrail",
	"QU-09": "not quantified",
	"EC-05": "authorisation by tag is a documented gap",
	"EC-08": "how long clients wait, not what the service does",
}

// TestRows runs every row on an emulator without deviations.
func TestRows(t *testing.T) {
	for _, g := range groups {
		for _, r := range g.tests {
			t.Run(r.id, func(t *testing.T) { r.test(clientFor(t, r.opt)) })
		}
	}
}

// TestEveryRow demands that each row of each group is tested once or excused.
func TestEveryRow(t *testing.T) {
	for _, g := range groups {
		seen := map[string]int{}
		for _, r := range g.tests {
			seen[r.id]++
		}
		for i := 1; i <= g.size; i++ {
			id := fmt.Sprintf("%s-%02d", g.name, i)
			switch n := seen[id]; {
			case n > 1 || n == 1 && notTestable[id] != "":
				t.Errorf("row %s: %d tests, excuse %q", id, n, notTestable[id])
			case n == 0 && notTestable[id] == "":
				t.Errorf("row %s: not tested", id)
			}
			delete(seen, id)
		}
		for id := range seen {
			t.Errorf("row %s: not in the table", id)
		}
	}
}

// failures runs every row with a deviation and returns the ids of those that
// fail, sorted.
func failures(t *testing.T, deviation string) []string {
	var failed []string
	for _, g := range groups {
		for _, r := range g.tests {
			opt := r.opt
			opt.Deviations = []string{deviation}
			if text := attempt(r, opt); text != "" {
				failed = append(failed, r.id)
				t.Logf("%s: %s", r.id, text)
			}
		}
	}
	sort.Strings(failed)
	return failed
}

// recorder is a tb that ends a test by a panic.
type recorder struct{}

type failed string

func (recorder) Helper() {}

func (recorder) Fatalf(format string, args ...any) { panic(failed(fmt.Sprintf(format, args...))) }

// attempt runs one row and returns its failure, or "".
func attempt(r row, opt Options) (text string) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case failed:
			text = strings.ReplaceAll(string(p), "\n", " ")
		default:
			text = fmt.Sprintf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if opt.Regions == nil { // making all of them takes time
		opt.Regions = []string{"us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "cn-north-1"}
	}
	c := clientFor(recorder{}, opt)
	c.lenient = true
	r.test(c)
	return ""
}
