package render_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

// shardPart is what shard index of count left: a share of 10 calls, of which it
// did some.
func shardPart(t *testing.T, index, count, done int) results.Part {
	t.Helper()
	f := loaded(t, done, time.Millisecond)
	rate, zero := 10.0, time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	f.RunID, f.PlanHash, f.Environment.Host = fmt.Sprintf("%012x", 0x2bd1f9c53e0a+index), strings.Repeat("ab", 32), fmt.Sprintf("host-%d", index)
	f.Shard = &results.Shard{Index: index, Count: count, Scheduled: 10, ScheduledAll: int64(10 * count), Began: zero.Add(time.Duration(index) * 2 * time.Millisecond)}
	l := &f.Load[0]
	l.Mode, l.OfferedRate, l.Duration, l.AchievedRate = "open", &rate, time.Second, float64(done)
	return results.Part{File: f}
}

// tornPart is a shard that was killed.
func tornPart(t *testing.T, index, count, done int) results.Part {
	t.Helper()
	p := shardPart(t, index, count, done)
	p.File.Interrupted, p.File.Verdict = true, results.Inconclusive
	return p
}

// latePart is a shard that dropped what was due before it joined. It runs
// where names are not what they seem.
func latePart(t *testing.T, index, count, done int) results.Part {
	t.Helper()
	p := shardPart(t, index, count, done)
	offset := 1900 * time.Millisecond
	p.File.Shard.Late, p.File.Shard.ClockOffset, p.File.Load[0].Dropped = 250*time.Millisecond, &offset, int64(10-done)
	p.File.RunID, p.File.Environment.Host = "<i>run</i>", "a|b\\|c `x` [y](z) *k* _l_ &lt; <script>alert(1)</script>"
	return p
}

