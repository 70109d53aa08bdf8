package proof_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/internal/proof"
)

func ExampleTally() {
	known, err := proof.Known("- `p99`: the server is remote,\n  and so is its clock\n")
	if err != nil {
		fmt.Println(err)
		return
	}
	t := proof.Tally{Known: known}
	for _, r := range []proof.Row{
		{Name: "answers", Figure: "0 wrong of 1000", Goal: "none", Met: true},
		{Name: "p99", Figure: "3 ms", Goal: "at most 2 ms", Speed: true},
	} {
		line, _ := t.Judge(r)
		fmt.Println(strings.Join(strings.Fields(line), " "))
	}
	fmt.Println(t.Last(), t.Failed)
	// Output:
	// answers 0 wrong of 1000 none ok
	// p99 3 ms at most 2 ms short (known)
	// 1 of 2 false
}

func TestTally(t *testing.T) {
	known := map[string]string{"slow": "for a reason", "lie": "not an excuse"}
	for _, row := range []struct {
		name    string
		row     proof.Row
		verdict string
		met     int
		failed  bool
	}{
		{"met", proof.Row{Name: "x", Met: true}, "ok", 1, false},
		{"met, speed", proof.Row{Name: "x", Met: true, Speed: true}, "ok", 1, false},
		{"met but listed", proof.Row{Name: "slow", Met: true, Speed: true}, "ok, but listed as short: take it out if it stays so", 1, false},
		{"short", proof.Row{Name: "x", Speed: true}, "short", 0, true},
		{"short and listed", proof.Row{Name: "slow", Speed: true}, "short (known)", 0, false},
		{"wrong", proof.Row{Name: "x"}, "short", 0, true},
		{"wrong and listed", proof.Row{Name: "lie"}, "short", 0, true},
		{"open", proof.Row{Name: "x", Speed: true, Open: "busy"}, "open: busy", 0, false},
		{"open is not met", proof.Row{Name: "x", Met: true, Open: "busy"}, "open: busy", 0, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			tally := proof.Tally{Known: known}
			line, failed := tally.Judge(row.row)
			if !strings.HasSuffix(line, " "+row.verdict) || failed != row.failed || tally.Met != row.met || tally.Failed != row.failed || tally.All != 1 {
				t.Errorf("%q, %+v", line, tally)
			}
		})
	}
}

func TestKnown(t *testing.T) {
	got, err := proof.Known("# Known\n\ntext\n- `a`: why\n  and more\n\n  not of a\n- `b-1`: because\n- other\n")
	if want := map[string]string{"a": "why and more", "b-1": "because"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	for _, text := range []string{"- `a`:\n", "- `a`\n", "- `a`: \n  reason\n", "- `a"} {
		if got, err := proof.Known(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
	if got, err := proof.Known(""); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}
