package render

import (
	"fmt"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// shards prints what each shard of a merged run gave.
func (p *printer) shards(s *results.Shards) {
	if s == nil {
		return
	}
	p.printf("%s\n", strings.Join(shardLines(s), "\n  "))
	p.table(shardRows(s))
	p.printf("\n")
}

// shardsMarkdown sums up a merged run and lists the shards to look at.
func (p *printer) shardsMarkdown(s *results.Shards) {
	if s == nil {
		return
	}
	lines, mark := shardLines(s), ""
	if s.Degraded {
		mark = "**"
	}
	p.printf("%s%s%s\n\n%s\n\n", mark, lines[0], mark, lines[1])
	head, look, rest := shardsApart(s)
	if len(look) > 0 {
		for _, row := range look {
			for i := range row {
				row[i] = literal(row[i])
			}
		}
		p.rowsMarkdown(append([][]string{head}, look...))
	}
	if len(rest) > 0 {
		p.printf("shards not listed: %s\n\n", restText(s, rest))
	}
}

// literal keeps Markdown from reading what a host or a run is called.
func literal(s string) string {
	return strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "&", "&amp;", "\r", " ").Replace(s)
}

// shardLines sum up a merged run: what became of the shards, then of the calls.
func shardLines(s *results.Shards) []string {
	shards := fmt.Sprintf("shards: %d expected, %d present, %d torn, %d missing", s.Expected, s.Present, s.Torn, s.Missing)
	if s.Degraded {
		shards += "; the run is degraded"
	}
	calls := fmt.Sprintf("achieved %.1f/s: %d calls done", s.AchievedRate, s.Done)
	if s.Scheduled > 0 {
		calls = fmt.Sprintf("achieved %.1f/s of %.1f/s scheduled: %d calls scheduled, %d done, %d lost", s.AchievedRate, s.ScheduledRate, s.Scheduled, s.Done, s.Lost)
	}
	return []string{shards, calls}
}

// shardsApart parts the rows of shards that are not whole, or lost calls, from
// the rest.
func shardsApart(s *results.Shards) (head []string, look, rest [][]string) {
	rows := shardRows(s)
	for i, a := range s.Accounts {
		if a.State == results.ShardWhole && a.Lost == 0 && a.Dropped == 0 {
			rest = append(rest, rows[i+1])
			continue
		}
		look = append(look, rows[i+1])
	}
	return rows[0], look, rest
}

// restText says what shardsApart found in nothing short. Of a schedule that is
// not known nobody can say that no call was lost.
func restText(s *results.Shards, rest [][]string) string {
	if s.Scheduled == 0 {
		return fmt.Sprintf("%d, whole", len(rest))
	}
	return fmt.Sprintf("%d, whole and without a lost call", len(rest))
}

// reportShards are the accounts as a page shows them: of many shards those to
// look at, with the rest folded away.
type reportShards struct {
	*results.Shards
	Lines, Head []string
	Rows, Rest  [][]string
	RestText    string
}

// mostShards is how many rows are shown unfolded whatever they say.
const mostShards = 16

func reportShardsOf(s *results.Shards) *reportShards {
	if s == nil {
		return nil
	}
	out := &reportShards{Shards: s, Lines: shardLines(s)}
	if len(s.Accounts) > mostShards {
		out.Head, out.Rows, out.Rest = shardsApart(s)
		out.RestText = restText(s, out.Rest)
		return out
	}
	rows := shardRows(s)
	out.Head, out.Rows = rows[0], rows[1:]
	return out
}

// shardRows is the table of accounts; its first row is the head.
func shardRows(s *results.Shards) [][]string {
	rows := [][]string{{"shard", "state", "scheduled", "done", "lost", "succeeded", "began", "late", "clock offset", "run", "host"}}
	var first time.Time
	for _, a := range s.Accounts {
		if !a.Began.IsZero() && (first.IsZero() || a.Began.Before(first)) {
			first = a.Began
		}
	}
	for _, a := range s.Accounts {
		row := []string{fmt.Sprint(a.Index), string(a.State), "-", fmt.Sprint(a.Done), "-", fmt.Sprint(a.Succeeded), "-", "-", "-", orDash(a.RunID), orDash(a.Host)}
		if a.Scheduled > 0 || s.Scheduled > 0 {
			row[2], row[4] = fmt.Sprint(a.Scheduled), fmt.Sprint(a.Lost)
		}
		if !a.Began.IsZero() {
			row[6] = "+" + a.Began.Sub(first).Round(time.Microsecond).String()
			row[7] = a.Late.Round(time.Millisecond).String()
		}
		if a.ClockOffset != nil {
			row[8] = a.ClockOffset.Round(100 * time.Millisecond).String()
		}
		rows = append(rows, row)
	}
	return rows
}

// shardClass is the style of a cell of an account, by its column: its state, a
// number, calls that were lost.
func shardClass(column int, text string) string {
	switch {
	case column == 1:
		return text
	case column == 4 && text != "0" && text != "-":
		return "n lost"
	case column < 9:
		return "n"
	}
	return ""
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
