package conformance

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestCatalogue: ids are unique, cases stand in the table's order, and each
// says what it is.
func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	position := map[string]int{}
	for i, r := range Rows() {
		position[r.ID] = i
	}
	last := -1
	for _, c := range Catalogue() {
		if seen[c.ID] {
			t.Errorf("case %s stands twice", c.ID)
		}
		seen[c.ID] = true
		if c.Title == "" || c.Expected == "" || c.Steps == nil || c.Operation == "" || len(c.Needs) == 0 {
			t.Errorf("case %s is not whole: %+v", c.ID, c)
		}
		if !slices.Contains(append(Profiles(), ProfileGolden), c.Profile) {
			t.Errorf("case %s belongs to the unknown profile %q", c.ID, c.Profile)
		}
		if c.Evidence.Class == Measured {
			t.Errorf("case %s rests on what the SDK does", c.ID)
		}
		at, isRow := position[c.ID]
		if !isRow {
			continue
		}
		if at < last && c.Group == Rows()[last].Group() {
			t.Errorf("case %s stands out of order", c.ID)
		}
		last = at
	}
}

// TestEveryRow: each row of a listed group is a case or has a reason, never
// both.
func TestEveryRow(t *testing.T) {
	listed := map[string]bool{}
	for _, g := range groups() {
		listed[g.name] = true
		for id := range g.untestable {
			if _, known := rowIndex()[id]; !known || !strings.HasPrefix(id, g.name+"-") {
				t.Errorf("group %s gives a reason for %s, which is no row of it", g.name, id)
			}
		}
	}
	cases := map[string]bool{}
	for _, c := range Catalogue() {
		cases[c.ID] = true
	}
	reasons := untestableIndex()
	for _, r := range Rows() {
		if !listed[r.Group()] && r.Evidence.Class != Measured {
			continue
		}
		if _, hasReason := reasons[r.ID]; cases[r.ID] == hasReason {
			t.Errorf("row %s: case %v, reason %q, want one of the two", r.ID, cases[r.ID], reasons[r.ID])
		}
	}
}

func TestRFC4231HasAllPairs(t *testing.T) {
	n := 0
	for _, c := range Catalogue() {
		if c.Group == "RFC" {
			n++
		}
	}
	if n != 28 {
		t.Errorf("%d RFC 4231 cases, want 28", n)
	}
}

// TestEveryCaseCanBePlanned: the steps run without a target, assert something
// and can be explained.
func TestEveryCaseCanBePlanned(t *testing.T) {
	for _, c := range withDifferential(Options{Differential: 4}, Catalogue()) {
		e, err := Explain(c.ID)
		if err != nil {
			t.Error(err)
			continue
		}
		text := strings.Join(e.Steps, "\n")
		if !strings.Contains(text, "  expect ") || e.Profile != c.Profile {
			t.Errorf("case %s: explanation %+v", c.ID, e)
		}
	}
}

func TestExplain(t *testing.T) {
	if _, err := Explain("XX-01"); !errors.Is(err, ErrUsage) {
		t.Errorf("an unknown row: %v, want ErrUsage", err)
	}
	e, err := Explain("SD-01")
	if err != nil || e.Reason == "" || len(e.Steps) > 0 {
		t.Errorf("an untestable row: %+v, %v", e, err)
	}
	rows := []struct{ id, step string }{
		{"TG-11", "  expect 200, no members in the body"},
		{"CK-08", "  expect KeyMetadata.Arn: an ARN that ends in the KeyId"},
		{"WI-23", "  expect DeletionDate: written as in 1.608639949636E9 (only warns)"},
		{"DIFF-HMAC_512-12", `  expect 200, KeyId: present, MacAlgorithm: "HMAC_SHA_512", MacValid: true`},
	}
	for _, r := range rows {
		if e, err := Explain(r.id); err != nil || e.Row.ID != r.id || !slices.Contains(e.Steps, r.step) {
			t.Errorf("%s: row %s, steps %q, %v; want %q among them", r.id, e.Row.ID, e.Steps, err, r.step)
		}
	}
}

// The plan counts what a case sends: keys, their removal, shared keys once.
func TestPlanCounts(t *testing.T) {
	rows := []struct {
		cases          []string
		requests, keys int
	}{
		{[]string{"GM-02"}, 3, 1},          // CreateKey, GenerateMac, ScheduleKeyDeletion
		{[]string{"GM-02", "GM-05"}, 4, 1}, // the key is shared
		{[]string{"GM-18"}, 3, 1},
		{[]string{"RFC-6-SHA256", "RFC-7-SHA256"}, 8, 1}, // one imported key, four MAC requests
		{[]string{"CK-15"}, 1, 0},
	}
	for _, r := range rows {
		e, err := Plan(Options{Cases: r.cases})
		if err != nil {
			t.Fatal(err)
		}
		if e.Requests != r.requests || e.Keys != r.keys || e.Cases != len(r.cases) {
			t.Errorf("%v: %d requests, %d keys, %d cases, want %d, %d, %d: %v",
				r.cases, e.Requests, e.Keys, e.Cases, r.requests, r.keys, len(r.cases), e.Operations)
		}
	}
}