func merged(t *testing.T, parts ...results.Part) *results.File {
	t.Helper()
	f, err := results.Merge(parts...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Merged runs: one shard of three torn, one of three missing, all whole, and a
// hundred of which one is missing, two are torn and one was late.
func oneTorn(t *testing.T) *results.File {
	return merged(t, shardPart(t, 0, 3, 10), tornPart(t, 1, 3, 5), latePart(t, 2, 3, 7))
}

func oneMissing(t *testing.T) *results.File {
	return merged(t, shardPart(t, 0, 3, 10), shardPart(t, 2, 3, 10))
}

func allWhole(t *testing.T, n int) *results.File {
	var parts []results.Part
	for i := range n {
		parts = append(parts, shardPart(t, i, n, 10))
	}
	return merged(t, parts...)
}

func aHundred(t *testing.T) *results.File {
	var parts []results.Part
	for i := range 100 {
		switch i {
		case 17:
		case 40, 99:
			parts = append(parts, tornPart(t, i, 100, 5))
		case 63:
			parts = append(parts, latePart(t, i, 100, 7))
		default:
			parts = append(parts, shardPart(t, i, 100, 10))
		}
	}
	return merged(t, parts...)
}

// TestShardsForms holds the forms of a merged run but the page, which TestPages
// holds.
func TestShardsForms(t *testing.T) {
	for name, f := range map[string]*results.File{"shards-torn": oneTorn(t), "shards-missing": oneMissing(t), "shards-hundred": aHundred(t)} {
		for end, write := range map[string]func(io.Writer, *results.File) error{".md": render.Markdown, ".txt": render.Text} {
			if name+end == "shards-hundred.txt" { // a row for each of a hundred
				continue
			}
			var b strings.Builder
			if err := write(&b, f); err != nil {
				t.Fatal(err)
			}
			golden(t, name+end, b.String())
		}
	}
}

// TestShardsSay holds what a page and a summary say of shards, where, and what
// they leave out.
func TestShardsSay(t *testing.T) {
	unknown := allWhole(t, 17)
	unknown.Shards.Scheduled = 0
	none := oneTorn(t)
	none.Shards = nil
	for _, row := range []struct {
		name       string
		file       *results.File
		rows       int // of the page that are not folded away
		folded     int
		html, mark []string
		not        []string // in neither
	}{
		{"torn", oneTorn(t), 3, 0,
			[]string{"<h2>Shards <span class=\"degraded\">degraded</span></h2>", "3 expected, 3 present, 1 torn, 0 missing; the run is degraded", `<td class="torn">torn</td>`, `<td class="n lost">5</td>`, `<td class="n">0</td>`, "inconclusive, degraded</td>"},
			[]string{"inconclusive, degraded\n", "**shards: 3 expected, 3 present, 1 torn, 0 missing; the run is degraded**", "achieved 22.0/s of 30.0/s scheduled: 30 calls scheduled, 22 done, 8 lost", "shards not listed: 1, whole and without a lost call"}, nil},
		{"missing", oneMissing(t), 3, 0, []string{`<td class="missing">missing</td>`, `<td class="n lost">10</td>`}, []string{"| 1 | missing | 10 | 0 | 10 |"}, nil},
		{"whole", allWhole(t, 3), 3, 0, []string{"<h2>Shards</h2>", "0 torn, 0 missing</p>"}, []string{": pass\n", "0 torn, 0 missing\n", "shards not listed: 3,"}, []string{"degraded</", "**shards", "is degraded", ", degraded"}},
		{"sixteen", allWhole(t, 16), 16, 0, nil, []string{"shards not listed: 16,"}, []string{"<details"}},
		{"seventeen", allWhole(t, 17), 0, 17, []string{"<summary>folded away: 17, whole and without a lost call</summary>"}, []string{"shards not listed: 17,"}, nil},
		{"schedule not known", unknown, 0, 17, []string{"<summary>folded away: 17, whole</summary>"}, []string{"shards not listed: 17, whole\n"}, []string{"without a lost call"}},
		{"hundred", aHundred(t), 4, 96, []string{"100 expected, 99 present, 2 torn, 1 missing; the run is degraded"}, []string{"shards not listed: 96,", "| 17 | missing |", "| 99 | torn |"}, nil},
		{"no shards", none, 0, 0, nil, nil, []string{"shards:", "Shards", "degraded</"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var page, mark strings.Builder
			if err := render.HTML(&page, row.file); err != nil {
				t.Fatal(err)
			}
			if err := render.Markdown(&mark, row.file); err != nil {
				t.Fatal(err)
			}
			body := same.ReplaceAllString(page.String(), "")
			for text, wants := range map[string][]string{body: row.html, mark.String(): row.mark} {
				for _, want := range wants {
					if !strings.Contains(text, want) {
						t.Errorf("no %q in %s", want, text[:min(4000, len(text))])
					}
				}
				for _, not := range append(row.not, "<script>alert", "<i>run") {
					if strings.Contains(text, not) {
						t.Errorf("%q in %s", not, text[:min(4000, len(text))])
					}
				}
				if at, figures := strings.Index(text, "shards:"), strings.Index(text, "p50"); at > figures {
					t.Errorf("shards stand at %d, the first percentile at %d", at, figures)
				}
			}
			section, _, _ := strings.Cut(body, "</section>")
			open, folded, _ := strings.Cut(section, "<details")
			if row.file.Shards == nil {
				open = ""
			}
			if a, b := strings.Count(open, "<tr><th>")-strings.Count(open, "<thead>"), strings.Count(folded, "<tr><th>")-strings.Count(folded, "<thead>"); a != row.rows || b != row.folded {
				t.Errorf("%d rows and %d folded away, want %d and %d", a, b, row.rows, row.folded)
			}
		})
	}
}

// TestShardsOfTwoRuns: each run's accounts bear its letter; a run without
// shards has none.
func TestShardsOfTwoRuns(t *testing.T) {
	var b strings.Builder
	if err := render.HTML(&b, loaded(t, 10, time.Millisecond), oneMissing(t)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "<h2>B: shards <span") || strings.Contains(b.String(), "A: shards") {
		t.Error("B alone has shards")
	}
}
